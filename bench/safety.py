"""What the checks of words find, and what they find wrongly, on the labelled set.

`python -m bench.safety [--guard FILE]`: one table for the sentences the rules were fitted to, one for the third that
was held out. With `--guard` a guard model is asked too, and the table says what both find together. `--misses` names
what was missed and what was wrongly found, of the fitted part alone: whoever looks at the rest has held nothing out.
"""

from __future__ import annotations

import argparse
import hashlib
import io
import json
import random
import re
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path

import numpy as np
from PIL import Image

from engine.nouns import PanelBrief, Underdrawing
from engine.safety.rules import RATINGS, all_unsuitable
from engine.vocabulary import PEOPLE

LABELLED = Path(__file__).parent.parent / "tests" / "engine" / "safety" / "labelled.txt"
Judge = Callable[[str, str], frozenset[str]]


@dataclass(frozen=True, slots=True)
class Case:
    """One labelled sentence. Level 0 is harmless; else it is refused at every rating whose limit is at most that."""

    text: str
    subject: str
    level: int
    language: str
    evasion: str
    held_out: bool

    def refused_at(self, rating: str) -> bool:
        return self.level >= RATINGS[rating]


def read_cases(path: Path = LABELLED) -> list[Case]:
    """The labelled set; escapes of characters that cannot be seen are put in."""
    cases, label = [], ("", 0, "", "")
    for line in path.read_text("utf-8").splitlines():
        if line.startswith("== "):
            subject, level, language, evasion = line[3:].split()
            label = (subject, int(level), language, evasion)
        elif label[0] and line.strip():
            text = re.sub(r"\\u([0-9a-f]{4})|\\U([0-9a-f]{8})", lambda found: chr(int(found[1] or found[2], 16)), line)
            cases.append(Case(text, *label, held_out=hashlib.sha256(line.encode()).digest()[0] % 3 == 0))
    return cases


@dataclass(frozen=True, slots=True)
class Score:
    """How many of those to be refused were, and how many of the others were too."""

    found: int
    to_find: int
    false: int
    harmless: int

    def __str__(self) -> str:
        recall = f"{100 * self.found / self.to_find:5.1f} %" if self.to_find else "      -"
        alarms = f"{100 * self.false / self.harmless:5.1f} %" if self.harmless else "      -"
        return f"{recall} of {self.to_find:3}   {alarms} of {self.harmless:3}"


def score(cases: Sequence[Case], rating: str, judge: Judge) -> Score:
    """A judge on some cases at one rating."""
    found = to_find = false = harmless = 0
    for case in cases:
        said = bool(judge(case.text, rating))
        if case.refused_at(rating):
            to_find, found = to_find + 1, found + said
        else:
            harmless, false = harmless + 1, false + said
    return Score(found, to_find, false, harmless)


def table(cases: Sequence[Case], judge: Judge) -> list[str]:
    """Recall and false alarms by rating, subject, language and spelling."""
    lines = []
    for rating in RATINGS:
        lines.append(f"  {rating:<10} everything          {score(cases, rating, judge)}")
        for part, key in (("subject", lambda case: case.subject), ("language", lambda case: case.language),
                          ("spelling", lambda case: case.evasion)):
            for value in sorted({key(case) for case in cases}):
                some = [case for case in cases if key(case) == value]
                lines.append(f"  {rating:<10} {part:<8} {value:<11} {score(some, rating, judge)}")
    return lines


def bare(png: bytes, underdrawing: Underdrawing, brief: PanelBrief) -> bytes:
    """A painting with every person's trunk in the colour of their face: what the check of pictures is there to find."""
    picture = Image.open(io.BytesIO(png)).convert("RGB")
    people = {figure.character_id for figure in brief.figures if figure.look.kind in PEOPLE}
    for who, box in underdrawing.boxes:
        if who in people:
            wide, tall = (box.right - box.left) * picture.width, (box.bottom - box.top) * picture.height
            left, top = box.left * picture.width, box.top * picture.height

            def part(one: float, two: float, three: float, four: float, left: float = left, top: float = top,
                     wide: float = wide, tall: float = tall) -> tuple[int, int, int, int]:
                return (round(left + one * wide), round(top + two * tall), round(left + three * wide) + 1,
                        round(top + four * tall) + 1)

            face = np.asarray(picture.crop(part(0.38, 0.16, 0.62, 0.30))).reshape(-1, 3)
            red, green, blue = (int(value) for value in np.median(face, axis=0))
            picture.paste((red, green, blue), part(0.25, 0.44, 0.75, 0.86))
    out = io.BytesIO()
    picture.save(out, "PNG")
    return out.getvalue()


