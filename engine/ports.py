"""The seams of the house. `turn.py` knows these and nothing behind them.

Models (`Writer`, `Painter`, `Likeness`) are plain blocking objects that live in the studio process, one call at
a time. `Studio` is how the face reaches them: awaitable, fair between people, cancellable. `Library` keeps
everything; `Stage` is where a story is seen.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from contextlib import AbstractAsyncContextManager
from datetime import datetime
from typing import Protocol

from engine.belongings import Belongings, Erasure, Known, Traces
from engine.events import Event
from engine.nouns import (
    NO_SERVER,
    Appearance,
    Character,
    CharacterId,
    Member,
    MemoryFrame,
    MessageId,
    OwnerId,
    Painting,
    Panel,
    PanelBrief,
    PanelId,
    PictureId,
    Plate,
    Question,
    Reading,
    Reference,
    Report,
    Scene,
    ServerId,
    ServerSettings,
    Setting,
    SettingId,
    Sharing,
    Sitting,
    StepId,
    Story,
    StoryId,
    StoryStep,
    Turn,
    TurnId,
    TurnState,
    Underdrawing,
    VenueId,
    Wardrobe,
)
from engine.ways.storyboard import BoardState, Storyboard

# --- models, in the studio process: blocking -------------------------------------------------------

class Writer(Protocol):
    """Goes on with a story."""

    name: str                              # "mini-writer@<revision>"

    def write(self, scene: Scene, *, seed: int, on_text: Callable[[str], None]) -> StoryStep:
        """Prose first (streamed whole-so-far through `on_text`), then the plan under a grammar.

        The step's id is `f"{turn_id}-step"` and its parent is `scene.story.head`. Every character id in the
        beats is one of `scene.cast`. `on_text` may raise `Cancelled`; it passes through.
        Raises `StudioFailed` when no valid plan could be had.
        """
        ...


class Painter(Protocol):
    """Paints a brief over its underdrawing. Keeps nothing between calls."""

    name: str                              # "mini@<revision>"
    size_px: int                           # panels are square, this many pixels a side

    def paint(self, brief: PanelBrief, underdrawing: Underdrawing, references: Sequence[bytes], *, seed: int,
              on_step: Callable[[int, int, bytes | None], None]) -> Painting:
        """Same brief, underdrawing, seed and revision give the same picture.

        `references` are RGBA or RGB PNGs: the avatars of `brief.figures` in their order, empty for who has none, then
        the previous frame if any.
        `on_step(step, steps, preview_png)` is called after every denoising step and may raise `Cancelled`.
        A brief without figures is a plate.
        """
        ...


class Portraitist(Painter, Protocol):
    """A painter that can also paint an avatar from photos."""

    paints_from_photos: bool               # True; a painter that cannot has no such thing, or False

    def paint_avatar(self, sitting: Sitting, *, seed: int,
                     on_step: Callable[[int, int, bytes | None], None]) -> Painting:
        """One figure, whole and alone, before plain white (RGB): who is in the photos, in the doll's pose and clothes.

        Nothing of the photos is kept, in no form. `on_step` as in `paint`.
        """
        ...


class Likeness(Protocol):
    """Embeds pictures of characters: cosine is identity."""

    name: str

    def embed(self, pictures: Sequence[bytes]) -> list[list[float]]:
        """One vector a picture (RGB or RGBA PNG crop), unit length times quality: the norm falls with quality."""
        ...


# --- what turn.py awaits ---------------------------------------------------------------------------

class Studio(Protocol):
    """The models, behind one lane: one job at a time, fair between people.

    Cancelling the awaiting task cancels the job at its next step. Raises `StudioFailed` when the models cannot.
    `on_event` is called on the caller's event loop and must not block.
    """

    @property
    def canvas_px(self) -> int:
        """Pixels a side of what the painter paints, as far as is known; 0 where that is of no account."""
        ...

    async def write(self, scene: Scene, *, seed: int, on_event: Callable[[Event], None]) -> StoryStep: ...

    async def paint(self, brief: PanelBrief, underdrawing: Underdrawing, references: Sequence[bytes], *, seed: int,
                    turn_id: TurnId, owner_id: OwnerId, on_event: Callable[[Event], None],
                    server_id: ServerId = NO_SERVER, again: bool = False) -> Painting:
        """`again`: it was drawn before, so it waits until nobody waits for a picture they have not seen."""
        ...

    async def paints_from_photos(self) -> bool:
        """Whether the painter there is can paint an avatar from photos. Waits until the models were opened."""
        ...

    async def paint_avatar(self, sitting: Sitting, *, seed: int, owner_id: OwnerId, server_id: ServerId) -> Painting:
        """See `Portraitist`. The photos are in memory and in the job alone, and gone when it is over."""
        ...

    async def embed(self, pictures: Sequence[bytes], *, owner_id: OwnerId) -> list[list[float]]: ...


class Guard(Protocol):
    """A model that judges texts."""

    async def judge(self, text: str, *, rating: str, owner_id: OwnerId, server_id: ServerId) -> frozenset[str]:
        """The subjects (`engine.safety.rules.SUBJECTS`) for which a text does not suit a story of this rating.

        Raises `StudioFailed` when the model cannot say.
        """
        ...


class Reader(Protocol):
    """A model that looks at finished panels."""

    async def read(self, png: bytes, things: Sequence[str], *, owner_id: OwnerId) -> Reading:
        """How many are in a panel (PNG), and which of these things.

        Raises `StudioFailed` when the model cannot say.
        """
        ...


class Stage(Protocol):
    """Where a story is seen: a Discord thread or DM, a terminal. Awaited verbs are facts and idempotent.

    Idempotent means: called again with the same turn or panel after a crash, it finds what it already posted.
    """

    async def say(self, venue_id: VenueId, step: StoryStep) -> MessageId:
        """Post the prose of a step. Key: `step.step_id`."""
        ...

    async def place(self, venue_id: VenueId, panel: Panel) -> MessageId:
        """Keep a place for a panel: one message, to be edited from now on. Key: `panel.panel_id`."""
        ...

    async def show(self, venue_id: VenueId, panel: Panel, picture: bytes) -> MessageId:
        """Put the final picture into the panel's message. Returns the message (a new one if that was deleted)."""
        ...

    async def clear(self, venue_id: VenueId, panel: Panel) -> None:
        """Take the picture out of a panel's message for good: somebody in it wished so. A message gone is no matter."""
        ...

    async def fail(self, venue_id: VenueId, turn: Turn, reason: str, panel: Panel | None = None) -> None:
        """Say in a plain sentence that a turn, or one of its panels, did not work out."""
        ...

    def hint(self, venue_id: VenueId, event: Event) -> None:
        """Progress: newest wins, never waited for, may be dropped."""
        ...


