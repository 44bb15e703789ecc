"""The words of the house as frozen types. Standard library only.

Everything here is plain data: it can be compared, hashed where its fields allow, written to JSON by
pydantic's `TypeAdapter` at the edges, and sent through a pipe. Pictures are PNG bytes. Places and boxes are
fractions of the panel, so that nothing depends on a painter's resolution.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import NewType

OwnerId = NewType("OwnerId", str)          # a person, as the venue knows them (a Discord user id)
ServerId = NewType("ServerId", str)        # a Discord server; "" for DMs
VenueId = NewType("VenueId", str)          # where a story lives: thread or DM, opaque to the engine
MessageId = NewType("MessageId", str)      # a message in a venue, opaque to the engine
CharacterId = NewType("CharacterId", str)
StoryId = NewType("StoryId", str)
TurnId = NewType("TurnId", str)            # the interaction's or message's id: the workflow's id too
StepId = NewType("StepId", str)
PanelId = NewType("PanelId", str)          # f"{step_id}.{index}": the same on every replay
SettingId = NewType("SettingId", str)
PictureId = NewType("PictureId", str)      # content address of a stored picture

NO_SERVER = ServerId("")


# --- errors ----------------------------------------------------------------------------------------

class StorythreadError(Exception):
    """Root of every error this project raises. `reason` is a key in bot/wording, never a sentence."""

    reason = "unexpected"

    def __init__(self, message: str = "", *, reason: str | None = None, **facts: object) -> None:
        super().__init__(message or reason or self.reason)
        if reason is not None:
            self.reason = reason
        self.facts = facts


class Refused(StorythreadError):
    """A person asked for something that cannot be: told to them in a plain sentence."""

    reason = "refused"


class BadPhoto(Refused):
    """An upload that is no usable photo."""

    reason = "photo_unreadable"


class NotFound(Refused):
    """The thing named does not exist, or is not this person's to see."""

    reason = "not_found"


class StoreUnusable(StorythreadError):
    """The data folder or database cannot be used: damaged, locked, read-only, full or of a newer version."""

    reason = "store_unusable"


class StudioFailed(StorythreadError):
    """The models could not do their work: process died, out of memory, nothing sensible came out."""

    reason = "studio_failed"


class Cancelled(StorythreadError):
    """Somebody cancelled the work; raised from inside a denoising step."""

    reason = "cancelled"


# --- characters ------------------------------------------------------------------------------------

class Pronouns(StrEnum):
    SHE = "she"
    HE = "he"
    THEY = "they"
    IT = "it"
    ANY = "any"


@dataclass(frozen=True, slots=True)
class Look:
    """A described appearance. Every value is a word of `engine.vocabulary`; `words` is free text."""

    kind: str = "girl"
    skin: str = "peach"                    # people only
    fur: str = "brown"                     # creatures only: coat, scales, plates
    hair: str = "short"                    # people only
    hair_colour: str = "brown"
    headwear: str = "none"
    headwear_colour: str = "red"
    glasses: str = "none"
    beard: str = "none"
    freckles: bool = False
    outfit: str = "t-shirt"
    outfit_colour: str = "blue"
    pattern: str = "plain"
    pattern_colour: str = "white"
    trousers_colour: str = "navy"          # lower half, where the outfit has one
    accessories: tuple[str, ...] = ()
    accessory_colour: str = "red"
    wheelchair: bool = False
    size: float = 1.0                      # times the kind's usual height, 0.8 to 1.2
    words: str = ""


class Sharing(StrEnum):
    """Who may use a character."""

    ME = "me"                              # only the owner's own turns draw it
    STORY = "story"                        # everybody in a story the owner brought it into
    SERVER = "server"                      # anybody on its server may bring it


@dataclass(frozen=True, slots=True)
class Consent:
    """Who agreed that photos of this character may be used, and when."""

    who: str                               # "me", "adult_agreed", "my_child", "not_a_person"
    policy_version: int
    given_at: datetime
    withdrawn_at: datetime | None = None   # taken back: the character is drawn no more


