"""Model files: the one that is known is opened, an exchanged one is not."""

from __future__ import annotations

import hashlib
import os
from pathlib import Path

import pytest

from engine import pinned
from engine.nouns import StudioFailed
from engine.pinned import must_be_known
from engine.settings import Settings, load_settings
from engine.writers import open_writer


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return load_settings(home=tmp_path / "home", studio={"writer": str(tmp_path / "story.gguf")})


def test_a_file_must_stay_what_it_was_at_its_first_use(settings: Settings, tmp_path: Path) -> None:
    file = tmp_path / "story.gguf"
    file.write_bytes(b"GGUF one")
    must_be_known(file, settings)
    must_be_known(file, settings)
    file.write_bytes(b"GGUF two")
    with pytest.raises(StudioFailed, match="another file than when it was first used"):
        must_be_known(file, settings)
    with pytest.raises(StudioFailed, match="another file"):
        open_writer(settings)              # before a byte of it is read by native code
    (settings.home / pinned.REMEMBERED).unlink()
    must_be_known(file, settings)


def test_a_hash_in_the_settings_holds_from_the_first_use(tmp_path: Path) -> None:
    file = tmp_path / "story.gguf"
    file.write_bytes(b"GGUF one")
    right = hashlib.sha256(b"GGUF one").hexdigest()
    must_be_known(file, load_settings(home=tmp_path, studio={"sha256": {"story.gguf": right.upper()}}))
    with pytest.raises(StudioFailed, match="is not the file that"):
        must_be_known(file, load_settings(home=tmp_path, studio={"sha256": {"story.gguf": "0" * 64}}))
    assert not (tmp_path / pinned.REMEMBERED).exists()


def test_an_exchange_under_the_same_name_size_and_day_is_noticed(settings: Settings, tmp_path: Path) -> None:
    file = tmp_path / "story.gguf"
    file.write_bytes(b"GGUF one")
    must_be_known(file, settings)
    moment = file.stat()
    file.write_bytes(b"GGUF two")
    os.utime(file, ns=(moment.st_atime_ns, moment.st_mtime_ns))
    pinned.sha256_of.cache_clear()         # as in the next process
    with pytest.raises(StudioFailed):
        must_be_known(file, settings)


def test_what_was_hashed_is_not_read_again_until_anything_about_it_changes(
        settings: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file, read = tmp_path / "story.gguf", []
    hash_it = pinned.sha256_of.__wrapped__
    monkeypatch.setattr(pinned, "sha256_of", lambda path, *state: (read.append(path), hash_it(path, *state))[1])
    file.write_bytes(b"GGUF one")
    must_be_known(file, settings)
    must_be_known(file, settings)
    assert len(read) == 2, "it changed a moment ago: who knows whether it will again"
    monkeypatch.setattr(pinned, "SETTLED_NS", 0)
    must_be_known(file, settings)
    for _ in range(2):
        must_be_known(file, settings)
    assert len(read) == 3
    must_be_known(file, settings, anew=True)
    assert len(read) == 4
    hashes = {file: hashlib.sha256(b"GGUF one").hexdigest(), tmp_path / "none.gguf": "0"}
    assert pinned.damaged(hashes, settings) == [tmp_path / "none.gguf"] and len(read) == 4
    file.chmod(0o600)                      # another state, the same file
    must_be_known(file, settings)
    assert len(read) == 5
    moment = file.stat()
    copy = tmp_path / "copy"
    copy.write_bytes(b"GGUF two")
    for exchange in (lambda: file.write_bytes(b"GGUF two"), lambda: copy.replace(file)):
        exchange()
        os.utime(file, ns=(moment.st_atime_ns, moment.st_mtime_ns))
        with pytest.raises(StudioFailed, match="another file"):
            must_be_known(file, settings)
        with pytest.raises(StudioFailed, match="another file"):
            must_be_known(file, settings)  # what is wrong is remembered as what it is


def test_a_damaged_memory_trusts_nothing(settings: Settings, tmp_path: Path) -> None:
    (tmp_path / "story.gguf").write_bytes(b"GGUF one")
    settings.home.mkdir()
    for damage in ("{", "[]"):
        (settings.home / pinned.REMEMBERED).write_text(damage)
        with pytest.raises(StudioFailed, match="cannot be read"):
            must_be_known(tmp_path / "story.gguf", settings)


def test_what_the_project_ships_needs_no_memory(settings: Settings) -> None:
    must_be_known(Path(pinned.__file__).parent / "mini" / "writer" / "writer.gguf", settings)
    assert not (settings.home / pinned.REMEMBERED).exists()
