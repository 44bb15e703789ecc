"""What goes wrong in any model that paints: no memory left, and values that are no numbers."""

from __future__ import annotations

import torch

from engine.nouns import StudioFailed

#: How else than by its type an error says that memory has run out: the CPU's allocator, CUDA itself, its libraries.
OUT_OF_MEMORY = ("can't allocate memory", "not enough memory", "cuda error: out of memory", "alloc_failed",
                 "cuda out of memory")
#: What an error that may be one of memory is caught as.
SHORTAGES = (torch.OutOfMemoryError, MemoryError, RuntimeError)


def out_of_memory(error: BaseException) -> bool:
    """Whether an error says that there was not enough memory."""
    said = str(error).lower()
    return isinstance(error, (torch.OutOfMemoryError, MemoryError)) or any(words in said for words in OUT_OF_MEMORY)


def must_be_numbers(latents: torch.Tensor) -> None:
    """Raise `StudioFailed` ("studio_blank") for a value that is none: before a preview of it is made, too."""
    if not bool(torch.isfinite(latents).all()):
        raise StudioFailed("the painter made values that are no numbers", reason="studio_blank")