@dataclass(frozen=True, slots=True)
class Character:
    character_id: CharacterId
    owner_id: OwnerId
    name: str
    pronouns: Pronouns
    look: Look
    description: str = ""                  # the owner's own words
    avatar: PictureId | None = None        # approved model sheet: RGBA cut-out
    consent: Consent | None = None
    sharing: Sharing = Sharing.STORY
    from_photo: bool = False
    server_id: ServerId = ServerId("")     # where it was registered
    nicknames: tuple[str, ...] = ()
    relation: str = ""                     # what it is to its owner, who says "my ...": "sister", "dog"
    born_in: StoryId | None = None         # came in while this story was told; nobody registered it
    drawn_by: str = "theatre"              # the avatar: `PAPER_DOLLS`, `PORTRAIT` or `BROUGHT` of engine.labels

    @property
    def usable(self) -> bool:
        """False once the consent to draw it was taken back."""
        return self.consent is None or self.consent.withdrawn_at is None


#: Fields of a Look that differ from somebody's own, by name; "" means their own again.
Worn = tuple[tuple[str, str], ...]
Wardrobe = tuple[tuple[CharacterId, Worn], ...]


@dataclass(frozen=True, slots=True)
class Reference:
    """A kept picture of a character besides its avatar: an RGBA cut-out, and what it shows."""

    character_id: CharacterId
    picture: PictureId
    source: str                            # "panel": somebody liked it there; "file": it came with the character
    panel_id: PanelId | None = None
    action: str = "stands"
    mood: str = "calm"
    worn: Worn = ()


# --- stories ---------------------------------------------------------------------------------------

class TurnOrder(StrEnum):
    FREE = "free"
    IN_ORDER = "in_order"


class StoryStatus(StrEnum):
    OPEN = "open"
    PAUSED = "paused"
    ENDED = "ended"


@dataclass(frozen=True, slots=True)
class Story:
    story_id: StoryId
    venue_id: VenueId
    server_id: ServerId
    owner_id: OwnerId                      # who started it
    title: str
    style: str = "flat"
    locale: str = "en"
    rating: str = "toddler"
    turn_order: TurnOrder = TurnOrder.FREE
    status: StoryStatus = StoryStatus.OPEN
    head: StepId | None = None             # undo and branch move this pointer; memory follows it
    created_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Member:
    """One person in a story's roster, in turn order by `seat`."""

    owner_id: OwnerId
    name: str                              # shown name, cleaned
    seat: int
    character_id: CharacterId | None = None   # who they mean by "I"


class TurnKind(StrEnum):
    WRITE = "write"                        # a person wrote it
    NEXT_PAGE = "next_page"                # the bot writes a turn by itself
    END = "end"                            # bring the story to its close
    ILLUSTRATE = "illustrate"              # a page of a text that was there before: nobody writes
    FILL = "fill"                          # the bot writes the page between two others


class TurnState(StrEnum):
    ACCEPTED = "accepted"
    DONE = "done"
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class Turn:
    """What one person wrote."""

    turn_id: TurnId
    story_id: StoryId
    owner_id: OwnerId
    author: str                            # shown name, cleaned
    text: str
    kind: TurnKind = TurnKind.WRITE
    state: TurnState = TurnState.ACCEPTED
    reason: str = ""                       # why it failed: a key in bot/wording
    created_at: datetime | None = None
    meant: tuple[tuple[int, int, CharacterId], ...] = ()   # spans of `text` and who is meant, where it was asked
    before: StepId | None = None           # the page this one is put before; None: after the last
    locked: bool = False                   # reported: its words and its page's are shown to nobody, see `StoryStep`


@dataclass(frozen=True, slots=True)
class Question:
    """A turn that waits until its writer says who is meant; `turn.meant` has what is known already."""

    question_id: str
    turn: Turn
    candidates: tuple[CharacterId, ...]
    span: tuple[int, int] = (0, 0)         # of the turn's text: what is asked about


