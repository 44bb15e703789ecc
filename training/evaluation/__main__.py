"""`python -m training.evaluation`: paint the held-out stories in every variant, judge them, write docs/evaluation.md.

Every picture is kept by what decides it in `--work`, so a run that was stopped goes on where it stood. `--only` paints
some variants and writes no page: several such runs can work side by side on one folder.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import torch
from PIL import Image
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from engine.mini.scenery import draw_scene
from engine.nouns import Beat, PanelBrief
from engine.painters.likeness import MINI_LIKENESS, MiniLikeness
from engine.painters.unet import MINI_PAINTER
from engine.ports import Likeness
from training.evaluation import adapter, frames, instruments, metrics, report, variants
from training.evaluation.atelier import Atelier, opened
from training.evaluation.clothes import LENGTH, Seen, look_at, make_clothes_story, read_clothes, without_wardrobe
from training.evaluation.frames import Frames, seen_by
from training.evaluation.judge import JUDGE, Judge
from training.evaluation.reading import briefs_of, read_captions
from training.evaluation.report import VARIANTS, Results
from training.evaluation.stories import HeldOutStory, make_story
from training.evaluation.variants import Painted
from training.evaluation.whole import WAYS, Shelf, unchecked
from training.ledger import RUNS

PAGE = Path(__file__).parent.parent.parent / "docs" / "evaluation.md"


@dataclass(frozen=True)
class Size:
    """How much is painted."""

    long: int = 4                # stories told to their full length by the engine; their casts are 1, 2, 3, 4
    length: int = 100            # panels of those
    stories: int = 8             # stories side by side, the long ones among them
    panels: int = 10             # their first panels
    dressed: int = 4             # stories in which people change their clothes
    changes: int = LENGTH        # panels of those
    probes: int = 1              # share of the instruments' own tests; 0 for a few only

    @property
    def told(self) -> list[HeldOutStory]:
        return [make_story(number, length=self.length if number < self.long else self.panels, count=number % 4 + 1)
                for number in range(self.stories)]


QUICK = Size(long=1, length=3, stories=2, panels=2, dressed=1, changes=5, probes=0)


def paint(variant: str, story: HeldOutStory, briefs: Sequence[PanelBrief], atelier: Atelier,
          adapted: tuple[Atelier, str] | None) -> list[Painted] | None:
    """One story by one of the other methods; None where it cannot be run."""
    if variant == "words":
        return variants.paint_from_words(atelier, briefs)
    if variant == "previous":
        return variants.paint_from_previous(atelier, briefs)
    if variant == "consistent":
        return variants.paint_consistently(atelier, briefs)
    if variant == "adapter" and adapted is not None:
        laid = variants.underdrawings(briefs, size_px=atelier.size_px)
        return variants.paint_with_adapter(adapted[0], briefs, story.cast, laid, adapted[1])
    return None


def evaluate(size: Size, *, work: Path, page: Path | None, only: Sequence[str] = (), painter: Path = MINI_PAINTER,
             judge_path: Path = JUDGE, adapter_path: Path = adapter.ADAPTER, likeness: Likeness | None = None,
             command: str = "make evaluate", console: Console | None = None) -> Results | None:
    """Everything. Returns what the page is made of, or None when only some variants were painted."""
    begun = time.monotonic()
    stories = size.told
    atelier, shelf = Atelier(work / "pictures", painter), Shelf(work / "told")
    likeness = likeness or MiniLikeness(MINI_LIKENESS)
    adapted, adapter_facts = _adapted(work, painter, adapter_path)
    judge = None if only else Judge.read(judge_path)
    wanted = [name for name in VARIANTS if name != "truth" and (not only or name in only)]
    drawn = [[draw_scene(brief)[0] for brief in story.truth()] if judge is not None else [] for story in stories]
    dressed = [make_clothes_story(number, length=size.changes) for number in range(size.dressed)]
    read = {text: [read_captions(story, [getattr(told, text) for told in story.panels]) for story in stories]
            for text in ("named", "pronouns")}
    by_text = {text: [briefs_of(story, beats) for story, beats in zip(stories, plans, strict=True)]
               for text, plans in read.items()}
    total = (len(stories) * size.panels * len(wanted) + 2 * size.long * size.length
             + 2 * sum(len(one.told.panels) for one in dressed))
    side: dict[str, list[Frames]] = {}
    long: dict[str, list[Frames]] = {}
    clothes: dict[str, list[Seen]] = {}
    measured = None
    if judge is not None:
        measured = _instruments(judge, likeness, several=size.probes > 0)
        side["truth"] = [seen_by(judge, story, pictures[:size.panels])
                         for story, pictures in zip(stories, drawn, strict=True)]
        long["truth"] = [seen_by(judge, story, pictures)
                         for story, pictures in zip(stories[:size.long], drawn[:size.long], strict=True)]
        clothes["truth"] = [seen for one in dressed for seen in look_at(judge, one, None)]
    shown: dict[str, list[Image.Image]] = {}
    tall: list[list[Image.Image]] = []
    exhibit = min(2, len(stories) - 1)         # a story with three characters
    with Progress(TextColumn("{task.description:28}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn(),
                  console=console) as progress:
        task = progress.add_task("painting", total=total)

        def whole(name: str, plans: Sequence[tuple[HeldOutStory, Sequence[Beat]]]) -> list[list[Painted]]:
            """The stories by one way of the engine."""
            found = []
            for story, beats in plans:
                found.append(shelf.told(story, beats, name, atelier, likeness))
                progress.advance(task, len(beats))
            return found

        for text in [text for text in ("named", "pronouns") if not only or text in only]:
            progress.update(task, description=f"in length, {text}")
            plans = list(zip(stories, read[text], strict=True))[:size.long]
            for (story, _), panels in zip(plans, whole("engine", plans), strict=True):
                pictures = [opened(one.png) for one in panels]
                if judge is not None:
                    long.setdefault(text, []).append(seen_by(judge, story, pictures, panels))
                if text == "pronouns":
                    tall.append([pictures[length - 1] for length in (1, *report.LENGTHS) if length <= len(pictures)])
                    if judge is not None:
                        first = unchecked(panels)
                        long.setdefault("unchecked", []).append(
                            seen_by(judge, story, [opened(one.png) for one in first], first))
        for name in wanted:
            progress.update(task, description=VARIANTS[name])
            if name in WAYS or name == "unchecked":
                made: list[list[Painted] | None] = list(whole("engine" if name == "unchecked" else name, [
                    (story, beats[:size.panels]) for story, beats in zip(stories, read["pronouns"], strict=True)]))
                if name == "unchecked":
                    made = [unchecked(panels) for panels in made if panels is not None]
            else:
                made = []
                for number, story in enumerate(stories):
                    made.append(paint(name, story, by_text["pronouns"][number][:size.panels], atelier, adapted))
                    progress.advance(task, size.panels)
            for number, (story, each) in enumerate(zip(stories, made, strict=True)):
                if each is None:
                    continue
                pictures = [opened(one.png) for one in each]
                if number == exhibit:
                    shown[name] = pictures
                if judge is not None:
                    side.setdefault(name, []).append(seen_by(judge, story, pictures, each))
        for name in ("engine", "no wardrobe") if not only or "clothes" in only else ():
            progress.update(task, description=f"clothes, {name}")
            plans = [(one.told, read_clothes(one.told)) for one in dressed]
            if name == "no wardrobe":
                plans = [(story, without_wardrobe(beats)) for story, beats in plans]
            for one, panels in zip(dressed, whole("engine", plans), strict=True):
                if judge is not None:
                    clothes.setdefault(name, []).extend(look_at(judge, one, panels))
    if judge is None or page is None or measured is None:
        return None
    shown["truth"] = drawn[exhibit][:size.panels]
    results = Results(
        painter=atelier.painter.name, likeness=likeness.name, judge_facts=judge.facts, adapter_facts=adapter_facts,
        recipe=_recipe(atelier), side=side, long=long, clothes=clothes, dressed=len(dressed),
        reading=_read(stories, by_text),
        replaced=sum(told.replaced for story in stories for told in story.panels) / max(
            1, sum(told.mentions for story in stories for told in story.panels)),
        room_error=measured.room_error, fooled=measured.fooled, resolved=measured.resolved,
        likeness_errors=measured.likeness_errors,
        kept=shelf.found / max(1, shelf.found + shelf.new),
        minutes=(time.monotonic() - begun) / 60, command=command, conditions=_conditions(atelier, adapter_facts))
    folder = page.parent / "pictures" / "evaluation"
    order = [name for name in VARIANTS if name in shown]
    report.sheet([(VARIANTS[name], shown[name][:6]) for name in order], folder / "side-by-side.jpg")
    lengths = [length for length in (1, *report.LENGTHS) if length <= size.length]
    report.sheet([(f"story {number + 1}, cast of {len(story.cast)}", pictures)
                  for number, (story, pictures) in enumerate(zip(stories, tall, strict=False))],
                 folder / "in-length.jpg", heads=[f"panel {length}" for length in lengths])
    report.write_page(results, page, [
        ("pictures/evaluation/side-by-side.jpg", "The first panels of one story under each variant, unpicked."),
        ("pictures/evaluation/in-length.jpg", "The engine's long stories, some of their panels, unpicked.")])
    return results


@dataclass(frozen=True)
class Measured:
    """How good the instruments are."""

    room_error: tuple[float, float]
    fooled: dict[int, float]
    resolved: dict[str, tuple[int, int]]
    likeness_errors: dict[str, float]


def _instruments(judge: Judge, likeness: Likeness, *, several: bool) -> Measured:
    return Measured(
        instruments.rooms_told_apart(judge, 40 if several else 3),
        {changes: instruments.fooled(judge, changes, 60 if several else 3) for changes in (1, 2)},
        instruments.pronouns_resolved(300 if several else 5),
        instruments.likeness_errors(likeness, 80 if several else 3))


def _adapted(work: Path, painter: Path, path: Path) -> tuple[tuple[Atelier, str] | None, dict[str, str]]:
    """A painter of its own with the adapter attached; None where there is no adapter, or none that fits."""
    try:
        weights, facts = adapter.read(path)
        atelier = Atelier(work / "pictures", painter)
        unet = atelier.pipeline.unet
        adapter.attach(unet, weights)
        unet.to(next(unet.parameters()).dtype)
    except (FileNotFoundError, RuntimeError) as error:
        print(f"no adapter: {error}")
        return None, {}
    return (atelier, f"adapter {facts}"), facts


def _recipe(atelier: Atelier) -> str:
    recipe = atelier.painter.recipe
    return (f"{recipe.size_px} px, {recipe.steps} steps, from {recipe.start_share:.0%} noise over the underdrawing, "
            f"guidance {recipe.guidance_scale:g} and {recipe.image_guidance_scale:g}")


def _read(stories: Sequence[HeldOutStory],
          by_text: dict[str, list[list[PanelBrief]]]) -> dict[str, tuple[float, float]]:
    """Exact share and F1 of the planned casts against the true ones."""
    found = {}
    for text, plans in by_text.items():
        said, true = [], []
        for story, briefs in zip(stories, plans, strict=True):
            for told, brief in zip(story.panels, briefs, strict=True):
                there = {member.character_id for member in told.beat.cast}
                planned_cast = {figure.character_id for figure in brief.figures}
                true.append([character.character_id in there for character in story.candidates])
                said.append([character.character_id in planned_cast for character in story.candidates])
        found[text] = (metrics.frame_accuracy(frames.np.array(said), frames.np.array(true)),
                       metrics.character_f1(frames.np.array(said), frames.np.array(true)))
    return found


def _conditions(atelier: Atelier, adapter_facts: dict[str, str]) -> list[str]:
    steps = atelier.painter.recipe.steps
    from training.world import pairs
    shares = dict(zip(pairs.WAYS, pairs._SHARES, strict=True))
    whole = sum(shares.values())
    trained = {name: f"{shares.get(name, 0) / whole:.0%}" for name in ("paper", "blank", "before")}
    laid = sum(shares.get(name, 0) for name in ("plate", "rough", "other light", "sketch")) / whole
    adapting = (f"{adapter_facts.get('steps')} steps of 16 pictures in {adapter_facts.get('minutes')} minutes, on "
                f"revision {adapter_facts.get('painter')} of the painter")
    if int(adapter_facts.get("steps", 0)) < 2000:
        adapting += ": far too few to say what the method can do"
    return [
        f"All: the same painter weights, {steps} steps, the same plans and seeds. Of the painter's training pictures "
        f"with figures {laid:.0%} lay over an underdrawing with a plate, {trained['paper']} had the cut-outs on blank "
        f"paper, {trained['blank']} blank paper, {trained['before']} another picture of the same place and cast: how "
        "many that were in all is on the painter's card. What is seldom seen is learned late.",
        "Without underdrawing: from pure noise. With it: from the share of noise that the engine uses. Without plate: "
        "from pure noise too, for nobody wants the paper to shine through.",
        "Avatars as attention references: diffusers' own IP-Adapter layers on the frozen painter, four tokens an "
        f"avatar, masked to the boxes of the plan, the adapter alone trained for {adapting}." if adapter_facts else
        "Avatars as attention references: not run, there is no adapter for this painter.",
        "Consistent self-attention: training-free; four panels painted together write what later ones read, half of "
        "the tokens sampled.",
        "Previous frame only: the panel before in the place of the underdrawing; the first over blank paper.",
    ]


def main(arguments: Sequence[str] | None = None) -> None:
    """The command line."""
    parser = argparse.ArgumentParser(prog="python -m training.evaluation", description=__doc__)
    parser.add_argument("--quick", action="store_true", help="a handful of panels, to see that everything runs")
    parser.add_argument("--long", type=int, default=Size.long)
    parser.add_argument("--length", type=int, default=Size.length)
    parser.add_argument("--stories", type=int, default=Size.stories)
    parser.add_argument("--panels", type=int, default=Size.panels)
    parser.add_argument("--only", nargs="*", default=[],
                        choices=["named", "pronouns", "clothes", *(name for name in VARIANTS if name != "truth")],
                        help="paint these (long stories in one of the texts, clothes, variants) and write no page")
    parser.add_argument("--painter", type=Path, default=MINI_PAINTER)
    parser.add_argument("--work", type=Path, default=RUNS / "evaluation")
    parser.add_argument("--out", type=Path, default=PAGE)
    parser.add_argument("--threads", type=int, default=2)
    asked = parser.parse_args(arguments)
    torch.set_num_threads(asked.threads)
    size = QUICK if asked.quick else Size(asked.long, asked.length, asked.stories, asked.panels)
    ours = size == Size() and not asked.quick
    command = "make evaluate" if ours else (
        f"python -m training.evaluation --long {size.long} --length {size.length} --stories {size.stories} "
        f"--panels {size.panels}")
    results = evaluate(size, work=asked.work, page=asked.out, only=asked.only, painter=asked.painter, command=command)
    print(asked.out if results is not None else "painted")


if __name__ == "__main__":
    main()
