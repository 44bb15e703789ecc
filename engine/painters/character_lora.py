"""A LoRA of one character, put on for one panel and taken off in any case.

References carry identity; a LoRA is an upgrade for one character, trained elsewhere for one model and laid into that
model's folder: `adapters/<character id>.safetensors`. Two of them in one picture bleed into each other, so a panel with
two such characters is painted without any. The weights of the model itself are never touched.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from engine.nouns import PanelBrief, StudioFailed

#: The folder beside a model's parts, and what an adapter is called while it is on.
ADAPTERS = "adapters"
NAME = "character"


def lora_of(brief: PanelBrief, folder: Path) -> Path | None:
    """The file of the one figure that has one; None where nobody has, or several have."""
    files = [file for figure in brief.figures
             if (file := folder / ADAPTERS / f"{Path(figure.character_id).name}.safetensors").is_file()]
    return files[0] if len(files) == 1 else None


@contextmanager
def wearing(pipeline: Any, file: Path | None) -> Iterator[None]:
    """The pipeline with a LoRA on (or as it is, for None); without it afterwards, whatever happened.

    Raises `StudioFailed` where the file does not fit the model.
    """
    if file is None:
        yield
        return
    try:
        try:
            pipeline.load_lora_weights(str(file.parent), weight_name=file.name, adapter_name=NAME,
                                       local_files_only=True)
        except (OSError, ValueError, TypeError, KeyError, RuntimeError, AttributeError) as error:
            raise StudioFailed(f"a character's adapter does not fit this painter: {type(error).__name__}") from error
        yield
    finally:
        pipeline.unload_lora_weights()