@dataclass(frozen=True, slots=True)
class Setting:
    """One place of a story. The same `setting_id` is the same room, tree for tree."""

    setting_id: SettingId
    kind: str                              # a word of vocabulary.SETTINGS
    name: str                              # "Mia's bedroom"
    seed: int                              # where the window is, which trees
    picture: PictureId | None = None       # a place that began as somebody's picture


@dataclass(frozen=True, slots=True)
class CastMember:
    """One character in one beat or brief, with the Look in force there."""

    character_id: CharacterId
    action: str = "stands"
    mood: str = "calm"
    holding: str = ""                      # a prop, or ""
    toward: CharacterId | None = None      # whom they touch, give to or look at
    wears: Worn = ()                       # what they put on or take off here, and keep so


@dataclass(frozen=True, slots=True)
class Beat:
    """One visible moment of a step, as the writer planned it; not yet laid out."""

    words: str                             # one sentence: what the picture shows
    cast: tuple[CastMember, ...]
    setting_kind: str
    setting_name: str = ""                 # "" means: where we are
    time_of_day: str = "day"
    weather: str = "clear"
    shot: str = "wide"
    props: tuple[str, ...] = ()            # standing props, in nobody's hands


@dataclass(frozen=True, slots=True)
class StoryStep:
    """The bot's prose and its visible beats."""

    step_id: StepId
    story_id: StoryId
    turn_id: TurnId
    prose: str
    beats: tuple[Beat, ...]
    parent: StepId | None = None
    closes_story: bool = False
    locked: bool = False                   # reported: kept without its prose until somebody has decided
    writer: str = ""                       # model and revision, as `Painting.painter`; "" for what people wrote


# --- panels ----------------------------------------------------------------------------------------

@dataclass(frozen=True, slots=True)
class Place:
    """Where one figure stands. Fractions of the panel: x, y of the feet's middle; height of the figure."""

    x: float
    y: float
    height: float
    flip: bool = False                     # mirrored: faces left


@dataclass(frozen=True, slots=True)
class Box:
    """An axis-aligned box as fractions of the panel, left-top to right-bottom."""

    left: float
    top: float
    right: float
    bottom: float

    def iou(self, other: Box) -> float:
        """Intersection over union, 0 to 1."""
        width = min(self.right, other.right) - max(self.left, other.left)
        height = min(self.bottom, other.bottom) - max(self.top, other.top)
        if width <= 0 or height <= 0:
            return 0.0
        inner = width * height
        area = (self.right - self.left) * (self.bottom - self.top)
        other_area = (other.right - other.left) * (other.bottom - other.top)
        return inner / (area + other_area - inner)


@dataclass(frozen=True, slots=True)
class Figure:
    """A cast member as the painter needs them: name and Look in force, place, doing and feeling."""

    character_id: CharacterId
    name: str
    look: Look
    place: Place
    action: str = "stands"
    mood: str = "calm"
    holding: str = ""
    toward: CharacterId | None = None
    worn: Worn = ()                        # in what `look`, the Look in force, differs from their own


@dataclass(frozen=True, slots=True)
class PanelBrief:
    """What a panel must show. Figures go from back to front (smaller y first)."""

    panel_id: PanelId
    story_id: StoryId
    words: str
    figures: tuple[Figure, ...]
    setting: Setting
    time_of_day: str = "day"
    weather: str = "clear"
    shot: str = "wide"
    style: str = "flat"
    props: tuple[tuple[str, Place], ...] = ()   # standing props with their places
    rating: str = "toddler"                # for whom the story is: "toddler", "family", "teen"

    @property
    def is_plate(self) -> bool:
        """True for an empty setting: a plate."""
        return not self.figures and not self.props


@dataclass(frozen=True, slots=True)
class Underdrawing:
    """The rough picture laid out from memory. `png` is RGB; boxes are where each figure was put."""

    png: bytes
    boxes: tuple[tuple[CharacterId, Box], ...]
    missing: tuple[CharacterId, ...] = ()  # figures of the brief memory had no picture for


