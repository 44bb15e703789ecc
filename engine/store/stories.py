"""Stories, their people, turns and steps, and the scene each turn is written from."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from sqlalchemy import CTE, Row, Select, delete, or_, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from engine.nouns import (
    Beat,
    Character,
    CharacterId,
    Member,
    NotFound,
    OwnerId,
    PanelState,
    Past,
    PictureId,
    Question,
    Scene,
    ServerId,
    Setting,
    SettingId,
    Sharing,
    StepId,
    Story,
    StoryId,
    StoryStatus,
    StoryStep,
    Turn,
    TurnId,
    TurnKind,
    TurnOrder,
    TurnState,
    VenueId,
    Wardrobe,
)
from engine.observing import TurnClosed, TurnTaken, note
from engine.planning import after_beats
from engine.store import tables
from engine.store.desk import head_of, now, path_from, the
from engine.store.people import FORGOTTEN, People, character_from
from engine.store.values import from_json, to_json

#: A writer reads this many exchanges back at most; what came before lives on in the cast and the settings.
PAST_EXCHANGES = 12
Meant = tuple[tuple[int, int, CharacterId], ...]


def story_from(row: Row[Any]) -> Story:
    """A story from its row."""
    return Story(
        StoryId(row.story_id), VenueId(row.venue_id), ServerId(row.server_id), OwnerId(row.owner_id), row.title,
        row.style, row.locale, row.rating, TurnOrder(row.turn_order), StoryStatus(row.status),
        StepId(row.head) if row.head else None, row.created_at)


def turn_from(row: Row[Any]) -> Turn:
    """A turn from its row."""
    return Turn(TurnId(row.turn_id), StoryId(row.story_id), OwnerId(row.owner_id), row.author, row.text,
                TurnKind(row.kind), TurnState(row.state), row.reason, row.created_at, from_json(Meant, row.meant),
                StepId(row.before) if row.before else None, row.locked)


def told_steps() -> Select[Any]:
    """Asks for steps, and whether their words are locked."""
    steps, turns = tables.steps, tables.turns
    return select(steps, turns.c.locked).join(turns, turns.c.turn_id == steps.c.turn_id)


def step_from(row: Row[Any]) -> StoryStep:
    """A step from its row (`told_steps`). Without its prose where that is locked: so nobody can forget to look."""
    return StoryStep(StepId(row.step_id), StoryId(row.story_id), TurnId(row.turn_id), "" if row.locked else row.prose,
                     from_json(tuple[Beat, ...], row.beats), StepId(row.parent) if row.parent else None,
                     row.closes_story, row.locked, row.writer)


def may_play(character: Character, writer: OwnerId | None = None) -> bool:
    """Whether a character that was brought into a story may be in it, as its owner decided.

    With `writer`: whether a turn of that person may draw it.
    """
    if character.sharing is Sharing.ME and writer not in (None, character.owner_id):
        return False
    return character.usable


def pictures_in(scene: dict[str, Any]) -> list[str]:
    """The pictures a scene names: as long as it is kept, a panel can be drawn again as it was."""
    named = [character["avatar"] for character in scene["cast"]]
    named += [setting.get("picture") for setting in scene["settings"]]
    return sorted({each for each in named if each})


def _briefs_on(path: CTE) -> Select[Any]:
    panels = tables.panels
    return (select(panels.c.brief).join(path, panels.c.step_id == path.c.step_id)
            .order_by(path.c.depth, panels.c.position.desc()))


class Stories(People):
    """Part of `SqlLibrary`."""

    # --- stories and their people ------------------------------------------------------------------

    async def save_story(self, story: Story) -> None:
        """Keep a story as it is now. The head of a story that exists moves by `save_step` and `undo` alone."""
        values = {
            "story_id": story.story_id, "venue_id": story.venue_id, "server_id": story.server_id,
            "owner_id": story.owner_id, "title": story.title, "style": story.style, "locale": story.locale,
            "rating": story.rating, "turn_order": story.turn_order.value, "status": story.status.value,
            "head": story.head, "created_at": story.created_at or now(),
        }
        # A head read before another turn's step was kept must not turn the story back.
        async with self._writing() as session:
            await session.execute(self._insert(
                tables.stories, values, key=["story_id"],
                update=[name for name in values if name not in ("story_id", "head", "created_at")],
                whose=await self._key(session, story.owner_id)))

    async def story(self, story_id: StoryId) -> Story:
        """Raises `NotFound`."""
        async with self._reading() as session:
            return story_from(await self._story_row(session, story_id))

    async def story_at(self, venue_id: VenueId) -> Story | None:
        """The story that lives at a venue: the newest that has not ended, else the newest."""
        table = tables.stories
        async with self._reading() as session:
            row = (await session.execute(
                select(table).where(table.c.venue_id == venue_id)
                .order_by(table.c.status == StoryStatus.ENDED.value, table.c.number.desc()).limit(1))).first()
            return None if row is None else story_from(row)

    async def stories_of(self, owner_id: OwnerId) -> list[Story]:
        """Stories this person started or writes in, newest first."""
        table = tables.stories
        seats = select(tables.members.c.story_id).where(tables.members.c.owner_id == owner_id)
        async with self._reading() as session:
            rows = await session.execute(
                select(table).where(or_(table.c.owner_id == owner_id, table.c.story_id.in_(seats)))
                .order_by(table.c.number.desc()))
            return [story_from(row) for row in rows]

    async def every_story(self) -> list[Story]:
        """All that are kept, newest first: for whoever runs this, never for a person in a story."""
        table = tables.stories
        async with self._reading() as session:
            return [story_from(row) for row in await session.execute(select(table).order_by(table.c.number.desc()))]

    async def hear(self, story_id: StoryId, message: str) -> None:
        """Remember the newest message that was read where a story lives; ids are numbers that grow."""
        table = tables.stories
        async with self._writing() as session:
            before = (await self._story_row(session, story_id, lock=True)).heard
            if before is None or int(message) > int(before):
                await session.execute(update(table).where(table.c.story_id == story_id).values(heard=message))

    async def heard(self, story_id: StoryId) -> str | None:
        """The newest message that was read, or None where that is not known."""
        async with self._reading() as session:
            heard: str | None = (await self._story_row(session, story_id)).heard
            return heard

    async def save_member(self, story_id: StoryId, member: Member) -> None:
        """Give a person a seat, or change it."""
        values = {"story_id": story_id, "owner_id": member.owner_id, "name": member.name, "seat": member.seat,
                  "character_id": member.character_id}
        async with self._writing() as session:
            await self._story_row(session, story_id)
            if member.character_id is not None:
                await self._character_row(session, member.character_id)
            await session.execute(self._insert(tables.members, values, key=["story_id", "owner_id"],
                                               update=["name", "seat", "character_id"],
                                               whose=await self._key(session, member.owner_id)))

    async def remove_member(self, story_id: StoryId, owner_id: OwnerId) -> None:
        """Take a person's seat away; what they wrote stays."""
        table = tables.members
        async with self._writing() as session:
            await session.execute(delete(table).where(table.c.story_id == story_id, table.c.owner_id == owner_id))

    async def members(self, story_id: StoryId) -> list[Member]:
        """The roster, by seat."""
        async with self._reading() as session:
            return await self._members(session, story_id)

    async def add_to_cast(self, story_id: StoryId, character_id: CharacterId) -> None:
        """Let a character play in a story."""
        async with self._writing() as session:
            await self._story_row(session, story_id)
            await self._character_row(session, character_id)
            await session.execute(self._insert(tables.cast_entries, {
                "story_id": story_id, "character_id": character_id}, key=["story_id", "character_id"]))

    async def cast(self, story_id: StoryId) -> list[Character]:
        """Everybody who may be in a story, in the order they came: see `may_play`."""
        async with self._reading() as session:
            return await self._cast(session, story_id)

    async def share(self, character_id: CharacterId, sharing: Sharing) -> None:
        """Decide who may use a character. Shared less widely, it leaves the stories that others brought it into.

        Those are the stories its owner neither started nor takes part in.
        """
        characters, entries, stories, members = tables.characters, tables.cast_entries, tables.stories, tables.members
        async with self._writing() as session:
            row = await self._character_row(session, character_id)
            await session.execute(update(characters).where(characters.c.character_id == character_id)
                                  .values(sharing=sharing.value))
            if sharing is Sharing.SERVER:
                return
            own = (select(stories.c.story_id).where(stories.c.owner_id == row.owner_id)
                   .union(select(members.c.story_id).where(members.c.owner_id == row.owner_id)))
            await session.execute(delete(entries).where(entries.c.character_id == character_id,
                                                        entries.c.story_id.not_in(own)))

    async def _members(self, session: AsyncSession, story_id: StoryId) -> list[Member]:
        table = tables.members
        rows = await session.execute(select(table).where(table.c.story_id == story_id)
                                     .order_by(table.c.seat, table.c.owner_id))
        return [Member(OwnerId(row.owner_id), row.name, row.seat,
                       CharacterId(row.character_id) if row.character_id else None) for row in rows]

    async def _cast(self, session: AsyncSession, story_id: StoryId, writer: OwnerId | None = None) -> list[Character]:
        """Who may be in a story; with `writer`, who may be drawn for a turn of theirs."""
        entries, characters = tables.cast_entries, tables.characters
        rows = await session.execute(select(characters).join(entries).where(entries.c.story_id == story_id)
                                     .order_by(entries.c.number))
        return [character for character in map(character_from, rows) if may_play(character, writer)]

    # --- turns -------------------------------------------------------------------------------------

    async def accept_turn(self, turn: Turn) -> bool:
        """Store an accepted turn. False when this id was accepted before."""
        async with self._writing() as session:
            await self._story_row(session, turn.story_id)
            new = await session.execute(self._insert(tables.turns, {
                "turn_id": turn.turn_id, "story_id": turn.story_id, "owner_id": turn.owner_id, "author": turn.author,
                "text": turn.text, "kind": turn.kind.value, "state": turn.state.value, "reason": turn.reason,
                "created_at": turn.created_at or now(), "meant": to_json(Meant, turn.meant), "before": turn.before},
                key=["turn_id"], whose=await self._key(session, turn.owner_id)).returning(tables.turns.c.turn_id))
            taken = new.first() is not None
        if taken:
            note(TurnTaken(turn.turn_id))
        return taken

    async def turn(self, turn_id: TurnId) -> Turn:
        """Raises `NotFound`."""
        async with self._reading() as session:
            return turn_from(await self._turn_row(session, turn_id))

    async def last_turn(self, story_id: StoryId) -> Turn | None:
        """The turn accepted last, whatever became of it."""
        table = tables.turns
        async with self._reading() as session:
            row = (await session.execute(select(table).where(table.c.story_id == story_id)
                                         .order_by(table.c.number.desc()).limit(1))).first()
            return None if row is None else turn_from(row)

    async def open_turns(self, story_id: StoryId | None = None) -> list[Turn]:
        """Turns accepted and not yet closed, in the order they were accepted; of one story or of all."""
        table = tables.turns
        question = select(table).where(table.c.state == TurnState.ACCEPTED.value).order_by(table.c.number)
        if story_id is not None:
            question = question.where(table.c.story_id == story_id)
        async with self._reading() as session:
            return [turn_from(row) for row in await session.execute(question)]

    async def close_turn(self, turn_id: TurnId, state: TurnState, reason: str = "") -> None:
        """Close an open turn; a closed one stays as it was closed."""
        table = tables.turns
        async with self._writing() as session:
            await self._turn_row(session, turn_id)
            closed = (await session.execute(update(table).where(
                table.c.turn_id == turn_id, table.c.state == TurnState.ACCEPTED.value,
            ).values(state=state.value, reason=reason).returning(table.c.turn_id))).first()
        if closed is not None:
            note(TurnClosed(turn_id, reason))

    async def _turn_row(self, session: AsyncSession, turn_id: TurnId) -> Row[Any]:
        row: Row[Any] | None = (await session.execute(the(tables.turns.c.turn_id), {"id": turn_id})).first()
        if row is None:
            raise NotFound(f"no turn {turn_id}")
        return row

    # --- turns that wait for an answer -------------------------------------------------------------

    async def save_question(self, question: Question) -> None:
        """Keep a turn until its question is answered; the same id again changes nothing."""
        turn = question.turn
        async with self._writing() as session:
            await self._story_row(session, turn.story_id)
            await session.execute(self._insert(tables.questions, {
                "question_id": question.question_id, "story_id": turn.story_id, "owner_id": turn.owner_id,
                "question": to_json(Question, question), "created_at": now()}, key=["question_id"],
                whose=await self._key(session, turn.owner_id)))

    async def question(self, question_id: str) -> Question:
        """Raises `NotFound`."""
        table = tables.questions
        async with self._reading() as session:
            kept = await session.scalar(select(table.c.question).where(table.c.question_id == question_id))
        if kept is None:
            raise NotFound(f"no question {question_id}")
        return from_json(Question, kept)

    async def questions(self, prefix: str) -> list[Question]:
        """Those whose ids begin so, oldest first."""
        table = tables.questions
        async with self._reading() as session:
            kept = await session.scalars(select(table.c.question).where(
                table.c.question_id.startswith(prefix, autoescape=True)).order_by(table.c.created_at))
            return [from_json(Question, each) for each in kept]

    async def drop_question(self, question_id: str) -> bool:
        """Answered or given up. False when it was gone already: whoever gets True goes on with the turn."""
        table = tables.questions
        async with self._writing() as session:
            gone = await session.execute(delete(table).where(table.c.question_id == question_id)
                                         .returning(table.c.question_id))
            return gone.first() is not None

    # --- steps -------------------------------------------------------------------------------------

    async def save_step(self, step: StoryStep) -> None:
        """Store the step and move the story's head to it. A step is written once: the same id again does nothing."""
        async with self._writing() as session:
            await self._story_row(session, step.story_id, lock=True)
            if (await self._turn_row(session, step.turn_id)).reason == FORGOTTEN:
                raise NotFound(f"whoever wrote {step.turn_id} asked to be forgotten", reason=FORGOTTEN)
            if await self._keep_step(session, step):
                await self._move_head(session, step.story_id, step.step_id)

    async def _keep_step(self, session: AsyncSession, step: StoryStep) -> bool:
        """Write a step down, with what everybody wears after it. False when it was there already."""
        wardrobe = after_beats(await self._wardrobe(session, step.parent), step.beats)
        new = await session.execute(self._insert(tables.steps, {
            "step_id": step.step_id, "story_id": step.story_id, "turn_id": step.turn_id, "parent": step.parent,
            "prose": step.prose, "beats": to_json(tuple[Beat, ...], step.beats), "closes_story": step.closes_story,
            "created_at": now(), "wardrobe": to_json(Wardrobe, wardrobe), "writer": step.writer},
            key=["step_id"], whose=await self._story_key(session, step.story_id)).returning(tables.steps.c.step_id))
        return new.first() is not None

    async def _step_row(self, session: AsyncSession, step_id: StepId) -> Row[Any]:
        row: Row[Any] | None = (
            await session.execute(told_steps().where(tables.steps.c.step_id == step_id))).first()
        if row is None:
            raise NotFound(f"no step {step_id}")
        return row

    async def wardrobe(self, story_id: StoryId) -> Wardrobe:
        """Who wears something else than their own at the head, and what."""
        async with self._reading() as session:
            return await self._wardrobe(session, (await self._story_row(session, story_id)).head)

    async def _wardrobe(self, session: AsyncSession, step_id: str | None) -> Wardrobe:
        steps = tables.steps
        return from_json(Wardrobe, await session.scalar(
            select(steps.c.wardrobe).where(steps.c.step_id == step_id)) or [])

    async def step(self, step_id: StepId) -> StoryStep:
        """Raises `NotFound`."""
        async with self._reading() as session:
            return step_from(await self._step_row(session, step_id))

    async def steps(self, story_id: StoryId, *, newest: int | None = None) -> list[StoryStep]:
        """The path to the head, oldest first; with `newest` its last steps alone, at most so many."""
        path = path_from(head_of(story_id), longest=newest)
        async with self._reading() as session:
            rows = await session.execute(told_steps().join(path, tables.steps.c.step_id == path.c.step_id)
                                         .order_by(path.c.depth.desc()))
            return [step_from(row) for row in rows]

    async def undo(self, story_id: StoryId) -> StoryStep | None:
        """Move the head to the parent of the head. Returns the step undone, or None; see `go_to`."""
        async with self._writing() as session:
            head = (await self._story_row(session, story_id, lock=True)).head
            row = (await session.execute(told_steps().where(tables.steps.c.step_id == head))).first()
            if row is None:
                return None
            await self._go_to(session, story_id, head, row.parent)
            return step_from(row)

    async def go_to(self, story_id: StoryId, step_id: StepId | None) -> tuple[list[StoryStep], list[StoryStep]]:
        """Move the head to any step of the story, or before the first: to go on from there, or to come back.

        Returns the steps that are on the path no more, newest first, and those that are on it again, oldest first.
        Drawn panels of the former become UNDONE, those of the latter DONE. The story is ended if and only if the new
        head ends it; a paused one stays paused. Raises `NotFound` for a step of another story.
        """
        async with self._writing() as session:
            head = (await self._story_row(session, story_id, lock=True)).head
            if step_id is not None and not await session.scalar(select(tables.steps.c.step_id).where(
                    tables.steps.c.step_id == step_id, tables.steps.c.story_id == story_id)):
                raise NotFound(f"no step {step_id} in {story_id}")
            return await self._go_to(session, story_id, head, step_id)

    async def _go_to(self, session: AsyncSession, story_id: StoryId, head: str | None,
                     step_id: str | None) -> tuple[list[StoryStep], list[StoryStep]]:
        steps, stories, panels = tables.steps, tables.stories, tables.panels
        paths = []
        for end in (head, step_id):
            path = path_from(end)
            rows = await session.execute(told_steps().join(path, steps.c.step_id == path.c.step_id)
                                         .order_by(path.c.depth))
            paths.append([step_from(row) for row in rows])
        kept = {step.step_id for step in paths[0]} & {step.step_id for step in paths[1]}
        left = [step for step in paths[0] if step.step_id not in kept]
        regained = [step for step in reversed(paths[1]) if step.step_id not in kept]
        await session.execute(update(stories).where(stories.c.story_id == story_id).values(head=step_id))
        unlocked = panels.c.state != PanelState.LOCKED.value
        await session.execute(update(panels).where(panels.c.step_id.in_([step.step_id for step in left]), unlocked)
                              .values(state=PanelState.UNDONE.value))
        await session.execute(update(panels).where(
            panels.c.step_id.in_([step.step_id for step in regained]), panels.c.picture.is_not(None), unlocked,
        ).values(state=PanelState.DONE.value))
        ends = bool(paths[1]) and paths[1][0].closes_story
        await session.execute(update(stories).where(
            stories.c.story_id == story_id,
            stories.c.status == (StoryStatus.OPEN if ends else StoryStatus.ENDED).value,
        ).values(status=(StoryStatus.ENDED if ends else StoryStatus.OPEN).value))
        return left, regained

    async def _move_head(self, session: AsyncSession, story_id: StoryId, step_id: str | None) -> None:
        await session.execute(update(tables.stories).where(tables.stories.c.story_id == story_id)
                              .values(head=step_id))

    # --- settings and scenes -----------------------------------------------------------------------

    async def save_setting(self, story_id: StoryId, setting: Setting, *, at: StepId | None = None) -> None:
        """Remember a place, from the step `at` on; without it, from the head on."""
        async with self._writing() as session:
            story = await self._story_row(session, story_id)
            await session.execute(self._insert(tables.story_settings, {
                "story_id": story_id, "setting_id": setting.setting_id, "step_id": at or story.head or "",
                "kind": setting.kind, "name": setting.name, "seed": setting.seed, "picture": setting.picture},
                key=["story_id", "setting_id", "step_id"], whose=await self._story_key(session, story_id)))

    async def settings(self, story_id: StoryId, *, at: StepId | None = None) -> list[Setting]:
        """Places known on the path to `at` or the head, in the order they came, the one of the newest panel last."""
        async with self._reading() as session:
            story = await self._story_row(session, story_id)
            return await self._settings_at(session, story_id, at or story.head)

    async def _settings_at(self, session: AsyncSession, story_id: StoryId, head: str | None) -> list[Setting]:
        table, path = tables.story_settings, path_from(head)
        rows = await session.execute(
            select(table).where(table.c.story_id == story_id,
                                or_(table.c.step_id == "", table.c.step_id.in_(select(path.c.step_id))))
            .order_by(table.c.number))
        known = {row.setting_id: Setting(SettingId(row.setting_id), row.kind, row.name, row.seed,
                                           PictureId(row.picture) if row.picture else None)
                 for row in reversed(rows.all())}                       # the earliest row of an id wins
        known = dict(reversed(known.items()))

        briefs = await self._newest(session, _briefs_on, 1, at=head)
        current = briefs[0].brief["setting"]["setting_id"] if briefs else None
        return sorted(known.values(), key=lambda setting: setting.setting_id == current)

    async def scene(self, turn_id: TurnId) -> Scene:
        """The story on the path to its head, as it was when first read for this turn.

        What can change later (story, cast, looks, roster) is written down with the turn; steps never change, so the
        past is kept by their ids.
        """
        async with self._writing() as session:
            turn = replace(turn_from(await self._turn_row(session, turn_id)), state=TurnState.ACCEPTED, reason="")
            kept = await session.scalar(select(tables.scenes.c.scene).where(tables.scenes.c.turn_id == turn_id))
            if kept is None:
                kept = await self._read_scene(session, turn)
                await session.execute(self._insert(tables.scenes, {
                    "turn_id": turn_id, "story_id": turn.story_id, "scene": kept, "pictures": pictures_in(kept)},
                    key=["turn_id"], whose=await self._story_key(session, turn.story_id)))
                # Another reader may have been first: what is written down holds.
                kept = (await session.execute(
                    select(tables.scenes.c.scene).where(tables.scenes.c.turn_id == turn_id))).scalar_one()
            cast = await self._still_usable(session, from_json(tuple[Character, ...], kept["cast"]))
            there = {character.character_id for character in cast}
            members = tuple(member if member.character_id in there else replace(member, character_id=None)
                            for member in from_json(tuple[Member, ...], kept["members"]))
            return Scene(
                from_json(Story, kept["story"]), turn, cast, members, from_json(tuple[Setting, ...], kept["settings"]),
                await self._past(session, kept["past"]), kept["max_panels"],
                from_json(Wardrobe, kept.get("wardrobe", [])),
                next(iter(await self._past(session, [kept["leads_to"]])), None) if kept.get("leads_to") else None)

    async def _still_usable(self, session: AsyncSession, cast: tuple[Character, ...]) -> tuple[Character, ...]:
        """Those whose consent was not taken back since: what was written down once gives no right to draw them."""
        table = tables.characters
        rows = await session.execute(select(table.c.character_id, table.c.consent).where(
            table.c.character_id.in_([character.character_id for character in cast])))
        gone = {row.character_id for row in rows if row.consent and row.consent.get("withdrawn_at")}
        return tuple(character for character in cast if character.character_id not in gone)

    async def _read_scene(self, session: AsyncSession, turn: Turn) -> dict[str, Any]:
        story = story_from(await self._story_row(session, turn.story_id))
        own = (await session.execute(select(tables.steps.c.parent)
                                     .where(tables.steps.c.turn_id == turn.turn_id))).first()
        if own is not None:                # written already: as it was before
            story = replace(story, head=StepId(own.parent) if own.parent else None)
        elif turn.before is not None:      # a page between two others: as it was after the first of them
            parent = await session.scalar(select(tables.steps.c.parent).where(tables.steps.c.step_id == turn.before))
            story = replace(story, head=StepId(parent) if parent else None)
        path = path_from(story.head, longest=PAST_EXCHANGES)
        return {
            "story": to_json(Story, story),
            "cast": to_json(tuple[Character, ...], tuple(await self._cast(session, story.story_id, turn.owner_id))),
            "members": to_json(tuple[Member, ...], tuple(await self._members(session, story.story_id))),
            "settings": to_json(tuple[Setting, ...],
                                tuple(await self._settings_at(session, story.story_id, story.head))),
            "past": list(await session.scalars(select(path.c.step_id).order_by(path.c.depth.desc()))),
            "max_panels": 1 if turn.before is not None else self._settings.limits.panels_per_turn,
            "wardrobe": to_json(Wardrobe, await self._wardrobe(session, story.head)),
            "leads_to": turn.before,
        }

    async def _past(self, session: AsyncSession, step_ids: list[str]) -> tuple[Past, ...]:
        steps, turns = tables.steps, tables.turns
        rows = await session.execute(select(steps.c.step_id, turns.c.author, turns.c.text, steps.c.prose, steps.c.beats)
                                     .join(turns, steps.c.turn_id == turns.c.turn_id)
                                     .where(steps.c.step_id.in_(step_ids), ~turns.c.locked))
        found = {row.step_id: Past(row.author, row.text, row.prose, from_json(tuple[Beat, ...], row.beats))
                 for row in rows}
        return tuple(found[step_id] for step_id in step_ids if step_id in found)

