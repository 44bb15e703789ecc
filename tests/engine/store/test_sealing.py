"""Words at rest: nothing a person wrote, is called or looks like can be read from the database's bytes."""

import asyncio
import shutil
import signal
import sqlite3
import subprocess
import sys
from contextlib import closing
from dataclasses import replace

import pytest
from sqlalchemy import JSON, Enum, LargeBinary, String, Text, select, text, update
from store_material import ANN, BEN, BOO, MIA, furnish, rewrite, settings_in, story_of, tell, turn_in

from engine.nouns import Appearance, Member, Question, Reference, ServerSettings, StoreUnusable
from engine.store import open_library, tables
from engine.store.keys import MasterKey
from engine.store.resealing import bare_twin, owner_of, seal_words
from engine.store.sealing import Keyring, OwnerKey, Sealed, owned, seal_text, sealed_columns, unseal_text
from engine.ways.storyboard import BoardState, Storyboard

#: Columns that could hold words and lie open, and why nothing of that kind is in them.
OPEN = {
    "ids, by which rows are found": {
        "*.owner_id", "*.story_id", "*.turn_id", "*.step_id", "*.panel_id", "*.character_id", "*.setting_id",
        "*.server_id", "*.venue_id", "*.message_id", "*.picture", "*.underdrawing", "*.cutout", "*.avatar",
        "*.picture_id", "*.question_id", "*.storyboard_id", "*.forgetting_id", "*.erasure_id", "*.report_id",
        "*.parent", "*.before", "*.head", "*.born_in", "stories.heard", "scenes.pictures", "owners.key_id",
        "owners.former_key_id", "owners.folder", "leftovers.path", "house.key", "jobs.job_id", "*.worker_id"},
    "one of a few words that a program chose": {
        "*.state", "*.status", "*.kind", "*.reason", "*.source", "*.sharing", "*.pronouns", "*.locale", "*.rating",
        "stories.style", "stories.turn_order", "panels.painter", "steps.writer", "characters.drawn_by",
        "plates.time_of_day", "plates.weather", "plates.style"},
    "numbers beside ids: where, how like, from where recalled": {
        "panels.boxes", "panels.verdict", "panels.recalled", "appearances.box", "turns.meant"},
    "about machines, as their operator calls them": {"workers.name", "workers.models"},
    "keys, sealed themselves, and hashes": {
        "owners.wrapped_key", "owners.naming_key", "owners.former_key", "house.value", "forgotten.owner_hash",
        "barred.who"},
}


def test_every_column_that_could_hold_words_is_sealed_or_has_its_reason():
    open_ones = {name for names in OPEN.values() for name in names}
    left = [f"{table.name}.{column.name}" for table in tables.metadata.sorted_tables for column in table.columns
            if column.name not in sealed_columns(table)
            and isinstance(column.type, String | Text | JSON | LargeBinary | Enum)
            and not {f"{table.name}.{column.name}", f"*.{column.name}"} & open_ones]
    assert left == [], "seal these, or say above why they may lie open"


CANARY = "Quillfeather"


async def furnish_with_words(library):
    """A canary in every sealed column."""
    mia = replace(MIA, name=CANARY, description=CANARY, nicknames=(CANARY,), relation=CANARY,
                  look=replace(MIA.look, words=CANARY))
    for character in (mia, BOO):
        await library.save_character(character)
    await library.save_server_settings(ServerSettings("g", style=CANARY))
    await library.save_story(replace(story_of(), title=CANARY))
    await library.save_member("s1", Member(ANN, CANARY, 0, "c-mia"))
    await library.add_to_cast("s1", "c-mia")
    (step,) = await tell(library)
    panel = await library.panel(f"{step.step_id}.0")
    panel = replace(panel, brief=replace(panel.brief, words=CANARY), alt_text=CANARY, change=CANARY, version=2)
    await library.save_panel(panel)
    await library.save_appearances(panel, [(Appearance("c-mia", panel.panel_id, CANARY, CANARY, (("outfit", CANARY),)),
                                            [0.5, 0.25])])
    await library.save_reference(Reference("c-mia", panel.picture, "panel", None, CANARY, CANARY, (("a", CANARY),)))
    await rewrite(library, tables.steps, ANN, tables.steps.c.step_id == step.step_id, prose=CANARY,
                  wardrobe=[["c-mia", [["outfit", CANARY]]]])
    turn = replace(turn_in(number=2), author=CANARY, text=CANARY)
    await library.accept_turn(turn)
    await library.scene(turn.turn_id)
    await library.save_question(Question("q", turn, ("c-mia",)))
    await library.save_storyboard(Storyboard("b", "s1", BEN, CANARY, CANARY, BoardState.REVIEW))
    frame = CANARY.encode()
    await library.post_job("job", ANN, frame)
    assert await library.take_job("job", 1, "worker") == frame
    assert await library.tell_of_job("job", 1, "worker", frame) and await library.finish_job("job", 1, "worker", frame)
    return panel


