"""Pictures people bring: a real vision model of random weights is asked, and what it says or does not say counts."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import pytest
from PIL import Image

from bench.casting import opened
from engine.cast.photos import SafePhoto
from engine.cast.witness import SHOWN
from engine.nouns import BadPhoto
from engine.safety import brought
from engine.safety.brought import ASKED, found_in, need_fit
from engine.safety.rules import SUBJECTS
from engine.settings import Settings, load_settings

sys.path.insert(0, str(Path(__file__).parent.parent / "cast"))
from tiny_vision import write_projector, write_text_model


@pytest.fixture
def photos() -> list[SafePhoto]:
    return [opened(Image.radial_gradient("L").convert("RGB").resize((64, 64))) for _ in range(SHOWN + 1)]


def named(folder: Path) -> Settings:
    """Settings that name a vision model."""
    return load_settings(home=folder, studio={"vision_model": str(folder / "text.gguf"), "threads": 1})


@pytest.mark.parametrize("says", ["yes", "no"])
async def test_what_the_model_says_of_it_decides(tmp_path: Path, photos: list[SafePhoto], says: str,
                                                 monkeypatch: pytest.MonkeyPatch) -> None:
    """The grammar lets random weights say one word alone, so that what follows from it can be told."""
    monkeypatch.setattr(brought, "ANSWERS", (says,))
    eyes = str(write_text_model(tmp_path / "text.gguf")), str(write_projector(tmp_path / "projector.gguf"))
    if says == "no":
        await need_fit(photos[:1], named(tmp_path), eyes)
        return
    with pytest.raises(BadPhoto) as refused:
        await need_fit(photos[:1], named(tmp_path), eyes)
    assert refused.value.reason == "photo_unsuitable"


async def test_no_answer_is_no_leave_and_without_a_model_nobody_is_asked(tmp_path: Path,
                                                                         photos: list[SafePhoto]) -> None:
    broken = tmp_path / "broken.gguf"
    broken.write_bytes(b"GGUF" + bytes(64))
    for eyes in (("", ""), (str(broken), str(broken))):
        with pytest.raises(BadPhoto) as refused:
            await need_fit(photos[:1], named(tmp_path), eyes)
        assert refused.value.reason == "photo_not_looked_at"
    await need_fit(photos, load_settings(home=tmp_path), (str(broken), str(broken)))
    await need_fit([], named(tmp_path), ("", ""))


async def test_every_picture_is_shown_to_the_model(tmp_path: Path, photos: list[SafePhoto],
                                                   monkeypatch: pytest.MonkeyPatch) -> None:
    shown: list[SafePhoto] = []

    async def asked(some: list[SafePhoto], schema: object, question: str, **how: object) -> str:
        shown.extend(some[:SHOWN])
        return json.dumps(dict.fromkeys(ASKED, "no") | ({"gore": "yes"} if some[0] is photos[-1] else {}))

    monkeypatch.setattr(brought, "asked", asked)
    with pytest.raises(BadPhoto):
        await need_fit(photos, named(tmp_path), ("eyes", "projector"))
    assert [id(each) for each in shown] == [id(each) for each in photos]


def test_only_an_answer_of_the_schema_is_one() -> None:
    assert set(ASKED) <= set(SUBJECTS)
    fine = dict.fromkeys(ASKED, "no")
    assert found_in(json.dumps(fine)) == frozenset()
    assert found_in(json.dumps(fine | {"gore": "yes"})) == {"gore"}
    for bad in (None, "", "no", "[]", json.dumps(fine)[:-2], json.dumps(fine | {"gore": "maybe"}), "[" * 100_000,
                json.dumps(fine | {"more": "no"}), json.dumps({"gore": "no"}), json.dumps(fine | {"gore": ["yes"]})):
        assert found_in(bad) is None
