"""What goes wrong in any model that paints: no memory left, and values that are no numbers."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import TypeVar

import torch

from engine.nouns import Painting, StudioFailed

L = TypeVar("L")

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


def less_and_less(ways: Iterable[L], paint: Callable[[L], Painting], free: Callable[[], None], *,
                  least: str) -> Painting:
    """Paint in the first of these ways for which there is enough memory; `free` lets go of some before the next.

    Raises `StudioFailed` ("studio_memory") when there was not enough for any; `least` says what the last one was.
    """
    for less in ways:
        try:
            return paint(less)
        except SHORTAGES as error:
            if not out_of_memory(error):
                raise
        # Outside the except: the traceback no longer holds the tensors that filled the memory.
        free()
    raise StudioFailed(f"out of memory, also {least}", reason="studio_memory")
