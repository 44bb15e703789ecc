"""Any instruction-tuned GGUF through llama.cpp in this process: prose streamed, then the plan under a grammar.

Blocking, one call at a time: a context holds one sequence and no locks.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

from engine.meaning.reader import Mention
from engine.nouns import Beat, CharacterId, Scene, StoryStep, StudioFailed
from engine.writers.mini import NOTATION, NOTATION_KEY, _seed
from engine.writers.naming import Slots, clean_text
from engine.writers.opening import open_llama
from engine.writers.reading import settled
from engine.writers.telling import (
    clean_prose,
    finish,
    given,
    messages,
    plan_gbnf,
    plan_message,
    read_plan,
    read_who,
    rival_slots,
    who_gbnf,
    who_message,
)

log = logging.getLogger(__name__)

CONTEXT: Final = 8192
PROSE_TOKENS: Final = 260
PLAN_TOKENS: Final = 900
WHO_TOKENS: Final = 16
TRIES: Final = 3
#: A general model tells more people apart than mini's eight.
MAX_SLOTS: Final = 9


def chat_formats() -> list[str]:
    """The names by which llama.cpp knows how models are talked to."""
    from llama_cpp.llama_chat_format import LlamaChatCompletionHandlerRegistry

    return sorted(LlamaChatCompletionHandlerRegistry()._chat_handlers)


def reads_mini_notation(path: Path) -> bool:
    """Does this GGUF come from training/writer.py? Reads the header only."""
    from llama_cpp import Llama

    try:
        llama: Any = Llama(str(path), vocab_only=True, verbose=False)
    except ValueError as error:
        raise StudioFailed(f"{path} is no GGUF model: {error}", reason="studio_failed") from error
    try:
        return bool(llama.metadata.get(NOTATION_KEY) == NOTATION)
    finally:
        llama.close()


class LlamaWriter:
    """Goes on with a story with a general GGUF model."""

    def __init__(self, path: Path, *, threads: int = 0, context: int = CONTEXT, gpu_layers: int = -1,
                 chat_format: str = "") -> None:
        """Load the model. `gpu_layers`: -1 puts all on the GPU where llama.cpp has one, and none when they do not fit.

        `chat_format`: one of llama.cpp's names; without it, the file's own template. Raises `StudioFailed` when the
        model cannot be opened.
        """
        if chat_format and chat_format not in chat_formats():
            raise StudioFailed(f"llama.cpp knows no chat format {chat_format}; studio.chat_format may be one of "
                               f"{', '.join(chat_formats())}, or unset", reason="studio_failed")
        try:
            self._llama: Any = self._opened(path, gpu_layers, n_ctx=context, n_threads=threads or None,
                                            n_threads_batch=threads or None, chat_format=chat_format or None,
                                            verbose=False)
        except ValueError as error:
            raise StudioFailed(f"the writer at {path} cannot be opened: {error}", reason="studio_failed") from error
        self.name = path.stem

    @staticmethod
    def _opened(path: Path, gpu_layers: int, **options: Any) -> Any:
        from llama_cpp import llama_supports_gpu_offload

        try:
            return open_llama(path, n_gpu_layers=gpu_layers, **options)
        except ValueError:
            if gpu_layers >= 0 or not llama_supports_gpu_offload():
                raise
        log.warning("the writer does not fit on the GPU: it works on the processor")
        return open_llama(path, n_gpu_layers=0, **options)

    def close(self) -> None:
        self._llama.close()

    def write(self, scene: Scene, *, seed: int, on_text: Callable[[str], None]) -> StoryStep:
        """One step. Prose is streamed as it comes; a plan that does not validate is asked for again, twice at most."""
        slots = Slots.of(scene, limit=MAX_SLOTS)
        if not slots.members:
            raise StudioFailed("a story needs somebody in it", reason="studio_failed")
        scene = settled(scene, lambda place: self._who(scene, slots, place, seed))
        talk = messages(scene, slots)
        prose = given(scene) or self._prose(talk, seed, on_text)
        talk += [{"role": "assistant", "content": clean_text(prose)}, plan_message(scene, slots)]
        return finish(scene, slots, prose, self._plan(talk, slots, scene.max_panels, seed))

    def _prose(self, talk: list[dict[str, str]], seed: int, on_text: Callable[[str], None]) -> str:
        for attempt in range(TRIES):
            raw = shown = ""
            for chunk in self._stream(talk, seed=_seed(seed, "prose", attempt), max_tokens=PROSE_TOKENS,
                                      temperature=0.8, top_p=0.95):
                raw += chunk
                grown = clean_prose(raw)
                if grown != shown:
                    shown = grown
                    on_text(shown)
            if len(shown.split()) >= 4:
                return shown
        raise StudioFailed("the writer had nothing to say", reason="studio_failed")

    def _plan(self, talk: list[dict[str, str]], slots: Slots, max_panels: int, seed: int) -> tuple[Beat, ...] | None:
        from llama_cpp import LlamaGrammar

        grammar = LlamaGrammar.from_string(plan_gbnf(slots.ids, max_panels), verbose=False)
        for attempt in range(TRIES):
            text = "".join(self._stream(talk, seed=_seed(seed, "plan", attempt), max_tokens=PLAN_TOKENS,
                                        temperature=0.3, top_p=0.95, grammar=grammar))
            try:
                return read_plan(text, slots, max_panels)
            except ValueError:             # cut off at the token limit: a fresh seed
                continue
        return None

    def _who(self, scene: Scene, slots: Slots, place: Mention, seed: int) -> CharacterId | None:
        """Who is meant where the rules leave it open: one of those it can be, or None."""
        from llama_cpp import LlamaGrammar

        those = rival_slots(slots, place)
        if len(those) < 2:
            return None
        grammar = LlamaGrammar.from_string(who_gbnf(those), verbose=False)
        text = "".join(self._stream(who_message(scene, slots, place), seed=_seed(seed, "who", place.start),
                                    max_tokens=WHO_TOKENS, temperature=0.0, grammar=grammar))
        return read_who(text, slots, those)

    def _stream(self, talk: list[dict[str, str]], **sampling: Any) -> Any:
        try:
            for chunk in self._llama.create_chat_completion(messages=talk, stream=True, **sampling):
                text = chunk["choices"][0]["delta"].get("content")
                if text:
                    yield text
        except ValueError as error:        # the story no longer fits the context, or the template refuses
            raise StudioFailed(f"the writer cannot read this story: {error}", reason="studio_failed") from error
