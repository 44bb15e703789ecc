"""Scenes: what a rehearsal plays, written in TOML. The format is described in docs/scenes.md.

A scene names the players, the place, the files they may upload, the steps they take, and what must be true. This
module only reads and checks; `rehearse.py` plays.
"""

from __future__ import annotations

import io
import mimetypes
import os
import tomllib
from pathlib import Path
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from bot.rehearsal.players import File

SHIPPED = Path(__file__).resolve().parent / "scenes"


class SceneError(Exception):
    """A scene file cannot be used. The message is one plain sentence with the file and the place in it."""


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class PlayerSpec(_Part):
    """One person."""

    locale: str = "en-US"
    avatar: str = ""                       # a file of the scene, or a colour like "#c94f4f"
    manages: bool = False                  # manages the server
    place: Literal["", "server", "dm"] = ""    # where they begin; "" is the server if there is one


class OutsideFile(_Part):
    """A file that does not come with the scene: it lies in a folder that an environment variable names."""

    variable: str                          # "STORYTHREAD_PORTRAITS"
    path: str

    def read(self) -> File:
        """Raises `SceneError` saying what to set, or which file is missing there."""
        folder = os.environ.get(self.variable)
        if not folder:
            raise SceneError(f"This scene needs {self.path}, which does not come with it: "
                             f"set {self.variable} to a folder that holds it.")
        try:
            return File.read(Path(folder) / self.path)
        except OSError as error:
            reason = error.strerror or type(error).__name__
            raise SceneError(f"The file {self.path} cannot be read from the folder that {self.variable} names: "
                             f"{reason}.") from error


class MadeFile(_Part):
    """A file that is not on disk: text, a plain picture, or so many bytes."""

    name: str
    text: str | None = None
    colour: str | None = None              # a picture of this colour
    size: tuple[int, int] = (320, 320)
    bytes: int | None = Field(default=None, ge=0, le=64 * 1024 * 1024)

    def make(self) -> File:
        if self.text is not None:
            data = self.text.encode()
        elif self.bytes is not None:
            data = bytes(self.bytes)
        else:
            from PIL import Image

            buffer = io.BytesIO()
            kind = {".jpg": "JPEG", ".jpeg": "JPEG", ".webp": "WEBP", ".gif": "GIF"}.get(Path(self.name).suffix, "PNG")
            Image.new("RGB", self.size, self.colour or "#888888").save(buffer, kind)
            data = buffer.getvalue()
        return File(self.name, data, mimetypes.guess_type(self.name)[0] or "")


class Repeated(_Part):
    """A text many times over: for what is too long."""

    repeat: str
    times: int = Field(ge=1, le=10_000)


Answer = str | int | bool | list[str] | Repeated


class Act(_Part):
    """What one person does. Exactly one of the verbs; `who` is not needed with one player."""

    who: str = ""
    command: str = ""                      # "/story start", with its options in `given`
    given: dict[str, Answer] = Field(default_factory=dict, alias="with")
    click: str = ""                        # what is written on the button, or the beginning of its custom id
    on: str = ""                           # only on messages that say this
    choose: str | list[str] | None = None  # options of a menu
    menu: str = ""                         # its placeholder, or one of its options
    fill: dict[str, Answer] | None = None  # the form that a command or click of this act opens
    write: str | Repeated = ""             # a plain message
    type: dict[str, str] = Field(default_factory=dict)   # with `command`: what autocomplete is asked, option = text
    look: bool = False                     # does nothing, only sees

    @property
    def verb(self) -> str:
        chosen = [name for name, used in (
            ("command", self.command), ("click", self.click), ("choose", self.choose is not None),
            ("write", self.write), ("look", self.look)) if used]
        return chosen[0] if len(chosen) == 1 else ""

    @model_validator(mode="after")
    def _one_verb(self) -> Act:
        if not self.verb and self.fill is None:
            raise ValueError("an act has exactly one of command, click, choose, write, look (or fill alone)")
        return self


