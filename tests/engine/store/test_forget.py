"""Forgetting reaches every table and file: a new table fails here until somebody has thought about it."""

from dataclasses import replace

import pytest
from sqlalchemy import insert, select
from store_material import (
    ANN,
    BEDROOM,
    BEN,
    BOO,
    MIA,
    furnish,
    rewrite,
    settings_in,
    step_for,
    story_of,
    tell,
    turn_in,
)

from engine.nouns import (
    Appearance,
    Member,
    NotFound,
    PanelState,
    Question,
    Reference,
    Report,
    ReportState,
    ServerSettings,
    StoreUnusable,
    TurnState,
    Verdict,
)
from engine.store import open_library, tables
from engine.store.books import note_book, noted_stories
from engine.store.desk import now
from engine.store.jobs import WorkerCard
from engine.store.session import current_session
from engine.ways.storyboard import BoardState, Storyboard

#: What is searched for afterwards: an id no other text contains.
CANARY = "4815162342"
NAME = "Zebulonia"


def test_every_table_says_what_becomes_of_its_rows():
    assert [table.name for table in tables.metadata.sorted_tables if not table.info.get("forget")] == []


async def dump(library) -> dict[str, list[str]]:
    """Every row of every table, as text."""
    async with library.engine.connect() as connection:
        return {table.name: [repr(tuple(row)) for row in await connection.execute(select(table))]
                for table in tables.metadata.sorted_tables}


async def furnish_everything(library):
    """A person in every table: their own story, and a seat and a character in one that Ben started."""
    mia = replace(MIA, owner_id=CANARY, name=NAME, description=f"{NAME} is brave")
    removed = replace(mia, character_id="c-removed", name=NAME + "II")
    for character in (mia, BOO, removed):
        await library.save_character(character)
    await library.save_server_settings(ServerSettings("g"))
    room = replace(BEDROOM, name=f"{NAME}'s bedroom")
    for owner, story_id in ((CANARY, "s1"), (BEN, "s2")):
        await library.save_story(replace(story_of(owner, story_id), title="The lantern"))
        for number, (member, character) in enumerate(((CANARY, "c-mia"), (BEN, "c-boo"))):
            await library.save_member(story_id, Member(member, NAME + " Senior" if member == CANARY else "Ben", number,
                                                       character))
            await library.add_to_cast(story_id, character)
        await library.add_to_cast(story_id, "c-removed")
        setting = replace(room, setting_id=f"{story_id}:room")
        steps = await tell(library, 2, story_id=story_id, owner=owner, setting=setting)
        await rewrite(library, tables.steps, owner, tables.steps.c.story_id == story_id,
                      prose=f"Then {NAME} and Boo slept. {NAME}II too.")
        turn = replace(turn_in(story_id, 3, CANARY, NAME + " Senior"), text=f"I am {CANARY}")
        await library.accept_turn(turn)
        await library.scene(turn.turn_id)
        panel = await library.panel(f"{steps[-1].step_id}.0")
        figures = tuple(replace(figure, name=NAME) if figure.character_id == "c-mia" else figure
                        for figure in panel.brief.figures)
        panel = replace(panel, brief=replace(panel.brief, figures=figures, words=f"{NAME} hugs Boo"),
                        alt_text=f"{NAME} hugs Boo", change=f"give {NAME} a hat", version=2,
                        verdict=Verdict((("c-mia", 0.9),), confused=("c-mia",)))
        await library.save_panel(panel)
        cutout = await library.keep_picture(b"cutout in " + story_id.encode(), owner_id=owner)
        await library.save_appearances(panel, [(Appearance("c-mia", panel.panel_id, cutout=cutout), [0.5, 0.25])])
        await library.save_question(Question(f"q-{story_id}", replace(turn, turn_id="t-asked"), ("c-mia",)))
    await library.save_reference(Reference("c-mia", await library.keep_picture(b"liked", owner_id=CANARY), "panel"))
    await library.save_storyboard(Storyboard("b", "s2", CANARY, NAME, f"{NAME} slept.", BoardState.REVIEW))
    async with library.engine.begin() as connection:
        await connection.execute(insert(tables.erasures).values(
            erasure_id="e", owner_id=CANARY, server_id="", venue_id="dm", locale="en", created_at=now()))
        await connection.execute(insert(tables.departures).values(server_id="gone", left_at=now()))
    panel = await library.panel("s2-t1-step.0")
    await library.report(Report("r", panel.panel_id, "s2", "server", CANARY, 1, ReportState.OPEN, now()))
    await library.bar("server", CANARY)
    await library.remove_character("c-removed")
    await library.keep_picture(b"photo", owner_id=CANARY)
    await library.post_job("j", CANARY, f"{NAME} is being painted".encode())
    await library.beat(WorkerCard("w", 1, "a machine", {}))


