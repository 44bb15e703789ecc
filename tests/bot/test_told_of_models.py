"""Which models cannot work, and who stands in for them, is said at the terminal in both languages."""

from __future__ import annotations

import io
from types import SimpleNamespace

import pytest
from rich.console import Console

from bot.play import Telling
from engine.settings import load_settings
from engine.studio.messages import Loaded, Ready, Unable

MINI, SMALL = Loaded("painter", "mini@1 instead of klein", 0.1, 256), Loaded("writer", "mini-writer@1", 0.1)


@pytest.mark.parametrize(("ready", "said"), [
    (Ready((MINI, SMALL)), ()),
    (Ready((MINI, SMALL), (Unable("painter", "klein is damaged."),), "mini"),
     ("The painter cannot work here: klein is damaged.", "so the small one stands in for it")),
    (Ready((MINI,), (Unable("painter", "no"),), "theatre"), ("paper dolls stand in",)),
    (Ready((MINI, SMALL), (Unable("writer", "qwen3.5-2b is not pulled"),)),
     ("The writer cannot work here: qwen3.5-2b is not pulled.", "The writer that was chosen cannot work")),
    (Ready((MINI, SMALL), (Unable("reader", "no"), Unable("guard", "no"), Unable("likeness", "no"))),
     ("The vision model cannot work here: no.", "The guard model cannot work here: no.")),
])
async def test_who_cannot_work_and_who_stands_in(ready: Ready, said: tuple[str, ...]) -> None:
    async def told() -> Ready:
        return ready

    for locale in ("en", "da"):
        out = io.StringIO()
        house = SimpleNamespace(studio=SimpleNamespace(ready=told))
        telling = Telling(house, None, None, load_settings(default_locale=locale),  # type: ignore[arg-type]
                          Console(file=out, width=300), None, None)  # type: ignore[arg-type]
        await telling.tell_of_models()
        lines = out.getvalue().splitlines()
        assert len(lines) == len(said) + bool(ready.stand_in == "theatre")
        if locale == "en":
            assert all(sentence in out.getvalue() for sentence in said)
