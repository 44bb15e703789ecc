"""What is kept of a person, gathered for them out of every table.

`SHARES` says for each table which of its rows are a person's, which columns they get and which not; `NOT_THEIRS` names
the tables that hold nothing of anybody. A test walks the schema: a table or column in neither fails it.

Theirs are: their characters and everything drawn, cut out or measured of them, in whoever's story; their turns and the
pages that came of them; their seats, questions and texts; the places of the stories they started. Not theirs are the
words of others, pages that came of those and do not show their characters, and others' characters beside their own.
"""

from __future__ import annotations

import struct
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final

from sqlalchemy import ColumnElement, Select, Table, func, select
from sqlalchemy.ext.asyncio import AsyncSession

from engine.belongings import Belongings, Record
from engine.labels import BROUGHT, PAPER_DOLLS
from engine.nouns import OwnerId, PictureId
from engine.store import tables
from engine.store.withdrawing import Withdrawing

ORDER = "the order of rows in the database, which says nothing"


@dataclass(slots=True)
class Theirs:
    """Who a person is in the database: their ids there."""

    owner_id: OwnerId
    characters: set[str] = field(default_factory=set)
    started: set[str] = field(default_factory=set)         # stories
    stories: set[str] = field(default_factory=set)         # ... and those they or their characters were in
    turns: set[str] = field(default_factory=set)
    steps: set[str] = field(default_factory=set)           # pages that came of their turns

    def shows(self, brief: Mapping[str, Any]) -> bool:
        """Whether one of their characters is in a brief."""
        return any(figure["character_id"] in self.characters for figure in brief["figures"])


@dataclass(frozen=True, slots=True)
class Share:
    """A person's share of one table."""

    columns: tuple[str, ...]                               # what they get
    among: Callable[[Theirs], ColumnElement[bool]]         # where to look for rows
    theirs: Callable[[Record, Theirs], bool] = lambda row, person: True
    clean: Callable[[Record, Theirs], Record] = lambda row, person: row
    left_out: Mapping[str, str] = field(default_factory=dict)    # column -> why they do not get it


# --- what others have in the same rows is taken out ------------------------------------------------

def _brief(brief: Record, person: Theirs) -> Record:
    return brief | {"figures": [
        figure | {"toward": figure.get("toward") if figure.get("toward") in person.characters else None}
        for figure in brief["figures"] if figure["character_id"] in person.characters]}


def _panel(row: Record, person: Theirs) -> Record:
    """A panel, or a version of one: of everybody in it only their own characters."""
    def own(pairs: Sequence[Sequence[Any]]) -> list[Sequence[Any]]:
        return [pair for pair in pairs if pair[0] in person.characters]

    cleaned = row | {"brief": _brief(row["brief"], person), "boxes": own(row["boxes"]), "recalled": [
        item for item in row["recalled"] if item["character_id"] is None or item["character_id"] in person.characters]}
    if verdict := row["verdict"]:
        cleaned["verdict"] = verdict | {"scores": own(verdict["scores"])} | {
            name: [who for who in verdict[name] if who in person.characters]
            for name in ("confused", "missing", "doubled")}
    if row["step_id"] not in person.steps:     # a picture on somebody else's page: that page's words are not theirs
        cleaned |= {"alt_text": "", "change": "", "brief": cleaned["brief"] | {"words": ""}}
    return cleaned


def _version(row: Record, person: Theirs) -> Record:
    return row | {"panel": _panel(row["panel"], person)}


def _story(row: Record, person: Theirs) -> Record:
    return row if row["owner_id"] == person.owner_id else row | {"owner_id": None}


def _step(row: Record, person: Theirs) -> Record:
    beats = [beat | {"cast": [member | {"toward": member.get("toward") if member.get("toward") in person.characters
                                        else None}
                              for member in beat["cast"] if member["character_id"] in person.characters]}
             for beat in row["beats"]]
    return row | {"beats": beats, "wardrobe": [worn for worn in row["wardrobe"] if worn[0] in person.characters]}


def _scene(row: Record, person: Theirs) -> Record:
    scene = row["scene"]
    return row | {"scene": scene | {
        "story": _story(scene["story"], person),
        "cast": [each for each in scene["cast"] if each["owner_id"] == person.owner_id],
        "members": [each for each in scene["members"] if each["owner_id"] == person.owner_id],
        "wardrobe": [worn for worn in scene.get("wardrobe", []) if worn[0] in person.characters]}}


def _by_owner(table: Table) -> Callable[[Theirs], ColumnElement[bool]]:
    return lambda person: table.c.owner_id == person.owner_id