@dataclass(frozen=True, slots=True)
class Sitting:
    """What an avatar is painted from: somebody's photos, and the doll that says pose, clothes and who it is about.

    The photos are on their way to the painter and nowhere else; no text made of this shows them.
    """

    look: Look
    doll: bytes = field(repr=False)        # RGB or RGBA PNG: the avatar drawn from the look
    photos: tuple[bytes, ...] = field(repr=False)   # RGB PNGs of the one person, best first
    style: str = "flat"


#: Between the name of a model and of the one in whose place it works: "mini@3f2a91c0 instead of klein".
INSTEAD_OF = " instead of "


@dataclass(frozen=True, slots=True)
class Painting:
    """What a painter made. `painter` names model and revision, so that the same call can be repeated."""

    png: bytes                             # RGB
    seed: int
    painter: str                           # "mini@3f2a91c0"
    steps: int
    seconds: float


class PanelState(StrEnum):
    PLANNED = "planned"
    DONE = "done"
    FAILED = "failed"
    UNDONE = "undone"
    LOCKED = "locked"                      # reported: nobody sees it and memory passes over it, until it is decided


@dataclass(frozen=True, slots=True)
class Reading:
    """What somebody sees in a panel who knows nothing of its brief but the names of a few things."""

    people: int
    others: int                            # animals, dragons, robots, toys that walk
    asked: tuple[str, ...] = ()            # the things looked for
    seen: tuple[str, ...] = ()             # those that were found


@dataclass(frozen=True, slots=True)
class Verdict:
    """How like themselves the figures of one painting are, and what is wrong with it."""

    scores: tuple[tuple[CharacterId, float], ...] = ()   # cosine of crop and own avatar, -1 to 1
    confused: tuple[CharacterId, ...] = ()               # nearer to somebody else of the story than to themselves
    missing: tuple[CharacterId, ...] = ()                # nobody at all stands where they should
    doubled: tuple[CharacterId, ...] = ()                # seen once more where nobody should stand
    attempts: int = 1                                    # paintings made for this panel
    unread: tuple[str, ...] = ()                         # what a reader of the panel did not find as it was planned

    @property
    def worst(self) -> float:
        """The least of the scores; 1 for an empty panel."""
        return min((score for _, score in self.scores), default=1.0)

    @property
    def wrong(self) -> frozenset[CharacterId]:
        """Everybody with whom something is the matter."""
        return frozenset((*self.confused, *self.missing, *self.doubled))


@dataclass(frozen=True, slots=True)
class RecallItem:
    """One thing memory hands to a brief, with the reason a person can read and its weight 0 to 1."""

    what: str                              # "avatar", "reference", "cutout", "plate", "frame"
    picture: PictureId
    reason: str                            # a key in bot/wording
    weight: float
    character_id: CharacterId | None = None
    panel_id: PanelId | None = None


@dataclass(frozen=True, slots=True)
class Panel:
    """A drawn brief, in the version that is shown."""

    panel_id: PanelId
    step_id: StepId
    index: int                             # within its step, from 0
    brief: PanelBrief
    state: PanelState = PanelState.PLANNED
    picture: PictureId | None = None
    underdrawing: PictureId | None = None
    boxes: tuple[tuple[CharacterId, Box], ...] = ()
    seed: int = 0
    painter: str = ""
    version: int = 1
    message_id: MessageId | None = None
    alt_text: str = ""
    verdict: Verdict | None = None         # None: nobody looked
    recalled: tuple[RecallItem, ...] = ()
    change: str = ""                       # what somebody asked to be different in this version


class ReportState(StrEnum):
    OPEN = "open"
    RESTORED = "restored"
    REMOVED = "removed"


