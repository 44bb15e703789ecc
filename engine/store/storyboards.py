"""Storyboards, and pages put between others: what the ways into a story keep.

The tree of steps stays append-only in what a step says; where it hangs may change: a page that fills a gap becomes
the parent of the page after it, in the same transaction (docs/decisions/012).
"""

from __future__ import annotations

from dataclasses import replace

from sqlalchemy import delete, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from engine.nouns import Beat, NotFound, OwnerId, Panel, PanelId, PanelState, StepId, StoryId, StoryStep, Turn, Wardrobe
from engine.planning import dressed
from engine.store import tables
from engine.store.desk import now, path_from
from engine.store.memory import Memory
from engine.store.people import FORGOTTEN
from engine.store.sealing import owned
from engine.store.stories import step_from
from engine.store.values import from_json, to_json
from engine.ways.storyboard import BoardState, Storyboard


class Storyboards(Memory):
    """Part of `SqlLibrary`."""

    # --- storyboards -------------------------------------------------------------------------------

    async def save_storyboard(self, board: Storyboard) -> None:
        """Keep a storyboard as it is now."""
        values = {"storyboard_id": board.storyboard_id, "owner_id": board.owner_id, "story_id": board.story_id,
                  "state": board.state.value, "storyboard": to_json(Storyboard, board), "picture": board.picture,
                  "created_at": now()}
        async with self._writing() as session:
            await self._story_row(session, board.story_id)
            await session.execute(self._insert(tables.storyboards, values, key=["storyboard_id"],
                                               update=["state", "storyboard", "picture"],
                                               whose=await self._key(session, board.owner_id)))

    async def storyboard(self, storyboard_id: str) -> Storyboard:
        """Raises `NotFound`."""
        table = tables.storyboards
        async with self._reading() as session:
            kept = await session.scalar(select(table.c.storyboard).where(table.c.storyboard_id == storyboard_id))
        if kept is None:
            raise NotFound(f"no storyboard {storyboard_id}")
        return from_json(Storyboard, kept)

    async def storyboards(self, story_id: StoryId, owner_id: OwnerId | None = None) -> list[Storyboard]:
        """The storyboards of a story that are not done, oldest first; of one person or of all."""
        table = tables.storyboards
        question = select(table.c.storyboard).where(table.c.story_id == story_id,
                                                    table.c.state != BoardState.DONE.value)
        if owner_id is not None:
            question = question.where(table.c.owner_id == owner_id)
        async with self._reading() as session:
            return [from_json(Storyboard, kept) for kept in await session.scalars(question.order_by(
                table.c.created_at, table.c.storyboard_id))]

    async def change_board_state(self, storyboard_id: str, before: BoardState, after: BoardState,
                                 **numbers: int) -> bool:
        """Move a storyboard from one state to another. False, and nothing done, when it was in none such.

        `numbers` are fields of it that change with the state.
        """
        table = tables.storyboards
        async with self._writing() as session:
            row = (await session.execute(select(table.c.storyboard, table.c.owner_id).where(
                table.c.storyboard_id == storyboard_id, table.c.state == before.value).with_for_update())).first()
            if row is None:
                return False
            changed = {"state": after.value, "storyboard": {**row.storyboard, "state": after.value, **numbers}}
            await session.execute(update(table).where(table.c.storyboard_id == storyboard_id).values(
                **owned(table, changed, await self._key(session, row.owner_id))))
            return True

    async def hand_over_page(self, storyboard_id: str, index: int, turn: Turn) -> bool:
        """Accept the turn of a page, if its storyboard is being drawn and nobody has stopped it: both or neither."""
        table = tables.storyboards
        async with self._writing() as session:
            row = (await session.execute(update(table).where(
                table.c.storyboard_id == storyboard_id, table.c.state == BoardState.DRAWING.value,
            ).values(state=BoardState.DRAWING.value).returning(table.c.storyboard, table.c.owner_id))).first()
            if row is None:
                return False
            changed = {"storyboard": {**row.storyboard, "drawn": index + 1}}
            await session.execute(update(table).where(table.c.storyboard_id == storyboard_id).values(
                **owned(table, changed, await self._key(session, row.owner_id))))
            await self.accept_turn(turn)
            return True

    async def storyboards_in(self, state: BoardState) -> list[Storyboard]:
        """Every storyboard in a state, oldest first: for the start of the bot."""
        table = tables.storyboards
        async with self._reading() as session:
            return [from_json(Storyboard, kept) for kept in await session.scalars(
                select(table.c.storyboard).where(table.c.state == state.value).order_by(table.c.created_at))]

    async def drop_storyboard(self, storyboard_id: str) -> bool:
        """Throw a storyboard away. False when it was gone already."""
        table = tables.storyboards
        async with self._writing() as session:
            gone = await session.execute(delete(table).where(table.c.storyboard_id == storyboard_id)
                                         .returning(table.c.storyboard_id))
            return gone.first() is not None

    # --- versions that are wished for --------------------------------------------------------------

    async def plan_version(self, panel: Panel) -> None:
        """Keep how a version of a panel is to be drawn. One that is drawn already stays as it is."""
        planned = replace(panel, state=PanelState.PLANNED, message_id=None)
        async with self._writing() as session:
            await session.execute(self._insert(tables.versions, {
                "panel_id": panel.panel_id, "version": panel.version, "panel": to_json(Panel, planned),
                "picture": panel.picture, "underdrawing": panel.underdrawing, "drawn_at": now()},
                key=["panel_id", "version"], whose=await self._story_key(session, panel.brief.story_id)))

    async def planned_version(self, panel_id: PanelId, version: int) -> Panel | None:
        """A version that was planned, or None."""
        table = tables.versions
        shown = await self.panel(panel_id)
        async with self._reading() as session:
            row = await session.scalar(select(table.c.panel).where(
                table.c.panel_id == panel_id, table.c.version == version))
        return None if row is None else replace(from_json(Panel, row), message_id=shown.message_id)

    # --- pages between others ----------------------------------------------------------------------

    async def insert_step(self, step: StoryStep, before: StepId) -> None:
        """Store a step and hang `before` below it: both or neither. The head stays; the same id again does nothing.

        Raises `NotFound` (`fill_gone`) when `before` no longer follows the step's parent in the story as it stands.
        """
        steps = tables.steps
        async with self._writing() as session:
            story = await self._story_row(session, step.story_id, lock=True)
            if (await self._turn_row(session, step.turn_id)).reason == FORGOTTEN:
                raise NotFound(f"whoever asked for {step.turn_id} asked to be forgotten", reason=FORGOTTEN)
            if (await session.scalar(select(steps.c.step_id).where(steps.c.step_id == step.step_id))) is not None:
                return
            path = path_from(story.head)
            follower = (await session.execute(
                select(path.c.parent).where(path.c.step_id == before))).first()
            if follower is None or follower.parent != step.parent:
                raise NotFound(f"{before} does not follow {step.parent}", reason="fill_gone")
            await self._keep_step(session, replace(step, closes_story=False))
            await session.execute(update(steps).where(steps.c.step_id == before).values(parent=step.step_id))

    async def take_out_step(self, step_id: StepId) -> StoryStep:
        """The reverse: the page after hangs where this one hung, and its panels become UNDONE. Returns the step.

        Raises `NotFound` when it is not in the story as it stands, or is its last page (that is undone instead).
        """
        steps, panels = tables.steps, tables.panels
        async with self._writing() as session:
            row = await self._step_row(session, step_id)
            story = await self._story_row(session, StoryId(row.story_id), lock=True)
            path = path_from(story.head)
            after = await session.scalar(select(path.c.step_id).where(path.c.parent == step_id))
            if after is None:
                raise NotFound(f"nothing follows {step_id}")
            await session.execute(update(steps).where(steps.c.step_id == after).values(parent=row.parent))
            await session.execute(update(panels).where(
                panels.c.step_id == step_id, panels.c.state != PanelState.LOCKED.value,
            ).values(state=PanelState.UNDONE.value))
            return step_from(row)

    # --- what is worn from now on ------------------------------------------------------------------

    async def wear_from(self, step_id: StepId, changes: Wardrobe) -> None:
        """Let people wear something from this step on, until a later page puts on something else.

        Pages that are drawn already stay as they are; those drawn from now on remember it.
        """
        async with self._writing() as session:
            row = await self._step_row(session, step_id)
            story = await self._story_row(session, StoryId(row.story_id), lock=True)
            path = path_from(story.head)
            depth = await session.scalar(select(path.c.depth).where(path.c.step_id == step_id))
            later = [] if depth is None else list(await session.scalars(
                select(path.c.step_id).where(path.c.depth < depth).order_by(path.c.depth.desc())))
            fields = {(who, name) for who, worn in changes for name, _ in worn}
            for each in [step_id, *later]:
                if each != step_id:        # what a later page says itself holds from there on
                    fields -= await self._says(session, each)
                left = tuple((who, tuple((name, value) for name, value in worn if (who, name) in fields))
                             for who, worn in changes)
                await self._dress(session, each, left)

    async def _says(self, session: AsyncSession, step_id: str) -> set[tuple[str, str]]:
        steps = tables.steps
        beats = from_json(tuple[Beat, ...], await session.scalar(
            select(steps.c.beats).where(steps.c.step_id == step_id)) or [])
        return {(member.character_id, name) for beat in beats for member in beat.cast for name, _ in member.wears}

    async def _dress(self, session: AsyncSession, step_id: str, changes: Wardrobe) -> None:
        worn = dict(await self._wardrobe(session, step_id))
        for who, change in changes:
            worn[who] = dressed(worn.get(who, ()), change)
        steps = tables.steps
        story_id = (await session.execute(select(steps.c.story_id).where(steps.c.step_id == step_id))).scalar_one()
        wardrobe = tuple(sorted((who, each) for who, each in worn.items() if each))
        await session.execute(update(steps).where(steps.c.step_id == step_id).values(
            **owned(steps, {"wardrobe": to_json(Wardrobe, wardrobe)}, await self._story_key(session, story_id))))
