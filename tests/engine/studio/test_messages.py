"""The frames between face and studio: ours come through whole, anything else is refused."""

from __future__ import annotations

import datetime
import io
import os
import pickle
import struct
from pathlib import Path

import pytest

from engine.nouns import (
    Beat,
    CastMember,
    Character,
    CharacterId,
    Consent,
    Figure,
    Look,
    Member,
    OwnerId,
    Painting,
    PanelBrief,
    PanelId,
    Past,
    Place,
    Pronouns,
    Scene,
    Setting,
    SettingId,
    StepId,
    Story,
    StoryId,
    StoryStep,
    Turn,
    TurnId,
    Underdrawing,
    VenueId,
)
from engine.settings import load_settings
from engine.studio import messages as m

BRIEF = PanelBrief(PanelId("p"), StoryId("s"), "Mia waves.", (
    Figure(CharacterId("c"), "Mia", Look(accessories=("scarf",)), Place(0.5, 0.9, 0.5, True)),),
    Setting(SettingId("x"), "garden", "the garden", 7))
NOW = datetime.datetime(2026, 1, 2, tzinfo=datetime.UTC)
SCENE = Scene(
    Story(StoryId("s"), VenueId("v"), "g", OwnerId("o"), "A title", created_at=NOW),  # type: ignore[arg-type]
    Turn(TurnId("t"), StoryId("s"), OwnerId("o"), "Ann", "Hi \u202e\U0001f600"),
    (Character(CharacterId("c"), OwnerId("o"), "Mia", Pronouns.SHE, Look(), consent=Consent("me", 1, NOW)),),
    (Member(OwnerId("o"), "Ann", 0),), (BRIEF.setting,),
    (Past("Ann", "a", "b", (Beat("w", (CastMember(CharacterId("c")),), "garden"),)),))
STEP = StoryStep(StepId("t-step"), StoryId("s"), TurnId("t"), "Prose.", SCENE.past[0].beats)


def through(message: object) -> object:
    stream = io.BytesIO(m.frame(message))  # type: ignore[arg-type]
    return m.read_frame(stream.read)


@pytest.mark.parametrize("message", [
    m.WriteJob(1, SCENE, 5), m.PaintJob(2, BRIEF, Underdrawing(b"png", ()), (b"a", b"b"), 2**70, TurnId("t")),
    m.EmbedJob(3, (b"x",)), m.Cancel(4), m.Close(), m.Awake(9), m.Loading("painter"),
    m.Loaded("painter", "mini@1", 0.5, 256), m.Unable("writer", "no"),
    m.Ready((m.Loaded("painter", "x", 1.0),), (m.Unable("writer", "no"),), True), m.Began(1), m.Wrote(1, "é\n"),
    m.Stepped(1, 2, 20, None), m.Done(1, Painting(b"png", 1, "mini@1", 20, 0.5), 0.5, 10), m.Done(1, STEP, 0.1, 10),
    m.Done(1, [[0.5, 0.25]], 0.1, 10), m.Failed(1, "studio_failed", "why", False, 10),
], ids=lambda message: type(message).__name__)
def test_every_message_comes_through_whole(message: object) -> None:
    assert through(message) == message


def test_settings_come_through_with_their_secrets(tmp_path: Path) -> None:
    settings = load_settings(home=tmp_path, studio={"writer_key": "hush", "painter": "theatre"})
    sent = through(m.Open(settings))
    assert isinstance(sent, m.Open) and sent.settings == settings
    assert sent.settings.studio.writer_key is not None
    assert sent.settings.studio.writer_key.get_secret_value() == "hush"


class Evil:
    def __reduce__(self) -> tuple[object, ...]:
        return (os.system, ("true",))


def test_anything_that_is_not_ours_is_refused() -> None:
    for body in (pickle.dumps(Evil()), pickle.dumps(io.BytesIO), pickle.dumps(Path.unlink), b"rubbish", b""):
        with pytest.raises(m.BrokenFrame):
            m.unframe(body)
    with pytest.raises(m.BrokenFrame):
        m.length_of(struct.pack(">I", m.LARGEST_FRAME + 1))


def test_a_stream_that_ends_ends() -> None:
    whole = m.frame(m.Cancel(1))
    for cut in (0, 2, 4, len(whole) - 1):
        assert m.read_frame(io.BytesIO(whole[:cut]).read) is None


def test_a_stream_that_comes_in_drops() -> None:
    stream = io.BytesIO(m.frame(m.Cancel(1)) + m.frame(m.Awake(2)))

    def drop(count: int) -> bytes:
        return stream.read(min(count, 3))

    assert m.read_frame(drop) == m.Cancel(1)
    assert m.read_frame(drop) == m.Awake(2)
    assert m.read_frame(drop) is None
