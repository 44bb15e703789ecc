"""Scenes to write from, and a tiny real GGUF with random weights for the general writer."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from bench.tiny_gguf import build_tiny_gguf
from engine.nouns import (
    Beat,
    Character,
    CharacterId,
    Look,
    Member,
    OwnerId,
    Past,
    Pronouns,
    Scene,
    ServerId,
    StepId,
    Story,
    StoryId,
    Turn,
    TurnId,
    TurnKind,
    VenueId,
)
from engine.writers.mini import MINI_GGUF, MiniWriter

CAST = (
    Character(CharacterId("char-mia"), OwnerId("anna"), "Mia", Pronouns.SHE, Look(kind="girl")),
    Character(CharacterId("char-bo"), OwnerId("ben"), "Bo", Pronouns.HE, Look(kind="bear")),
    Character(CharacterId("char-rose"), OwnerId("ben"), "Grandma Rose", Pronouns.SHE, Look(kind="grandmother")),
)


def make_scene(
    text: str = "Mia finds a ball.",
    *,
    kind: TurnKind = TurnKind.WRITE,
    past: tuple[Past, ...] = (),
    cast: tuple[Character, ...] = CAST,
    owner: str = "anna",
    max_panels: int = 2,
    turn_id: str = "t1",
    rating: str = "toddler",
) -> Scene:
    story = Story(
        StoryId("s1"), VenueId("v"), ServerId(""), OwnerId("anna"), "A story", head=StepId("t0-step"), rating=rating
    )
    members = (
        Member(OwnerId("anna"), "Anna", 0, CharacterId("char-mia")),
        Member(OwnerId("ben"), "Ben", 1, CharacterId("char-bo")),
    )
    turn = Turn(TurnId(turn_id), story.story_id, OwnerId(owner), "Anna" if owner == "anna" else "Ben", text, kind)
    return Scene(story, turn, cast, members, (), past, max_panels)


@pytest.fixture
def scene() -> Callable[..., Scene]:
    return make_scene


@pytest.fixture
def past() -> tuple[Past, ...]:
    from engine.nouns import CastMember

    beat = Beat(
        "",
        (CastMember(CharacterId("char-mia"), "walks", "happy"), CastMember(CharacterId("char-bo"), "walks", "happy")),
        "forest",
        "",
        "day",
        "clear",
    )
    return (Past("Anna", "Mia and Bo go to the forest.", "The path was soft under their feet.", (beat,)),)


@pytest.fixture(scope="session")
def mini() -> Iterator[MiniWriter]:
    """The shipped model itself."""
    assert MINI_GGUF.is_file(), "the mini writer's weights belong to the checkout"
    writer = MiniWriter(threads=1)
    yield writer
    writer.close()


@pytest.fixture(scope="session")
def tiny_gguf(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A real llama of 2 layers and random weights, with a chat template: it babbles, but llama.cpp runs it."""
    return build_tiny_gguf(tmp_path_factory.mktemp("gguf") / "tiny.gguf")
