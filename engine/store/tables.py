"""The tables. Stories grow append-only: steps point at their parent, `stories.head` says which path holds.

Every table says under `info["forget"]` what becomes of its rows when a person asks to be forgotten; a test fails for
a table that does not, and looks for what is left of that person in all of them.

Whatever a person or a model wrote, a name, a look or a likeness stands in a sealed column (engine/store/sealing.py).
A table with such columns says under `info["whose"]` which of its columns leads to the owner whose key seals them; a
column that is another's says so itself.
"""

from __future__ import annotations

from typing import Any

from sqlalchemy import (
    JSON,
    BigInteger,
    Boolean,
    Column,
    Float,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    String,
    Table,
    Text,
    false,
)

from engine.store.sealing import Sealed, SealedBytes, SealedNoun, SealedWord, place_columns, sealed_columns
from engine.store.values import Moment

#: In front of a server's id where it stands as an owner: of what the people who run it wrote.
OF_SERVER = "server "

metadata = MetaData(naming_convention={
    "ix": "ix_%(column_0_label)s", "uq": "uq_%(table_name)s_%(column_0_name)s",
    "fk": "fk_%(table_name)s_%(column_0_name)s_%(referred_table_name)s", "pk": "pk_%(table_name)s"})


def _table(name: str, *parts: Any, forget: str, whose: str = "", **options: Any) -> Table:
    table = Table(name, metadata, *parts, info={"forget": forget, "whose": whose}, **options)
    place_columns(table)
    if bool(whose) != bool(sealed_columns(table)):
        raise TypeError(f"{name}: `whose` goes with sealed columns")
    return table


def _story_id(**options: Any) -> Column[str]:
    return Column("story_id", String, ForeignKey("stories.story_id", ondelete="CASCADE"), nullable=False, **options)


# --- keys and pictures -----------------------------------------------------------------------------

owners = _table(
    "owners",
    Column("owner_id", String, primary_key=True),
    Column("wrapped_key", LargeBinary, nullable=False),       # AES-256 key, sealed by the master key
    Column("key_id", String, nullable=False, server_default=""),   # stands in front of every word it sealed
    Column("folder", String, nullable=False, unique=True),    # where their pictures lie: drawn by lot with the key
    Column("created_at", Moment, nullable=False),
    Column("naming_key", LargeBinary),                        # the first key, which named the pictures; NULL: still it
    Column("former_key", LargeBinary),                        # being replaced: some things still open with it alone
    Column("former_key_id", String),
    Index("uq_owners_key_id", "key_id", unique=True),
    forget="deleted: without its key no picture and no word of the owner can ever be opened")

pictures = _table(
    "pictures",
    Column("picture_id", String, primary_key=True),
    Column("owner_id", String, ForeignKey("owners.owner_id", ondelete="CASCADE"), nullable=False, index=True),
    Column("bytes", Integer, nullable=False),                 # of the picture itself, not of its file
    Column("created_at", Moment, nullable=False),
    forget="deleted with the owner's key; so are others' pictures that show the owner's characters")

leftovers = _table(
    "leftovers",
    Column("path", String, primary_key=True),                 # below the pictures' address
    forget="names files still to be deleted, by paths that say nothing; emptied as soon as they are")

house = _table(
    "house",
    Column("key", String, primary_key=True),
    Column("value", LargeBinary, nullable=False),
    forget="knows nobody: says which master key belongs to this database, and what was done to it last")

forgotten = _table(
    "forgotten",
    Column("forgetting_id", String, primary_key=True),        # 32 hexadecimal digits, drawn by lot
    Column("owner_hash", LargeBinary, nullable=False),        # HMAC-SHA256 of the owner's id
    Column("forgotten_at", Moment, nullable=False),
    forget="stays: says by a keyed hash of whom this database was cleared, so that no backup brings them back")

# --- servers and people ----------------------------------------------------------------------------

server_settings = _table(
    "server_settings",
    Column("server_id", String, primary_key=True),
    Column("settings", SealedNoun(), nullable=False),
    whose="server_id",
    forget="knows servers, no people")

