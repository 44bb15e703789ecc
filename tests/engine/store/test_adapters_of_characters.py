"""What a model learnt of a character goes with the character."""

from __future__ import annotations

from dataclasses import replace

import pytest

from engine.nouns import Character, CharacterId, Look, OwnerId, Pronouns
from engine.settings import Settings
from engine.store import SqlLibrary

MIA = Character(CharacterId("c1"), OwnerId("ada"), "Mia", Pronouns.SHE, Look())


@pytest.mark.parametrize("how", ["removed", "forgotten"])
async def test_adapters_go_with_their_characters(settings: Settings, library: SqlLibrary, how: str) -> None:
    adapters = settings.home / "models" / "klein" / "adapters"
    adapters.mkdir(parents=True)
    files = {who: adapters / f"{who}.safetensors" for who in ("c1", "c2")}
    for file in files.values():
        file.write_bytes(b"weights")
    await library.save_character(MIA)
    await library.save_character(replace(MIA, character_id=CharacterId("c2"), owner_id=OwnerId("bo"), name="Ben"))
    await library.sweep()
    assert all(file.exists() for file in files.values())
    if how == "removed":
        await library.remove_character(CharacterId("c1"))
    else:
        await library.forget(OwnerId("ada"))
    assert not files["c1"].exists() and files["c2"].exists()