def _by_story(table: Table) -> Callable[[Theirs], ColumnElement[bool]]:
    return lambda person: table.c.story_id.in_(person.stories)


def _panels_of(person: Theirs) -> Select[tuple[str]]:
    """For tables that hang below steps: the panels of the stories they were in."""
    return (select(tables.panels.c.panel_id).join(tables.steps, tables.steps.c.step_id == tables.panels.c.step_id)
            .where(tables.steps.c.story_id.in_(person.stories)))


SHARES: Final[Mapping[str, Share]] = {
    "owners": Share(("owner_id", "created_at"), _by_owner(tables.owners), left_out={
        "wrapped_key": "the key itself: whoever has it can open every picture and every word",
        "naming_key": "the same for the names of pictures", "former_key": "the same, while it is being replaced",
        "key_id": "a random name of the key", "former_key_id": "a random name of a key",
        "folder": "a random name of a folder"}),
    "pictures": Share(("picture_id", "owner_id", "bytes", "created_at"), _by_owner(tables.pictures)),
    "characters": Share(
        ("character_id", "owner_id", "name", "pronouns", "look", "description", "avatar", "consent", "sharing",
         "from_photo", "server_id", "removed", "nicknames", "relation", "born_in", "drawn_by"),
        _by_owner(tables.characters), left_out={"number": ORDER}),
    "character_references": Share(
        ("character_id", "picture", "source", "panel_id", "action", "mood", "worn"),
        lambda person: tables.character_references.c.character_id.in_(person.characters), left_out={"number": ORDER}),
    "stories": Share(
        ("story_id", "venue_id", "server_id", "owner_id", "title", "style", "locale", "rating", "turn_order", "status",
         "head", "created_at", "heard"), _by_story(tables.stories), clean=_story, left_out={"number": ORDER}),
    "members": Share(("story_id", "owner_id", "name", "seat", "character_id"), _by_owner(tables.members)),
    "cast_entries": Share(("story_id", "character_id"),
                          lambda person: tables.cast_entries.c.character_id.in_(person.characters),
                          left_out={"number": ORDER}),
    "turns": Share(
        ("turn_id", "story_id", "owner_id", "author", "text", "kind", "state", "reason", "created_at", "meant",
         "before", "locked"), _by_owner(tables.turns), left_out={"number": ORDER}),
    "questions": Share(("question_id", "story_id", "owner_id", "question", "created_at"), _by_owner(tables.questions)),
    "scenes": Share(("turn_id", "story_id", "scene"), _by_story(tables.scenes),
                    theirs=lambda row, person: row["turn_id"] in person.turns, clean=_scene,
                    left_out={"pictures": "ids that the scene says too"}),
    "steps": Share(
        ("step_id", "story_id", "turn_id", "parent", "prose", "beats", "closes_story", "created_at", "wardrobe",
         "writer"), _by_story(tables.steps), theirs=lambda row, person: row["step_id"] in person.steps, clean=_step),
    "panels": Share(
        ("panel_id", "step_id", "position", "brief", "state", "picture", "underdrawing", "boxes", "seed", "painter",
         "version", "message_id", "alt_text", "verdict", "recalled", "change"),
        lambda person: tables.panels.c.panel_id.in_(_panels_of(person)),
        theirs=lambda row, person: row["step_id"] in person.steps or person.shows(row["brief"]), clean=_panel),
    "versions": Share(
        ("panel_id", "version", "panel", "drawn_at"),
        lambda person: tables.versions.c.panel_id.in_(_panels_of(person)),
        theirs=lambda row, person: row["panel"]["step_id"] in person.steps or person.shows(row["panel"]["brief"]),
        clean=_version, left_out={"picture": "an id that the panel says too", "underdrawing": "the same"}),
    "appearances": Share(
        ("panel_id", "version", "character_id", "action", "mood", "worn", "flip", "height", "box", "score", "quality",
         "likeness", "cutout"), lambda person: tables.appearances.c.character_id.in_(person.characters),
        left_out={"number": ORDER}),
    "drawings": Share(("panel_id", "version", "owner_id", "drawn_at", "server_id"), _by_owner(tables.drawings)),
    "story_settings": Share(
        ("story_id", "setting_id", "step_id", "kind", "name", "seed", "picture"), _by_story(tables.story_settings),
        theirs=lambda row, person: row["story_id"] in person.started or row["step_id"] in person.steps,
        left_out={"number": ORDER}),
    "plates": Share(
        ("story_id", "setting_id", "step_id", "time_of_day", "weather", "style", "picture"), _by_story(tables.plates),
        theirs=lambda row, person: row["story_id"] in person.started, left_out={"number": ORDER}),
    "storyboards": Share(("storyboard_id", "owner_id", "story_id", "state", "storyboard", "created_at"),
                         _by_owner(tables.storyboards), left_out={"picture": "an id that the storyboard says too"}),
    "reports": Share(("report_id", "panel_id", "turn_id", "story_id", "server_id", "owner_id", "version", "state",
                      "created_at", "decided_at"), _by_owner(tables.reports)),
    "erasures": Share(("erasure_id", "owner_id", "server_id", "venue_id", "locale", "created_at"),
                      _by_owner(tables.erasures)),
    "jobs": Share(("job_id", "owner_id", "state", "created_at"), _by_owner(tables.jobs), left_out={
        "attempt": "how often it was given out", "worker_id": "a random name of a machine",
        "news": "how often it said how far it is", "message": "made of what is here already; gone in a moment",
        "progress": "a sketch of what will be here in a moment", "result": "here in a moment, as a panel or a page"}),
}