characters = _table(
    "characters",
    Column("number", Integer, primary_key=True, autoincrement=True),
    Column("character_id", String, nullable=False, unique=True),
    Column("owner_id", String, nullable=False, index=True),
    Column("name", Sealed(), nullable=False),
    Column("pronouns", String, nullable=False),
    Column("look", SealedNoun(), nullable=False),
    Column("description", Sealed(), nullable=False),
    Column("avatar", String),
    Column("consent", SealedNoun()),
    Column("sharing", String, nullable=False),
    Column("from_photo", Boolean, nullable=False),
    Column("server_id", String, nullable=False, index=True),
    Column("removed", Boolean, nullable=False, server_default=false()),   # id, owner and name are left
    Column("nicknames", SealedNoun(), nullable=False, server_default="[]"),
    Column("relation", Sealed(), nullable=False, server_default=""),
    Column("born_in", String),                                # a story; no key, since the character may outlive it
    Column("drawn_by", String, nullable=False, server_default="theatre"),   # the avatar
    whose="owner_id",
    forget="the owner's are deleted")

character_references = _table(
    "character_references",
    Column("number", Integer, primary_key=True, autoincrement=True),
    Column("character_id", String, ForeignKey("characters.character_id", ondelete="CASCADE"), nullable=False),
    Column("picture", String, nullable=False),
    Column("source", String, nullable=False),
    Column("panel_id", String),
    Column("action", SealedWord(), nullable=False),
    Column("mood", SealedWord(), nullable=False),
    Column("worn", SealedNoun(), nullable=False),
    Index("uq_character_references_character_id", "character_id", "picture", unique=True),
    whose="character_id",
    forget="go with the owner's characters, pictures too")

# --- stories ---------------------------------------------------------------------------------------

stories = _table(
    "stories",
    Column("number", Integer, primary_key=True, autoincrement=True),
    Column("story_id", String, nullable=False, unique=True),
    Column("venue_id", String, nullable=False, index=True),
    Column("server_id", String, nullable=False),
    Column("owner_id", String, nullable=False, index=True),
    Column("title", Sealed(), nullable=False),
    Column("style", String, nullable=False),
    Column("locale", String, nullable=False),
    Column("rating", String, nullable=False),
    Column("turn_order", String, nullable=False),
    Column("status", String, nullable=False),
    Column("head", String),                                   # a step; no key, since steps point at stories
    Column("created_at", Moment, nullable=False),
    Column("heard", String),                                  # the newest plain message that was read
    whose="owner_id",
    forget="those the owner started are deleted, with everything in them")

members = _table(
    "members",
    _story_id(primary_key=True),
    Column("owner_id", String, primary_key=True, index=True),
    Column("name", Sealed(), nullable=False),
    Column("seat", Integer, nullable=False),
    Column("character_id", String, ForeignKey("characters.character_id", ondelete="SET NULL")),
    whose="owner_id",
    forget="the owner's seats are deleted")

cast_entries = _table(
    "cast_entries",
    Column("number", Integer, primary_key=True, autoincrement=True),
    _story_id(),
    Column("character_id", String, ForeignKey("characters.character_id", ondelete="CASCADE"), nullable=False,
           index=True),
    Index("uq_cast_entries_story_id", "story_id", "character_id", unique=True),
    forget="the owner's characters leave every cast")

turns = _table(
    "turns",
    Column("number", Integer, primary_key=True, autoincrement=True),   # the order in which they were accepted
    Column("turn_id", String, nullable=False, unique=True),
    _story_id(index=True),
    Column("owner_id", String, nullable=False, index=True),
    Column("author", Sealed(), nullable=False),
    Column("text", Sealed(), nullable=False),
    Column("kind", String, nullable=False),
    Column("state", String, nullable=False, index=True),
    Column("reason", String, nullable=False),
    Column("created_at", Moment, nullable=False),
    Column("meant", JSON, nullable=False, server_default="[]"),
    Column("before", String),                                 # a step; no key, since steps point at turns
    Column("locked", Boolean, nullable=False, server_default=false()),   # reported: its words, and its page's
    whose="owner_id",
    forget="the owner's turns in others' stories lose author, name and words; open ones are closed")

questions = _table(
    "questions",
    Column("question_id", String, primary_key=True),
    _story_id(index=True),
    Column("owner_id", String, nullable=False, index=True),
    Column("question", SealedNoun(), nullable=False),         # with the turn that waits for the answer
    Column("created_at", Moment, nullable=False),
    whose="owner_id",
    forget="the owner's are deleted; so are those that ask about the owner's characters")

scenes = _table(
    "scenes",
    Column("turn_id", String, ForeignKey("turns.turn_id", ondelete="CASCADE"), primary_key=True),
    _story_id(index=True),
    Column("scene", SealedNoun(), nullable=False),            # what a turn read; past steps by id
    Column("pictures", JSON, nullable=False, server_default="[]"),   # ids of those it names
    whose="story_id",
    forget="the owner's characters and seat leave every scene, their names leave its settings")

