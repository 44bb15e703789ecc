"""Painters: one file per model family, and the one function that opens the painter an operator chose."""

from __future__ import annotations

import json
import logging
from pathlib import Path
from typing import TYPE_CHECKING

from engine.models.shelf import must_be_pulled, must_be_whole, painter_choice
from engine.nouns import StudioFailed
from engine.studio.machine import look
from engine.tiers import AUTO, MINI, PAINTERS, TIERS, Kind

if TYPE_CHECKING:
    from engine.ports import Painter
    from engine.settings import Settings

log = logging.getLogger(__name__)

#: Checkpoints that are painted with from the underdrawing by image-to-image, by the pipeline they were saved from.
STABLE_DIFFUSION = ("StableDiffusionXLPipeline", "StableDiffusionXLImg2ImgPipeline", "StableDiffusionPipeline",
                    "StableDiffusionImg2ImgPipeline")


def open_painter(settings: Settings) -> Painter:
    """The painter that `settings.studio.painter` means, loaded: `auto`, a name, `theatre`, or a checkpoint's folder.

    Imports the models' libraries only here. Raises `StudioFailed` with a plain message when its weights are absent or
    cannot be opened; who steps in then is the caller's decision.
    """
    choice = painter_choice(settings, look)
    if settings.studio.painter == AUTO:
        log.info("the painter is %s: %s", choice.name, choice.why)
    if choice.name == "theatre":
        return open_theatre()
    if choice.name in TIERS:
        return _open_folder(_pulled(choice.name, settings), settings)
    from engine.painters.unet import MINI_PAINTER

    folder = MINI_PAINTER if choice.name == MINI else Path(choice.name).expanduser()
    if not (folder / "model_index.json").is_file():
        raise StudioFailed("mini's painter is not installed: engine/mini/painter holds no weights"
                           if choice.name == MINI else f"there is no painter called {choice.name}: neither one of "
                           f"{', '.join(each.name for each in PAINTERS)}, mini, theatre nor a folder of weights")
    return _open_folder(folder, settings)


def open_mini(settings: Settings) -> Painter:
    """The embedded painter, whatever is set. Raises `StudioFailed`."""
    studio = settings.studio.model_copy(update={"painter": MINI, "steps": None, "guidance": None,
                                                "image_guidance": None})
    return open_painter(settings.model_copy(update={"studio": studio}))


def _pulled(name: str, settings: Settings) -> Path:
    """The folder of a painter that is pulled, sound, and for which this machine has the memory."""
    tier = TIERS[name]
    if tier.kind is not Kind.PAINTER:
        raise StudioFailed(f"{name} is a writer: name it in studio.writer")
    must_be_pulled(settings, name)
    if missing := tier.short_of(look()):
        raise StudioFailed(f"{name} {missing}")
    return must_be_whole(settings, name)


def _open_folder(folder: Path, settings: Settings) -> Painter:
    studio = settings.studio
    kind = _class_of(folder)
    if kind in STABLE_DIFFUSION:
        from engine.painters.unet import StableDiffusionPainter

        return StableDiffusionPainter(folder, steps=studio.steps, guidance=studio.guidance, threads=studio.threads)
    if kind == "Flux2KleinPipeline":
        from engine.painters.klein import KleinPainter

        return KleinPainter(folder, steps=studio.steps, guidance=studio.guidance, threads=studio.threads)
    from engine.painters.unet import UNetPainter

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
