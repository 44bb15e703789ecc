"""What a person takes along is complete against the database, and holds nothing of anybody else."""

import io
import json
import zipfile
from dataclasses import replace
from datetime import UTC, datetime
from hashlib import sha256

from sqlalchemy import select
from store_material import ANN, BEDROOM, BEN, BOO, MIA, furnish, story_of, tell, turn_in
from test_forget import furnish_everything

from engine.belongings import FORMAT, MANIFEST, VERSION, plan_export
from engine.nouns import Appearance, Member, Sharing, StorythreadError
from engine.store import tables
from engine.store.exporting import NOT_THEIRS, SHARES

#: test_forget's person.
PERSON = "4815162342"
NOW = datetime(2026, 5, 4, 3, 2, 1, tzinfo=UTC)


def test_every_table_and_column_is_exported_or_named_with_a_reason():
    for table in tables.metadata.sorted_tables:
        if table.name in NOT_THEIRS:
            assert table.name not in SHARES and NOT_THEIRS[table.name]
            assert "owner_id" not in table.c, f"{table.name} knows people"
            continue
        assert table.name in SHARES, f"is {table.name} exported, or nobody's, and why?"
        share = SHARES[table.name]
        assert all(share.left_out.values())
        assert sorted([*share.columns, *share.left_out]) == sorted(column.name for column in table.columns), table.name
    assert set(SHARES) | set(NOT_THEIRS) == {table.name for table in tables.metadata.sorted_tables}


async def test_a_person_in_every_table_finds_every_row_of_theirs(library):
    """Every row that names them or their characters is in their export, but for what the tables say is not theirs."""
    await furnish_everything(library)
    found = await library.belongings(PERSON)
    assert set(found.records) == set(SHARES), "the person of test_forget is in every table"
    async with library.engine.connect() as connection:
        for name, share in SHARES.items():
            table = tables.metadata.tables[name]
            keys = [column.name for column in table.primary_key if column.name in share.columns] or share.columns

            def of(row, keys=keys):
                return json.dumps([row[key] for key in keys], default=datetime.isoformat)

            exported = {of(row) for row in found.records[name]}
            rows = (await connection.execute(select(table))).mappings().all()
            for row in rows:
                if row.get("owner_id") == PERSON and name != "pictures":
                    assert of(row) in exported, name
        theirs = set(await connection.scalars(select(tables.pictures.c.picture_id)
                                              .where(tables.pictures.c.owner_id == PERSON)))
    assert theirs <= found.pictures.keys()
    assert {"s1-t1-step", "s1-t2-step"} == {row["step_id"] for row in found.records["steps"]}
    assert {row["panel_id"] for row in found.records["panels"]} == {
        "s1-t1-step.0", "s1-t2-step.0", "s2-t1-step.0", "s2-t2-step.0"}, "Mia is in Ben's pictures too"
    assert await library.knows(PERSON)
    await library.forget(PERSON)
    assert not await library.knows(PERSON)
    assert (await library.belongings(PERSON)).empty


async def test_nothing_of_others_is_in_it(library):
    """Ann's story with Ben in it: his turns, his pages, his character's look and cut-outs stay his."""
    await furnish(library)
    secret = replace(BOO, description="Ben's secret bear", nicknames=("Secretbear",))
    await library.save_character(secret)
    [step] = await tell(library, 1)
    panel = await library.panel(f"{step.step_id}.0")
    cutouts = [await library.keep_picture(f"cutout of {who}".encode(), owner_id=ANN) for who in ("c-mia", "c-boo")]
    await library.save_appearances(panel, [(Appearance("c-mia", panel.panel_id, cutout=cutouts[0]), [1.0, 0.0]),
                                           (Appearance("c-boo", panel.panel_id, cutout=cutouts[1]), [0.0, 1.0])])
    told = replace(turn_in("s1", 7, BEN, "Ben's shown name"), text="Ben's own words")
    await library.accept_turn(told)
    await library.scene(told.turn_id)

    ann, ben = await library.belongings(ANN), await library.belongings(BEN)
    text = json.dumps(ann.records)
    for private in ("Ben's secret bear", "Secretbear", "Ben's own words", "Ben's shown name", '"Ben"', f'"{BEN}"'):
        assert private not in text, private
    assert cutouts[0] in ann.pictures and cutouts[1] not in ann.pictures
    assert [row["picture_id"] for row in ann.records["pictures"] if row["picture_id"] == cutouts[1]] == []
    [brief] = [row["brief"] for row in ann.records["panels"]]
    assert [figure["name"] for figure in brief["figures"]] == ["Mia"]

    text = json.dumps(ben.records)
    assert "Ben's own words" in text and "We look for the lantern." not in text and f'"{ANN}"' not in text
    assert "Mia hugs" not in text, "on others' pages only who is theirs is described"
    assert ben.records["stories"][0]["owner_id"] is None
    assert cutouts[1] in ben.pictures and cutouts[0] not in ben.pictures
    assert await library.picture(cutouts[1]), "a picture of theirs is theirs, whoever's story keeps it"