#: Tables that hold nothing of anybody, and why that is so.
NOT_THEIRS: Final[Mapping[str, str]] = {
    "leftovers": "names of files still to be deleted, which say nothing",
    "house": "which master key belongs to this database",
    "forgotten": "keyed hashes of those who were forgotten, from which nobody can be told",
    "server_settings": "what a server decided; knows servers, no people",
    "departures": "servers the bot has left; knows no people",
    "barred": "keyed hashes that name nobody",
    "workers": "machines that paint; knows no people",
}

#: Which columns point at pictures, and what those are called in the manifest.
_PICTURES: Final = {
    "characters": (("avatar", "avatar"),), "character_references": (("picture", "reference"),),
    "panels": (("picture", "panel"), ("underdrawing", "underdrawing")), "appearances": (("cutout", "cut-out"),),
    "story_settings": (("picture", "place"),), "plates": (("picture", "place"),),
}


class Exporting(Withdrawing):
    """Part of `SqlLibrary`."""

    async def knows(self, owner_id: OwnerId) -> bool:
        """Whether anything at all is kept of this person; an erasure on its way does not count."""
        async with self._reading() as session:
            for table in _with_owners():
                if await session.scalar(select(func.count()).select_from(table).where(
                        table.c.owner_id == owner_id).limit(1)):
                    return True
        return False

    async def holdings(self, owner_id: OwnerId) -> dict[str, int]:
        """How much is kept of a person: characters, pictures, stories they started, turns."""
        counted = {"characters": tables.characters, "pictures": tables.pictures, "stories": tables.stories,
                   "turns": tables.turns}
        async with self._reading() as session:
            return {name: int(await session.scalar(
                select(func.count()).select_from(table).where(table.c.owner_id == owner_id)) or 0)
                for name, table in counted.items()}

    async def belongings(self, owner_id: OwnerId) -> Belongings:
        """Everything that is kept of a person, as of one moment."""
        async with self._reading() as session:
            person = await self._theirs(session, owner_id)
            records: dict[str, list[Record]] = {}
            for table in tables.metadata.sorted_tables:
                share = SHARES.get(table.name)
                if share is None:
                    continue
                rows = (await session.execute(select(table).where(share.among(person)))).mappings().all()
                records[table.name] = [share.clean(row, person) for row in map(_plain, rows)
                                       if share.theirs(row, person)]
            pictures = _pictures_in(records)
            others = await self._of_others(session, person) - pictures.keys()
            for row in records["pictures"]:
                if row["picture_id"] not in others:
                    pictures.setdefault(PictureId(row["picture_id"]), "other")
            records["pictures"] = [row for row in records["pictures"] if row["picture_id"] not in others]
        records = {name: [{column: row[column] for column in SHARES[name].columns} for row in rows]
                   for name, rows in records.items()}
        left_out = {f"{name}.{column}": why for name, share in SHARES.items() for column, why in share.left_out.items()}
        return Belongings(owner_id, {name: rows for name, rows in records.items() if rows}, pictures,
                          {**NOT_THEIRS, **left_out}, _made_by(records, pictures))

    async def _theirs(self, session: AsyncSession, owner_id: OwnerId) -> Theirs:
        turns, steps, stories = tables.turns, tables.steps, tables.stories
        person = Theirs(owner_id)
        person.characters = set(await session.scalars(
            select(tables.characters.c.character_id).where(tables.characters.c.owner_id == owner_id)))
        person.started = set(await session.scalars(select(stories.c.story_id).where(stories.c.owner_id == owner_id)))
        person.stories = person.started | set(await self._stories_with(session, owner_id, person.characters))
        person.turns = set(await session.scalars(select(turns.c.turn_id).where(turns.c.owner_id == owner_id)))
        person.steps = set(await session.scalars(
            select(steps.c.step_id).join(turns, turns.c.turn_id == steps.c.turn_id)
            .where(turns.c.owner_id == owner_id)))
        return person

    async def _of_others(self, session: AsyncSession, person: Theirs) -> set[str]:
        """Pictures that show others' characters only, kept with the stories this person started."""
        steps, panels, seen, versions = tables.steps, tables.panels, tables.appearances, tables.versions
        found: set[str | None] = set()
        for row in await session.execute(
                select(panels.c.step_id, panels.c.brief, panels.c.picture, panels.c.underdrawing)
                .join(steps, steps.c.step_id == panels.c.step_id).where(steps.c.story_id.in_(person.started))):
            if row.step_id not in person.steps and not person.shows(row.brief):
                found |= {row.picture, row.underdrawing}
        for panel in await session.scalars(select(versions.c.panel).where(versions.c.panel_id.in_(_panels_of(person)))):
            if panel["step_id"] not in person.steps and not person.shows(panel["brief"]):
                found |= {panel["picture"], panel["underdrawing"]}
        found |= set(await session.scalars(select(seen.c.cutout).where(
            seen.c.panel_id.in_(_panels_of(person)), seen.c.character_id.not_in(person.characters))))
        return {each for each in found if each}