steps = _table(
    "steps",
    Column("step_id", String, primary_key=True),
    _story_id(index=True),
    Column("turn_id", String, ForeignKey("turns.turn_id", ondelete="CASCADE"), nullable=False, index=True),
    Column("parent", String, ForeignKey("steps.step_id", ondelete="CASCADE"), index=True),
    Column("prose", Sealed(), nullable=False),
    Column("beats", SealedNoun(), nullable=False),
    Column("closes_story", Boolean, nullable=False),
    Column("created_at", Moment, nullable=False),
    Column("wardrobe", SealedNoun(), nullable=False, server_default="[]"),   # what everybody wears after it
    Column("writer", String, nullable=False, server_default=""),
    whose="story_id",
    forget="in others' stories the owner's characters leave beats and wardrobe, their names leave prose and beats")

# --- panels and memory -----------------------------------------------------------------------------

panels = _table(
    "panels",
    Column("panel_id", String, primary_key=True),
    Column("step_id", String, ForeignKey("steps.step_id", ondelete="CASCADE"), nullable=False, index=True),
    Column("position", Integer, nullable=False),
    Column("brief", SealedNoun(), nullable=False),
    Column("state", String, nullable=False),
    Column("picture", String),
    Column("underdrawing", String),
    Column("boxes", JSON, nullable=False),
    Column("seed", BigInteger, nullable=False),
    Column("painter", String, nullable=False),
    Column("version", Integer, nullable=False),
    Column("message_id", String),
    Column("alt_text", Sealed(), nullable=False),
    Column("verdict", JSON),
    Column("recalled", JSON, nullable=False, server_default="[]"),
    Column("change", Sealed(), nullable=False, server_default=""),
    whose="step_id",
    forget="in others' stories, panels that show the owner's characters lose picture, underdrawing, look and name")

versions = _table(
    "versions",
    Column("panel_id", String, ForeignKey("panels.panel_id", ondelete="CASCADE"), primary_key=True),
    Column("version", Integer, primary_key=True),
    Column("panel", SealedNoun(), nullable=False),            # the panel as it was drawn, pictures by id
    Column("picture", String, index=True),                    # the same ids, to be found by
    Column("underdrawing", String, index=True),
    Column("drawn_at", Moment, nullable=False),
    whose="panel_id",
    forget="in others' stories, those that show the owner's characters are deleted, pictures too")

appearances = _table(
    "appearances",
    Column("number", Integer, primary_key=True, autoincrement=True),
    Column("panel_id", String, ForeignKey("panels.panel_id", ondelete="CASCADE"), nullable=False),
    Column("version", Integer, nullable=False),
    Column("character_id", String, nullable=False, index=True),
    Column("action", SealedWord(), nullable=False),
    Column("mood", SealedWord(), nullable=False),
    Column("worn", SealedNoun(), nullable=False),
    Column("flip", Boolean, nullable=False),
    Column("height", Float, nullable=False),
    Column("box", JSON),
    Column("score", Float, nullable=False),
    Column("quality", Float, nullable=False),
    Column("likeness", SealedBytes(), info={"whose": "character_id"}),   # float16, little-endian
    Column("cutout", String),
    Index("uq_appearances_panel_id", "panel_id", "version", "character_id", unique=True),
    whose="panel_id",
    forget="the owner's characters' are deleted, cut-outs too")

drawings = _table(
    "drawings",
    Column("panel_id", String, ForeignKey("panels.panel_id", ondelete="CASCADE"), primary_key=True),
    Column("version", Integer, primary_key=True),
    Column("owner_id", String, nullable=False),               # who asked for it
    Column("drawn_at", Moment, nullable=False),
    Column("server_id", String, nullable=False, server_default=""),
    Index("ix_drawings_owner_day", "owner_id", "drawn_at"),
    Index("ix_drawings_server_day", "server_id", "drawn_at"),
    forget="the owner's are deleted")

reports = _table(
    "reports",
    Column("report_id", String, primary_key=True),
    Column("panel_id", String, ForeignKey("panels.panel_id", ondelete="CASCADE"), index=True),
    Column("turn_id", String, ForeignKey("turns.turn_id", ondelete="CASCADE"), index=True),   # where words were
    Column("story_id", String, nullable=False),
    Column("server_id", String, nullable=False, index=True),
    Column("owner_id", String, nullable=False, index=True),   # who reported it
    Column("version", Integer, nullable=False),
    Column("state", String, nullable=False),
    Column("created_at", Moment, nullable=False),
    Column("decided_at", Moment),
    forget="who reported it is deleted; what was reported stays locked until it is decided")