def files_of(settings):
    return [path for path in settings.home.rglob("*") if path.is_file()]


async def raw(library) -> dict[str, list[dict]]:
    """Every row as it is kept."""
    async with library.engine.connect() as connection:
        return {table.name: [dict(row) for row in (await connection.execute(select(bare_twin(table)))).mappings()]
                for table in tables.metadata.sorted_tables}


async def test_no_word_lies_open(library, settings):
    await furnish_with_words(library)
    kept = await raw(library)
    for table in tables.metadata.sorted_tables:
        for name, kind in sealed_columns(table).items():
            values = [row[name] for row in kept[table.name] if row[name]]
            assert values or (table.name, name) == ("characters", "consent"), f"the test must fill {table.name}.{name}"
            assert all(kind.key_id(value) for value in values), (table.name, name)
    assert CANARY not in repr(kept)
    for path in files_of(settings):
        assert CANARY.encode() not in path.read_bytes(), path
    assert (await library.character("c-mia")).nicknames == (CANARY,)
    assert (await library.turn("s1-t2")).text == CANARY


async def test_each_word_is_sealed_by_the_key_of_whom_it_belongs_to(library):
    await furnish_with_words(library)
    async with library.engine.connect() as connection:
        keys = dict((await connection.execute(select(tables.owners.c.key_id, tables.owners.c.owner_id))).all())
        for table in tables.metadata.sorted_tables:
            twin = bare_twin(table)
            for name, kind in sealed_columns(table).items():
                for kept, owner in await connection.execute(select(twin.c[name], owner_of(table, twin, name))):
                    assert not kept or keys[kind.key_id(kept)] == owner, (table.name, name)
        twin = bare_twin(tables.appearances)
        (likeness,) = await connection.scalars(select(twin.c.likeness))
        assert keys[tables.appearances.c.likeness.type.key_id(likeness)] == ANN


async def test_a_bare_word_is_never_written(library):
    await furnish(library)
    async with library.engine.begin() as connection:
        for statement in (update(tables.stories).values(title="open"),
                          update(tables.steps).values(beats=[{"words": "open"}]),
                          select(tables.stories).where(tables.stories.c.title == "open")):
            with pytest.raises(Exception, match="sealed: say whose it is"):
                await connection.execute(statement)


async def test_values_cannot_be_exchanged_between_columns_or_altered(library):
    await furnish(library)
    await library.accept_turn(turn_in())
    async with library.engine.begin() as connection:
        before = (await connection.execute(text("SELECT author, text FROM turns"))).one()
        await connection.execute(text("UPDATE turns SET author = text"))
    with pytest.raises(StoreUnusable) as caught:
        await library.turn("s1-t1")
    assert caught.value.reason == "store_damaged"
    for other in (before.author[:-8] + "AAAAAAA=", before.author[:40], "We look for it.", "s1.0000.x"):
        async with library.engine.begin() as connection:
            await connection.execute(text("UPDATE turns SET author = :other"), {"other": other})
        with pytest.raises(StoreUnusable):
            await library.turn("s1-t1")
    async with library.engine.begin() as connection:
        await connection.execute(text("UPDATE turns SET author = :author, text = :text"), before._asdict())
    assert (await library.turn("s1-t1")).author == "Ann"