class Library(Protocol):
    """Everything that is kept. One writing process. Each awaited method is one transaction.

    Missing things raise `NotFound`. Methods that write are idempotent in their ids: the same call again
    changes nothing.
    """

    async def need_room(self) -> None:
        """Raise `StoreUnusable` ("store_full") unless there is room to keep and paint one turn more."""
        ...

    def reading_together(self) -> AbstractAsyncContextManager[None]:
        """Calls inside, one after another, see the same moment, and none may write; cheaper than each by itself."""
        ...

    # people and servers
    async def server_settings(self, server_id: ServerId) -> ServerSettings: ...
    async def save_server_settings(self, settings: ServerSettings) -> None: ...
    async def panels_today(self, owner_id: OwnerId) -> int: ...
    async def server_panels_today(self, server_id: ServerId) -> int: ...
    async def turns_waiting(self, owner_id: OwnerId, server_id: ServerId) -> tuple[int, int]:
        """Turns that are accepted and not over: of this person anywhere, and of everybody on this server."""
        ...
    async def forget(self, owner_id: OwnerId) -> None: ...
    async def knows(self, owner_id: OwnerId) -> bool:
        """Whether anything at all is kept of a person."""
        ...

    async def holdings(self, owner_id: OwnerId) -> dict[str, int]:
        """How many characters, pictures, stories and turns are kept of a person."""
        ...

    async def belongings(self, owner_id: OwnerId) -> Belongings: ...
    async def known_as(self, owner_id: OwnerId) -> Known: ...
    async def traces(self, owner_id: OwnerId) -> dict[VenueId, Traces]: ...
    async def save_erasure(self, erasure: Erasure) -> bool:
        """Note that somebody asked to be erased; False when that is on its way already."""
        ...

    async def erasure(self, erasure_id: str) -> Erasure: ...
    async def erasures(self) -> list[Erasure]: ...
    async def drop_erasure(self, erasure_id: str) -> None: ...
    async def sweep(self) -> None:
        """Delete files and records that committed deletions left over."""
        ...


    # servers the bot leaves
    async def note_departure(self, server_id: ServerId) -> None: ...
    async def note_return(self, server_ids: Collection[ServerId]) -> None: ...
    async def departures(self, before: datetime | None = None) -> list[ServerId]: ...
    async def known_servers(self) -> list[ServerId]: ...
    async def stories_on(self, server_id: ServerId) -> list[Story]: ...
    async def forget_server(self, server_id: ServerId) -> int: ...

    # pictures: encrypted, content-addressed, on disk before this returns
    async def keep_picture(self, png: bytes, *, owner_id: OwnerId) -> PictureId: ...
    async def keep_pictures(self, pngs: Sequence[bytes], *, owner_id: OwnerId) -> list[PictureId]: ...
    async def picture(self, picture_id: PictureId) -> bytes: ...
    async def pictures(self, picture_ids: Sequence[PictureId]) -> dict[PictureId, bytes]:
        """Several at once, each once. Raises `NotFound` where one is missing."""
        ...

    # characters
    async def save_character(self, character: Character) -> None: ...
    async def character(self, character_id: CharacterId) -> Character: ...
    async def characters_of(self, owner_id: OwnerId) -> list[Character]: ...
    async def usable_characters(self, owner_id: OwnerId, server_id: ServerId) -> list[Character]: ...
    async def remove_character(self, character_id: CharacterId) -> None: ...
    async def share(self, character_id: CharacterId, sharing: Sharing) -> None:
        """Decide who may use a character. Shared less widely, it leaves the stories that others brought it into."""
        ...

    async def take_away(self, character_id: CharacterId, *, shown: bool = True) -> list[tuple[Story, Panel]]:
        """Delete the pictures that show a character; without `shown`, only those drawn before what is shown now.

        Returns the panels that lost their picture.
        """
        ...

    async def save_reference(self, reference: Reference) -> None:
        """Keep a picture of a character for recall; the picture belongs to the character's owner."""
        ...

    async def references(self, character_ids: Sequence[CharacterId]) -> list[Reference]: ...

    # stories
    async def save_story(self, story: Story) -> None: ...
    async def story(self, story_id: StoryId) -> Story: ...
    async def story_at(self, venue_id: VenueId) -> Story | None: ...
    async def stories_of(self, owner_id: OwnerId) -> list[Story]: ...
    async def every_story(self) -> list[Story]:
        """All that are kept, newest first: for whoever runs this, never for a person in a story."""
        ...

    async def hear(self, story_id: StoryId, message: str) -> None:
        """Remember the id of the newest plain message that was read where a story lives; an older one changes nothing.
        """
        ...

    async def heard(self, story_id: StoryId) -> str | None: ...
    async def save_member(self, story_id: StoryId, member: Member) -> None: ...
    async def remove_member(self, story_id: StoryId, owner_id: OwnerId) -> None: ...
    async def members(self, story_id: StoryId) -> list[Member]: ...
    async def add_to_cast(self, story_id: StoryId, character_id: CharacterId) -> None: ...
    async def cast(self, story_id: StoryId) -> list[Character]: ...

    # turns and steps
    async def accept_turn(self, turn: Turn) -> bool:
        """Store an accepted turn. False when this id was accepted before."""
        ...

    async def turn(self, turn_id: TurnId) -> Turn: ...
    async def last_turn(self, story_id: StoryId) -> Turn | None: ...
    async def open_turns(self, story_id: StoryId | None = None) -> list[Turn]:
        """Turns accepted and not yet closed, in the order they were accepted; of one story or of all."""
        ...
    async def close_turn(self, turn_id: TurnId, state: TurnState, reason: str = "") -> None: ...
    async def save_question(self, question: Question) -> None: ...
    async def question(self, question_id: str) -> Question: ...
    async def questions(self, prefix: str) -> list[Question]:
        """Those whose ids begin so, oldest first."""
        ...
    async def drop_question(self, question_id: str) -> bool:
        """Answered or given up. False when it was gone already: whoever gets True goes on with the turn."""
        ...

    async def scene(self, turn_id: TurnId) -> Scene:
        """The story on the path to its head, as it was when first read for this turn."""
        ...

    async def save_step(self, step: StoryStep) -> None:
        """Store the step and move the story's head to it."""
        ...

    async def insert_step(self, step: StoryStep, before: StepId) -> None:
        """Store a step between `before` and the page it followed; the story's head stays where it is."""
        ...

    async def take_out_step(self, step_id: StepId) -> StoryStep:
        """Take a page out that others follow; its panels become UNDONE."""
        ...

    async def wear_from(self, step_id: StepId, changes: Wardrobe) -> None:
        """Let people wear something from this step on, until a later page says otherwise."""
        ...

    async def step(self, step_id: StepId) -> StoryStep: ...
    async def wardrobe(self, story_id: StoryId) -> Wardrobe:
        """Who wears something else than their own at the head, and what."""
        ...

    async def steps(self, story_id: StoryId, *, newest: int | None = None) -> list[StoryStep]:
        """The path to the head, oldest first; with `newest` its last steps alone, at most so many."""
        ...

    async def undo(self, story_id: StoryId) -> StoryStep | None:
        """Move the head to the parent of the head; its panels become UNDONE. Returns the step undone, or None."""
        ...

    async def go_to(self, story_id: StoryId, step_id: StepId | None) -> tuple[list[StoryStep], list[StoryStep]]:
        """Move the head to any step of the story. Returns steps off the path now, and steps on it again."""
        ...

    # panels and memory. `at` is the step as of which memory is asked or written; without it, the story's head.
    async def save_panel(self, panel: Panel, *, asked_by: OwnerId | None = None) -> None:
        """Keep a panel as it is now; a drawn one is kept as a version too, and counted for whoever asked for it.

        Without `asked_by` that is the writer of its turn.
        """
        ...
    async def save_panels(self, panels: Sequence[Panel], *, asked_by: OwnerId | None = None) -> None:
        """Several of one step, in one transaction."""
        ...

    async def panel(self, panel_id: PanelId) -> Panel: ...
    async def panels(self, story_id: StoryId) -> list[Panel]:
        """Panels on the path to the head, in order."""
        ...

    async def panels_of_step(self, step_id: StepId) -> list[Panel]: ...
    async def panels_with(self, character_id: CharacterId) -> list[tuple[Story, Panel]]:
        """Drawn panels that show a character, of all stories, oldest first."""
        ...

    async def versions(self, panel_id: PanelId) -> list[Panel]:
        """Every version of a panel that was drawn, oldest first, each as it was."""
        ...

    async def plan_version(self, panel: Panel) -> None:
        """Keep how a version of a panel is to be drawn; nothing is shown of it before it is."""
        ...

    async def planned_version(self, panel_id: PanelId, version: int) -> Panel | None: ...

    async def show_version(self, panel_id: PanelId, version: int) -> Panel:
        """Make an earlier version the one that is shown, and remembered."""
        ...

    async def frames(self, story_id: StoryId, *, limit: int = 12, at: StepId | None = None) -> list[MemoryFrame]:
        """The newest drawn panels on the path, nearest first."""
        ...

    async def save_appearances(self, panel: Panel, seen: Sequence[tuple[Appearance, Sequence[float]]]) -> None:
        """Remember who was where in this version of a panel, each with the likeness of their crop."""
        ...

    async def appearances(self, story_id: StoryId, character_ids: Sequence[CharacterId], *, limit: int = 48,
                          at: StepId | None = None) -> list[Appearance]:
        """The newest appearances of these characters on the path, nearest first."""
        ...

    async def save_setting(self, story_id: StoryId, setting: Setting, *, at: StepId | None = None) -> None: ...
    async def settings(self, story_id: StoryId, *, at: StepId | None = None) -> list[Setting]: ...
    async def save_plate(self, story_id: StoryId, plate: Plate, *, at: StepId | None = None) -> None: ...
    async def plate(self, setting_id: SettingId, time_of_day: str, weather: str, style: str, *,
                    at: StepId | None = None) -> Plate | None: ...

    # reported pictures, and people whom a server does not want
    async def report(self, report: Report) -> bool:
        """Lock a panel, or a turn's words, and keep the report. False when they are, or this person knows they stay."""
        ...

    async def turns_at(self, venue_id: VenueId) -> list[TurnId]:
        """Every turn that was taken there, of any story, newest first."""
        ...

    async def reported_prose(self, turn_id: TurnId) -> str:
        """The prose of a turn's page, also where it is locked; "" where there is none: for who decides about it."""
        ...

    async def report_of(self, report_id: str) -> Report: ...
    async def open_reports(self, server_id: ServerId | None) -> list[Report]: ...
    async def reports_since(self, owner_id: OwnerId, moment: datetime) -> int: ...
    async def restore_reported(self, report_id: str) -> Panel | Turn | None:
        """Show a reported panel, or a turn's words, again. None when that was decided before."""
        ...

    async def remove_reported(self, report_id: str) -> Panel | Turn | None:
        """Delete a reported panel's pictures, or a turn's words, for good. None when that was decided before."""
        ...

    async def bar(self, server_id: ServerId, owner_id: OwnerId) -> bool: ...
    async def unbar(self, server_id: ServerId, owner_id: OwnerId) -> bool: ...
    async def is_barred(self, server_id: ServerId, owner_id: OwnerId) -> bool:
        """Whether the bot does not listen to this person on this server."""
        ...

    # texts to be illustrated
    async def save_storyboard(self, board: Storyboard) -> None: ...
    async def storyboard(self, storyboard_id: str) -> Storyboard: ...
    async def storyboards(self, story_id: StoryId, owner_id: OwnerId | None = None) -> list[Storyboard]:
        """The storyboards of a story that are not done, oldest first."""
        ...

    async def change_board_state(self, storyboard_id: str, before: BoardState, after: BoardState,
                                 **numbers: int) -> bool:
        """Move a storyboard from one state to another; False, and nothing done, when it was in none such.

        `numbers` are fields of it that change with the state.
        """
        ...

    async def hand_over_page(self, storyboard_id: str, index: int, turn: Turn) -> bool:
        """Accept the turn of a page, if its storyboard is being drawn and nobody has stopped it."""
        ...

    async def storyboards_in(self, state: BoardState) -> list[Storyboard]: ...
    async def drop_storyboard(self, storyboard_id: str) -> bool: ...
