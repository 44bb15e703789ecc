"""The likeness encoder's pictures: characters and their doubles, cut out of the same true scenes, beside their avatars.

A family is a character and two doubles, each of which differs from it in exactly one attribute. Every scene is drawn
once for each member of the families in it: pose, neighbours, light, weather and style stay, the attribute changes.
That gives the hardest pairs there are, and tells how much of an attribute can be seen in a crop at all.
"""

from __future__ import annotations

import json
import time
from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from random import Random
from typing import Any

import numpy as np
import torch
from PIL import Image

from engine import vocabulary as words
from engine.nouns import Box, Look, PanelBrief
from engine.painters.likeness import as_pixels, framed
from training.world.sampler import is_held_out, sample_brief, sample_look

#: A family: the character itself, then its doubles.
MEMBERS = 3
#: Families in a part of the album.
PART = 200
#: A pixel differs when one of its channels does by more than this; a double must differ in this share of its avatar.
LEVELS, SHARE = 24, 0.004
#: Below this share of differing pixels a crop does not show the attribute (a hat outside the frame, a hidden shirt).
VISIBLE = 0.004
_COVERED = ("hijab", "headscarf", "helmet")


# --- doubles ---------------------------------------------------------------------------------------

def attributes(look: Look) -> dict[str, Sequence[str]]:
    """The attributes in which a double of `look` may differ, each with its words."""
    person = look.kind in words.PEOPLE
    headwear = [word for word in words.HEADWEAR if word not in ("hijab", "headscarf") or look.kind in (
        "girl", "woman", "grandmother")]
    ways: dict[str, Sequence[str]] = {"outfit": words.OUTFITS[:-1], "headwear": headwear, "glasses": words.GLASSES}
    if look.outfit != "bare":
        ways |= {"outfit_colour": tuple(words.COLOURS), "pattern": words.PATTERNS}
    if look.headwear != "none":
        ways["headwear_colour"] = tuple(words.COLOURS)
    if person:
        ways["skin"] = tuple(words.SKINS)
        if look.headwear not in _COVERED:
            ways["hair"] = words.HAIRSTYLES
            if look.hair != "bald":
                ways["hair_colour"] = words.HAIR_COLOURS
    else:
        ways["fur"] = words.FUR_COLOURS
    return ways


def double(look: Look, rng: Random, way: str = "") -> tuple[str, Look]:
    """An attribute and somebody who differs in it alone. `way` fixes the attribute."""
    ways = attributes(look)
    name = way or rng.choice(sorted(ways))
    return name, replace(look, **{name: rng.choice([word for word in ways[name] if word != getattr(look, name)])})


def differing(one: Image.Image, other: Image.Image) -> float:
    """The share of pixels that differ visibly between two pictures of one character in one pose."""
    a, b = (np.asarray(framed(picture), dtype=np.int16) for picture in (one, other))
    return float((np.abs(a - b).max(2) > LEVELS).mean())


def family(rng: Random, *, held_out: bool) -> tuple[list[Look], list[str], list[Image.Image]]:
    """Looks, the attribute in which each differs from the first ("" for itself), and avatars. All can be told apart."""
    from engine.mini.dolls import draw_avatar
    looks, ways = [sample_look(rng, held_out)], [""]
    avatars = [draw_avatar(looks[0], size_px=128)]
    while len(looks) < MEMBERS:
        way, look = double(looks[0], rng)
        avatar = draw_avatar(look, size_px=128)
        if way not in ways and (held_out or not is_held_out(look)) and differing(avatars[0], avatar) >= SHARE:
            looks.append(look)
            ways.append(way)
            avatars.append(avatar)
    return looks, ways, avatars


# --- collecting ------------------------------------------------------------------------------------

def cut(picture: Image.Image, box: Box, grow: Sequence[float] = (0, 0, 0, 0)) -> Image.Image:
    """A box (fractions) out of a picture, each side moved outwards by `grow` of the box's size."""
    side, wide, high = picture.width, box.right - box.left, box.bottom - box.top
    left, top = max(0.0, box.left - grow[0] * wide), max(0.0, box.top - grow[1] * high)
    right, bottom = min(1.0, box.right + grow[2] * wide), min(1.0, box.bottom + grow[3] * high)
    return picture.crop((int(left * side), int(top * side), max(int(left * side) + 8, round(right * side)),
                         max(int(top * side) + 8, round(bottom * side))))