async def test_books_in_folders_go_with_whoever_is_in_them(library, settings, tmp_path):
    """Those of their own stories and of others' they were in; what else lies in such a folder stays."""
    await furnish_everything(library)
    await library.save_story(story_of(BEN, "s3"))
    for story_id in ("s1", "s2", "s3"):
        folder = tmp_path / f"book of {story_id}"
        (folder / "panels").mkdir(parents=True)
        note_book(settings.home, story_id, folder)
        note_book(settings.home, story_id, folder)
        for name in ("book.html", "book.pdf", "report.json", "panels/panel-001.png"):
            (folder / name).write_text(NAME, "utf-8")
    (tmp_path / "book of s2" / "letter.txt").write_text("not the story's", "utf-8")
    await library.forget(CANARY)
    left = sorted(str(path.relative_to(tmp_path)) for path in tmp_path.glob("book of */**/*") if path.is_file())
    assert left == ["book of s2/letter.txt", *(f"book of s3/{name}" for name in (
        "book.html", "book.pdf", "panels/panel-001.png", "report.json"))]
    assert noted_stories(settings.home) == {"s3"}
    # a story that goes in another way takes its book along at the next sweep, also in a folder that is gone already
    note_book(settings.home, "never told", tmp_path / "nowhere")
    await library.forget(BEN)
    assert noted_stories(settings.home) == set() and not (tmp_path / "book of s3").exists()


async def test_nothing_of_a_forgotten_person_is_left(library, settings):
    await furnish_everything(library)
    before = await dump(library)
    empty = [name for name, rows in before.items() if not rows and name not in ("leftovers", "forgotten")]
    assert not empty, f"this test must put the person into {empty} too"
    kept_by_ben = await library.keep_picture(b"ben's", owner_id=BEN)

    await library.forget(CANARY)

    after = await dump(library)
    for name, rows in after.items():
        assert not [row for row in rows if CANARY in row or NAME in row], name
    assert after["leftovers"] == []
    pictures = settings.home / "pictures"
    assert [path for path in pictures.iterdir()] != []
    async with library.engine.connect() as connection:
        folders = list(await connection.scalars(select(tables.owners.c.folder)))
        kept = set(await connection.scalars(select(tables.pictures.c.picture_id)))
    assert {path.name for path in pictures.iterdir()} <= set(folders)
    assert {path.name for path in pictures.rglob("*") if path.is_file()} == kept
    if library.engine.dialect.name == "sqlite":
        for file in settings.home.glob("storythread.sqlite*"):
            assert CANARY.encode() not in file.read_bytes() and NAME.encode() not in file.read_bytes(), file

    # What others have goes on.
    assert [story.story_id for story in await library.stories_of(BEN)] == ["s2"]
    assert await library.picture(kept_by_ben) == b"ben's"
    assert await library.cast("s2") == [BOO]
    assert [member.owner_id for member in await library.members("s2")] == [BEN]
    assert [step.prose for step in await library.steps("s2")] == ["Then … and Boo slept. … too."] * 2
    assert [member.character_id for step in await library.steps("s2") for beat in step.beats
            for member in beat.cast] == ["c-boo", "c-boo"]
    assert [(panel.state, panel.picture) for panel in await library.panels("s2")] == [(PanelState.UNDONE, None)] * 2
    assert (await library.turn("s2-t1")).text == "We look for the lantern."
    blanked = await library.turn("s2-t3")
    assert (blanked.text, blanked.author, blanked.state, blanked.reason) == ("", "", TurnState.FAILED, "forgotten")
    assert await library.open_turns() == []
    with pytest.raises(NotFound):
        await library.story("s1")

    await library.forget(CANARY)
    assert await dump(library) == after
    await library.forget("never seen")
    assert len((await dump(library))["forgotten"]) == 2
    assert await dump(library) | {"forgotten": []} == after | {"forgotten": []}


async def test_a_forgotten_persons_pictures_do_not_open_from_a_backup(library, settings):
    picture = await library.keep_picture(b"photo", owner_id=CANARY)
    pictures = settings.home / "pictures"
    (file,) = [path for path in pictures.rglob("*") if path.is_file()]
    backup = file.read_bytes()
    await library.forget(CANARY)
    assert not file.exists()
    again = await library.keep_picture(b"photo", owner_id=CANARY)       # they come back: another key, another address
    assert again != picture
    new = next(path for path in pictures.rglob("*") if path.is_file())
    new.write_bytes(backup)
    with pytest.raises(StoreUnusable):
        await library.picture(again)


async def test_a_step_written_meanwhile_is_not_kept(library):
    await furnish(library)
    await library.save_story(story_of(BEN, "s2"))
    turn = turn_in("s2", 1, ANN)
    await library.accept_turn(turn)
    await library.forget(ANN)
    with pytest.raises(NotFound):
        await library.save_step(step_for(turn))
    with pytest.raises(NotFound):
        await library.save_step(step_for(turn_in("s1", 1)))


async def test_a_name_that_is_part_of_another_word_stays(library):
    await library.save_character(replace(MIA, name="Ann"))
    await library.save_character(BOO)
    await library.save_story(story_of(BEN))
    await library.add_to_cast("s1", "c-mia")
    turn = turn_in("s1", 1, BEN)
    await library.accept_turn(turn)
    await library.save_step(replace(step_for(turn), prose="Anna met Ann; ann-like."))
    await library.forget(ANN)
    assert (await library.step("s1-t1-step")).prose == "Anna met …; ann-like."


async def test_forgetting_cannot_be_part_of_what_may_be_rolled_back(tmp_path):
    library = await open_library(settings_in(tmp_path))
    async with library._writing() as session:
        token = current_session.set(session)
        try:
            with pytest.raises(RuntimeError):
                await library.forget(ANN)
        finally:
            current_session.reset(token)
    await library.close()
