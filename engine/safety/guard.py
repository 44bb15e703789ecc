"""An optional guard model: any instruction-tuned GGUF, asked under a grammar which subjects a text speaks of.

It reads meanings where the rules read words, and is only as good as the model somebody chose: `python -m bench.safety
--guard FILE` measures it. Runs in the studio's process, like every model. Blocking, one call at a time.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, Final

from pydantic import ValidationError, create_model

from engine.nouns import StudioFailed
from engine.prompts import fill
from engine.safety.rules import RATINGS, STRICTEST, SUBJECTS
from engine.writers.naming import clean_text
from engine.writers.opening import open_llama

CONTEXT: Final = 4096
#: Characters judged at once; a longer text is judged in parts.
PART: Final = 1500
ANSWER_TOKENS: Final = 160
_Answer: Any = create_model("_Answer", **{subject: (str, ...) for subject in SUBJECTS})  # type: ignore[call-overload]


def guard_gbnf() -> str:
    """GBNF of an answer: yes or no for every subject, in their order, and nothing else."""
    lines = " ".join(f'"{"{" if index == 0 else ","}\\"{subject}\\":" said' for index, subject in enumerate(SUBJECTS))
    return f'root ::= {lines} "}}"\nsaid ::= "\\"yes\\"" | "\\"no\\""\n'


class LlamaGuard:
    """Judges texts with a GGUF model."""

    def __init__(self, path: Path, *, threads: int = 0) -> None:
        """Load the model. Raises `StudioFailed` when it cannot be opened."""
        from llama_cpp import LlamaGrammar

        try:
            self._llama: Any = open_llama(path, n_ctx=CONTEXT, n_threads=threads or None,
                                          n_threads_batch=threads or None, n_gpu_layers=-1, verbose=False)
        except ValueError as error:
            raise StudioFailed(f"the guard model at {path} cannot be opened: {error}") from error
        self._grammar = LlamaGrammar.from_string(guard_gbnf(), verbose=False)
        self.name = path.stem

    def close(self) -> None:
        self._llama.close()

    def judge(self, text: str, rating: str) -> frozenset[str]:
        """The subjects for which a text does not belong into a story of this rating. The same text, the same answer.

        Raises `StudioFailed` when the model gives no answer.
        """
        rating = rating if rating in RATINGS else STRICTEST
        found: set[str] = set()
        for start in range(0, max(1, len(text)), PART):
            found |= self._judged(clean_text(text[start:start + PART]), rating)
        return frozenset(found)

    def _judged(self, text: str, rating: str) -> set[str]:
        question = fill("guard", rating_rules=fill(f"rating_{rating}"), subjects=", ".join(SUBJECTS),
                        text=json.dumps(text, ensure_ascii=False))
        try:
            said = self._llama.create_chat_completion(
                [{"role": "user", "content": question}], grammar=self._grammar, max_tokens=ANSWER_TOKENS,
                temperature=0.0, seed=7)
            answer = _Answer.model_validate_json(str(said["choices"][0]["message"]["content"] or ""))
        except (ValueError, ValidationError) as error:
            raise StudioFailed("the guard model gave no answer") from error
        return {subject for subject in SUBJECTS if getattr(answer, subject) == "yes"}