class Step(Act):
    """One step of a scene: an act (or several together), and what is to be seen after it."""

    note: str = ""                         # a sentence for whoever watches
    together: tuple[Act, ...] = ()         # acts that happen at the same moment
    restart: Literal["", "stop", "kill"] = ""   # stop the bot (politely, or kill -9) and start it again
    pause_s: float = Field(default=0.0, ge=0, le=120)
    goes_to: Literal["", "thread", "server", "dm"] = ""   # where this person (or "who" alone) goes afterwards
    sees: str | list[str] = ""             # words this person sees, in a new message
    sees_not: str | list[str] = ""         # words nobody may see
    private: bool | None = None            # what is seen is for this person alone (true) or for all (false)
    offered: list[str] = Field(default_factory=list)   # autocomplete offers these
    cannot: str = ""                       # Discord itself does not let them: a word of the reason
    drawing: bool = False                  # wait until a panel that came of the act has its place
    page: bool = False                     # wait until the page and all its panels are there
    pages: int | None = None               # so many new pages, once all is quiet (0: none)
    within_s: float | None = Field(default=None, gt=0, le=1800)   # unset: 30 s for words, 240 s for a page

    @model_validator(mode="after")
    def _one_verb(self) -> Step:
        special = bool(self.together) + bool(self.restart) + (self.pause_s > 0)
        acting = bool(self.verb) or self.fill is not None
        waiting = self.page or self.drawing or self.goes_to or self.note
        if special + acting > 1 or (special == 0 and not acting and not waiting):
            raise ValueError("a step has one of command, click, choose, write, look, fill, together, restart, pause_s, "
                             "or only page, drawing, goes_to or note")
        return self


class Expectations(_Part):
    """What must be true when the scene is over."""

    pages: int | None = None               # finished pages in all
    panels: int | None = None              # finished panels in all
    panels_at_least: int | None = None
    sees: dict[str, list[str]] = Field(default_factory=dict)       # player -> words on their screen at the end
    sees_not: dict[str, list[str]] = Field(default_factory=dict)
    acknowledged_within_s: float = Field(default=1.0, gt=0)        # slower ones are warned of; 3 s is Discord's end
    pings: int = 0                         # notifications the bot caused


class Scene(_Part):
    """A whole scene."""

    title: str
    about: str = ""
    server: str = ""                       # the server's name; without one everything happens in a DM
    channel: str = "stories"
    locale: str = "en-US"                  # the server's language
    plain_messages: bool = False           # the bot may read plain messages on the server
    players: dict[str, PlayerSpec]
    files: dict[str, str | OutsideFile | MadeFile] = Field(default_factory=dict)
    steps: tuple[Step, ...]
    expect: Expectations = Expectations()
    folder: Path = Path()                  # where the file lies; paths in `files` are relative to it

    @model_validator(mode="after")
    def _everybody_known(self) -> Scene:
        if not self.players:
            raise ValueError("a scene needs at least one player")
        for number, step in enumerate(self.steps, 1):
            for act in (step, *step.together):
                if act.who and act.who not in self.players:
                    raise ValueError(f"step {number}: there is no player {act.who}")
                if not act.who and len(self.players) > 1 and (act.verb or act.fill is not None):
                    raise ValueError(f"step {number}: say who does it")
        for name in (*self.expect.sees, *self.expect.sees_not):
            if name not in self.players:
                raise ValueError(f"expect: there is no player {name}")
        return self

    def person_of(self, act: Act) -> str:
        """Who acts: the one named, or the only player there is."""
        return act.who or next(iter(self.players))

    def file(self, name: str) -> File:
        """A file of the scene by its name. Raises `SceneError` when it cannot be read."""
        spec = self.files[name]
        if isinstance(spec, MadeFile):
            return spec.make()
        if isinstance(spec, OutsideFile):
            return spec.read()
        try:
            return File.read(self.folder / spec)
        except OSError as error:
            reason = error.strerror or type(error).__name__
            raise SceneError(f"The file {spec} of the scene {self.title!r} cannot be read: {reason}.") from error


def load_scene(path: Path | None = None) -> Scene:
    """Read a scene; None is the shipped bedtime story. A bare name such as `mistakes` is a shipped scene too.

    Raises `SceneError`.
    """
    path = path or SHIPPED / "bedtime.toml"
    if not path.exists() and (SHIPPED / f"{path.name}.toml").is_file():
        path = SHIPPED / f"{path.name}.toml"
    try:
        raw: dict[str, Any] = tomllib.loads(path.read_text("utf-8"))
    except OSError as error:
        raise SceneError(f"The scene {path} cannot be read: {error.strerror}.") from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise SceneError(f"The scene {path} is not valid TOML: {error}.") from error
    raw["folder"] = path.resolve().parent
    try:
        scene = Scene.model_validate(raw)
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        where = _where(first["loc"])
        raise SceneError(f"The scene {path} cannot be used: {where}{first['msg'].removeprefix('Value error, ')}."
                         ) from error
    for name in scene.files:
        scene.file(name)                   # better now than in the middle of a story
    return scene


def shipped_scenes() -> list[Path]:
    """The scenes that come with the project."""
    return sorted(SHIPPED.glob("*.toml"))


def _where(location: tuple[int | str, ...]) -> str:
    parts = [f"step {part + 1}" if isinstance(part, int) and index and location[index - 1] == "steps" else str(part)
             for index, part in enumerate(location) if part != "steps"]
    return ", ".join(parts) + ": " if parts else ""