def _with_owners() -> list[Table]:
    return [table for table in tables.metadata.sorted_tables
            if "owner_id" in table.c and table.name not in ("erasures", *NOT_THEIRS)]


def _pictures_in(records: Mapping[str, Sequence[Record]]) -> dict[PictureId, str]:
    """The pictures that rows point at, and what each is."""
    found: dict[PictureId, str] = {}
    for name, columns in _PICTURES.items():
        for row in records.get(name, ()):
            for column, what in columns:
                if row[column]:
                    found.setdefault(PictureId(row[column]), what)
    for row in records.get("versions", ()):
        for column, what in _PICTURES["panels"]:
            if row["panel"][column]:
                found.setdefault(PictureId(row["panel"][column]), what)
    return found


def _made_by(records: Mapping[str, Sequence[Record]], pictures: Mapping[PictureId, str]) -> dict[PictureId, str]:
    """By which painter each picture was generated. Not by any: what people brought.

    That is a place that began as somebody's picture, which is kept drawn over, and what came with a character's file.
    Of plates, and of pictures nothing points at any more, nothing says by whom they were painted: by the painter of the
    person's newest panel.
    """
    drawn = [(row["panel_id"], row["version"], row) for row in records.get("panels", ())]
    drawn += [(row["panel_id"], row["version"], row["panel"]) for row in records.get("versions", ())]
    by = {(panel_id, version): panel["painter"] or PAPER_DOLLS for panel_id, version, panel in drawn}
    usual = next(reversed(by.values()), PAPER_DOLLS)
    brought = {row["picture"] for row in records.get("character_references", ()) if row["source"] == "file"}
    brought |= {row["picture"] for row in records.get("story_settings", ())}
    brought |= {row["storyboard"].get("picture") for row in records.get("storyboards", ())}
    made = dict.fromkeys(pictures, usual)
    made |= {picture: PAPER_DOLLS for picture, what in pictures.items() if what in ("avatar", "underdrawing")}
    made |= {row["avatar"]: row["drawn_by"] for row in records.get("characters", ()) if row["avatar"] in made}
    brought |= {row["avatar"] for row in records.get("characters", ()) if row["drawn_by"] == BROUGHT}
    made |= {panel["picture"]: by[panel_id, version] for panel_id, version, panel in drawn if panel["picture"] in made}
    made |= {row["cutout"]: by.get((row["panel_id"], row["version"]), usual)
             for row in records.get("appearances", ()) if row["cutout"] in made}
    return {picture: painter for picture, painter in made.items() if picture not in brought}


def _plain(row: Mapping[Any, Any]) -> Record:
    """A row as JSON has it: times in ISO 8601, a likeness as its numbers."""
    def plain(value: Any) -> Any:
        if isinstance(value, datetime):
            return value.isoformat()
        if isinstance(value, bytes):
            return list(struct.unpack(f"<{len(value) // 2}e", value))
        return value

    keys = ("wrapped_key", "naming_key", "former_key")
    return {str(name): plain(value) for name, value in row.items() if name not in keys}
