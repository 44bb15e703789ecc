"""What an operator decides: read once from the environment over a TOML file over defaults, then frozen.

`load_settings()` is the one way in. The environment wins (`STORYTHREAD_STUDIO__PAINTER=theatre`; two underscores
go one level down), then `storythread.toml` in the data folder (or the file named by `STORYTHREAD_CONFIG`), then the
defaults below. `python -m engine.settings` prints the table in docs/settings.md.
"""

from __future__ import annotations

import os
import re
import tomllib
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Literal

from pydantic import (
    BaseModel,
    ConfigDict,
    Field,
    JsonValue,
    SecretStr,
    ValidationError,
    field_validator,
    model_validator,
)
from pydantic.fields import FieldInfo
from pydantic_settings import (
    BaseSettings,
    InitSettingsSource,
    NestedSecretsSettingsSource,
    PydanticBaseSettingsSource,
    SettingsConfigDict,
)
from pydantic_settings import SettingsError as SourceError

from engine.nouns import StorythreadError

PREFIX = "STORYTHREAD_"
CONFIG_VARIABLE = "STORYTHREAD_CONFIG"
SECRETS_VARIABLE = "STORYTHREAD_SECRETS"
FILE_NAME = "storythread.toml"


class SettingsError(StorythreadError):
    """The configuration cannot be used. The message is one plain sentence naming file, line or key."""

    reason = "settings_unusable"


def default_home() -> Path:
    """The platform's data folder for this program (`$XDG_DATA_HOME/storythread`, else ~/.local/share/storythread)."""
    return Path(os.environ.get("XDG_DATA_HOME") or Path.home() / ".local" / "share") / "storythread"


def default_master_key_file() -> Path:
    """Where the master key lies: with the configuration, outside the data folder, so that no backup holds both."""
    return Path(os.environ.get("XDG_CONFIG_HOME") or Path.home() / ".config") / "storythread" / "master.key"


def _said(text: str) -> dict[str, JsonValue]:
    """How the documentation words a default that is worked out at run time."""
    return {"default": text}


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", validate_default=True, use_attribute_docstrings=True)


class StudioSettings(_Part):
    """The models."""

    painter: str = Field(default="auto", min_length=1)
    """Which painter paints: `auto` (the best that is pulled and fits this machine, else mini), `mini`, the name of one
    that is pulled (docs/models.md), `theatre` (paper dolls, no model), or the folder of a checkpoint in diffusers
    format."""
    writer: str = Field(default="auto", min_length=1)
    """Which writer writes: `auto` (the best that is pulled and fits beside the painter, else mini), `mini`, the name of
    one that is pulled, the path of a GGUF file, or the address (`http://...`) of an OpenAI-compatible server."""
    revisions: Mapping[str, str] = Field(default_factory=dict, json_schema_extra=_said("what the first pull found"))
    """The revision (a commit) to pull of a repository of the model hub, by the repository's name."""
    gpu_layers: int = Field(default=-1, ge=-1, le=1000)
    """Layers of a GGUF writer that go onto the GPU, where llama.cpp was built for one; -1 puts all there."""
    context: int = Field(default=8192, ge=1024, le=262144)
    """Tokens of context a GGUF writer gets."""
    chat_format: str = ""
    """How a GGUF writer is talked to (a name of llama.cpp's chat formats); unset, as the file itself says."""
    writer_model: str = ""
    """The model's name at an OpenAI-compatible server."""
    writer_key: SecretStr | None = None
    """The key for an OpenAI-compatible server."""
    vision_model: str = ""
    """A vision-language GGUF that describes the people in photos and reads panels back: its path, or the name of a
    writer that is pulled; unset, people are measured by colour, and panels checked by likeness alone."""
    vision_projector: str = ""
    """The GGUF that belongs to `vision_model` and makes tokens of pictures (often called mmproj)."""
    sha256: Mapping[str, str] = Field(default_factory=dict, json_schema_extra=_said("the file at its first use"))
    """The hash each GGUF file must have, by the file's name; a file not named here must stay what it was when it was
    first used."""
    guard_model: str = ""
    """The path of an instruction-tuned GGUF that judges what people write and what is told; unset, rules alone do."""
    threads: int = Field(default=0, ge=0, le=1024)
    """CPU threads for the models; 0 takes one a physical core."""
    steps: int | None = Field(default=None, ge=1, le=200)
    """Denoising steps a panel; unset takes the painter's own."""
    guidance: float | None = Field(default=None, ge=0, le=50)
    """How strongly the words guide the painter; unset takes the painter's own."""
    image_guidance: float | None = Field(default=None, ge=0, le=50)
    """How strongly the underdrawing guides the painter; unset takes the painter's own."""
    fallback_to_theatre: bool = False
    """Draw with paper dolls when the painter cannot run, and say so to the people in the story."""
    where: Literal["here", "workers"] = "here"
    """Where the models are: `here`, in a process beside the bot, or with `workers`: machines that run
    `storythread worker` on the same PostgreSQL (docs/workers.md)."""
    job_timeout_s: float = Field(default=300.0, gt=0)
    """Seconds after which a job in the studio is given up and the studio restarted."""


