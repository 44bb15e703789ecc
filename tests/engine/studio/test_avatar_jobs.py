"""Avatars from photos in the studio's process: behind the wall, looked at, cancelled, and quiet about who it is."""

from __future__ import annotations

import io
import logging
from collections.abc import Callable
from typing import Any, cast

import pytest
from PIL import Image

from engine.nouns import Cancelled, Look, Painting, Sitting, StudioFailed
from engine.settings import load_settings
from engine.studio import host
from engine.studio.messages import LENGTH_BYTES, AvatarJob, Done, Failed, FromStudio, frame, unframe


def png(picture: Image.Image) -> bytes:
    out = io.BytesIO()
    picture.save(out, "PNG")
    return out.getvalue()


PHOTO = png(Image.radial_gradient("L").convert("RGB"))
SITTING = Sitting(Look(words="a girl with red boots"), PHOTO, (PHOTO,))


class Portraitist:
    """Paints a gradient; nothing at all for the first `blank` times."""

    name, size_px, paints_from_photos = "portraitist@1", 64, True

    def __init__(self, blank: int = 0) -> None:
        self.blank, self.seeds = blank, list[int]()

    def paint_avatar(self, sitting: Sitting, *, seed: int,
                     on_step: Callable[[int, int, bytes | None], None]) -> Painting:
        self.seeds.append(seed)
        on_step(1, 2, None)
        if self.blank:
            self.blank -= 1
            return Painting(png(Image.new("RGB", (64, 64), "grey")), seed, self.name, 2, 0.0)
        return Painting(sitting.photos[0], seed, self.name, 2, 0.0)


class Plain:
    """A painter of panels alone."""

    name, size_px = "plain@1", 64


class Ear:
    def __init__(self, cancelled: bool = False) -> None:
        self.cancelled, self.checked = cancelled, 0

    def check(self, job_id: int) -> None:
        self.checked += 1
        if self.cancelled and self.checked > 1:            # not before it begins, but at its first step
            raise Cancelled


class Voice:
    def __init__(self) -> None:
        self.said: list[FromStudio] = []

    def say(self, message: FromStudio) -> None:
        self.said.append(message)


def done(painter: object, sitting: Sitting = SITTING, ear: Ear | None = None) -> tuple[Done | Failed, Any]:
    voice = Voice()
    models = host.Models(load_settings(), voice.say, {"painter": lambda settings: painter})
    job = unframe(frame(AvatarJob(7, sitting, 5))[LENGTH_BYTES:])
    answer = host.do(job, models, cast(host.Ear, ear or Ear()), cast(host.Voice, voice))
    return answer, models.ready().model("painter")


def test_it_is_painted_and_said_who_can() -> None:
    painter = Portraitist()
    answer, loaded = done(painter)
    assert isinstance(answer, Done) and answer.result.png == PHOTO and painter.seeds == [5]
    assert loaded.paints_from_photos


def test_a_painter_of_panels_alone_says_no() -> None:
    answer, loaded = done(Plain())
    assert isinstance(answer, Failed) and answer.reason == StudioFailed.reason
    assert not loaded.paints_from_photos


def test_nothing_to_see_is_painted_once_more_and_then_a_failure() -> None:
    painter = Portraitist(blank=1)
    answer, _ = done(painter)
    assert isinstance(answer, Done) and len(set(painter.seeds)) == 2
    answer, _ = done(Portraitist(blank=2))
    assert isinstance(answer, Failed) and answer.reason == host.BLANK


@pytest.mark.parametrize("words", ["a naked girl", "a boy, his guts torn out, blood everywhere"])
def test_the_wall_stands_in_front_of_it_too(words: str) -> None:
    painter = Portraitist()
    answer, _ = done(painter, Sitting(Look(words=words), PHOTO, (PHOTO,)))
    assert isinstance(answer, Failed) and answer.reason == "walled" and painter.seeds == []


def test_cancelled_at_a_step() -> None:
    answer, _ = done(Portraitist(), ear=Ear(cancelled=True))
    assert isinstance(answer, Failed) and answer.cancelled


def test_a_failure_says_nothing_of_who_it_was(caplog: pytest.LogCaptureFixture) -> None:
    class Clumsy(Portraitist):
        def paint_avatar(self, sitting: Sitting, **_: object) -> Painting:
            raise ValueError(f"cannot paint {sitting}")

    caplog.set_level(logging.DEBUG)
    answer, _ = done(Clumsy())
    assert isinstance(answer, Failed)
    assert "boots" not in caplog.text + answer.message
    assert repr(PHOTO)[2:30] not in repr(SITTING)
