"""The models that are pulled: plain folders below `models` in the data folder, and which one a setting means.

A folder counts as pulled when its recipe, `storythread.json`, is there: the recipe is written last. What lies in it is
known file by file (`engine.pinned`), and opened only when it is still that.
"""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

from engine.hardware import hardware_of_this_machine
from engine.nouns import StudioFailed
from engine.pinned import damaged, remember, remembered
from engine.settings import Settings
from engine.tiers import AUTO, TIERS, Choice, Hardware, Kind, best_painter, best_writer

FOLDER = "models"
RECIPE = "storythread.json"


def folder_of(settings: Settings, name: str) -> Path:
    """Where a model of this name lies, or would."""
    return settings.home / FOLDER / name


def pulled(settings: Settings) -> list[str]:
    """The names of the models that are pulled, as the table has them."""
    return [name for name in TIERS if (folder_of(settings, name) / RECIPE).is_file()]


def files_of(settings: Settings, name: str) -> dict[Path, str]:
    """The files that were pulled of a model, each with its hash."""
    start = f"{FOLDER}/{name}/"
    return {settings.home / key: value for key, value in remembered(settings).items() if key.startswith(start)}


def must_be_pulled(settings: Settings, name: str) -> Path:
    """The folder of a pulled model. Raises `StudioFailed` when it is not there, or only begun."""
    folder = folder_of(settings, name)
    if not (folder / RECIPE).is_file():
        raise StudioFailed(f"{name} is not pulled: run `storythread models pull {name}`")
    return folder


def must_be_whole(settings: Settings, name: str, *, anew: bool = False) -> Path:
    """The folder of a pulled model, every file of which is still what was pulled. Blocks: see `engine.pinned.damaged`.

    Raises `StudioFailed` with a plain sentence when it is not pulled, or damaged.
    """
    folder = must_be_pulled(settings, name)
    wrong = damaged(files_of(settings, name), settings, anew=anew)
    if wrong:
        raise StudioFailed(f"{name} is damaged ({wrong[0].relative_to(folder)}): run `storythread models pull {name}`")
    return folder


def recipe_of(folder: Path) -> dict[str, Any]:
    """What `storythread.json` says. Raises `StudioFailed` when it cannot be read."""
    try:
        said = json.loads((folder / RECIPE).read_text("utf-8"))
    except (OSError, ValueError) as error:
        raise StudioFailed(f"{RECIPE} of {folder.name} cannot be read") from error
    if not isinstance(said, dict):
        raise StudioFailed(f"{RECIPE} of {folder.name} cannot be read")
    return said


def gguf_of(settings: Settings, name: str) -> tuple[Path, Path | None]:
    """The language model of a pulled writer, and what makes tokens of pictures for it. Raises `StudioFailed`."""
    folder = must_be_pulled(settings, name)
    said = recipe_of(folder)
    projector = said.get("projector")
    return folder / str(said.get("model", "")), folder / projector if isinstance(projector, str) else None


def eyes_of(settings: Settings) -> tuple[Path, Path]:
    """The vision model that is set and its projector: by the name of one that is pulled, or by their paths.

    Raises `StudioFailed` when it is not pulled, does not see, or the projector is not set.
    """
    named = settings.studio.vision_model
    if named not in TIERS:
        if not settings.studio.vision_projector:
            raise StudioFailed("set studio.vision_projector to the GGUF that belongs to studio.vision_model")
        return Path(named).expanduser(), Path(settings.studio.vision_projector).expanduser()
    if TIERS[named].kind is not Kind.WRITER:
        raise StudioFailed(f"{named} is a painter: it cannot describe what it sees")
    model, projector = gguf_of(settings, named)
    if projector is None:
        raise StudioFailed(f"{named} was pulled without its eyes: its repository holds no mmproj file")
    return model, projector


def remove(settings: Settings, name: str) -> int:
    """Delete a pulled model, and what is remembered of it but the licence. Returns how many bytes that frees.

    Raises `StudioFailed` when there is no such model, or it cannot be deleted.
    """
    folder = folder_of(settings, name)
    if name not in TIERS:
        raise StudioFailed(f"there is no model called {name}: `storythread models list` names them all")
    if not folder.is_dir():
        raise StudioFailed(f"{name} is not pulled")
    freed = sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())
    try:
        (folder / RECIPE).unlink(missing_ok=True)      # first: cut short, it is no model any more
        shutil.rmtree(folder)
    except OSError as error:
        raise StudioFailed(f"{folder} cannot be deleted: {(error.strerror or 'no reason given').lower()}") from error
    still = {each.repo_id for other in pulled(settings) for each in TIERS[other].repositories}
    gone = {f"hub:{each.repo_id}" for each in TIERS[name].repositories if each.repo_id not in still}
    starts = (f"{FOLDER}/{name}/", f"hashed:{FOLDER}/{name}/")
    remember(settings, {}, forget=[*gone, *(key for key in remembered(settings) if key.startswith(starts))])
    return freed


# --- which one a setting means ---------------------------------------------------------------------

def painter_choice(settings: Settings, hardware: Callable[[], Hardware] = hardware_of_this_machine) -> Choice:
    """Which painter `studio.painter` means here, and why. `hardware` is only asked where that matters."""
    wanted = settings.studio.painter
    if wanted != AUTO:
        return Choice(wanted, "studio.painter names it")
    there = [name for name in pulled(settings) if TIERS[name].kind is Kind.PAINTER]
    return best_painter(hardware() if there else Hardware(), there)


def writer_choice(settings: Settings, hardware: Callable[[], Hardware] = hardware_of_this_machine) -> Choice:
    """Which writer `studio.writer` means here, and why."""
    wanted = settings.studio.writer
    if wanted != AUTO:
        return Choice(wanted, "studio.writer names it")
    there = [name for name in pulled(settings) if TIERS[name].kind is Kind.WRITER]
    if not there:
        return best_writer(Hardware(), there)
    seen = hardware()
    return best_writer(seen, there, beside=painter_choice(settings, lambda: seen).name)


def falls_back(wanted: str) -> bool:
    """Whether mini steps in for what is set: for a model that is chosen by name, not for a folder or an address."""
    return wanted == AUTO or wanted in TIERS
