"""What a turn asks of its databases, counted: time depends on the machine, counts do not."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

from sqlalchemy import event
from sqlalchemy.engine import Engine

from bench.staging import ScriptedStudio, WrittenStage, begin_story, open_runner, settings_at, turn_of
from engine.store import driver

#: By panels of a turn of a story that is under way.
LIMITS = {1: {"statements": 68, "transactions": 28, "trips to a thread": 22, "deeds": 6},
          2: {"statements": 92, "transactions": 38, "trips to a thread": 27, "deeds": 8}}


async def test_a_turn_asks_little_of_its_databases(tmp_path: Path, monkeypatch) -> None:
    asked: Counter[str] = Counter()

    def ask(connection, cursor, statement, *rest) -> None:
        library = "workflows" not in str(connection.engine.url)
        asked["statements"] += library
        asked["deeds"] += "INSERT INTO" in statement and "operation_outputs" in statement

    def begin(connection) -> None:
        asked["transactions"] += "workflows" not in str(connection.engine.url)

    do = driver.Connection.do

    def counted(self, deed, *, aside: bool):
        asked["trips to a thread"] += aside and self.begun     # opening a connection is another matter
        return do(self, deed, aside=aside)

    monkeypatch.setattr(driver.Connection, "do", counted)
    async with open_runner(settings_at(tmp_path), WrittenStage(tmp_path / "stage"), ScriptedStudio()) as (library,
                                                                                                         runner):
        story = await begin_story(library)
        costs = []
        event.listen(Engine, "before_cursor_execute", ask)
        event.listen(Engine, "begin", begin)
        try:
            for name, text in (("t0", "2 friends"), ("t1", "1 friend"), ("t2", "2 friends")):
                asked.clear()
                await runner.accept(turn_of(story, name, text))
                await runner.finished(name)
                costs.append(Counter(asked))
        finally:
            event.remove(Engine, "before_cursor_execute", ask)
            event.remove(Engine, "begin", begin)
    # At most what it was when this was last looked at: whoever needs more says so here.
    for panels, most in LIMITS.items():
        over = {what: (count, most[what]) for what, count in costs[panels].items() if count > most[what]}
        assert not over, f"a turn of {panels} panels asks more than it did: {over}"
    assert costs[2]["statements"] > 20, "somebody counts"
