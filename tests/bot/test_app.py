"""The bot as a process: what it loads, how fast it starts, its commands, its token, its end."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any, cast

import pytest
from playhouse import Playhouse, settings_for

from bot.app import StoryBot, command_payload, run_bot, sync_commands
from bot.rehearsal.loopback import Loopback, redirect_discord
from bot.rehearsal.players import Player
from bot.wording import danish
from engine.ports import Library
from engine.settings import SettingsError, load_settings

ROOT = Path(__file__).parents[2]

LOOK = """
import sys
import bot.app, bot.cogs.characters, bot.cogs.stories, bot.cogs.turns, bot.cogs.guide, bot.house
heavy = {"torch", "diffusers", "transformers", "llama_cpp", "cv2", "reportlab"} & set(sys.modules)
assert not heavy, heavy
print("light")
"""


def test_the_face_never_loads_a_model() -> None:
    done = subprocess.run([sys.executable, "-c", LOOK], cwd=ROOT, capture_output=True, text=True, timeout=60)
    assert done.stdout.strip() == "light", done.stderr


def strings_of(command: dict[str, Any]) -> list[tuple[str, dict[str, str] | None]]:
    """Every name and description of a command's payload, with its translations."""
    found = [(command["name"], command.get("name_localizations"))]
    if "description" in command:
        found.append((command["description"], command.get("description_localizations")))
    for inner in [*command.get("options", ()), *command.get("choices", ())]:
        found += strings_of(inner)
    return found


async def test_every_command_has_a_description_a_danish_name_and_fits(tmp_path: Path) -> None:
    bot = StoryBot(load_settings(home=tmp_path), cast(Library, None))
    try:
        await bot.prepare()
        payload = await command_payload(bot)
    finally:
        await bot.close()
    assert {command["name"] for command in payload} == {
        "character", "story", "help", "privacy", "moderation", "Report page or picture"}
    names = {(command["name"], option["name"]) for command in payload for option in command.get("options", ())
             if option["type"] == 1}
    assert {name for group, name in names if group == "character"} == {
        "add", "list", "show", "edit", "remove", "sheet", "share", "export", "import"}
    [consent] = [option for command in payload for option in command.get("options", ()) if option["type"] == 2]
    assert consent["name"] == "consent" and {each["name"] for each in consent["options"]} == {"withdraw", "give"}
    assert {name for group, name in names if group == "story"} >= {
        "start", "join", "leave", "pause", "resume", "recap", "end", "export", "settings"}
    for command in payload:
        everywhere = [0] if command["name"] == "moderation" else [0, 1, 2]      # moderators are of a server
        assert command["integration_types"] == [0, 1] and command["contexts"] == everywhere
        for text, translations in strings_of(command):
            assert text in danish.COMMANDS, text
            own = danish.COMMANDS.get(f"{command['name']} {text}", danish.COMMANDS[text])    # `/character export`
            assert (translations or {}).get("da") in (own, danish.COMMANDS[text])
        assert len(json.dumps(command)) < 16000


async def test_commands_are_registered_only_when_they_changed(tmp_path: Path) -> None:
    async with Loopback() as loopback:
        with redirect_discord(loopback.base_url):
            settings = settings_for(loopback, tmp_path / "home")
            assert await sync_commands(settings)
            assert not await sync_commands(settings)
            guild = loopback.world.add_guild("House")
            assert await sync_commands(settings, guild.guild_id)
            assert not await sync_commands(settings, guild.guild_id)
            (settings.home / "commands.json").write_text("{damaged", "utf-8")
            assert await sync_commands(settings)
        puts = [line for line in loopback.record.of("request") if line["method"] == "PUT"]
        assert len(puts) == 3
        assert loopback.violations() == []


async def test_without_a_token_it_says_what_to_do(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("DISCORD_TOKEN", raising=False)
    with pytest.raises(SettingsError, match="Set DISCORD_TOKEN"):
        await run_bot(load_settings(home=tmp_path))


async def test_a_wrong_token_is_a_plain_sentence(tmp_path: Path) -> None:
    async with Loopback() as loopback:
        with redirect_discord(loopback.base_url):
            settings = settings_for(loopback, tmp_path / "home", token="nonsense.nonsense.nonsense")
            with pytest.raises(SettingsError, match="does not accept the bot token"):
                await run_bot(settings)


async def test_run_bot_is_there_and_stops_when_asked(tmp_path: Path) -> None:
    async with Loopback() as loopback:
        loopback.world.add_guild("House")
        with redirect_discord(loopback.base_url):
            settings = settings_for(loopback, tmp_path / "home")
            ready, stop = asyncio.Event(), asyncio.Event()
            running = asyncio.create_task(run_bot(settings, ready=ready, stop=stop))
            await asyncio.wait_for(ready.wait(), 60)
            stop.set()
            await asyncio.wait_for(running, 60)


SERVE = """
import asyncio, sys
from pathlib import Path
from bot.app import run_bot
from bot.rehearsal.loopback import redirect_discord
from engine.settings import load_settings
home, base_url, token = sys.argv[1:]
async def main():
    ready = asyncio.Event()
    async def tell():
        await ready.wait()
        print("ready", flush=True)
    telling = asyncio.create_task(tell())
    with redirect_discord(base_url):
        await run_bot(load_settings(home=home, master_key_file=Path(home).parent / "key", discord={"token": token},
                                    studio={"painter": "theatre", "fallback_to_theatre": True}), ready=ready)
asyncio.run(main())
print("stopped", flush=True)
"""


async def test_sigterm_ends_it_cleanly(tmp_path: Path) -> None:
    async with Loopback() as loopback:
        process = await asyncio.create_subprocess_exec(
            sys.executable, "-c", SERVE, str(tmp_path / "home"), loopback.base_url, loopback.world.token, cwd=ROOT,
            stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE, env={**os.environ, "PYTHONPATH": str(ROOT)})
        assert process.stdout is not None and process.stderr is not None
        assert (await asyncio.wait_for(process.stdout.readline(), 120)).strip() == b"ready"
        process.send_signal(signal.SIGTERM)
        out, err = await asyncio.wait_for(process.communicate(), 60)
        assert process.returncode == 0, err.decode()
        assert out.strip() == b"stopped"
        assert b"Traceback" not in err


async def test_while_draining_nothing_more_is_taken(house: Playhouse) -> None:
    await house.story()
    house.bot.draining = True
    await house.ada.click("Next page")
    await house.ada.see("I am just being restarted", private=True)
    await house.ada.command("/story start")
    await house.ada.see("I am just being restarted")
    house.bot.draining = False


async def test_an_unexpected_error_is_told_plainly_and_logged_without_words(
        house: Playhouse, caplog: pytest.LogCaptureFixture) -> None:
    async def broken(*_: object) -> None:
        raise ValueError("secret words of Ada")

    house.library.characters_of = broken  # type: ignore[assignment, method-assign]
    await house.ada.command("/character list")
    await house.ada.see("Something went wrong on my side", private=True)
    assert "ValueError" in caplog.text and "secret words" not in caplog.text


async def test_autocomplete_never_fails_aloud(house: Playhouse) -> None:
    assert await house.ada.suggestions("/character show", "name", "x") == []


async def test_where_the_bot_is_not_a_member_it_says_so(house: Playhouse) -> None:
    elsewhere = house.world.add_guild("Elsewhere", owner=house.ada.person, with_bot=False)
    channel = house.world.add_channel(elsewhere, "general")
    visitor = Player(house.loopback, house.ada.person, channel)
    await visitor.command("/story start")
    await visitor.see("I am not a member of this server")
