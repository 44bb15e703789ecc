"""Do planned panels keep a stage director's rules? Thousands of drawn layouts, looked at pixel by pixel.

`python -m bench.layouts [--briefs 3000]` plans briefs of one to six figures in all actions, shots, kinds and sizes,
lays their dolls down as memory and the world do (`engine.mini.standing`), and prints how often each rule is broken:

| rule | broken when |
|---|---|
| face | other figures, drawn later, cover more than a tenth of the middle of somebody's head |
| head in the frame | more than a twentieth of somebody's head is outside |
| body in the frame | more than a sixth of somebody is outside (wide shots; close ones cut legs on purpose) |
| touch | two who touch have more than 1.5 % of the panel between them |
| size | somebody of a larger kind, age or size is laid out smaller than somebody of a smaller one |
| order | heads do not read from left to right as the cast was planned (riders apart) |
"""

from __future__ import annotations

import argparse
import json
import math
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from pathlib import Path
from random import Random
from typing import Any

import numpy as np
from PIL import Image
from rich.console import Console
from rich.table import Table

from engine import silhouettes
from engine import vocabulary as words
from engine.mini.dolls import draw_doll
from engine.mini.standing import foot_x, meet, stand
from engine.nouns import CharacterId, Figure, Look, Place
from engine.planning import place_figures, reading_order
from engine.silhouettes import BAND

Array = np.ndarray[Any, Any]

SIDE_PX = 192
#: How much of the middle of a face, of a head, of a body may be lost; how far apart two who touch may be.
FACE_COVERED, HEAD_OUTSIDE, BODY_OUTSIDE, TOUCH_GAP = 0.10, 0.05, 1 / 6, 0.015
RULES = ("face", "head in the frame", "body in the frame", "touch", "size", "order")


@dataclass(frozen=True, slots=True)
class Laid:
    """One figure as it lies in a panel. Pixels of the panel."""

    figure: Figure
    mask: Array                                # (side, side) bool: where it is opaque, inside the frame
    whole: int                                 # opaque pixels, those outside the frame included
    head: tuple[float, float, float, float]    # left, top, right, bottom

    @property
    def head_x(self) -> float:
        return (self.head[0] + self.head[2]) / 2


@dataclass(frozen=True, slots=True)
class Broken:
    """A rule broken in one panel: by how much, and who."""

    rule: str
    much: float
    who: str


def random_cast(rng: Random, count: int) -> list[Figure]:
    """Figures in reading order, anybody doing anything, as writers may plan it."""
    cast = []
    for number in range(count):
        look = Look(kind=rng.choice(words.KINDS), size=rng.choice((0.8, 0.9, 1.0, 1.0, 1.1, 1.2)),
                    headwear=rng.choice(("none", "none", "none", *words.HEADWEAR)), wheelchair=rng.random() < 0.05,
                    hair=rng.choice(words.HAIRSTYLES))
        others = [other for other in range(count) if other != number]
        action = rng.choice(words.ACTIONS)
        if action in words.TOUCHING and not others:
            action = "stands"
        toward = rng.choice(others) if others and (action in words.TOUCHING or rng.random() < 0.15) else None
        cast.append(Figure(CharacterId(f"c{number}"), f"C{number}", look, Place(0, 0, 0), action,
                           rng.choice(words.MOODS), rng.choice(("", "", "", "balloon", "umbrella", "book")),
                           None if toward is None else CharacterId(f"c{toward}")))
    # Nobody rides whoever rides somebody, nor on somebody who lies down: no writer's grammar keeps it, sense does.
    riding = {figure.character_id for figure in cast if figure.action == "rides"}
    lying = {figure.character_id for figure in cast if figure.action in ("sleeps", "swims", "flies")}
    return [replace(figure, action="holds hands") if figure.action == "rides" and figure.toward in riding | lying
            else figure for figure in cast]


def laid_down(figures: Sequence[Figure], side: int = SIDE_PX) -> list[Laid]:
    """The dolls of placed figures where the underdrawing puts them, back to front."""
    dolls = [draw_doll(figure.look, height_px=round(figure.place.height * side), action=figure.action,
                       mood=figure.mood, holding=figure.holding, flip=figure.place.flip) for figure in figures]
    spots = meet(figures, [stand(doll.image, figure.place, side)
                           for doll, figure in zip(dolls, figures, strict=True)], side)
    laid = []
    for figure, doll, spot in zip(figures, dolls, spots, strict=True):
        assert spot is not None
        alpha = doll.image.getchannel("A")
        canvas = Image.new("L", (side, side))
        canvas.paste(alpha, (spot.left, spot.top))
        left, top, right, bottom = doll.head
        laid.append(Laid(figure, np.asarray(canvas) > 127, int((np.asarray(alpha) > 127).sum()),
                         (left + spot.left, top + spot.top, right + spot.left, bottom + spot.top)))
    return laid