def pictures(count: int, painter: str) -> str:
    """How well the check of pictures tells panels as painted from the same with everybody's clothes painted over."""
    from engine.memory.underdrawing import lay_out, posed, sketch_plate
    from engine.painters import open_painter
    from engine.safety.picture import GONE, bared
    from engine.settings import load_settings
    from training.world.sampler import sample_brief

    chance, clean, painted_over = random.Random(5), list[float](), list[float]()
    with tempfile.TemporaryDirectory() as folder:
        brush = open_painter(load_settings(home=folder, studio={"painter": painter, "threads": 1}))
        for seed in range(count):
            brief = sample_brief(chance, count=chance.choice((1, 2, 3)))
            plate = sketch_plate(replace(brief, figures=(), props=()), size_px=256).png
            under = lay_out(brief, plate, {figure.character_id: posed(figure) for figure in brief.figures}, size_px=256)
            png = brush.paint(brief, under, (), seed=seed, on_step=lambda *_: None).png
            clean += bared(png, under, brief).values()
            painted_over += bared(bare(png, under, brief), under, brief).values()
    return (f"{count} panels of {painter}: {sum(share > GONE for share in clean)} of {len(clean)} people wrongly found "
            f"undressed (the most: {max(clean):.2f}), {sum(share > GONE for share in painted_over)} of "
            f"{len(painted_over)} found once their clothes were painted over")


def own_stories() -> list[str]:
    """Sentences of small children's stories that were written for other ends in this project."""
    root, found = LABELLED.parents[3], list[str]()
    for path in sorted((root / "training" / "plots" / "events").glob("*.txt")):
        found += path.read_text("utf-8").splitlines()
    for path in sorted((root / "tests" / "engine" / "meaning").glob("*.jsonl")):
        waiting: list[object] = [json.loads(line) for line in path.read_text("utf-8").splitlines() if line.strip()]
        while waiting:
            match waiting.pop():
                case str(text):
                    found.append(text)
                case dict(values):
                    waiting += values.values()
                case list(values):
                    waiting += values
    return [text for text in dict.fromkeys(found) if len(text.split()) > 3]


def main(argv: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--guard", type=Path, help="a guard model (GGUF)")
    parser.add_argument("--misses", action="store_true", help="name what was missed of the fitted part")
    parser.add_argument("--pictures", type=int, default=0, metavar="N", help="look at N panels instead")
    parser.add_argument("--painter", default="mini", help="which painter paints them")
    given = parser.parse_args(argv)
    if given.pictures:
        print(pictures(given.pictures, given.painter))
        return 0
    cases = read_cases()
    judges: list[tuple[str, Judge]] = [("rules alone", all_unsuitable)]
    if given.guard is not None:
        from engine.safety.guard import LlamaGuard

        guard = LlamaGuard(given.guard)
        judges += [("the guard model alone", guard.judge),
                   ("both", lambda text, rating: all_unsuitable(text, rating) | guard.judge(text, rating))]
    harmless = sum(case.level == 0 for case in cases)
    stories = own_stories()
    wrongly = sum(bool(all_unsuitable(text, "toddler")) for text in stories)
    print(f"rules alone, {len(stories)} sentences of children's stories nobody fitted them to: {wrongly} wrongly found")
    print(f"{len(cases)} sentences, {harmless} of them harmless, {sum(case.held_out for case in cases)} held out")
    for name, judge in judges:
        judge = cache(judge)
        for part, held_out in (("fitted to", False), ("held out", True)):
            some = [case for case in cases if case.held_out is held_out]
            begun = time.perf_counter()
            lines = table(some, judge)
            print(f"\n{name}, {part}: found of what is to be refused, wrongly found of the rest "
                  f"({time.perf_counter() - begun:.1f} s)")
            print("\n".join(lines))
        if given.misses:
            print(f"\n{name}: missed (-) and wrongly found (+) of the fitted part")
            for case in (case for case in cases if not case.held_out):
                for rating in RATINGS:
                    said = judge(case.text, rating)
                    if bool(said) is not case.refused_at(rating):
                        print(f"  {'+' if said else '-'} {rating} {case.subject} {case.evasion} {case.text!r} "
                              f"{', '.join(sorted(said))}")
    if given.guard is not None:
        guard.close()
    return 0


if __name__ == "__main__":
    sys.exit(main())