barred = _table(
    "barred",
    Column("server_id", String, primary_key=True),
    Column("who", String, primary_key=True),                  # a keyed hash of server and person
    Column("barred_at", Moment, nullable=False),
    forget="kept, or forgetting would undo what a server's moderators decided: a keyed hash, which names nobody")

story_settings = _table(
    "story_settings",
    Column("number", Integer, primary_key=True, autoincrement=True),
    _story_id(),
    Column("setting_id", String, nullable=False, index=True),
    Column("step_id", String, nullable=False),                # the step it came with; "" before the first
    Column("kind", String, nullable=False),
    Column("name", Sealed(), nullable=False),
    Column("seed", BigInteger, nullable=False),
    Column("picture", String),                                # the place began as somebody's picture
    Index("uq_story_settings_story_id", "story_id", "setting_id", "step_id", unique=True),
    whose="story_id",
    forget="in others' stories the names of the owner and their characters leave the settings' names")

plates = _table(
    "plates",
    Column("number", Integer, primary_key=True, autoincrement=True),
    _story_id(),
    Column("setting_id", String, nullable=False, index=True),
    Column("step_id", String, nullable=False),                # the step it was painted for; "" before the first
    Column("time_of_day", Text, nullable=False),
    Column("weather", Text, nullable=False),
    Column("style", Text, nullable=False),
    Column("picture", String, nullable=False),
    Index("uq_plates_story_id", "story_id", "setting_id", "step_id", "time_of_day", "weather", "style", unique=True),
    forget="shows no people; those of the owner's stories go with them")

# --- texts to be illustrated -----------------------------------------------------------------------

storyboards = _table(
    "storyboards",
    Column("storyboard_id", String, primary_key=True),
    Column("owner_id", String, nullable=False, index=True),
    Column("story_id", String, ForeignKey("stories.story_id", ondelete="CASCADE"), index=True),   # once it is drawn
    Column("state", String, nullable=False),
    Column("storyboard", SealedNoun(), nullable=False),
    Column("picture", String),                                # the place it starts from
    Column("created_at", Moment, nullable=False),
    whose="owner_id",
    forget="the owner's are deleted")

# --- erasing and leaving ---------------------------------------------------------------------------

erasures = _table(
    "erasures",
    Column("erasure_id", String, primary_key=True),
    Column("owner_id", String, nullable=False, index=True),   # "" once they are forgotten, and for a server's
    Column("server_id", String, nullable=False, index=True),  # "" for a person's
    Column("venue_id", String, nullable=False),               # the DM in which it is told; "" where there is none
    Column("locale", String, nullable=False),
    Column("created_at", Moment, nullable=False),
    forget="the owner leaves it; what is left says where to tell that it is done, and goes when that is told")

departures = _table(
    "departures",
    Column("server_id", String, primary_key=True),
    Column("left_at", Moment, nullable=False),
    forget="knows servers, no people")

# --- work done elsewhere (PostgreSQL) ----------------------------------------------------------------

workers = _table(
    "workers",
    Column("worker_id", String, primary_key=True),            # drawn by lot at each start
    Column("lock_number", Integer, nullable=False),           # of the lock that its process holds while it lives
    Column("name", String, nullable=False),
    Column("models", JSON, nullable=False),                   # what it has, as engine.studio.messages.Ready
    Column("leaving", Boolean, nullable=False, server_default=false()),
    Column("beat_at", Moment, nullable=False),                # by the database's clock
    forget="knows machines, no people")

jobs = _table(
    "jobs",
    Column("job_id", String, primary_key=True),               # drawn by lot
    Column("owner_id", String, nullable=False, index=True),
    Column("attempt", Integer, nullable=False),               # how often it was given out; only the last one counts
    Column("state", String, nullable=False),                  # "waiting", "running", "done"
    Column("worker_id", String),                              # who does it
    Column("news", Integer, nullable=False, server_default="0"),   # how often `progress` was written
    Column("message", SealedBytes(), nullable=False),         # engine.studio.messages, framed
    Column("progress", SealedBytes()),                        # the newest preview or prose
    Column("result", SealedBytes()),
    Column("created_at", Moment, nullable=False),
    whose="owner_id",
    forget="the owner's are deleted; everybody's go as soon as they are answered")
