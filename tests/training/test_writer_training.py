"""The mini writer's training at toy size: pages, tokens, one GGUF made and compared, figures that can be bad."""

from __future__ import annotations

import argparse
import json
from dataclasses import replace
from pathlib import Path

import pytest
import torch
from tokenizers import Tokenizer

from engine.nouns import Scene, StepId, StoryId, StoryStep, TurnId, TurnKind
from engine.writers.mini import MiniWriter
from engine.writers.mini_text import CONTROLS, SLOTS, THINGS
from training.plots.count import form_of
from training.plots.story import tell_story
from training.writer import export, train
from training.writer_evaluation import Case, cases, judged, mentions_read, plans_of_true_pages
from training.writer_pages import VOCABULARY, batches, encode, listed_nouns, page, train_tokenizer


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run with a tokenizer of a few stories."""
    folder = tmp_path_factory.mktemp("writer")
    train_tokenizer(folder, 250)
    return folder


@pytest.fixture(scope="module")
def tokenizer(run: Path) -> Tokenizer:
    return Tokenizer.from_file(str(run / "tokenizer.json"))


def test_names_and_things_are_single_tokens(tokenizer: Tokenizer) -> None:
    wanted = [*CONTROLS, *SLOTS, *THINGS]
    assert [tokenizer.token_to_id(name) for name in wanted] == list(range(len(wanted)))
    tokens = tokenizer.encode(" ID_1 gives the BEAST_1 some FOOD_2s.").tokens
    assert {" ID_1", " BEAST_1", " FOOD_2"} <= set(tokens)


def test_what_people_write_is_read_and_not_learned(tokenizer: Tokenizer) -> None:
    parts = page(tell_story(3))
    ids, weights = encode(tokenizer, parts)
    assert len(ids) == len(weights) and max(ids) < VOCABULARY
    for part, segments in parts:
        some, learned = encode(tokenizer, [(part, segments)])
        assert any(learned) == (part in ("say", "plan")), part
        assert some[0] in range(len(CONTROLS))


def test_a_page_shows_no_pronoun_that_could_be_read(tokenizer: Tokenizer) -> None:
    """The author's "I" is a slot in every turn of every page."""
    for seed in range(120):
        story = tell_story(seed)
        turns = [segments for part, segments in page(story) if part == "turn"]
        for one, segments in zip(story.exchanges, turns, strict=True):
            text = "".join(words for sort, words in segments if sort == "text")
            if one.author and '"' not in one.text:
                assert " I " not in text, text


def test_every_page_is_read_twice(tokenizer: Tokenizer) -> None:
    ids, weights, _ = next(batches(tokenizer, 0, 1024))
    assert ids.shape == weights.shape and ids.shape[0] * ids.shape[1] <= 1024 and ids.shape[1] % 32 == 0
    assert bool((weights.sum(1) > 0).all())


def test_a_model_is_trained_resumed_and_put_into_a_gguf_that_says_the_same(
    run: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    args = argparse.Namespace(run=run, hours=1.2 / 3600, cooldown=0.8, threads=1, width=64, layers=1, batch=1024,
                              lr=3e-3, fresh=True)
    train(args)
    first = torch.load(run / "last.pt", weights_only=True)["state"]
    train(argparse.Namespace(**{**vars(args), "fresh": False, "hours": 1.8 / 3600}))
    again = torch.load(run / "last.pt", weights_only=True)["state"]
    assert 0 < first["step"] <= again["step"] and first["tokens"] <= again["tokens"]
    export(run, tmp_path, 40)
    told = json.loads((run / "export.json").read_text())
    assert told["comparison"]["pages_tokenised_alike"] == 1.0
    assert told["comparison"]["largest_top5_difference"] < 0.5
    writer = MiniWriter(tmp_path / "writer.gguf", threads=1)
    (story, case), *_ = cases(1)
    step = writer.write(case.scene, seed=1, on_text=lambda _: None)   # knows nothing, and is still a step
    assert step.beats and step.prose
    assert set(plans_of_true_pages(writer, [(story, case)])) >= {"plan_cast_exact", "plan_cast_f1", "mention_in_plan"}
    writer.close()
    capsys.readouterr()


def step_of(scene: Scene, prose: str, like: StoryStep | None = None) -> StoryStep:
    return StoryStep(StepId("s"), StoryId("s"), TurnId("t"), prose, like.beats if like else ())


def told_back(case: Case, story_index_prose: str) -> str:
    for slot, name in case.names.items():
        story_index_prose = story_index_prose.replace(slot, name)
    return story_index_prose


def test_the_simulators_own_pages_are_judged_good_and_others_bad() -> None:
    told = [one for one in cases(40) if one[1].scene.turn.kind is TurnKind.WRITE]
    beats = [tuple(replace(beat, words="") for beat in story.exchanges[case.index].beats) for story, case in told]
    own = [replace(step_of(case.scene, told_back(case, story.exchanges[case.index].prose)), beats=some)
           for (story, case), some in zip(told, beats, strict=True)]
    good = judged(told, own)
    assert good["next_event_plausible"] == 1.0 and good["roles_kept"] == 1.0
    assert good["sentences_the_simulator_knows"] == 1.0 and good["contradictions"] <= 0.05
    assert good["takes_up_a_thing"] > 0.7 and good["things_that_speak"] == 0.0 and good["loops"] == 0.0
    # Everybody gets the next one's page.
    strangers = [replace(step, prose=other.prose) for step, other in zip(own, [*own[1:], own[0]], strict=True)]
    bad = judged(told, strangers)
    assert bad["next_event_plausible"] < 0.3 and bad["takes_up_a_thing"] < 0.3
    stuck = judged(told, [replace(step, prose="It was fun. It was fun.") for step in own])
    assert stuck["loops"] == 1.0 and stuck["sentences_the_simulator_knows"] == 0.0


def test_mentions_are_read_by_class() -> None:
    read = mentions_read(40)
    assert {"I", "we", "they"} <= set(read)
    assert float(read["I"].split()[0]) > 0.9


def test_every_listed_noun_has_a_sort() -> None:
    nouns = listed_nouns()
    assert {nouns["crocodile"], nouns["pancake"], nouns["spaceship"]} == {"BEAST", "FOOD", "THING"}


def test_a_form_is_a_page_without_its_names_and_nouns() -> None:
    assert form_of("ID_1 finds a crocodile.") == form_of("ID_2 finds a ladder.") == "* finds a * ."
