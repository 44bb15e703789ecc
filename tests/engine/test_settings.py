"""Settings: who wins over whom, what a damaged file or a bad value gets, and a documentation that is true."""

import os
from pathlib import Path

import pytest
from pydantic import ValidationError

from engine.settings import SettingsError, every_setting, load_settings, settings_page


@pytest.fixture(autouse=True)
def clean_environment(monkeypatch, tmp_path):
    for name in list(os.environ):
        if name.startswith("STORYTHREAD_") or name == "DISCORD_TOKEN":
            monkeypatch.delenv(name)
    monkeypatch.setenv("STORYTHREAD_HOME", str(tmp_path / "home"))


def write_config(tmp_path: Path, text: str | bytes) -> Path:
    path = tmp_path / "home" / "storythread.toml"
    path.parent.mkdir(exist_ok=True)
    path.write_bytes(text.encode() if isinstance(text, str) else text)
    return path


def test_defaults_follow_the_data_folder(tmp_path):
    settings = load_settings()
    assert settings.home == tmp_path / "home"
    assert settings.database_url == f"sqlite+aiosqlite:///{tmp_path}/home/storythread.sqlite"
    assert settings.pictures_url == f"{tmp_path}/home/pictures"
    assert tmp_path / "home" not in settings.master_key_file.parents
    assert (settings.studio.painter, settings.limits.turn_characters, settings.discord.token) == ("auto", 1500, None)


def test_the_environment_wins_over_the_file_over_the_defaults(tmp_path, monkeypatch):
    write_config(tmp_path, '[studio]\npainter = "theatre"\nthreads = 3\n[limits]\nphotos = 2\n')
    monkeypatch.setenv("STORYTHREAD_STUDIO__THREADS", "5")
    settings = load_settings()
    assert (settings.studio.painter, settings.studio.threads, settings.limits.photos) == ("theatre", 5, 2)
    assert settings.studio.writer == "auto"
    assert load_settings(studio={"threads": 7}).studio.threads == 7


def test_the_file_named_by_storythread_config_is_read(tmp_path, monkeypatch):
    (tmp_path / "other.toml").write_text('default_locale = "da"')
    monkeypatch.setenv("STORYTHREAD_CONFIG", str(tmp_path / "other.toml"))
    assert load_settings().default_locale == "da"
    monkeypatch.setenv("STORYTHREAD_CONFIG", str(tmp_path / "gone.toml"))
    with pytest.raises(SettingsError, match=r"There is no configuration file .*gone\.toml"):
        load_settings()


def test_settings_are_frozen():
    settings = load_settings()
    with pytest.raises(ValidationError):
        settings.default_locale = "da"
    with pytest.raises(ValidationError):
        settings.studio.threads = 2


def test_the_token_is_read_from_either_variable_and_never_shown(monkeypatch):
    monkeypatch.setenv("DISCORD_TOKEN", "from-discord")
    settings = load_settings()
    assert settings.discord.token.get_secret_value() == "from-discord"
    assert "from-discord" not in repr(settings)
    monkeypatch.setenv("STORYTHREAD_DISCORD__TOKEN", "from-storythread")
    assert load_settings().discord.token.get_secret_value() == "from-storythread"
    monkeypatch.setenv("STORYTHREAD_DISCORD__TOKEN", "  ")
    monkeypatch.setenv("DISCORD_TOKEN", "")
    assert load_settings().discord.token is None


@pytest.mark.parametrize(("address", "expected"), [
    ("postgresql://a@b/c", "postgresql+asyncpg://a@b/c"), ("postgres://a@b/c", "postgresql+asyncpg://a@b/c"),
    ("sqlite:////x/y.db", "sqlite+aiosqlite:////x/y.db"),
])
def test_an_address_alone_chooses_the_database(address, expected):
    assert load_settings(database_url=address).database_url == expected


@pytest.mark.parametrize(("text", "words"), [
    ("[studio\nthreads = 1", ["storythread.toml", "damaged", "line 1"]),
    ("a = 1\nb = = 2", ["storythread.toml", "line 2"]),
    (b"\xff\xfe\x00", ["storythread.toml", "not UTF-8"]),
    ("[studio]\nthreads = 'many'", ["studio.threads", "storythread.toml", "whole number", "many"]),
    ("[studio]\npanter = 'mini'", ["no setting studio.panter", "storythread.toml"]),
    ("[limits]\nphotos = 99", ["limits.photos", "less than or equal to 10"]),
    ("studio = 3", ["studio", "table of settings"]),
    ("default_locale = 'klingon'", ["default_locale", "language code"]),
    ("database_url = 'mysql://x'", ["database_url", "postgresql://"]),
])
def test_a_damaged_file_or_bad_value_gets_one_plain_sentence(tmp_path, text, words):
    write_config(tmp_path, text)
    with pytest.raises(SettingsError) as caught:
        load_settings()
    sentence = str(caught.value)
    assert all(word in sentence for word in words), sentence
    assert "\n" not in sentence and sentence.endswith(".")
    assert "Error" not in sentence and "pydantic" not in sentence


def test_a_bad_variable_is_named(monkeypatch):
    monkeypatch.setenv("STORYTHREAD_LIMITS__PHOTOS", "lots")
    with pytest.raises(SettingsError, match=r"STORYTHREAD_LIMITS__PHOTOS.* whole number, not 'lots'"):
        load_settings()
    monkeypatch.delenv("STORYTHREAD_LIMITS__PHOTOS")
    monkeypatch.setenv("STORYTHREAD_LIMITS", "{broken")
    with pytest.raises(SettingsError, match="limits"):
        load_settings()


def test_an_empty_variable_counts_as_unset(monkeypatch):
    monkeypatch.setenv("STORYTHREAD_STUDIO__THREADS", "")
    assert load_settings().studio.threads == 0


def test_a_password_in_an_address_is_not_repeated(monkeypatch):
    monkeypatch.setenv("STORYTHREAD_DATABASE_URL", "mysql://me:hunter2@host/x")
    with pytest.raises(SettingsError) as caught:
        load_settings()
    assert "hunter2" not in str(caught.value)


def test_the_documented_table_is_up_to_date():
    page = Path(__file__).parents[2] / "docs" / "settings.md"
    assert page.read_text("utf-8") == settings_page(), "run: python -m engine.settings > docs/settings.md"


def test_every_setting_says_what_it_does():
    assert [key for key, info in every_setting() if not info.description] == []