async def test_a_newcomer_of_another_process_is_read(settings):
    """Two libraries on one database stand for two processes: a reader on SQLite, a second writer on PostgreSQL."""
    first = await open_library(settings)
    second = await open_library(settings, reading_only=first.engine.dialect.name == "sqlite")
    await furnish(first)                       # both owners are new to the second
    first.leave()                              # ... and it must not open words with the first one's keys
    assert (await second.story("s1")).title == "The lantern"
    assert [member.name for member in await second.members("s1")] == ["Ann", "Ben"]
    await second.close()
    await first.close()
    third = await open_library(settings)
    assert (await third.story("s1")).title == "The lantern"
    await third.close()


async def test_a_key_that_was_rolled_back_seals_nothing(library):
    await library.save_story(story_of())
    with pytest.raises(ZeroDivisionError):
        async with library._writing() as session:
            await library._key(session, BEN)
            raise ZeroDivisionError
    await library.save_member("s1", Member(BEN, "Ben", 1))
    assert [member.name for member in await library.members("s1")] == ["Ben"]
    async with library.engine.connect() as connection:
        assert (await connection.scalar(select(tables.owners.c.key_id).where(tables.owners.c.owner_id == BEN)))


async def test_a_closed_librarys_keys_open_nothing_any_more(tmp_path):
    library = await open_library(settings_in(tmp_path))
    await furnish(library)
    kept = (await raw(library))["stories"][0]["title"]
    assert tables.stories.c.title.type.opened(kept) == "The lantern"
    await library.close()
    with pytest.raises(StoreUnusable):
        tables.stories.c.title.type.opened(kept)


def test_sealed_text_says_nothing_but_its_key():
    key = OwnerKey("0123456789abcdef", b"k" * 32)
    for word in ("a b", "a long tale " * 100, "s1.0123456789abcdef.AAAA", "Ægir \N{WAVING HAND SIGN}"):
        sealed = seal_text(word, key, "a.b")
        assert sealed.startswith("s1.0123456789abcdef.") and word not in sealed
        assert unseal_text(sealed, "a.b", key=key.key) == word
        assert seal_text(word, key, "a.b") != sealed
        with pytest.raises(StoreUnusable):
            unseal_text(sealed, "a.c", key=key.key)
    assert len(seal_text("a long tale " * 100, key, "a.b")) < 300          # compressed before it is sealed
    assert "tale" not in repr(owned(tables.stories, {"title": "tale"}, key)) and "kkk" not in repr(key)
    assert Sealed("a.b").process_bind_param("", None) == ""


# --- databases of before ---------------------------------------------------------------------------

async def _laid_open(settings):
    """A filled database as an older program left it: every word open, the house not marked."""
    library = await open_library(settings)
    panel = await furnish_with_words(library)
    async with library.engine.begin() as connection:
        for table in tables.metadata.sorted_tables:
            twin, sealed = bare_twin(table), sealed_columns(table)
            keys = list(twin.primary_key.columns)
            for row in (await connection.execute(select(table))).mappings().all() if sealed else ():
                await connection.execute(update(twin).where(*(key == row[key.name] for key in keys))
                                         .values({name: row[name] for name in sealed}))
        await connection.execute(text("UPDATE versions SET picture = NULL, underdrawing = NULL"))
        await connection.execute(text("UPDATE scenes SET pictures = '[]'"))
        await connection.execute(text("DELETE FROM owners WHERE owner_id = :ben"), {"ben": BEN})
        await connection.execute(text("DELETE FROM house WHERE key = 'words'"))
    await library.close()
    return panel


