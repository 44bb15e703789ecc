"""Writers go on with a story: the embedded mini model, any GGUF through llama.cpp, any OpenAI-compatible server."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from engine.nouns import StudioFailed

if TYPE_CHECKING:
    from engine.ports import Writer
    from engine.settings import Settings


def open_writer(settings: Settings) -> Writer:
    """The writer that `settings.studio.writer` names, loaded and ready; called in the studio process only.

    "mini"; the path of a GGUF file (one made by training/writer.py is recognised); or the address of an
    OpenAI-compatible server, `http://host:8080/v1` or `openai:http://host:8080/v1`.
    Raises `StudioFailed` when it cannot be opened.
    """
    studio = settings.studio
    wanted = studio.writer.removeprefix("openai:")
    if wanted.startswith(("http://", "https://")):
        from engine.writers.openai import OpenAIWriter

        key = studio.writer_key.get_secret_value() if studio.writer_key else ""
        return OpenAIWriter(wanted, model=studio.writer_model, key=key)
    if wanted == "mini":
        from engine.writers.mini import MiniWriter

        return MiniWriter(threads=studio.threads)
    path = Path(wanted).expanduser()
    if not path.is_file():
        raise StudioFailed(f"there is no writer at {path}", reason="studio_failed")
    from engine.pinned import must_be_known
    from engine.writers.llama import LlamaWriter, reads_mini_notation

    must_be_known(path, settings)

    if reads_mini_notation(path):
        from engine.writers.mini import MiniWriter

        return MiniWriter(path, threads=studio.threads)
    return LlamaWriter(path, threads=studio.threads)
