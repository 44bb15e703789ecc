"""Writers go on with a story: the embedded mini model, any GGUF through llama.cpp, any OpenAI-compatible server."""

from __future__ import annotations

import logging
from pathlib import Path
from typing import TYPE_CHECKING

from engine.models.shelf import gguf_of, writer_choice
from engine.nouns import StudioFailed
from engine.studio.machine import look
from engine.tiers import AUTO, MINI, TIERS, Kind

if TYPE_CHECKING:
    from engine.ports import Writer
    from engine.settings import Settings

log = logging.getLogger(__name__)


def open_writer(settings: Settings) -> Writer:
    """The writer that `settings.studio.writer` means, loaded and ready; called in the studio process only.

    `auto`; "mini"; the name of one that is pulled; the path of a GGUF file (one made by training/writer.py is
    recognised); or the address of an OpenAI-compatible server, `http://host:8080/v1` or `openai:http://host:8080/v1`.
    Raises `StudioFailed` when it cannot be opened.
    """
    choice, studio = writer_choice(settings, look), settings.studio
    if studio.writer == AUTO:
        log.info("the writer is %s: %s", choice.name, choice.why)
    wanted = choice.name.removeprefix("openai:")
    if wanted.startswith(("http://", "https://")):
        from engine.writers.openai import OpenAIWriter

        key = studio.writer_key.get_secret_value() if studio.writer_key else ""
        return OpenAIWriter(wanted, model=studio.writer_model, key=key)
    if wanted == MINI:
        from engine.writers.mini import MiniWriter

        return MiniWriter(threads=studio.threads)
    if wanted in TIERS and TIERS[wanted].kind is not Kind.WRITER:
        raise StudioFailed(f"{wanted} is a painter: name it in studio.painter")
    path = gguf_of(settings, wanted)[0] if wanted in TIERS else Path(wanted).expanduser()
    if not path.is_file():
        raise StudioFailed(f"there is no writer at {path}", reason="studio_failed")
    from engine.pinned import must_be_known
    from engine.writers.llama import LlamaWriter, reads_mini_notation

    must_be_known(path, settings)

    if reads_mini_notation(path):
        from engine.writers.mini import MiniWriter

        return MiniWriter(path, threads=studio.threads)
    return LlamaWriter(path, threads=studio.threads, context=studio.context, chat_format=studio.chat_format,
                       gpu_layers=0 if choice.fitting == "memory" and studio.gpu_layers < 0 else studio.gpu_layers)


def open_mini(settings: Settings) -> Writer:
    """The embedded writer, whatever is set. Raises `StudioFailed`."""
    return open_writer(settings.model_copy(update={"studio": settings.studio.model_copy(update={"writer": MINI})}))