@dataclass(frozen=True, slots=True)
class Report:
    """Somebody found that a picture, or a page's words, do not belong in the story: locked until it is decided."""

    report_id: str
    panel_id: PanelId | None               # the picture; None where it is about words
    story_id: StoryId
    server_id: ServerId
    owner_id: OwnerId                      # who reported it
    version: int                           # of the panel, as it was seen
    state: ReportState
    created_at: datetime
    turn_id: TurnId | None = None          # whose words, and those of the page that came of it


@dataclass(frozen=True, slots=True)
class Appearance:
    """One character in one panel as memory: where, doing what, wearing what, and how like themselves."""

    character_id: CharacterId
    panel_id: PanelId
    action: str = "stands"
    mood: str = "calm"
    worn: Worn = ()
    flip: bool = False
    height: float = 0.5                    # standing height, a fraction of the panel
    box: Box | None = None                 # None until it is drawn
    score: float = 0.0                     # cosine of the crop and the avatar, -1 to 1
    quality: float = 0.0                   # how sharp and unhidden the crop is, 0 to 1
    cutout: PictureId | None = None        # RGBA, facing right
    age: int = 1                           # pages back from now, 1 for the newest


@dataclass(frozen=True, slots=True)
class MemoryFrame:
    """A drawn panel as memory. `age` counts panels back from now, 1 for the one before."""

    panel_id: PanelId
    brief: PanelBrief
    picture: PictureId
    boxes: tuple[tuple[CharacterId, Box], ...]
    age: int


@dataclass(frozen=True, slots=True)
class Plate:
    """A setting painted once without people, for one time of day, weather and style."""

    setting_id: SettingId
    time_of_day: str
    weather: str
    style: str
    picture: PictureId


@dataclass(frozen=True, slots=True)
class Recall:
    """What memory hands to one brief."""

    items: tuple[RecallItem, ...]
    needs_plate: bool = False              # no plate yet for this setting, time and weather


# --- what the writer reads -------------------------------------------------------------------------

@dataclass(frozen=True, slots=True)
class Past:
    """One earlier exchange on the path to the story's head, oldest first in a Scene."""

    author: str
    text: str
    prose: str
    beats: tuple[Beat, ...] = ()


@dataclass(frozen=True, slots=True)
class Scene:
    """Everything one step is written from. Immutable: a replay of the turn reads the same scene."""

    story: Story
    turn: Turn
    cast: tuple[Character, ...]
    members: tuple[Member, ...]
    settings: tuple[Setting, ...]          # known places, the current one last
    past: tuple[Past, ...]
    max_panels: int = 2
    wardrobe: Wardrobe = ()                # who wears something else than their own, at the head
    leads_to: Past | None = None           # the page that follows, where this one fills a gap


@dataclass(frozen=True, slots=True)
class ServerSettings:
    """What the people who run a server decided."""

    server_id: ServerId
    who_may_start: str = "everyone"        # "everyone" or "managers"
    daily_panels: int = 60                 # a person a day
    rating: str = "toddler"                # "toddler", "family", "teen"
    locale: str = "en"
    style: str = "flat"
    server_panels: int = 600               # everybody together, a day
    server_queue: int = 40                 # turns of everybody that may wait at once
    blocked_words: tuple[str, ...] = ()    # not told of on this server, see `engine.safety.rules.clean_blocked`
    moderation_channel: str = ""           # where reports go; "": to whoever owns the server


@dataclass(frozen=True, slots=True)
class Page:
    """One page of a book: prose and at most one panel."""

    prose: str
    author: str = ""
    turn_text: str = ""
    picture_png: bytes | None = None
    alt_text: str = ""


@dataclass(frozen=True, slots=True)
class Book:
    """A whole story, ready to be bound. Avatars are RGBA PNG."""

    title: str
    locale: str
    pages: tuple[Page, ...]
    cast: tuple[tuple[str, str, bytes | None], ...] = field(default=())   # name, description, avatar
    writers: tuple[str, ...] = ()
    painter: str = ""
    finished_at: datetime | None = None