def _scenes(families: Sequence[Sequence[Look]], count: int, rng: Random,
            held_out: bool) -> Iterator[tuple[PanelBrief, list[int]]]:
    """Briefs whose figures are first members, and which family each figure is; everybody plays about equally often."""
    order: list[int] = []
    made = 0
    while made < count:
        if len(order) < 4:
            order = [*order, *rng.sample(range(len(families)), len(families))]
        cast = list(dict.fromkeys(order[:6]))[:4]
        brief = sample_brief(rng, held_out=held_out, looks=[families[who][0] for who in cast])
        who = [next(member for member in cast if families[member][0] is figure.look) for figure in brief.figures]
        for member in who:
            order.remove(member)
        if brief.figures:
            made += 1
            yield brief, who


def draw_part(seed: str, *, families: int = PART, scenes: int = 0, held_out: bool = False,
              soften: Callable[[Image.Image], Image.Image] | None = None) -> dict[str, Any]:
    """One part of the album: `pictures` (N, H, W, 3) uint8, `family`, `member`, `scene` (N,) and `seen` (N,).

    `scene` is -1 for avatars. `seen` is the share of pixels in which a crop differs from the first member's crop in
    the same scene (0 for the first itself, 1 for avatars). `looks` and `ways` are lists by family. `soften`, where
    given, repaints half of the scenes as a painter would leave them.
    """
    from engine.mini.scenery import draw_scene
    rng = Random(f"album:{seed}:{held_out}")
    kin = [family(rng, held_out=held_out) for _ in range(families)]
    pictures: list[np.ndarray[Any, Any]] = []
    rows: list[tuple[int, int, int, float]] = []
    for number, (_, _, avatars) in enumerate(kin):
        for member, avatar in enumerate(avatars):
            pictures.append(np.asarray(framed(avatar)))
            rows.append((number, member, -1, 1.0))
    briefs = _scenes([looks for looks, _, _ in kin], scenes or families * 3 // 2, rng, held_out)
    for scene, (brief, who) in enumerate(briefs):
        softly = soften is not None and rng.random() < 0.5
        drawn = []
        for member in range(MEMBERS):
            figures = tuple(replace(figure, look=kin[number][0][member])
                            for figure, number in zip(brief.figures, who, strict=True))
            picture, boxes = draw_scene(replace(brief, figures=figures))
            drawn.append((soften(picture) if soften is not None and softly else picture, boxes))
        for index, number in enumerate(who):
            # one frame for all members, so that they differ in nothing else
            every = [boxes[index][1] for _, boxes in drawn]
            grow = tuple(rng.uniform(-0.05, 0.08) for _ in range(4))
            if min(every[0].right - every[0].left, every[0].bottom - every[0].top) < 0.05:
                continue
            crops = [cut(picture, box, grow) for (picture, _), box in zip(drawn, every, strict=True)]
            same = [cut(picture, every[0], grow) for picture, _ in drawn]
            for member, crop in enumerate(crops):
                pictures.append(np.asarray(framed(crop)))
                rows.append((number, member, scene, differing(same[0], same[member])))
    return {"pictures": np.stack(pictures), "family": np.array([row[0] for row in rows]),
            "member": np.array([row[1] for row in rows]), "scene": np.array([row[2] for row in rows]),
            "seen": np.array([row[3] for row in rows], np.float32),
            "looks": [[asdict(look) for look in looks] for looks, _, _ in kin], "ways": [ways for _, ways, _ in kin]}


def collect(out: Path, *, parts: int, seed: int, held_out: bool = False, families: int = PART,
            soften: Callable[[Image.Image], Image.Image] | None = None) -> None:
    """Write the parts of an album as folders under `out`; those that are there are kept."""
    begun = time.monotonic()
    for part in range(parts):
        folder = out / f"part-{part:04d}"
        if (folder / "family.json").exists():
            continue
        made = draw_part(f"{seed}:{part}", families=families, held_out=held_out, soften=soften)
        folder.mkdir(parents=True, exist_ok=True)
        np.save(folder / "pictures.npy", made["pictures"])
        text = json.dumps({name: value.tolist() if isinstance(value, np.ndarray) else value
                           for name, value in made.items() if name != "pictures"})
        (folder / "family.part").write_text(text)
        (folder / "family.part").rename(folder / "family.json")
        print(f"{part + 1}/{parts} parts of {out.name}, {time.monotonic() - begun:.0f} s", flush=True)


# --- what the looks say, for the heads that teach the trunk to see -----------------------------------

#: Attributes read off a picture while training, each with its words.
READ: dict[str, tuple[str, ...]] = {
    "kind": words.KINDS, "skin": tuple(words.SKINS), "fur": words.FUR_COLOURS, "hair": words.HAIRSTYLES,
    "hair_colour": words.HAIR_COLOURS, "headwear": words.HEADWEAR, "headwear_colour": tuple(words.COLOURS),
    "glasses": words.GLASSES, "beard": words.BEARDS, "outfit": words.OUTFITS, "outfit_colour": tuple(words.COLOURS),
    "pattern": words.PATTERNS, "pattern_colour": tuple(words.COLOURS),
}


def reading(look: dict[str, Any]) -> list[int]:
    """The class of each attribute of `READ`; -1 where the look has no such thing."""
    person = look["kind"] in words.PEOPLE
    covered = look["headwear"] in _COVERED
    absent = {name for name, gone in (
        ("skin", not person), ("fur", person), ("hair", not person or covered),
        ("hair_colour", not person or covered or look["hair"] == "bald"),
        ("headwear_colour", look["headwear"] == "none"), ("beard", look["kind"] not in ("man", "grandfather")),
        ("outfit_colour", look["outfit"] == "bare"), ("pattern", look["outfit"] == "bare"),
        ("pattern_colour", look["outfit"] == "bare" or look["pattern"] == "plain")) if gone}
    return [-1 if name in absent else options.index(look[name]) if look[name] in options else -1
            for name, options in READ.items()]


# --- reading it back -------------------------------------------------------------------------------

@dataclass(frozen=True)
class Batch:
    """`characters` avatars and crops: pixels (B, 3, H, W), whose (B,), family (B,), which rows are avatars (B,),
    classes (B, attributes)."""

    pixels: torch.Tensor
    who: torch.Tensor
    family: torch.Tensor
    avatar: torch.Tensor
    classes: torch.Tensor


class Album:
    """Parts of an album as one list, growing while it is read. Raises `FileNotFoundError` when there is none."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.pictures: list[np.ndarray[Any, Any]] = []
        self.tables: list[dict[str, Any]] = []
        #: (part, family) -> rows of avatars by member, and by scene the rows of all members
        self.families: list[tuple[int, int, list[int], list[list[int]]]] = []
        self._seen: set[Path] = set()
        self.refresh()
        if not self.tables:
            raise FileNotFoundError(f"no album in {folder.name}")

    def refresh(self) -> int:
        """Take up new parts. Returns how many families there are now."""
        for path in sorted(self.folder.glob("part-*/family.json")):
            if path in self._seen:
                continue
            self._seen.add(path)
            table = json.loads(path.read_text())
            table["classes"] = [[reading(look) for look in looks] for looks in table["looks"]]
            part = len(self.tables)
            avatars: dict[int, list[int]] = defaultdict(list)
            scenes: dict[tuple[int, int], list[int]] = defaultdict(list)
            for row, (number, scene) in enumerate(zip(table["family"], table["scene"], strict=True)):
                if scene < 0:
                    avatars[number].append(row)
                else:
                    scenes[number, scene].append(row)
            self.tables.append(table)
            self.pictures.append(np.load(path.parent / "pictures.npy", mmap_mode="r"))
            for number, mine in avatars.items():
                views = [rows for (whose, _), rows in scenes.items() if whose == number]
                if len(views) >= 2:
                    self.families.append((part, number, mine, views))
        return len(self.families)

    def draw(self, rng: np.random.Generator, families: int) -> Batch:
        """Of each of some families, the character and one double: the avatar of each, and a crop of each.

        Many families with little of each: members of one family share all but one attribute, so that more pictures of
        them teach next to nothing about the other attributes.
        """
        pixels, who, kin, avatar, classes = [], [], [], [], []
        for number in rng.permutation(len(self.families))[:families]:
            part, local, avatars, views = self.families[int(number)]
            for member in (0, int(rng.integers(1, MEMBERS))):
                view = views[int(rng.integers(len(views)))]
                for is_avatar, row in ((True, avatars[member]), (False, view[member])):
                    pixels.append(self.pictures[part][row])
                    who.append(int(number) * MEMBERS + member)
                    kin.append(int(number))
                    avatar.append(is_avatar)
                    classes.append(self.tables[part]["classes"][local][member])
        return Batch(as_pixels(pixels), torch.tensor(who), torch.tensor(kin), torch.tensor(avatar),
                     torch.tensor(classes))
