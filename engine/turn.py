"""READ THIS FIRST. One turn, from a person's words to remembered panels.

`TurnRunner.play_turn` is the whole story of a turn, as a durable workflow: killed at any line, it goes on at the
next start, says nothing twice and loses nothing. Turns of one story are played one after another, in the order they
were accepted; stories do not wait for each other.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Coroutine, Mapping, Sequence
from dataclasses import replace
from typing import Any, NamedTuple

from engine.boundaries import passed
from engine.durable import Durable
from engine.events import Event
from engine.memory.places import relit_plate
from engine.memory.underdrawing import sketch_plate
from engine.memory.verification import Checker, better, crowded, good, rearranged
from engine.memory.visual import Parts, Recollection, Seen, Shapes, VisualMemory
from engine.nouns import (
    Character,
    CharacterId,
    MessageId,
    NotFound,
    OwnerId,
    Painting,
    Panel,
    PanelBrief,
    PanelId,
    PanelState,
    Plate,
    Refused,
    Scene,
    StepId,
    StoreUnusable,
    Story,
    StoryId,
    StoryStatus,
    StoryStep,
    StorythreadError,
    StudioFailed,
    Turn,
    TurnId,
    TurnKind,
    TurnState,
    Underdrawing,
    VenueId,
    Verdict,
)
from engine.order import Order
from engine.planning import plan_panels, plate_brief, stable_seed
from engine.ports import Guard, Library, Reader, Stage, Studio
from engine.safety.watch import Watch
from engine.ways.arrivals import bring_in, joined
from engine.ways.filling import lead_over, leads_to
from engine.ways.storyboard import page_of, step_of
from engine.ways.withdrawal import Withdrawal, without

log = logging.getLogger(__name__)

#: Seconds a turn whose pictures are all there is given to close, before somebody is told that it is not over.
CLOSING_S = 1.0
#: A repaint costs a whole panel: it is tried once, and only when somebody is clearly not themselves.
REPAINTS = 1


class _Attempt(NamedTuple):
    """One painting of a panel, and what was found in it."""

    brief: PanelBrief
    underdrawing: Underdrawing
    shapes: Shapes
    painting: Painting
    verdict: Verdict
    likenesses: Mapping[CharacterId, Sequence[float]]


class TurnRunner:
    """Plays turns. One per process; it owns nothing but the order in which turns of a story are played."""

    def __init__(self, library: Library, studio: Studio, stage: Stage, durable: Durable, *, size_px: int = 256,
                 parts: Parts | None = None, guard: Guard | None = None, reader: Reader | None = None) -> None:
        self._library = library
        self._studio = studio
        self._stage = stage
        self._durable = durable
        self._parts = parts or Parts()
        self._memory = VisualMemory(library, self._parts)
        self._checker = Checker(library, studio, reader)
        self._watch = Watch(library, guard)
        self._size_px = size_px
        self._order = Order(library, durable)
        self._more: dict[str, Callable[..., Coroutine[Any, Any, None]]] = {}
        self._withdrawal = Withdrawal(library, stage, durable, self._draw_again)

    def _canvas_px(self) -> int:
        # What is laid out smaller than it is painted reaches the painter blurred: plates, and avatars from photos.
        return max(self._size_px, self._studio.canvas_px)

    @property
    def library(self) -> Library:
        """What everything is kept in; for the other ways into a story."""
        return self._library

    @property
    def studio(self) -> Studio:
        """The models."""
        return self._studio

    @property
    def durable(self) -> Durable:
        """The records of what is done."""
        return self._durable

    # --- from outside ------------------------------------------------------------------------------

    async def start(self) -> None:
        """Open the records and go on with every turn a crash or a stop cut short."""
        await self._durable.launch(play_turn=self.play_turn, redraw_panel=self.redraw_panel,
                                   take_out=self._withdrawal.take_out, **self._more)
        for turn in await self._library.open_turns():
            await self._durable.start_anew("play_turn", turn.turn_id, turn.turn_id)

    def also(self, **bodies: Callable[..., Coroutine[Any, Any, None]]) -> None:
        """Further durable workflows, to be launched with `start` (engine/ways/ways.py has some)."""
        self._more |= bodies

    async def accept(self, turn: Turn) -> bool:
        """Take a turn: once this returns it is never lost. False when this very turn was taken before."""
        new = await self._library.accept_turn(turn)
        await self._durable.start("play_turn", turn.turn_id, turn.turn_id)
        return new

    async def redraw(self, panel_id: PanelId, owner_id: OwnerId, request_id: str) -> None:
        """Paint a panel again with another seed; a new version in the same message. Raises `NotFound`, `Refused`."""
        panel = await self._library.panel(panel_id)
        if panel.state in (PanelState.UNDONE, PanelState.LOCKED):
            raise Refused(reason=f"panel_{panel.state.value}")
        await self.draw_version(panel_id, owner_id, request_id, await self.next_version(panel))

    async def draw_version(self, panel_id: PanelId, owner_id: OwnerId, request_id: str, version: int) -> None:
        """Paint a version of a panel: as it was planned with `Library.plan_version`, else the shown one anew."""
        await self._durable.start("redraw_panel", request_id, panel_id, owner_id, str(version))

    async def next_version(self, panel: Panel) -> int:
        """The number of a panel's next version: an earlier one may be the one that is shown."""
        return 1 + max([panel.version, *(each.version for each in await self._library.versions(panel.panel_id))])

    async def take_out(self, character_id: CharacterId, owner_id: OwnerId, how: str, request_id: str) -> None:
        """A character leaves the pictures of every story: `how` is "redraw" (without it) or "remove" (the pictures)."""
        await self._durable.start("take_out", request_id, character_id, owner_id, how)

    async def undo(self, story_id: StoryId, request_id: str) -> tuple[StoryStep, list[Panel]] | None:
        """Take back the last step; memory follows. None when there is nothing to take back.

        Returns the step and the panels it had, so that the caller can mark their messages. Raises `Refused` while a
        turn of this story is being played.
        """
        if await self.unfinished(story_id):
            raise Refused(reason="turn_in_progress")
        before = await self._library.panels(story_id)
        step = await self._library.undo(story_id)
        if step is None:
            return None
        return step, [panel for panel in before if panel.step_id == step.step_id]

    async def go_to(self, story_id: StoryId, step_id: StepId | None) -> tuple[list[StoryStep], list[StoryStep]]:
        """Go on from another page, or from before the first; memory follows, and nothing is lost: see `Library.go_to`.

        Returns the steps left behind, newest first, and those that are told again, oldest first. Raises `NotFound`,
        and `Refused` while a turn of this story is being played.
        """
        if await self.unfinished(story_id):
            raise Refused(reason="turn_in_progress")
        return await self._library.go_to(story_id, step_id)

    async def unfinished(self, story_id: StoryId) -> list[Turn]:
        """The turns of a story that are not over, oldest first.

        The buttons under a last picture can be clicked a moment before its turn is closed: that moment is waited for.
        """
        clock = asyncio.get_running_loop().time
        patient_until = clock() + CLOSING_S
        while True:
            turns = await self._library.open_turns(story_id)
            if len(turns) != 1 or clock() >= patient_until:
                return turns
            panels = await self._library.panels_of_step(StepId(f"{turns[0].turn_id}-step"))
            drawn = [panel.state is not PanelState.PLANNED for panel in panels]
            if not drawn or not all(drawn):
                return turns
            await asyncio.sleep(0.02)

    def wait_s(self, turns: int) -> float:
        """Seconds until so many turns are over, as fast as they lately were."""
        return self._order.wait_s(turns)

    async def finished(self, request_id: str) -> None:
        """Wait until a turn or redraw has ended, well or badly."""
        await self._durable.finished(request_id)

    async def call_off(self, turn_id: TurnId, reason: str) -> None:
        """Close a turn and paint nothing more of it, at whatever it is. One that is over stays as it is."""
        await self._order.call_off(turn_id, reason)

    async def rest(self, within_s: float) -> bool:
        """Begin no further page or picture, and finish those that are begun. False when the time was up before."""
        return await self._order.rest(within_s)

    async def close(self) -> None:
        """Stop. Turns still being played go on at the next start."""
        self._order.closing = True
        await self._durable.close()

    # --- the turn ----------------------------------------------------------------------------------

    async def play_turn(self, turn_id: str) -> None:
        """One turn. Its id is the id of the interaction or message that brought it."""
        turn = await self._order.my_turn(TurnId(turn_id))
        if turn is None:
            return
        try:
            async with self._order.working():
                # 1. Read the scene: the story so far, the cast, the memory.
                scene = await self._library.scene(turn.turn_id)
                passed("scene read")

                # 2. Write the step: prose, and the beats that can be seen.
                step = await self._write(scene)
                scene, new = await joined(self._library, scene, step)

                # 3. Say the prose, and keep places for the panels.
                panels = await self._said(scene, step, await self._plan(scene, step))

                # 4. For each brief: recall, lay out, paint, check, remember, show.
                for panel in panels:
                    await self._draw(scene, panel, turn.owner_id)

                # 5. Close the turn.
                await self._durable.commit("close", self._close, scene, step)
                await self._announce(turn, new)
        except (StudioFailed, Refused, NotFound) as failure:
            await self._fail(turn, failure.reason)
        except asyncio.CancelledError:
            self._order.let_go(turn)
        except Exception as error:
            await self._grieve(turn, error)
        finally:
            await self._order.over(turn)

    async def _announce(self, turn: Turn, new: Sequence[CharacterId]) -> None:
        """Whoever is new in the story is offered to its writers, where the face knows how (`also`)."""
        for who in new if "introduce" in self._more else ():
            await self._durable.start("introduce", f"introduce-{turn.turn_id}-{who}", turn.turn_id, who)

    async def redraw_panel(self, panel_id: str, owner_id: str, version: str) -> None:
        """Another version of one panel: as somebody wished it, or just another seed. If it fails the old one stays."""
        panel = await self._library.panel(PanelId(panel_id))
        step = await self._library.step(panel.step_id)
        scene = await self._library.scene(step.turn_id)
        # Who came into the story later can be asked into an earlier picture.
        newer = [each for each in await self._library.cast(scene.story.story_id) if each not in scene.cast]
        born = [each for each in newer if each.born_in == scene.story.story_id]     # they are drawn as they are now
        scene = replace(scene, cast=tuple({each.character_id: each for each in (*newer, *scene.cast, *born)}.values()))
        if panel.version != int(version):
            wished = await self._library.planned_version(panel.panel_id, int(version))
            panel = wished or replace(panel, version=int(version), state=PanelState.PLANNED, change="")
            # whoever may no longer be drawn is not drawn again
            gone = {figure.character_id for figure in panel.brief.figures} - _by_id(scene).keys()
            panel = replace(panel, brief=without(panel.brief, gone))
        await self._draw_again(scene, panel, OwnerId(owner_id))

    async def _draw_again(self, scene: Scene, panel: Panel, owner_id: OwnerId) -> None:
        async with self._order.working():
            await self._draw(scene, panel, owner_id)

    # --- its parts, in order -----------------------------------------------------------------------

    async def _write(self, scene: Scene) -> StoryStep:
        """The step of this turn: written once, found again after a crash. Raises `StudioFailed`."""
        step_id = StepId(f"{scene.turn.turn_id}-step")
        step, reason = None, ""
        try:
            step = await self._library.step(step_id)
        except NotFound:
            try:
                step = await self._written(scene, seed=stable_seed(step_id))
            except StudioFailed as failure:
                reason = failure.reason

        async def remember() -> str:
            if step is not None and scene.turn.before is not None:
                await self._library.insert_step(step, scene.turn.before)
            elif step is not None:
                await self._library.save_step(step)
            return reason

        # What was recorded first holds, also when a replay fared differently.
        reason = await self._durable.commit("remember step", remember)
        if reason or step is None:
            raise StudioFailed(reason=reason or "studio_failed")
        return step

    async def _written(self, scene: Scene, *, seed: int) -> StoryStep:
        """A page of a pasted text is that text; a page between two others ends where the next begins."""
        if scene.turn.kind is TurnKind.ILLUSTRATE:
            step = step_of(await self._library.storyboard(page_of(scene.turn.turn_id)[0]), scene)
            await self._watch.need(scene, step)
            return step
        await self._watch.turn(scene.story, scene.turn)
        hints = await self._watch.only_fit(scene.story, self._hints(scene.story))
        step = await self._watch.written(scene, lambda seed: self._studio.write(scene, seed=seed, on_event=hints), seed)
        step = await bring_in(self._library, scene, step)
        if scene.leads_to is not None:
            step = replace(step, beats=leads_to(step.beats, scene.leads_to.beats, tuple(_by_id(scene))))
        passed("step written")
        return step

    async def _plan(self, scene: Scene, step: StoryStep) -> list[Panel]:
        """The panels of a step: as planned, or as they stand after a crash."""
        briefs, new_settings = plan_panels(scene.story, step, _by_id(scene), scene.settings,
                                           scene.wardrobe)
        if scene.turn.before is not None and step.parent is not None:
            one, other = [await self._library.panels_of_step(each) for each in (step.parent, scene.turn.before)]
            briefs = tuple(lead_over(brief, one[-1].brief if one else None, other[0].brief if other else None)
                           for brief in briefs)

        async def remember() -> None:
            for setting in new_settings:
                await self._library.save_setting(scene.story.story_id, setting, at=step.step_id)
            await self._library.save_panels([Panel(brief.panel_id, step.step_id, index, brief)
                                             for index, brief in enumerate(briefs)])

        await self._durable.commit("remember plan", remember)
        async with self._library.reading_together():
            return [await self._library.panel(brief.panel_id) for brief in briefs]

    async def _said(self, scene: Scene, step: StoryStep, panels: Sequence[Panel]) -> list[Panel]:
        """The prose stands there, and a message for each panel, to be edited from now on."""
        messages = await self._durable.act("say", self._say, scene.story.venue_id, step, panels)
        placed = [replace(panel, message_id=message) for panel, message in zip(panels, messages, strict=True)]
        await self._library.save_panels([new for new, panel in zip(placed, panels, strict=True) if new != panel])
        return placed

    async def _say(self, venue_id: VenueId, step: StoryStep, panels: Sequence[Panel]) -> list[MessageId]:
        """One deed: what of it was done before a crash is found again by the stage."""
        await self._stage.say(venue_id, step)
        passed("prose said")
        return [await self._stage.place(venue_id, panel) for panel in panels]

    async def _draw(self, scene: Scene, panel: Panel, owner_id: OwnerId) -> None:
        """One panel, from recall to show. A panel that fails does not stop the others."""
        await self._order.go_on()
        reason, seen = "", Seen()
        if panel.state not in (PanelState.DONE, PanelState.LOCKED):
            try:
                panel, seen = await self._painted(scene, panel, owner_id)
            except StudioFailed as failure:
                reason = failure.reason
            except StoreUnusable as failure:
                if failure.reason != "picture_damaged":
                    raise
                reason = failure.reason

        async def remember() -> str:
            if not reason:
                await self._library.save_panel(panel, asked_by=owner_id)
                await self._library.save_appearances(panel, seen)
            elif panel.version == 1:
                await self._library.save_panel(replace(panel, state=PanelState.FAILED))
            return reason

        reason = await self._durable.commit("remember panel", remember)
        panel = await self._library.panel(panel.panel_id)
        if reason:
            await self._durable.act("show", self._stage.fail, scene.story.venue_id, scene.turn, reason, panel)
        elif panel.state is not PanelState.LOCKED:
            await self._durable.act("show", self._show, scene.story, panel)

    async def _painted(self, scene: Scene, panel: Panel, owner_id: OwnerId) -> tuple[Panel, Seen]:
        """Recall, lay out, paint, check; the pictures are on disk when this returns. Raises `StudioFailed`."""
        story, brief, cast = scene.story, panel.brief, _by_id(scene)
        await self._watch.brief(story, brief)
        await self._need_plate(scene, brief, owner_id, again=panel.version > 1)
        recollection = await self._memory.recollect(story, brief, cast, panel.step_id)
        if brief.is_plate and brief.setting.picture and recollection.plate:    # the place of a picture: as it is
            picture = await self._library.keep_picture(recollection.plate, owner_id=story.owner_id)
            return replace(panel, state=PanelState.DONE, picture=picture, underdrawing=picture,
                           recalled=recollection.recall.items), []
        seed = panel.seed if panel.change else stable_seed(brief.panel_id, panel.version, 0)
        best = None
        for attempt in range(1 + REPAINTS * self._parts.check):
            underdrawing, shapes = await self._memory.lay_out(brief, recollection, size_px=self._canvas_px())
            passed("laid out")
            painting = await self._paint(scene, brief, underdrawing, recollection, owner_id, seed=seed,
                                         again=panel.version > 1)
            passed("painted")
            verdict, likenesses = await self._checker.check(painting.png, underdrawing, brief, scene.cast,
                                                            owner_id=owner_id)
            passed("checked")
            if best is None or verdict is None or better(verdict, best.verdict):
                best = _Attempt(brief, underdrawing, shapes, painting, verdict or Verdict(), likenesses)
            if verdict is None or good(verdict):
                break
            seed = stable_seed(brief.panel_id, panel.version, attempt + 1)
            if crowded(verdict, underdrawing.boxes):
                brief = rearranged(brief, stable_seed(brief.panel_id, panel.version, "elsewhere"))
        assert best is not None
        panel = replace(
            panel, brief=best.brief, state=PanelState.DONE, seed=best.painting.seed, painter=best.painting.painter,
            boxes=best.underdrawing.boxes, verdict=replace(best.verdict, attempts=attempt + 1),
            recalled=recollection.recall.items)
        kept = await self._memory.remember(panel, best.painting.png, best.underdrawing.png, best.shapes,
                                           best.likenesses, owner_id=story.owner_id)
        passed("pictures kept")
        return kept

    async def _paint(self, scene: Scene, brief: PanelBrief, underdrawing: Underdrawing,
                     recollection: Recollection | None, owner_id: OwnerId, *, seed: int,
                     again: bool = False) -> Painting:
        references = []
        if recollection is not None:
            references = [recollection.avatars.get(figure.character_id, b"") for figure in brief.figures]
            references += [recollection.previous] if recollection.previous is not None else []

        async def paint(seed: int) -> Painting:
            return await self._studio.paint(brief, underdrawing, references, seed=seed, turn_id=scene.turn.turn_id,
                                            owner_id=owner_id, on_event=self._hints(scene.story),
                                            server_id=scene.story.server_id, again=again)

        return await self._watch.painted(paint, underdrawing, brief, seed)

    async def _need_plate(self, scene: Scene, brief: PanelBrief, owner_id: OwnerId, *, again: bool) -> None:
        """Paint the setting once without people, for this time of day and weather, and remember it."""
        setting = brief.setting
        at = StepId(f"{scene.turn.turn_id}-step")
        if not self._parts.plates or await self._library.plate(
                setting.setting_id, brief.time_of_day, brief.weather, brief.style, at=at) is not None:
            return
        empty = plate_brief(brief)
        if setting.picture is not None:    # a place that began as somebody's picture is that picture in another light
            picture = await self._library.picture(setting.picture)
            sketch = await asyncio.to_thread(relit_plate, empty, picture, size_px=self._canvas_px())
        else:
            sketch = await asyncio.to_thread(sketch_plate, empty, size_px=self._canvas_px())
        seed = stable_seed(setting.setting_id, brief.time_of_day, brief.weather, brief.style)
        painting = await self._paint(scene, empty, sketch, None, owner_id, seed=seed, again=again)
        passed("plate painted")
        await self._library.save_plate(scene.story.story_id, Plate(
            setting.setting_id, brief.time_of_day, brief.weather, brief.style,
            await self._library.keep_picture(painting.png, owner_id=scene.story.owner_id)), at=at)
        passed("plate kept")

    async def _show(self, story: Story, panel: Panel) -> None:
        assert panel.picture is not None
        message_id = await self._stage.show(story.venue_id, panel, await self._library.picture(panel.picture))
        if message_id != panel.message_id:
            await self._library.save_panel(replace(panel, message_id=message_id))

    async def _close(self, scene: Scene, step: StoryStep) -> None:
        if step.closes_story:
            story = await self._library.story(scene.story.story_id)
            await self._library.save_story(replace(story, status=StoryStatus.ENDED))
        await self._library.close_turn(scene.turn.turn_id, TurnState.DONE)

    async def _grieve(self, turn: Turn, error: Exception) -> None:
        """Something nobody foresaw. The turn is not left open: its writer is told, and can have it tried again.

        Only where even that cannot be written down it stays open, and is tried again after a while and at every start.
        """
        if self._order.closing:
            raise error
        log.error("a turn came to grief: %s", type(error).__name__)
        try:
            if isinstance(error, StoreUnusable) and error.reason != "picture_damaged":
                raise error
            await self._fail(turn, error.reason if isinstance(error, StorythreadError) else "unexpected")
        except Exception:
            self._order.try_later(turn.turn_id)
            raise

    async def _fail(self, turn: Turn, reason: str) -> None:
        """Close a turn that did not work out, and say so plainly."""
        story = await self._library.story(turn.story_id)
        await self._durable.act("fail", self._stage.fail, story.venue_id, turn, reason)
        await self._durable.commit("close", self._library.close_turn, turn.turn_id, TurnState.FAILED, reason)

    def _hints(self, story: Story) -> Callable[[Event], None]:
        """Progress goes to the stage and is never waited for."""
        return lambda event: self._stage.hint(story.venue_id, event)


def _by_id(scene: Scene) -> Mapping[CharacterId, Character]:
    return {character.character_id: character for character in scene.cast}
