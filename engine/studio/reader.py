"""Reads finished panels back: a vision-language model says how many are in one, and which things. Optional.

It is told nothing of the brief but the names of the things to look for, so that it cannot repeat what it was told; a
grammar binds its answer. Whether that contradicts the brief is decided in `engine.memory.verification`.
"""

from __future__ import annotations

import base64
import io
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

from PIL import Image

from engine.nouns import Reading, StudioFailed
from engine.vocabulary import PROPS
from engine.writers.opening import open_llama

#: The longer side of what the model is shown.
SHOWN_PX: Final = 448
#: Tokens of context: one picture, a question and an answer.
CONTEXT: Final = 4096
ANSWER_TOKENS: Final = 200
#: Things asked about at once.
THINGS: Final = 6


def question_of(things: Sequence[str]) -> str:
    """What the model is asked."""
    named = f" Then say yes or no for each of these things: {', '.join(things)}." if things else ""
    return ("Look at this picture of a children's book. Count the people (also babies), and count the others that "
            f"live: animals, dragons, robots, toys that walk.{named} Answer with one JSON object.")


def reading_gbnf(things: Sequence[str]) -> str:
    """The grammar of an answer: two counts, and yes or no for each thing."""
    said = ' "," '.join(f'{json.dumps(json.dumps(thing) + ":")} said' for thing in things)
    return ('root ::= "{\\"people\\":" count ",\\"others\\":" count ",\\"things\\":{" ' + said + ' "}}"\n'
            'count ::= [0-9]\nsaid ::= "\\"yes\\"" | "\\"no\\""\n')


def asked_about(things: Sequence[str]) -> tuple[str, ...]:
    """Of these things, those that are asked about: words of the vocabulary, each once."""
    return tuple(dict.fromkeys(thing for thing in things if thing in PROPS))[:THINGS]


class PanelReader:
    """A vision-language GGUF with its projector, loaded once. Blocking; one call at a time; keeps nothing."""

    def __init__(self, model: Path, projector: Path, *, threads: int = 0, gpu_layers: int = -1) -> None:
        """Load both. Raises `StudioFailed` when they cannot be opened."""
        from llama_cpp.llama_chat_format import MTMDChatHandler

        try:
            self._llama: Any = open_llama(
                model, n_ctx=CONTEXT, n_threads=threads or None, n_threads_batch=threads or None,
                n_gpu_layers=gpu_layers, chat_handler=MTMDChatHandler(clip_model_path=str(projector), verbose=False),
                verbose=False)
        except (ValueError, OSError) as error:
            raise StudioFailed(f"the vision model at {model} cannot be opened: {error}") from error
        self.name = model.stem

    def close(self) -> None:
        self._llama.close()

    def read(self, png: bytes, things: Sequence[str]) -> Reading:
        """What is in a panel (PNG). The same panel and things, the same answer.

        Raises `StudioFailed` when the model gives no answer.
        """
        from llama_cpp import LlamaGrammar

        things = asked_about(things)
        grammar = LlamaGrammar.from_string(reading_gbnf(things), verbose=False)
        content = [{"type": "image_url", "image_url": {"url": f"data:image/png;base64,{_shown(png)}"}},
                   {"type": "text", "text": question_of(things)}]
        try:
            said = self._llama.create_chat_completion([{"role": "user", "content": content}], grammar=grammar,
                                                      max_tokens=ANSWER_TOKENS, temperature=0.0, seed=7)
            answer = json.loads(str(said["choices"][0]["message"]["content"] or ""))
            return Reading(int(answer["people"]), int(answer["others"]), things,
                           tuple(thing for thing in things if answer["things"][thing] == "yes"))
        except (ValueError, KeyError, TypeError, RuntimeError) as error:
            raise StudioFailed("the vision model gave no answer") from error


def _shown(png: bytes) -> str:
    picture = Image.open(io.BytesIO(png)).convert("RGB")
    picture.thumbnail((SHOWN_PX, SHOWN_PX))
    out = io.BytesIO()
    picture.save(out, "PNG")
    return base64.b64encode(out.getvalue()).decode("ascii")