async def test_an_older_databases_words_are_sealed_when_it_is_opened(settings):
    panel = await _laid_open(settings)
    if settings.database_url.startswith("sqlite"):
        assert any(CANARY.encode() in path.read_bytes() for path in files_of(settings))
    library = await open_library(settings)
    assert CANARY not in repr(await raw(library))
    if settings.database_url.startswith("sqlite"):
        for path in files_of(settings):
            assert CANARY.encode() not in path.read_bytes(), path
    assert (await library.panel(panel.panel_id)).alt_text == CANARY
    assert (await library.likenesses(panel.panel_id, 2)) == {"c-mia": [0.5, 0.25]}
    assert (await library.storyboard("b")).text == CANARY
    kept = await raw(library)
    assert {row["picture"] for row in kept["versions"]} == {panel.picture}
    assert [row["key"] for row in kept["house"]].count("words") == 1
    await library.close()
    await (await open_library(settings)).close()


#: Seals a database's words in portions of two rows, and dies by SIGKILL after so many.
DYING = """
import os, signal, sys
from sqlalchemy.engine import make_url
from engine.store import resealing
from engine.store.keys import read_master_key
from engine.store.sealing import Keyring
from pathlib import Path
left, kept = int({portions!r}), resealing._keep
def keep(*arguments):
    global left
    kept(*arguments)
    left -= 1
    if not left:
        os.kill(os.getpid(), signal.SIGKILL)
resealing._keep = keep
resealing.seal_words(make_url({url!r}), read_master_key(Path({key!r}), may_create=False), Keyring(lambda key_id: None),
                     portion=2)
"""


@pytest.mark.parametrize("portions", [1, 9, 14])
async def test_sealing_that_is_killed_goes_on_where_it_was(tmp_path, portions):
    settings = settings_in(tmp_path)
    await _laid_open(settings)
    database = settings.home / "storythread.sqlite"
    code = DYING.format(portions=portions, url=f"sqlite:///{database}", key=str(settings.master_key_file))
    killed = await asyncio.to_thread(subprocess.run, [sys.executable, "-c", code], capture_output=True, text=True)
    assert killed.returncode == -signal.SIGKILL, killed.stderr
    with closing(sqlite3.connect(database)) as connection:
        assert connection.execute("SELECT count(*) FROM house WHERE key = 'words'").fetchone() == (0,)
    with pytest.raises(StoreUnusable, match="not sealed yet"):
        await open_library(settings, reading_only=True)
    library = await open_library(settings)
    assert CANARY not in repr(await raw(library))
    assert (await library.character("c-mia")).name == CANARY
    assert (await library.step("s1-t1-step")).prose == CANARY
    assert not any(CANARY.encode() in path.read_bytes() for path in files_of(settings))
    await library.close()


async def test_somebody_who_wrote_what_looks_sealed_is_sealed_too(tmp_path):
    settings = settings_in(tmp_path)
    library = await open_library(settings)
    await furnish(library)
    async with library.engine.begin() as connection:
        (key_id,) = await connection.scalars(select(tables.owners.c.key_id).where(tables.owners.c.owner_id == ANN))
        await connection.execute(text("UPDATE stories SET title = :title"), {"title": f"s1.{key_id}.aGVsbG8="})
        await connection.execute(text("DELETE FROM house WHERE key = 'words'"))
    await library.close()
    library = await open_library(settings)
    assert (await library.story("s1")).title == f"s1.{key_id}.aGVsbG8="
    await library.close()


async def test_sealing_twice_changes_nothing(tmp_path):
    settings = settings_in(tmp_path)
    library = await open_library(settings)
    await furnish(library)
    before = await raw(library)
    await library.close()
    shutil.copy(settings.home / "storythread.sqlite", tmp_path / "copy.sqlite")
    ring = Keyring(lambda key_id: None)
    with closing(sqlite3.connect(tmp_path / "copy.sqlite")) as connection, connection:
        connection.execute("DELETE FROM house WHERE key = 'words'")
    from sqlalchemy.engine import make_url

    master = MasterKey(__import__("base64").b64decode(settings.master_key_file.read_text()))
    assert seal_words(make_url(f"sqlite:///{tmp_path / 'copy.sqlite'}"), master, ring) == 0
    library = await open_library(settings)
    assert await raw(library) == before
    await library.close()