async def test_an_export_is_zip_files_whose_manifest_is_true(library):
    await furnish(library)
    await tell(library, 3)
    belongings = await library.belongings(ANN)
    seen = []
    export = await plan_export(belongings, library.picture, limit_bytes=14_000, made_at=NOW, note="Hello.",
                               on_picture=lambda done, total: seen.append((done, total)))
    assert export.parts > 1 and export.lost == () and seen[-1] == (len(seen) - 1, len(seen))
    met = {}
    for number in range(1, export.parts + 1):
        packed = await export.part(number)
        assert len(packed) <= 14_000
        assert packed == await export.part(number), "the same part again is the same bytes"
        with zipfile.ZipFile(io.BytesIO(packed)) as part:
            assert part.testzip() is None
            manifest = json.loads(part.read(MANIFEST))
            assert (manifest["format"], manifest["version"], manifest["part"], manifest["parts"]) == (
                FORMAT, VERSION, number, export.parts)
            met |= {name: part.read(name) for name in part.namelist() if name != MANIFEST}
    assert {file["path"]: file["sha256"] for file in manifest["files"]} == {
        path: sha256(content).hexdigest() for path, content in met.items()}
    assert {path for path in met if path.startswith("pictures/")} == {
        f"pictures/{picture}.png" for picture in belongings.pictures}
    assert json.loads(met["records/turns.json"])[0]["text"] == "We look for the lantern."
    assert met["READ_ME.txt"] == b"Hello."


async def test_a_picture_that_cannot_be_read_keeps_nothing_else_back(library):
    await furnish(library)
    await tell(library, 1)
    belongings = await library.belongings(ANN)
    broken = next(iter(belongings.pictures))

    async def read(picture):
        if picture == broken:
            raise StorythreadError("damaged")
        return await library.picture(picture)

    export = await plan_export(belongings, read, limit_bytes=10 * 2**20, made_at=NOW)
    assert len(export.lost) == 1 and export.lost[0].startswith(broken)
    assert len([file for file in export.files if file.picture]) == len(belongings.pictures) - 1


async def test_what_was_here_of_a_server_is_gone_once_it_is_forgotten(library, settings):
    """Canaries of a server in every table: none is left; what belongs to people, and to other servers, stays."""
    for server, story_id in (("left-server", "s1"), ("other", "s2")):
        story = replace(story_of(ANN, story_id), server_id=server)
        await library.save_story(story)
        await library.save_character(replace(MIA, character_id=f"c-{server}", server_id=server, sharing=Sharing.SERVER))
        await library.save_member(story_id, Member(BEN, f"Ben of {server}", 0))
        await tell(library, 2, story_id=story_id, setting=replace(BEDROOM, setting_id=f"{story_id}:room",
                                                                 name=f"room of {server}"))
    kept = await library.keep_picture(b"avatar", owner_id=ANN)
    await library.save_character(replace(MIA, avatar=kept))
    await library.note_departure("left-server")
    assert await library.known_servers() == ["left-server", "other"]
    before = {path for path in (settings.home / "pictures").rglob("*") if path.is_file()}

    assert await library.forget_server("left-server") == 1
    assert await library.forget_server("left-server") == 0

    async with library.engine.connect() as connection:
        for table in tables.metadata.sorted_tables:
            rows = [repr(tuple(row)) for row in await connection.execute(select(table))]
            if table.name != "departures":
                assert not [row for row in rows if "left-server" in row and "c-left-server" not in row], table.name
            assert not [row for row in rows if "s1-t" in row], table.name
        left = set(await connection.scalars(select(tables.pictures.c.picture_id)))
    files = {path.name for path in (settings.home / "pictures").rglob("*") if path.is_file()}
    assert files == left and len(files) == len(before) - 6
    assert await library.picture(kept) == b"avatar"
    mine = await library.character("c-left-server")
    assert (mine.server_id, mine.sharing, mine.owner_id) == ("", Sharing.STORY, ANN)
    assert len(await library.steps("s2")) == 2 and await library.known_servers() == ["other"]


async def test_departures_are_noted_once_and_taken_back(library):
    await library.note_departure("1")
    noted = await library.departures()
    await library.note_departure("1")
    await library.note_departure("2")
    assert noted == ["1"] and set(await library.departures()) == {"1", "2"}
    assert await library.departures(before=datetime(2000, 1, 1, tzinfo=UTC)) == []
    await library.note_return(["1", "3"])
    assert await library.departures() == ["2"]


async def test_a_name_in_anothers_page_and_a_picture_of_theirs_are_traced(library):
    await furnish(library)                         # Ann's story; Boo is Ben's
    steps = await tell(library, 2)
    found = (await library.traces(BEN))["venue-s1"]
    assert found.others == {"s1"} and not found.started and not found.steps and not found.panels
    assert found.shown == {f"{step.step_id}.0" for step in steps}
    assert found.turns_of_others == {step.turn_id for step in steps}
    assert dict(found.rewritten) == {step.step_id: step.prose.replace("Boo", "…") for step in steps}
    own = (await library.traces(ANN))["venue-s1"]
    assert own.started == {"s1"} and own.panels == found.shown and not own.shown and not own.rewritten
    assert await library.traces("nobody") == {}
    assert "Boo" in (await library.known_as(BEN)).names