class DiscordSettings(_Part):
    """The bot's account and manners."""

    token: SecretStr | None = None
    """The bot's token; `DISCORD_TOKEN` is read too."""
    message_content: bool = False
    """Plain messages in a story's thread are turns too. Needs the message content intent in Discord's developer
    portal."""
    preview_every_s: float = Field(default=1.5, ge=0.2)
    """At most one preview edit in this many seconds a channel."""
    stop_within_s: float = Field(default=8.0, ge=0, le=600)
    """Seconds that a stop may take to finish the pictures that are being drawn. What is not finished by then goes on
    at the next start; a second signal ends the bot at once."""
    sync_guild: int | None = Field(default=None, ge=1)
    """Register the commands in this one server only (for development: they appear at once)."""

    @field_validator("token")
    @classmethod
    def _blank_is_none(cls, token: SecretStr | None) -> SecretStr | None:
        return token if token is not None and token.get_secret_value().strip() else None


class LimitSettings(_Part):
    """How much a person, and a server, may ask for."""

    turn_characters: int = Field(default=1500, ge=1, le=4000)
    """Longest turn, in characters."""
    name_characters: int = Field(default=40, ge=1, le=80)
    """Longest name of a character, in characters."""
    photos: int = Field(default=5, ge=1, le=10)
    """Photos a character may be made from."""
    daily_panels: int = Field(default=60, ge=0)
    """Panels a person may have drawn in a day (UTC), where a server does not say otherwise."""
    panels_per_turn: int = Field(default=2, ge=1, le=8)
    """Most panels drawn for one turn."""
    queue_per_owner: int = Field(default=4, ge=1)
    """Turns one person may have waiting at once, in all their stories together."""
    server_daily_panels: int = Field(default=600, ge=0)
    """Panels everybody on one server together may have drawn in a day (UTC); a server may allow itself fewer."""
    queue_per_server: int = Field(default=40, ge=1)
    """Turns everybody on one server together may have waiting at once; a server may allow itself fewer."""
    reserve_mib: int = Field(default=64, ge=0)
    """Room on the disk, in MiB, that must be left besides 8 MiB for each waiting turn: else no turn is taken."""


class LabelSettings(_Part):
    """How pictures say that they were generated (docs/trust.md)."""

    enabled: bool = True
    """Sign every picture that leaves the house with content credentials (C2PA)."""
    certificate_file: Path | None = None
    """A chain of certificates in PEM that others trust; unset, the house makes one of its own in the data folder."""
    key_file: Path | None = None
    """The private key in PEM that belongs to `certificate_file`."""
    algorithm: str = Field(default="es256", pattern="^(es256|es384|es512|ps256|ps384|ps512|ed25519)$")
    """How that key signs: `es256`, `es384`, `es512`, `ps256`, `ps384`, `ps512` or `ed25519`."""

    @model_validator(mode="after")
    def _both_or_none(self) -> LabelSettings:
        if (self.certificate_file is None) != (self.key_file is None):
            raise ValueError("should name both certificate_file and key_file, or neither")
        return self


class HealthSettings(_Part):
    """Telling how it goes (docs/operating.md)."""

    port: int | None = Field(default=None, ge=1, le=65535)
    """Where the bot, or a worker, answers `/healthz`, `/readyz` and `/metrics`; unset, nowhere."""
    host: str = Field(default="127.0.0.1", min_length=1)
    """At which address: by default only this machine may ask."""


class RetentionSettings(_Part):
    """How long things are kept."""

    unreferenced_pictures_days: int = Field(default=1, ge=1)
    """Days after which a picture goes that nothing shows: an avatar tried again, a drawing begun and never told of."""
    idle_story_days: int = Field(default=0, ge=0)
    """Days after which a story goes, with its pictures, in which nobody has written since; 0 keeps stories for ever."""
    workflow_days: int = Field(default=7, ge=1)
    """Days after which the records of turns and redraws that are over go (they hold ids only)."""
    backup_days: int = Field(default=30, ge=0)
    """Days after which backups in the data folder go, but for the newest; 0 keeps them all."""
    server_days: int = Field(default=30, ge=0)
    """Days after which a server's stories are deleted once the bot was removed from it; asked in again before that, all
    is back."""


