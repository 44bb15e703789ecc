"""A vision-language model as a witness: a real one of random weights under the real schema, answers of all kinds."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from PIL import Image
from tiny_vision import write_projector, write_text_model

from bench.casting import opened
from engine.cast import witness
from engine.cast.casting import LOOK_CHOICES
from engine.cast.measuring import measure_look
from engine.cast.photos import SafePhoto
from engine.cast.seeing import ask
from engine.cast.witness import believed, describe, question_of, schema_of

ASTRONAUT = Path(__file__).resolve().parents[3] / "bot" / "rehearsal" / "scenes" / "photos" / "astronaut.jpg"
ANSWER = {"subject": "person", "skin": "olive", "hair": "braids", "hair_colour": "black", "headwear": "none",
          "headwear_colour": "red", "glasses": "round", "beard": "none", "freckles": True, "outfit": "dress",
          "outfit_colour": "teal", "pattern": "hearts", "pattern_colour": "pink", "trousers_colour": "navy"}


@pytest.fixture(scope="session")
def model(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    folder = tmp_path_factory.mktemp("vision")
    return {"model": str(write_text_model(folder / "text.gguf")),
            "projector": str(write_projector(folder / "projector.gguf"))}


@pytest.fixture(scope="module")
def photo() -> SafePhoto:
    return opened(Image.open(ASTRONAUT).convert("RGB").resize((200, 200)))


@pytest.mark.parametrize("kind", ["woman", "dog"])
def test_the_model_sees_and_answers_in_words_of_the_vocabulary(model: dict[str, str], photo: SafePhoto,
                                                               kind: str) -> None:
    task = {**model, "threads": 1, "schema": schema_of(kind), "question": question_of(kind), "max_tokens": 512}
    answer = ask([witness._png(photo)], task)
    said: dict[str, Any] = json.loads(answer)
    assert list(said) == list(schema_of(kind)["properties"])
    for field, word in said.items():
        assert word in (witness.SUBJECTS if field == "subject" else
                        (True, False) if field == "freckles" else LOOK_CHOICES[field])
    assert ask([witness._png(photo)], task) == answer, "the same question, the same answer"


async def test_what_it_says_goes_before_what_is_measured_and_words_go_before_both(
        model: dict[str, str], photo: SafePhoto, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(witness, "SUBJECTS", ("person",))     # random weights would call anybody a toy
    fields = await describe([photo], "woman", **model, threads=1)
    assert fields.keys() == schema_of("woman")["properties"].keys() - {"subject"}
    look = measure_look([photo], "a woman in a red robe", described=fields).look
    assert (look.kind, look.outfit, look.outfit_colour) == ("woman", "robe", "red")
    assert (look.hair, look.glasses, look.freckles) == (fields["hair"], fields["glasses"], fields["freckles"])
    assert look.beard == "none", "nobody but men is given a beard"


@pytest.mark.parametrize(("answer", "kind", "good"), [
    (ANSWER, "girl", True),
    ({**ANSWER, "subject": "toy"}, "girl", False), ({**ANSWER, "subject": "something else"}, "girl", False),
    (ANSWER, "dog", False), ({**ANSWER, "hair": "purple rain"}, "girl", False),
    ({**ANSWER, "freckles": "yes"}, "girl", False), ({**ANSWER, "hair": ["bob"]}, "girl", False),
    ({key: value for key, value in ANSWER.items() if key != "skin"}, "girl", False),
    ({**ANSWER, "kind": "man"}, "girl", False), ([ANSWER], "girl", False), ("a girl with braids", "girl", False),
])
def test_only_what_fits_is_believed(answer: Any, kind: str, good: bool) -> None:
    text = answer if isinstance(answer, str) else json.dumps(answer)
    assert bool(believed(text, kind)) is good
    assert "subject" not in believed(text, kind)


def test_an_answer_cut_off_is_not_believed() -> None:
    assert believed(json.dumps(ANSWER)[:-4], "girl") == {} and believed("", "girl") == {}
    assert believed("[" * 100_000, "girl") == {}


async def test_without_a_model_that_works_nothing_is_said(model: dict[str, str], photo: SafePhoto,
                                                          tmp_path: Path) -> None:
    broken = tmp_path / "broken.gguf"
    broken.write_bytes(b"GGUF" + bytes(64))
    for given in ({**model, "model": ""}, {**model, "projector": ""}, {**model, "model": str(tmp_path / "no.gguf")},
                  {**model, "projector": str(broken)}, {**model, "model": str(broken)}):
        assert await describe([photo], "woman", **given, threads=1) == {}
    assert await describe([], "woman", **model) == {}
    assert await describe([photo], "woman", **model, threads=1, limit_s=0.01) == {}


def test_the_schema_asks_for_nothing_but_looks() -> None:
    for kind in ("boy", "cat"):
        assert not {"kind", "size", "words", "wheelchair"} & schema_of(kind)["properties"].keys()
    assert "fur" not in schema_of("boy")["properties"] and "skin" not in schema_of("cat")["properties"]
