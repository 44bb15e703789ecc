"""The studio's own process with a painter that comes to grief where the brief's words say so; run as a child.

The words of a brief are `FAULT <what> <folder>`. What: `nan`, `black`, `grey`, `grain`, `memory` or `hang`. The fault
strikes as long as the folder holds a file `<what>-<number>`: each strike takes one away. `python faulty_studio.py toy`
paints with the checkpoint of the settings, `... dolls` with paper dolls, which start at once.
"""

from __future__ import annotations

import io
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from PIL import Image

from engine.nouns import Painting, PanelBrief, StudioFailed, Underdrawing
from engine.settings import Settings
from engine.studio import host

COLOURS = {"black": (0, 0, 0), "grey": (130, 131, 129)}


class Faulty:
    """A painter around another one."""

    def __init__(self, painter: Any) -> None:
        self._painter = painter
        self.name, self.size_px = painter.name, painter.size_px

    def paint(self, brief: PanelBrief, underdrawing: Underdrawing, references: Sequence[bytes], *, seed: int,
              on_step: Callable[[int, int, bytes | None], None]) -> Painting:
        def painted(step: Callable[[int, int, bytes | None], None] = on_step) -> Painting:
            found: Painting = self._painter.paint(brief, underdrawing, references, seed=seed, on_step=step)
            return found

        if not brief.words.startswith("FAULT ") or not (what := _strike(*brief.words.split()[1:])):
            return painted()
        if what == "hang":
            while True:
                time.sleep(60)
        if what == "nan":
            return self._with_nan(painted)
        if what == "memory":
            import torch

            def full(step: int, steps: int, png: bytes | None) -> None:
                on_step(step, steps, png)
                if step == 2:
                    torch.empty(2**52)     # the allocator says so itself, also when less is tried

            return painted(full)
        if what == "grain":
            return replace(painted(), png=_png(Image.effect_noise((64, 64), 1).convert("RGB")))
        return replace(painted(), png=_png(Image.new("RGB", (64, 64), COLOURS[what])))

    def _with_nan(self, painted: Callable[[], Painting]) -> Painting:
        unet, calls = self._painter._pipeline.unet, 0

        def spoil(module: Any, inputs: Any, output: Any) -> Any:
            nonlocal calls
            calls += 1
            return output * float("nan") if calls == 3 else output

        hook = unet.conv_out.register_forward_hook(spoil)
        try:
            return painted()
        finally:
            hook.remove()


def _strike(what: str, folder: str) -> str:
    for file in Path(folder).glob(f"{what}-*"):
        file.unlink()
        return what
    return ""


def _png(picture: Image.Image) -> bytes:
    out = io.BytesIO()
    picture.save(out, "PNG")
    return out.getvalue()


def _toy(settings: Settings) -> Faulty:
    from engine.painters import open_painter

    return Faulty(open_painter(settings))


def _dolls(settings: Settings) -> Faulty:
    from engine.painters import open_theatre

    return Faulty(open_theatre())


def _none(settings: Settings) -> None:
    raise StudioFailed("there is none here")


if __name__ == "__main__":
    host.main({"painter": _toy if sys.argv[1] == "toy" else _dolls, "writer": _none, "likeness": _none})
