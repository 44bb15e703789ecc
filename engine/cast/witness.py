"""A vision-language model as a witness: it says under a schema what it sees in photos. Optional, by a setting.

The model runs in a child process of its own (`engine.cast.seeing`), started for one character and gone afterwards. What
it says is believed only where it is made of words of the vocabulary and fits who the person says this is; otherwise
nothing is said, and what was measured stands.
"""

from __future__ import annotations

import asyncio
import io
import json
import logging
import os
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final

from engine.cast.casting import LOOK_CHOICES
from engine.cast.photos import SafePhoto
from engine.models.shelf import eyes_of
from engine.nouns import StudioFailed
from engine.pinned import must_be_known
from engine.settings import Settings
from engine.vocabulary import PEOPLE

log = logging.getLogger(__name__)

#: The longer side of what the model is shown, and how many photos at once.
SHOWN_PX: Final = 448
SHOWN: Final = 3
_ROOT = str(Path(__file__).resolve().parents[2])
_OF_PEOPLE: Final = ("skin", "hair", "hair_colour", "headwear", "headwear_colour", "glasses", "beard", "freckles",
                     "outfit", "outfit_colour", "pattern", "pattern_colour", "trousers_colour")
_OF_CREATURES: Final = ("fur", "headwear", "headwear_colour", "outfit", "outfit_colour", "pattern", "pattern_colour")
#: What the photos may be of. A witness who sees something else than the owner says has seen nothing.
SUBJECTS: Final = ("person", "animal", "toy", "something else")


def schema_of(kind: str) -> dict[str, Any]:
    """The JSON schema of an answer about this kind: who is seen first, then a word of the vocabulary for each field."""
    person = kind in PEOPLE
    fields: dict[str, Any] = {"subject": {"enum": list(SUBJECTS)}}
    for name in _OF_PEOPLE if person else _OF_CREATURES:
        fields[name] = {"type": "boolean"} if name == "freckles" else {"enum": list(LOOK_CHOICES[name])}
    return {"type": "object", "properties": fields, "required": list(fields), "additionalProperties": False}


def question_of(kind: str) -> str:
    """What the model is asked."""
    return (f"The photos show one {kind}. Describe how this {kind} looks, for a drawing: choose the nearest word for "
            "each field. Colours are those of the thing itself, not of the light. First say what the subject is. "
            "Answer with one JSON object.")


def believed(answer: str, kind: str) -> dict[str, Any]:
    """The fields of a Look in an answer; nothing where it is no JSON of the schema, or of somebody else."""
    try:
        said = json.loads(answer)
    except (ValueError, RecursionError):
        return {}
    schema = schema_of(kind)
    if not isinstance(said, dict) or said.keys() != schema["properties"].keys():
        return {}
    for name, allowed in schema["properties"].items():
        good = isinstance(said[name], bool) if name == "freckles" else (
            isinstance(said[name], str) and said[name] in allowed["enum"])
        if not good:
            return {}
    subject = said.pop("subject")
    if (subject == "person") != (kind in PEOPLE) or subject == "something else":
        return {}
    return said


async def vision_of(settings: Settings) -> tuple[str, str]:
    """The vision model and its projector, as the settings name them; two empty strings when they are not to be used.

    A file that is not the one that is known is not used (`engine.pinned`), and the operator is told.
    """
    if not settings.studio.vision_model:
        return "", ""
    try:
        model, projector = eyes_of(settings)
        for path in (model, projector):
            await asyncio.to_thread(must_be_known, path, settings)
    except StudioFailed as error:
        log.warning("the vision model is not used: %s", error)
        return "", ""
    return str(model), str(projector)


async def describe(photos: Sequence[SafePhoto], kind: str, *, model: str, projector: str, threads: int = 0,
                   limit_s: float = 120.0) -> Mapping[str, Any]:
    """What the model says of one character's photos, as fields of a Look; {} when it cannot be asked or believed.

    `model` and `projector` are GGUF files: the language model, and what makes tokens of a picture. Cancelling ends the
    child.
    """
    answer = await asked(photos, schema_of(kind), question_of(kind), model=model, projector=projector, threads=threads,
                         limit_s=limit_s)
    if answer is None:
        return {}
    fields = believed(answer, kind)
    if not fields:
        log.warning("the vision model gave no answer that fits: going by the colours")
    return fields


async def asked(photos: Sequence[SafePhoto], schema: Mapping[str, Any], question: str, *, model: str, projector: str,
                threads: int = 0, limit_s: float = 120.0, max_tokens: int = 512) -> str | None:
    """The model's answer about photos, the first `SHOWN` of them, bound to a JSON schema; None when there is none.

    The model lives in a child process for this one question. Cancelling ends it.
    """
    if not photos or not model or not projector:
        return None
    task = {"model": model, "projector": projector, "threads": threads, "schema": schema, "question": question,
            "max_tokens": max_tokens}
    shown = await asyncio.to_thread(lambda: [_png(photo) for photo in photos[:SHOWN]])
    wanted = ("PATH", "LD_LIBRARY_PATH", "SYSTEMROOT", "LANG", "OMP_NUM_THREADS")
    environment = {name: os.environ[name] for name in wanted if name in os.environ} | {"PYTHONPATH": _ROOT}
    child = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "engine.cast.seeing", json.dumps(task), cwd=_ROOT, env=environment,
        stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.DEVNULL)
    try:
        framed = b"".join(len(png).to_bytes(8, "big") + png for png in shown)
        answer, _ = await asyncio.wait_for(child.communicate(framed), limit_s)
    except TimeoutError:
        log.warning("the vision model took longer than %g s", limit_s)
        return None
    finally:
        if child.returncode is None:
            child.kill()
            await child.wait()
    if child.returncode != 0:
        log.warning("the vision model could not be asked (status %s)", child.returncode)
        return None
    return answer.decode("utf-8", "replace")


def _png(photo: SafePhoto) -> bytes:
    image = photo.image()
    image.thumbnail((SHOWN_PX, SHOWN_PX))
    out = io.BytesIO()
    image.save(out, "PNG")
    return out.getvalue()
