"""Pictures people bring are looked at before they are used: by the vision model, where one is named.

Without one nobody looks: rules know nothing of what a picture shows, and counting skin would do wrong to people. Where
one is named and gives no answer, the picture is not used, as with the guard model. A picture is held to what suits
everybody: characters travel from story to story, and a place opens a book.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from types import MappingProxyType
from typing import Any, Final

from engine.cast.photos import SafePhoto
from engine.cast.witness import SHOWN, asked
from engine.nouns import BadPhoto
from engine.settings import Settings

#: What is asked about, by its subject in `engine.safety.rules`.
ASKED: Final = MappingProxyType({
    "sexual": "naked people, underwear, or anything sexual", "gore": "blood, wounds or corpses",
    "violence": "people or animals being hurt, or weapons", "selfharm": "people hurting themselves",
    "hate": "symbols or words of hatred", "drugs": "drugs, smoking or drinking"})
ANSWERS: Final = ("yes", "no")
ANSWER_TOKENS: Final = 160


def schema_of() -> dict[str, Any]:
    """The JSON schema of an answer: yes or no for each subject."""
    return {"type": "object", "properties": {subject: {"enum": list(ANSWERS)} for subject in ASKED},
            "required": list(ASKED), "additionalProperties": False}


def question_of() -> str:
    """What the model is asked."""
    listed = "; ".join(f"{subject}: {what}" for subject, what in ASKED.items())
    return ("These pictures were brought for a book that toddlers look at. Say for each subject whether any of them "
            f"shows it, yes or no. {listed}. Answer with one JSON object.")


def found_in(answer: str | None) -> frozenset[str] | None:
    """The subjects an answer says yes to; None where it is no such answer."""
    try:
        said = json.loads(answer or "")
    except (ValueError, RecursionError):
        return None
    if not isinstance(said, dict) or said.keys() != ASKED.keys() or not all(
            isinstance(each, str) and each in ANSWERS for each in said.values()):
        return None
    return frozenset(subject for subject, each in said.items() if each == "yes")


async def need_fit(photos: Sequence[SafePhoto], settings: Settings, vision: tuple[str, str]) -> None:
    """Raise `BadPhoto` for pictures that do not suit (`photo_unsuitable`), or at which nobody could look.

    `vision` is the vision model and its projector (`engine.cast.witness.vision_of`). Without a vision model in the
    settings nothing is asked. Cancelling ends the model's process.
    """
    if not settings.studio.vision_model:
        return
    for start in range(0, len(photos), SHOWN):
        found = found_in(await asked(photos[start:start + SHOWN], schema_of(), question_of(), model=vision[0],
                                     projector=vision[1], threads=settings.studio.threads, max_tokens=ANSWER_TOKENS))
        if found is None:
            raise BadPhoto(reason="photo_not_looked_at")
        if found:
            raise BadPhoto(reason="photo_unsuitable")
