"""Painters: one file per model family, and the one function that opens the painter an operator chose."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING

from engine.nouns import StudioFailed

if TYPE_CHECKING:
    from engine.ports import Painter
    from engine.settings import Settings


def open_painter(settings: Settings) -> Painter:
    """The painter named by `settings.studio.painter`, loaded: `mini`, `theatre`, or the folder of a checkpoint.

    Imports the models' libraries only here. Raises `StudioFailed` with a plain message when its weights are absent or
    cannot be opened; whether paper dolls step in then is the caller's decision.
    """
    chosen = settings.studio.painter
    if chosen == "theatre":
        return open_theatre()
    from engine.painters.unet import MINI_PAINTER, UNetPainter

    folder = MINI_PAINTER if chosen == "mini" else Path(chosen).expanduser()
    if not (folder / "model_index.json").is_file():
        raise StudioFailed("mini's painter is not installed: engine/mini/painter holds no weights" if chosen == "mini"
                           else f"there is no painter called {chosen}: neither mini, theatre nor a folder of weights")
    studio = settings.studio
    if _class_of(folder) == "Flux2KleinPipeline":
        from engine.painters.klein import KleinPainter

        return KleinPainter(folder, steps=studio.steps, guidance=studio.guidance, threads=studio.threads)
    return UNetPainter(folder, steps=studio.steps, guidance=studio.guidance, image_guidance=studio.image_guidance,
                       threads=studio.threads)


def _class_of(folder: Path) -> str:
    """The pipeline a checkpoint says it is for; "" where that cannot be read (opening it then says why)."""
    try:
        return str(json.loads((folder / "model_index.json").read_text("utf-8")).get("_class_name", ""))
    except (OSError, ValueError, AttributeError):
        return ""


def open_theatre() -> Painter:
    """The painter without a model: paper dolls before drawn settings."""
    from engine.painters.theatre import TheatrePainter

    return TheatrePainter()
