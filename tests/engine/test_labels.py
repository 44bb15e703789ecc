"""Pictures say that they were generated: signed, read back from the final bytes, and naming nobody."""

from __future__ import annotations

import io
import random
import socket
from pathlib import Path

import pytest
from PIL import Image

from engine import labels
from engine.labels import BY_A_MODEL, BY_RULES, PAPER_DOLLS, Labels, SteadyLabels, own_certificate, read_label
from engine.nouns import StoreUnusable
from engine.settings import Settings, SettingsError, load_settings


def picture(size: int = 96) -> bytes:
    dice = random.Random(5)
    image = Image.frombytes("RGB", (size, size), bytes(dice.randrange(256) for _ in range(size * size * 3)))
    out = io.BytesIO()
    image.save(out, "PNG")
    return out.getvalue()


def pixels(png: bytes) -> bytes:
    return Image.open(io.BytesIO(png)).convert("RGBA").tobytes()


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return load_settings(home=tmp_path / "home", master_key_file=tmp_path / "key")


def test_a_label_is_read_back_valid_and_the_pixels_are_the_same(settings: Settings) -> None:
    png = picture()
    signed = Labels(settings).label(png, "mini@abc")
    assert pixels(signed) == pixels(png) and 0 < len(signed) - len(png) < 6000
    assert read_label(png) is None, "the control"
    assert read_label(signed) == {"state": "Valid", "generator": "Storythread", "painter": "mini@abc",
                                  "source": BY_A_MODEL, "signed_by": "Storythread pictures"}
    label = read_label(Labels(settings).label(png, PAPER_DOLLS))
    assert label is not None and label["source"] == BY_RULES


def test_the_same_picture_can_be_labelled_with_the_same_bytes_again(settings: Settings) -> None:
    png, other = picture(), picture(48)
    labels_of = Labels(settings)
    assert labels_of.label(png, "mini@abc") != labels_of.label(png, "mini@abc"), "the control"
    steady = SteadyLabels(labels_of)
    first = [steady.label(name, each, "mini@abc") for name, each in (("one", png), ("two", other))]
    assert [steady.label(name, each, "mini@abc") for name, each in (("one", png), ("two", other))] == first
    assert [(read_label(each) or {})["state"] for each in first] == ["Valid", "Valid"]
    silent = settings.model_copy(update={"labels": settings.labels.model_copy(update={"enabled": False})})
    assert SteadyLabels(Labels(silent)).label("one", png, "mini") == png


def test_signing_and_reading_ask_nobody(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[object] = []
    monkeypatch.setattr(socket.socket, "connect", lambda self, address: asked.append(address))
    monkeypatch.setattr(socket, "getaddrinfo", lambda *where, **how: asked.append(where) or [])
    assert read_label(Labels(settings).label(picture(), "mini"))["state"] == "Valid"  # type: ignore[index]
    assert asked == []


def test_another_pixel_is_noticed(settings: Settings) -> None:
    signed = bytearray(Labels(settings).label(picture(), "mini@abc"))
    at = signed.index(b"IDAT") + 40
    signed[at] ^= 1
    label = read_label(bytes(signed))
    assert label is not None and label["state"] == "Invalid"


@pytest.mark.parametrize("content", [b"", b"root:x:0:0\n", b"\x89PNG\r\n\x1a\n", b"%PDF-1.7\n", bytes(512)])
@pytest.mark.parametrize("kind", [labels.PNG, labels.PDF])
def test_what_is_no_such_file_has_no_label(content: bytes, kind: str) -> None:
    assert read_label(content, kind=kind) is None


def test_a_house_keeps_its_certificate_and_only_its_own_root_vouches_for_it(settings: Settings, tmp_path: Path) -> None:
    signed = Labels(settings).label(picture(), "mini@abc")
    folder = settings.home / "labels"
    chain, key = own_certificate(folder)
    assert own_certificate(folder) == (chain, key), "made once"
    assert (folder / labels.KEY).stat().st_mode & 0o077 == 0
    assert key.count(b"PRIVATE KEY") == 2, "one key: the root's is not kept"
    root = chain[chain.index(b"-----BEGIN", 10):]
    strange = own_certificate(tmp_path / "another")[0]
    trusted = read_label(signed, root=root)
    doubted = read_label(signed, root=strange[strange.index(b"-----BEGIN", 10):])
    assert trusted and trusted["state"] == "Trusted" and doubted and doubted["state"] != "Trusted"


def test_a_certificate_about_to_end_is_made_anew(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(labels, "VALID_DAYS", labels.RENEW_DAYS - 1)
    old, _ = own_certificate(settings.home / "labels")
    monkeypatch.undo()
    fresh, key = own_certificate(settings.home / "labels")
    assert fresh != old and own_certificate(settings.home / "labels") == (fresh, key)


def test_an_operators_own_certificate_signs(settings: Settings, tmp_path: Path) -> None:
    chain, key = own_certificate(tmp_path / "bought")
    own = load_settings(home=tmp_path / "other", labels={
        "certificate_file": tmp_path / "bought" / labels.CERTIFICATES, "key_file": tmp_path / "bought" / labels.KEY})
    signed = Labels(own).label(picture(), "mini")
    label = read_label(signed, root=chain[chain.index(b"-----BEGIN", 10):])
    assert label and label["state"] == "Trusted" and not (tmp_path / "other" / "labels").exists()
    assert key


def test_what_cannot_sign_is_told_before_the_first_picture(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match="both"):
        load_settings(home=tmp_path, labels={"certificate_file": tmp_path / "only.pem"})
    (tmp_path / "c.pem").write_text("no certificate")
    (tmp_path / "k.pem").write_text("no key")
    for key in ("k.pem", "missing.pem"):
        with pytest.raises(StoreUnusable) as caught:
            Labels(load_settings(home=tmp_path, labels={
                "certificate_file": tmp_path / "c.pem", "key_file": tmp_path / key})).open()
        assert caught.value.reason == "certificate_unusable"


def test_labels_can_be_switched_off(tmp_path: Path) -> None:
    png = picture()
    assert Labels(load_settings(home=tmp_path, labels={"enabled": False})).label(png, "mini") == png