class Settings(BaseSettings):
    """Everything an operator can decide. Frozen: read once at start and handed on."""

    model_config = SettingsConfigDict(frozen=True, extra="forbid", env_prefix=PREFIX, env_nested_delimiter="__",
                                      env_ignore_empty=True, validate_default=True, use_attribute_docstrings=True)

    home: Path = Field(default_factory=default_home, json_schema_extra=_said("~/.local/share/storythread"))
    """The data folder: database, pictures, configuration file."""
    database_url: str = Field(
        default_factory=lambda data: f"sqlite+aiosqlite:///{(data['home'] / 'storythread.sqlite').as_posix()}"
        if "home" in data else "sqlite://", json_schema_extra=_said("an SQLite file in the data folder"))
    """Where everything but the pictures is kept: an SQLite file, or `postgresql://user@host/name`; over TLS with
    `?sslmode=verify-full&sslrootcert=FILE` at its end."""
    pictures_url: str = Field(
        default_factory=lambda data: (data["home"] / "pictures").as_posix() if "home" in data else "",
        json_schema_extra=_said("`pictures` in the data folder"))
    """Where pictures are kept, encrypted: a folder, or any address fsspec knows (`s3://bucket/folder`)."""
    master_key_file: Path = Field(default_factory=default_master_key_file,
                                  json_schema_extra=_said("~/.config/storythread/master.key"))
    """The key that opens every owner's key, made on first use. Keep it outside the data folder and back it up by
    itself: without it no picture can be opened."""
    log_level: Literal["DEBUG", "INFO", "WARNING", "ERROR"] = "INFO"
    """How much is written into the log. Nothing people wrote is, at any level; libraries are never below WARNING."""
    default_locale: str = "en"
    """The language spoken where neither the person nor the server has said (`en`, `da`)."""
    studio: StudioSettings = Field(default_factory=StudioSettings)
    discord: DiscordSettings = Field(default_factory=DiscordSettings)
    limits: LimitSettings = Field(default_factory=LimitSettings)
    retention: RetentionSettings = Field(default_factory=RetentionSettings)
    labels: LabelSettings = Field(default_factory=LabelSettings)
    health: HealthSettings = Field(default_factory=HealthSettings)

    @field_validator("home", "master_key_file")
    @classmethod
    def _whole_path(cls, path: Path) -> Path:
        return Path(os.path.abspath(path.expanduser()))  # noqa: PTH100 - abspath follows no links, resolve() does

    @field_validator("default_locale")
    @classmethod
    def _language_code(cls, locale: str) -> str:
        if not re.fullmatch(r"[a-z]{2}(-[A-Za-z]{2,4})?", locale):
            raise ValueError("should be a language code like en or da")
        return locale

    @field_validator("database_url")
    @classmethod
    def _async_driver(cls, url: str) -> str:
        scheme, mark, rest = url.partition("://")
        drivers = {"sqlite": "sqlite+aiosqlite", "postgres": "postgresql+asyncpg", "postgresql": "postgresql+asyncpg",
                   "sqlite+aiosqlite": "sqlite+aiosqlite", "postgresql+asyncpg": "postgresql+asyncpg"}
        if not mark or scheme not in drivers:
            raise ValueError("should start with sqlite:/// or postgresql://")
        return f"{drivers[scheme]}://{rest}"

    @classmethod
    def settings_customise_sources(
        cls, settings_cls: type[BaseSettings], init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource, dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        given = init_settings.init_kwargs if isinstance(init_settings, InitSettingsSource) else {}
        token = os.environ.get("DISCORD_TOKEN", "").strip()
        return (init_settings, env_settings,
                InitSettingsSource(settings_cls, init_kwargs={"discord": {"token": token}} if token else {}),
                *_secrets(settings_cls, file_secret_settings),
                InitSettingsSource(settings_cls, init_kwargs=_read_file(config_file(given.get("home")))))


def _secrets(settings_cls: type[BaseSettings],
             source: PydanticBaseSettingsSource) -> tuple[PydanticBaseSettingsSource, ...]:
    """A folder with a file a setting, each called like its variable: how containers are handed what is secret."""
    folder = os.environ.get(SECRETS_VARIABLE, "").strip()
    if not folder:
        return ()
    if not Path(folder).is_dir():
        raise SettingsError(f"There is no folder {folder}, which {SECRETS_VARIABLE} names.")
    return (NestedSecretsSettingsSource(source, secrets_dir=folder, secrets_prefix=PREFIX,
                                        secrets_nested_delimiter="__"),)


def config_file(home: Path | str | None = None) -> Path:
    """The file that is read, whether it exists or not. `home` wins over `STORYTHREAD_HOME`."""
    if named := os.environ.get(CONFIG_VARIABLE):
        return Path(named).expanduser()
    return Path(home or os.environ.get(PREFIX + "HOME") or default_home()).expanduser() / FILE_NAME


def load_settings(**given: Any) -> Settings:
    """Read the settings; `given` wins over everything (tests, command line options).

    Raises `SettingsError` with one plain sentence when the file is damaged or a value cannot be used.
    """
    try:
        return Settings(**given)
    except ValidationError as error:
        raise SettingsError(_sentence(error, given), key=_key(error)) from error
    except SourceError as error:           # a nested variable that should hold JSON does not
        raise SettingsError(f"The environment cannot be read: {error}.") from error


def _read_file(path: Path) -> dict[str, Any]:
    try:
        text = path.read_text("utf-8")
    except (FileNotFoundError, NotADirectoryError):
        if os.environ.get(CONFIG_VARIABLE):
            raise SettingsError(f"There is no configuration file {path}, which {CONFIG_VARIABLE} names.") from None
        return {}
    except UnicodeDecodeError as error:
        raise SettingsError(f"The configuration file {path} is damaged: it is not UTF-8 text.") from error
    except OSError as error:
        raise SettingsError(f"The configuration file {path} cannot be read: {error.strerror}.") from error
    try:
        return tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise SettingsError(f"The configuration file {path} is damaged: {error}.", file=str(path)) from error


def _key(error: ValidationError) -> str:
    return ".".join(str(part) for part in error.errors(include_url=False, include_input=False)[0]["loc"])


def _sentence(error: ValidationError, given: Mapping[str, Any]) -> str:
    first = error.errors(include_url=False)[0]
    key = _key(error)
    variable = PREFIX + key.upper().replace(".", "__")
    if str(first["loc"][0]) in given:
        source = ""
    elif any(name.upper() == variable for name in os.environ):
        source = f" (environment variable {variable})"
    elif key == "discord.token" and os.environ.get("DISCORD_TOKEN"):
        source = " (environment variable DISCORD_TOKEN)"
    else:
        source = f" (in {config_file()})"
    if first["type"] == "extra_forbidden":
        return f"There is no setting {key}{source}."
    wrong = _PLAIN.get(first["type"]) or first["msg"].removeprefix("Value error, ")
    wrong = wrong.removeprefix("Input ").removeprefix("should ").removeprefix("Value ")
    hidden = key.endswith(("token", "writer_key")) or (key == "database_url" and "@" in str(first["input"]))
    shown = "" if hidden or isinstance(first["input"], dict) else f", not {first['input']!r}"
    return f"The setting {key}{source} cannot be used: it should {wrong}{shown}."


_PLAIN = {
    "int_parsing": "be a whole number", "int_type": "be a whole number", "int_from_float": "be a whole number",
    "float_parsing": "be a number", "float_type": "be a number",
    "bool_parsing": "be true or false", "bool_type": "be true or false",
    "string_type": "be text", "string_too_short": "not be empty", "path_type": "be a path",
    "model_type": "be a table of settings", "dict_type": "be a table of settings",
}


def every_setting(model: type[BaseModel] = Settings, prefix: str = "") -> Iterator[tuple[str, FieldInfo]]:
    """Every setting by its dotted key, in the order of the table."""
    for name, info in model.model_fields.items():
        part = info.annotation
        if isinstance(part, type) and issubclass(part, BaseModel):
            yield from every_setting(part, f"{prefix}{name}.")
        else:
            yield prefix + name, info


def settings_page() -> str:
    """docs/settings.md, written from the model; a test holds the two together."""
    lines = [
        "# Settings", "",
        "Read once at start: the environment over secrets over a TOML file over the defaults. Secrets are files called "
        "like variables, in a folder that `STORYTHREAD_SECRETS` names. The TOML file is `storythread.toml` in "
        "the data folder, or the one that `STORYTHREAD_CONFIG` names. In the file a dotted name is a table: "
        "`studio.painter` is `painter` under `[studio]`. `storythread doctor` says whether what it found can "
        "be used. This page is written by `python -m engine.settings`.", "",
        "| Setting | Environment variable | Default | What it does |", "|---|---|---|---|",
    ]
    for key, info in every_setting():
        said = info.json_schema_extra
        if isinstance(said, dict):
            default = str(said["default"])
        elif info.default is None or info.default == "":
            default = "unset"
        else:
            default = f"`{str(info.default).lower() if isinstance(info.default, bool) else info.default}`"
        lines.append(f"| `{key}` | `{PREFIX}{key.upper().replace('.', '__')}` | {default} | "
                     f"{' '.join((info.description or '').split())} |")
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    print(settings_page(), end="")
