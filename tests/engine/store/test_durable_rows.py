"""Rows and the record that a step is done commit together: killed anywhere and resumed, each row is written once."""

import asyncio
import json
import signal
import subprocess
import sys
from dataclasses import replace

import pytest
from sqlalchemy import text
from store_material import furnish, settings_in, step_for, turn_in

from engine.durable import Durable
from engine.nouns import NotFound
from engine.store import current_session, open_library

#: A workflow of three steps in a process of its own. It dies by SIGKILL at the point named, or goes to its end.
CHILD = """
import asyncio, os, signal, sys
from dataclasses import replace
from engine.durable import Durable
from engine.settings import load_settings
from engine.store import current_session, open_library
sys.path.insert(0, {tests!r})
from store_material import step_for, turn_in

def die(point):
    if point == {point!r}:
        os.kill(os.getpid(), signal.SIGKILL)

async def main():
    library = await open_library(load_settings(**{settings!r}))
    durable = Durable(system_database_url=library.system_database_url, engine=library.engine,
                      current_session=current_session)

    async def body(name):
        print("body", flush=True)
        turn = turn_in()

        async def remember():
            print("remember", flush=True)
            await library.save_step(step_for(turn))
            die("inside")

        async def rename():
            print("rename", flush=True)
            story = await library.story("s1")
            await library.save_story(replace(story, title=story.title + "!"))

        await durable.commit("remember", remember)
        die("between")
        await durable.commit("rename", rename)

    await durable.launch(body=body)
    await durable.start("body", "work", "x")
    await durable.finished("work")
    print("done", flush=True)
    await durable.close()
    await library.close()

asyncio.run(main())
"""


def run_child(settings, point: str) -> subprocess.CompletedProcess[str]:
    given = {"home": str(settings.home), "master_key_file": str(settings.master_key_file),
             "database_url": settings.database_url}
    code = CHILD.format(tests=str(__file__).rpartition("/")[0], point=point, settings=given)
    return subprocess.run([sys.executable, "-W", "error", "-c", code], capture_output=True, text=True, timeout=60,
                          check=False)


@pytest.mark.parametrize(("point", "remembered"), [("inside", 2), ("between", 1)])
async def test_a_workflow_killed_and_resumed_writes_each_row_once(tmp_path, point, remembered):
    settings = settings_in(tmp_path)
    library = await open_library(settings)
    await furnish(library)
    await library.accept_turn(turn_in())
    await library.close()

    killed = await asyncio.to_thread(run_child, settings, point)
    assert killed.returncode == -signal.SIGKILL, killed.stderr
    library = await open_library(settings)
    if point == "inside":
        with pytest.raises(NotFound):
            await library.step("s1-t1-step")
    else:
        assert await library.step("s1-t1-step")
    await library.close()

    resumed = await asyncio.to_thread(run_child, settings, "never")
    assert resumed.stdout.splitlines()[-1:] == ["done"], resumed.stderr
    said = (killed.stdout + resumed.stdout).splitlines()
    assert said.count("remember") == remembered and said.count("rename") == 1
    library = await open_library(settings)
    story = await library.story("s1")
    assert (story.title, story.head) == ("The lantern!", "s1-t1-step")     # not "!!": renamed once
    async with library.engine.connect() as connection:
        rows = (await connection.execute(text("SELECT count(*) FROM steps"))).scalar()
    assert rows == 1
    await library.close()


async def test_what_fails_inside_a_commit_leaves_no_row(library):
    story = await furnish(library)
    durable = Durable(system_database_url=library.system_database_url, engine=library.engine,
                      current_session=current_session)
    outcome = []

    async def body(name: str) -> None:
        async def fail() -> None:
            await library.save_story(replace(story, title="never"))
            raise NotFound(reason="not_found")

        try:
            await durable.commit("fail", fail)
        except NotFound:
            outcome.append((await library.story("s1")).title)

    await durable.launch(body=body)
    await durable.start("body", "work-fails", "x")
    await durable.finished("work-fails")
    await durable.close()
    assert outcome == ["The lantern"]
    assert current_session.get() is None


async def test_many_workflows_at_once_lose_nothing(library):
    await furnish(library)
    durable = Durable(system_database_url=library.system_database_url, engine=library.engine,
                      current_session=current_session)
    from engine.nouns import Member, TurnState

    for number in range(20):
        await library.accept_turn(turn_in(number=number))

    async def body(number: str) -> None:
        turn = turn_in(number=int(number))

        async def remember() -> None:
            await library.save_step(step_for(turn))
            await library.save_member("s1", Member("333", f"Cat {number}", int(number)))
            await library.close_turn(turn.turn_id, TurnState.DONE)

        await durable.commit("remember", remember)

    await durable.launch(body=body)
    await asyncio.gather(*(durable.start("body", f"many-{number}", str(number)) for number in range(20)))
    await asyncio.gather(*(durable.finished(f"many-{number}") for number in range(20)))
    await durable.close()
    assert await library.open_turns("s1") == []
    for number in range(20):
        assert (await library.step(f"s1-t{number}-step")).turn_id == f"s1-t{number}"
    async with library.engine.connect() as connection:
        schema = "dbos." if library.engine.dialect.name == "postgresql" else ""
        kept = (await connection.execute(text(f"SELECT output FROM {schema}datasource_outputs"))).scalars().all()
    assert all(len(json.dumps(output)) < 100 for output in kept)       # records hold no prose
