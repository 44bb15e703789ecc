"""Turning to another tier is one setting: the same scene, the same expectations, another painter.

The real bot in its process, the real studio in its child, against the loopback Discord; mini as it is shipped, FLUX.2
klein and SDXL (with Lightning and an IP-Adapter) as toys opened by the production loader.
"""

from __future__ import annotations

import io
import json
from pathlib import Path
from typing import Any

import pytest
from PIL import Image
from rich.console import Console

from bench.gpu.random_klein import save_klein
from bench.gpu.random_sd import save_stable_diffusion
from bot.rehearsal.judge import Seen, pictures
from bot.rehearsal.rehearse import rehearse
from engine.settings import load_settings

#: So many steps that a panel takes some seconds: somebody looks on while it paints, and the bot is stopped meanwhile.
STEPS = {"mini": 24, "klein": 60, "sdxl": 48}
#: How large each paints, so that a picture says who painted it, and nobody stood in.
SIZES = {"mini": 256, "klein": 64, "sdxl": 96}

SCENE = """
title = "On every tier"
[players.Ada]
[[steps]]
command = "/character add"
with = { name = "Pim", pronouns = "it/its", description = "a small grey rabbit" }
sees = "Is this Pim?"
[[steps]]
click = "Keep"
sees = "Pim is ready for stories"
[[steps]]
command = "/story start"
with = { title = "On every tier" }
sees = "Take turn"
[[steps]]
write = "Pim sits in the garden."
page = true
[[steps]]
note = "The bot stops at once while it paints, and goes on when it is back."
write = "Pim runs in the garden."
sees = "Drawing picture 1"
[[steps]]
restart = "stop"
page = true
[expect]
pages = 2
panels = 2
"""


@pytest.fixture(scope="module")
def checkpoints(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    place = tmp_path_factory.mktemp("checkpoints")
    return {"mini": "mini", "klein": str(save_klein(place / "klein")),
            "sdxl": str(save_stable_diffusion(place / "sdxl", lora="lightning", recipe={"size_px": SIZES["sdxl"]}))}


@pytest.mark.usefixtures("patient_discord")
@pytest.mark.parametrize("tier", ["mini", "klein", "sdxl"])
async def test_the_same_scene_on_every_tier(tier: str, checkpoints: dict[str, str], tmp_path: Path) -> None:
    scene, out, screen = tmp_path / "scene.toml", tmp_path / "out", io.StringIO()
    scene.write_text(SCENE, "utf-8")
    settings = load_settings(home=tmp_path / "home", studio={"painter": checkpoints[tier], "steps": STEPS[tier],
                                                               "threads": 1},
                             limits={"panels_per_turn": 1}, discord={"stop_within_s": 0})
    report = await rehearse(scene, out, settings=settings, console=Console(file=screen, width=200))
    assert report.failures == [], f"{screen.getvalue()}\n{(out / 'bot.log').read_text('utf-8')[-3000:]}"
    # 1. The files, by page, painted by this very tier
    panels = sorted(path.name for path in (out / "panels").iterdir())
    assert panels == ["page-01-panel-1.png", "page-02-panel-1.png"]
    for name in panels:
        with Image.open(out / "panels" / name) as picture:
            assert picture.size == (SIZES[tier],) * 2 and picture.format == "PNG"
    assert {"thread.html", "book.html", "book.pdf"} <= {path.name for path in out.iterdir()}
    # 2. The order: a message a panel, each picture of it before the next page's
    log = (out / "messages.jsonl").read_text("utf-8")
    lines: list[dict[str, Any]] = [json.loads(line) for line in log.splitlines()]
    shown = list(pictures(lines))
    first, second = (_of(shown, turn) for turn in sorted({seen.turn_id for seen in shown}))
    assert len({seen.message_id for seen in first}) == len({seen.message_id for seen in second}) == 1
    assert first[0].message_id < second[0].message_id and first[-1].at_ms < second[0].at_ms
    # 3. Previews, then the picture itself, once
    for panel in (first, second):
        assert panel[0].preview, "whoever waits sees it come"
        assert [seen.preview for seen in panel] == sorted((seen.preview for seen in panel), reverse=True)
        assert not panel[-1].preview and sum(not seen.preview for seen in panel) == 1
    # 4. The cancel: the painting that was seen to come when the bot stopped was shown after it was back
    stopped = next(line["ms"] for line in lines if line["kind"] == "note" and "restart" in line["what"])
    assert first[-1].at_ms < second[0].at_ms < stopped < second[-1].at_ms
    # 5. Words for whoever does not see
    assert all(len(seen.alt) > 10 for seen in shown)


def _of(shown: list[Seen], turn: int) -> list[Seen]:
    return [seen for seen in shown if seen.turn_id == turn]