def _part(mask: Array, box: tuple[float, float, float, float], share: float = 1.0) -> Array:
    """The middle `share` of a box, as far as it lies in the frame."""
    left, top, right, bottom = box
    x, y, half_x, half_y = (left + right) / 2, (top + bottom) / 2, (right - left) / 2 * share, (
        bottom - top) / 2 * share
    return mask[max(0, round(y - half_y)):max(0, round(y + half_y)), max(0, round(x - half_x)):max(
        0, round(x + half_x))]


def _outside(box: tuple[float, float, float, float], side: int) -> float:
    left, top, right, bottom = box
    inner = max(0.0, min(right, side) - max(left, 0)) * max(0.0, min(bottom, side) - max(top, 0))
    return 1 - inner / ((right - left) * (bottom - top))


def _apart(one: Array, other: Array) -> int:
    """Pixels between two masks, looked for up to a tenth of the side."""
    near = one
    for step in range(len(one) // 10):
        if (near & other).any():
            return step
        grown = near.copy()
        grown[1:] |= near[:-1]
        grown[:-1] |= near[1:]
        grown[:, 1:] |= near[:, :-1]
        grown[:, :-1] |= near[:, 1:]
        near = grown
    return len(one) // 10


def broken_rules(planned: Sequence[Figure], placed: Sequence[Figure], shot: str, side: int = SIDE_PX) -> list[Broken]:
    """Every rule this layout breaks. `planned` is the cast as the writer gave it."""
    laid = laid_down(placed, side)
    found = []
    for number, one in enumerate(laid):
        who = one.figure.character_id
        inside = _part(np.ones((side, side), dtype=bool), one.head, 0.6)
        covered = np.zeros((side, side), dtype=bool)
        for later in laid[number + 1:]:
            covered |= later.mask
        share = float(_part(covered, one.head, 0.6).mean()) if inside.size else 0.0
        if share > FACE_COVERED:
            found.append(Broken("face", share, who))
        if (lost := _outside(one.head, side)) > HEAD_OUTSIDE:
            found.append(Broken("head in the frame", lost, who))
        lost = 1 - float(one.mask.sum()) / max(1, one.whole)
        if shot == "wide" and lost > BODY_OUTSIDE:
            found.append(Broken("body in the frame", lost, who))
    by_id = {one.figure.character_id: one for one in laid}
    for one in laid:
        partner = by_id.get(one.figure.toward) if one.figure.toward is not None else None
        if one.figure.action in words.TOUCHING and partner is not None and partner is not one:
            gap = _apart(one.mask, partner.mask) / side
            if gap > TOUCH_GAP:
                found.append(Broken("touch", gap, one.figure.character_id))

    def height(figure: Figure) -> float:
        return words.KIND_HEIGHTS[figure.look.kind] * figure.look.size

    found += [Broken("size", other.figure.place.height / one.figure.place.height, one.figure.character_id)
              for one in laid for other in laid if height(one.figure) > height(other.figure) * 1.001
              and one.figure.place.height < other.figure.place.height]
    row = [by_id[figure.character_id] for figure in reading_order(planned) if figure.action != "rides"]
    for left, right in pairwise(row):
        if left.head_x >= right.head_x:
            found.append(Broken("order", (left.head_x - right.head_x) / side, left.figure.character_id))
    return found


def sweep(briefs: int, seed: int = 0, counts: Sequence[int] = (1, 2, 3, 4, 5, 6), *, worst: int = 0,
          ) -> tuple[Counter[tuple[int, str]], Counter[int], list[tuple[Broken, str, list[Figure]]]]:
    """(count, rule) -> panels that break it; count -> panels; the worst of them to look at."""
    rng = Random(f"layouts:{seed}")
    broken: Counter[tuple[int, str]] = Counter()
    of: Counter[int] = Counter()
    examples = []
    for number in range(briefs):
        count = counts[number % len(counts)]
        cast, shot = random_cast(rng, count), rng.choice((*words.SHOTS, "wide"))
        placed = place_figures(cast, shot=shot, seed=rng.randrange(2**31))
        of[count] += 1
        found = broken_rules(cast, placed, shot)
        for rule in {one.rule for one in found}:
            broken[count, rule] += 1
        examples += [(one, shot, list(placed)) for one in found]
    examples.sort(key=lambda example: -example[0].much)
    return broken, of, examples[:worst] if worst else examples


# --- what planning knows of the drawing engine -----------------------------------------------------

def measured() -> dict[str, dict[str, list[int]]]:
    """The numbers of `engine/silhouettes.json`: the widest of three dolls of each kind and action."""
    looks = ({}, {"outfit": "dress", "hair": "long"}, {"outfit": "coat", "hair": "bun"})
    found: dict[str, dict[str, list[int]]] = {}
    for kind in words.KINDS:
        for action in (*words.ACTIONS, "in a wheelchair"):
            seated = action == "in a wheelchair"
            numbers = [_numbers(Look(kind=kind, wheelchair=seated, **look), "stands" if seated else action)
                       for look in looks]
            head = [sum(column) / len(numbers) for column in zip(*(one[:4] for one in numbers), strict=True)]
            deepest = max(map(len, numbers))
            wide = [one + [1.0, -1.0] * ((deepest - len(one)) // 2) for one in numbers]
            bands = [pick(column) for pick, column in zip(
                [*[min, max] * ((deepest - 4) // 2)], list(zip(*wide, strict=True))[4:], strict=True)]
            found.setdefault(kind, {})[action] = [round(100 * number) for number in (*head, *bands)]
    for prop in words.PROPS:
        for action in words.ACTIONS:
            if added := _added(_numbers(Look(), action), _numbers(Look(), action, holding=prop)):
                found.setdefault(f"holding {prop}", {})[action] = added
    for headwear in words.HEADWEAR:
        for action in words.ACTIONS:
            if added := _added(_numbers(Look(), action), _numbers(Look(headwear=headwear), action)):
                found.setdefault(f"wearing {headwear}", {})[action] = added
    return found


def _added(bare: list[float], dressed: list[float]) -> list[int]:
    """The bands that are wider than they were, the others empty."""
    bare, dressed = bare[4:], dressed[4:]
    bare += [1.0, -1.0] * ((len(dressed) - len(bare)) // 2)
    added: list[int] = []
    for at in range(0, len(dressed), 2):
        more = dressed[at] < bare[at] - 0.04 or dressed[at + 1] > bare[at + 1] + 0.04
        added += [round(100 * dressed[at]), round(100 * dressed[at + 1])] if more else [1, -1]
    while added[-2:] == [1, -1]:
        del added[-2:]
    return added


def _numbers(look: Look, action: str, height: int = 120, holding: str = "") -> list[float]:
    doll = draw_doll(look, height_px=height, action=action, holding=holding)
    alpha = np.asarray(doll.image.getchannel("A")) > 127
    foot, rows = foot_x(doll.image), len(alpha)
    left, top, right, bottom = doll.head
    numbers = [((left + right) / 2 - foot) / height, (rows - (top + bottom) / 2) / height,
               (right - left) / 2 / height, (bottom - top) / 2 / height]
    band = BAND * height
    for number in range(math.ceil(rows / band)):
        columns = np.flatnonzero(alpha[max(0, round(rows - (number + 1) * band)):round(rows - number * band)].any(0))
        numbers += [(columns[0] - foot) / height, (columns[-1] + 1 - foot) / height] if len(columns) else [1.0, -1.0]
    return numbers


def write_measured(out: Path) -> None:
    """One line a pose."""
    lines = []
    for kind, actions in measured().items():
        poses = ",\n".join(f"  {json.dumps(action)}: {json.dumps(numbers)}" for action, numbers in actions.items())
        lines.append(f" {json.dumps(kind)}: {{\n{poses}\n }}")
    out.write_text("{\n" + ",\n".join(lines) + "\n}\n", encoding="utf-8")


def main(arguments: Sequence[str] | None = None) -> None:
    """Parse the command line, sweep, print the table."""
    parser = argparse.ArgumentParser(prog="python -m bench.layouts", description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--briefs", type=int, default=3000)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--rule", choices=RULES, help="say who broke this one, by action")
    parser.add_argument("--measure", action="store_true", help="write engine/silhouettes.json anew, and sweep nothing")
    asked = parser.parse_args(arguments)
    if asked.measure:
        write_measured(Path(silhouettes.__file__).with_suffix(".json"))
        return
    broken, of, examples = sweep(asked.briefs, asked.seed)
    table = Table("rule", *(f"{count} figure{'s' * (count > 1)}" for count in sorted(of)), "all",
                  title=f"panels that break a rule, of {asked.briefs}")
    for rule in RULES:
        table.add_row(rule, *(f"{broken[count, rule] / of[count]:.1%}" for count in sorted(of)),
                      f"{sum(broken[count, rule] for count in of) / asked.briefs:.1%}")
    Console().print(table)
    if asked.rule:
        mine = [(one, shot, placed) for one, shot, placed in examples if one.rule == asked.rule]
        said: Counter[str] = Counter()
        for one, shot, placed in mine:
            figure = next(figure for figure in placed if figure.character_id == one.who)
            said[f"{figure.action} in a {shot} shot"] += 1
        for name, times in said.most_common(15):
            print(f"{times:5} {name}")


if __name__ == "__main__":
    main()
