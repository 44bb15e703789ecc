"""What face and studio say to each other: frozen types, and the frames they travel in. No models in here.

A frame is four bytes of length (big endian) and a pickle. Pickle is safe in this one place: the pipe is private to a
parent and the child it started itself, both run the same code as the same user, and nothing from outside ever
reaches it unparsed. All the same the reader only knows the types below and the nouns: anything else is refused.
"""

from __future__ import annotations

import hashlib
import io
import pickle
import struct
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import engine.nouns
from engine.nouns import PanelBrief, Scene, Sitting, StorythreadError, TurnId, Underdrawing
from engine.settings import Settings

#: No honest message comes near this: a larger length means that the stream is out of step.
LARGEST_FRAME = 256 * 2**20
_LENGTH = struct.Struct(">I")
LENGTH_BYTES = _LENGTH.size


class BrokenFrame(StorythreadError):
    """What came through the pipe is no message of ours."""

    reason = "studio_failed"


# --- from the face ---------------------------------------------------------------------------------

@dataclass(frozen=True, slots=True)
class Open:
    """The first message: which models to load."""

    settings: Settings


@dataclass(frozen=True, slots=True)
class WriteJob:
    job_id: int
    scene: Scene
    seed: int


@dataclass(frozen=True, slots=True)
class PaintJob:
    job_id: int
    brief: PanelBrief
    underdrawing: Underdrawing
    references: tuple[bytes, ...]
    seed: int
    turn_id: TurnId


@dataclass(frozen=True, slots=True)
class AvatarJob:
    """An avatar from photos: they travel sealed where they leave this machine, and go when the job is over."""

    job_id: int
    sitting: Sitting
    seed: int


@dataclass(frozen=True, slots=True)
class EmbedJob:
    job_id: int
    pictures: tuple[bytes, ...]


@dataclass(frozen=True, slots=True)
class JudgeJob:
    job_id: int
    text: str
    rating: str


@dataclass(frozen=True, slots=True)
class ReadJob:
    """Say what is in a panel, and which of these things."""

    job_id: int
    png: bytes
    things: tuple[str, ...]


Job = WriteJob | PaintJob | AvatarJob | EmbedJob | JudgeJob | ReadJob


@dataclass(frozen=True, slots=True)
class Cancel:
    """Stop this job at its next step. Too late or unknown: no harm."""

    job_id: int


@dataclass(frozen=True, slots=True)
class Close:
    """Finish nothing, leave."""


ToStudio = Open | WriteJob | PaintJob | AvatarJob | EmbedJob | JudgeJob | ReadJob | Cancel | Close


# --- from the studio -------------------------------------------------------------------------------

@dataclass(frozen=True, slots=True)
class Awake:
    """The child runs and takes jobs; models may still be loading."""

    pid: int


@dataclass(frozen=True, slots=True)
class Loading:
    """One model is being opened: silence for a while is no sign of trouble."""

    role: str


@dataclass(frozen=True, slots=True)
class Loaded:
    """One model, ready. `role` is "writer", "painter" or "likeness"."""

    role: str
    name: str
    seconds: float
    size_px: int = 0                       # painters: pixels a side
    paints_from_photos: bool = False       # painters: whether they can make an avatar of photos


@dataclass(frozen=True, slots=True)
class Unable:
    """One model that cannot be had, and why, in a plain sentence. Its jobs fail; the others run."""

    role: str
    why: str


@dataclass(frozen=True, slots=True)
class Ready:
    """Every model was loaded or could not be. `stand_in`: who paints because the chosen painter cannot, or ""."""

    models: tuple[Loaded, ...]
    unable: tuple[Unable, ...] = ()
    stand_in: str = ""

    def model(self, role: str) -> Loaded | None:
        """The model in this role, or None when it could not be had."""
        return next((loaded for loaded in self.models if loaded.role == role), None)


@dataclass(frozen=True, slots=True)
class Began:
    """The job is being worked on."""

    job_id: int


@dataclass(frozen=True, slots=True)
class Wrote:
    """The prose so far, whole."""

    job_id: int
    prose: str


@dataclass(frozen=True, slots=True)
class Stepped:
    """A denoising step is done."""

    job_id: int
    step: int
    steps: int
    preview_png: bytes | None


@dataclass(frozen=True, slots=True)
class Done:
    """The job's result: a `StoryStep`, a `Painting` or vectors. `seconds` of work, without loading or waiting."""

    job_id: int
    result: Any
    seconds: float
    peak_bytes: int


@dataclass(frozen=True, slots=True)
class Failed:
    """The job did not work out. `reason` is a key in bot/wording; `message` names no person's words."""

    job_id: int
    reason: str
    message: str
    cancelled: bool
    peak_bytes: int


FromStudio = Awake | Loading | Loaded | Unable | Ready | Began | Wrote | Stepped | Done | Failed


@cache
def speech() -> str:
    """What is said here, as a digest: two processes understand each other if theirs are the same."""
    sources = (Path(engine.nouns.__file__), Path(__file__))
    return hashlib.sha256(b"\0".join(source.read_bytes() for source in sources)).hexdigest()[:16]


# --- frames ----------------------------------------------------------------------------------------

_OWN_MODULES = ("engine.nouns", "engine.studio.messages", "engine.settings")
_OTHER_TYPES = {("datetime", "datetime"), ("datetime", "timezone"), ("datetime", "timedelta"),
                ("pathlib", "PosixPath"), ("pathlib", "WindowsPath"), ("pathlib", "PurePosixPath"),
                ("pydantic.types", "SecretStr"), ("copyreg", "__newobj__"), ("zoneinfo", "ZoneInfo._unpickle"),
                ("pydantic_core._pydantic_core", "TzInfo")}   # the zone of a time that came out of the store


class _OursOnly(pickle.Unpickler):
    def find_class(self, module: str, name: str) -> Any:
        if module in _OWN_MODULES or (module, name) in _OTHER_TYPES:
            return super().find_class(module, name)
        raise BrokenFrame(f"a message names {module}.{name}")


def frame(message: ToStudio | FromStudio) -> bytes:
    """One message as bytes for the pipe."""
    body = pickle.dumps(message, protocol=pickle.HIGHEST_PROTOCOL)
    return _LENGTH.pack(len(body)) + body


def length_of(head: bytes) -> int:
    """The length of the body after these four bytes. Raises `BrokenFrame` when it cannot be one."""
    length = int(_LENGTH.unpack(head)[0])
    if length > LARGEST_FRAME:
        raise BrokenFrame(f"a frame of {length} bytes")
    return length


def unframe(body: bytes) -> Any:
    """The message in a frame's body. Raises `BrokenFrame` for anything that is none of ours."""
    try:
        return _OursOnly(io.BytesIO(body)).load()
    except BrokenFrame:
        raise
    except Exception as error:             # a damaged pickle may raise anything
        raise BrokenFrame(f"a frame cannot be read: {type(error).__name__}") from error


def read_frame(read: Callable[[int], bytes]) -> Any | None:
    """The next message from a blocking stream, or None at its end. `read(n)` gives up to n bytes."""
    head = _exactly(read, LENGTH_BYTES)
    if head is None:
        return None
    body = _exactly(read, length_of(head))
    return None if body is None else unframe(body)


def _exactly(read: Callable[[int], bytes], count: int) -> bytes | None:
    parts = []
    while count:
        part = read(count)
        if not part:
            return None
        parts.append(part)
        count -= len(part)
    return b"".join(parts)
