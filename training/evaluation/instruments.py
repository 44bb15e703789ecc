"""How good the instruments are: the judge, the resolver of pronouns and the likeness encoder, on what is known."""

from __future__ import annotations

import io
from collections import Counter
from dataclasses import replace
from random import Random
from typing import Any

import numpy as np
from PIL import Image

from engine import vocabulary as words
from engine.meaning.pronouns import Focus, resolve
from engine.memory.verification import crops
from engine.mini.dolls import draw_avatar
from engine.mini.scenery import draw_scene
from engine.nouns import CharacterId, Look, PanelBrief
from engine.ports import Likeness
from training.evaluation import metrics
from training.evaluation.judge import Judge, altered
from training.world.sampler import sample_brief, sample_look, sample_setting

Array = np.ndarray[Any, Any]


def _png(picture: Image.Image) -> bytes:
    out = io.BytesIO()
    picture.save(out, "PNG")
    return out.getvalue()


def rooms_told_apart(judge: Judge, count: int = 40, seed: int = 6) -> tuple[float, float]:
    """Equal error of the judge on rooms: the same one in another light with other people, or another of its kind.

    True pictures of rooms never trained on. Returns the rate and the cosine where it is.
    """
    rng = Random(seed)
    same, other = [], []
    for _ in range(count):
        setting = sample_setting(rng, held_out=True)
        stranger = sample_setting(rng, held_out=True)
        style = rng.choice(words.STYLES)
        briefs: list[PanelBrief] = [
            replace(sample_brief(rng, held_out=True, count=rng.choice((1, 2, 3))), setting=place, style=style)
            for place in (setting, setting, replace(stranger, kind=setting.kind))]
        rooms = judge.read_panels([draw_scene(brief)[0] for brief in briefs],
                                  judge.characters([draw_avatar(Look(), size_px=64)])).room
        same.append(float(rooms[0] @ rooms[1]))
        other += [float(rooms[0] @ rooms[2]), float(rooms[1] @ rooms[2])]
    return metrics.equal_error(np.array(same), np.array(other))


def fooled(judge: Judge, changes: int, count: int = 60, seed: int = 7) -> float:
    """How often the judge takes a double that differs in `changes` attributes for somebody in a true picture."""
    rng = Random(seed)
    said = []
    for _ in range(count):
        brief = sample_brief(rng, held_out=True, count=rng.choice((1, 2, 3)))
        double = altered(brief.figures[0].look, rng, changes)
        reading = judge.read_panels([draw_scene(brief)[0]], judge.characters([draw_avatar(double, size_px=256)]))
        said.append(reading.presence[0, 0] >= 0.5)
    return float(np.mean(said))


def likeness_errors(likeness: Likeness, characters: int = 80, seed: int = 8) -> dict[str, float]:
    """Equal errors of the likeness encoder on true pictures of characters never trained on: all, one-attribute pairs.

    Two panels a character and a double that differs in one attribute, each figure cut out by its true box and compared
    with the avatars.
    """
    rng = Random(seed)
    avatars: list[bytes] = []
    cut: list[tuple[int, bytes]] = []
    for _ in range(characters):
        look = sample_look(rng, held_out=True)
        for one in (look, altered(look, rng)):
            avatars.append(_png(draw_avatar(one, size_px=256)))
            for _ in range(2):
                beside = [one, sample_look(rng, held_out=True)]
                brief = sample_brief(rng, held_out=True, looks=beside, count=rng.choice((1, 2)))
                if all(figure.look is not one for figure in brief.figures):
                    brief = sample_brief(rng, held_out=True, looks=[one], count=1)
                picture, boxes = draw_scene(brief)
                mine = next(number for number, figure in enumerate(brief.figures) if figure.look is one)
                cut.append((len(avatars) - 1, crops(_png(picture), [boxes[mine]])[0]))
    sheets = _unit(likeness.embed(avatars))
    found = _unit(likeness.embed([png for _, png in cut]))
    who = np.array([number for number, _ in cut])
    cosines = found @ sheets.T                                                             # (crops, avatars)
    columns = np.arange(len(avatars))
    same = who[:, None] == columns[None]
    kin = (who[:, None] ^ 1) == columns[None]
    everybody, threshold = metrics.equal_error(cosines[same], cosines[~same & ~kin])
    doubles, _ = metrics.equal_error(cosines[same], cosines[kin])
    return {"everybody": everybody, "threshold": threshold, "doubles": doubles, "characters": float(characters)}


def _unit(vectors: list[list[float]]) -> Array:
    found = np.array(vectors)
    return found / np.linalg.norm(found, axis=1, keepdims=True).clip(min=1e-9)


def pronouns_resolved(stories: int = 300) -> dict[str, tuple[int, int]]:
    """Pronouns of the plot simulator's prose, whose true referents it knows: right and all, by class.

    The simulator's sentences were not written for the resolver, nor by its rules.
    """
    from training.plots.story import tell_story
    right: Counter[str] = Counter()
    total: Counter[str] = Counter()
    for seed in range(5_000_000, 5_000_000 + stories):
        story = tell_story(seed)
        classes = {CharacterId(slot): pronouns for slot, _, pronouns in story.cast}
        focus: Focus | None = None
        for exchange in story.exchanges:
            author = CharacterId(exchange.author) if exchange.author else None
            focus = resolve(exchange.text, classes, focus=focus, author=author).focus
            read = resolve(exchange.prose, classes, focus=focus, author=author)
            focus = read.focus
            said = {(one.start, one.end): set(one.who) for one in read.meant}
            for mention in exchange.mentions:
                if mention.form in ("she", "he", "they", "it"):
                    who = {mention.who} if isinstance(mention.who, str) else set(mention.who)
                    total[mention.form] += 1
                    right[mention.form] += said.get((mention.start, mention.end)) == who
    return {form: (right[form], total[form]) for form in sorted(total)}
