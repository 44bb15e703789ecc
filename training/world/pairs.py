"""One training pair: the true picture of a brief, and what memory might have laid out for it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from random import Random

import numpy as np
from PIL import Image, ImageFilter

from engine import planning
from engine import vocabulary as words
from engine.memory.underdrawing import BLANK, CUTOUT_STANDING_PX, compose
from engine.mini.dolls import draw_avatar, draw_doll
from engine.mini.scenery import apply_style, draw_scene, draw_setting
from engine.nouns import Box, CharacterId, Figure, Look, PanelBrief, Place
from engine.prompting import mini_caption

#: How an underdrawing is made, and how often for a brief with figures. With the cast in their poses: over the plate in
#: this very light, the plate softened as a painted one is, in another light, as the bare drawing, or blank paper. With
#: what else may stand there: neutral avatars, nothing at all, a finished picture to be edited, the frame before.
WAYS = ("plate", "rough", "other light", "sketch", "paper", "neutral", "blank", "edit", "before")
_SHARES = (30, 20, 7, 3, 10, 6, 8, 10, 6)
#: The same for a plate: softened, repainted from another light, from the bare drawing, from words alone.
_PLATE_WAYS, _PLATE_SHARES = ("rough", "other light", "sketch", "blank"), (6, 24, 46, 24)
#: Ways in which the cast is laid out in the poses of the brief.
POSED = ("plate", "rough", "other light", "sketch", "paper")

@dataclass(frozen=True, slots=True)
class Pair:
    """A target (RGB), the underdrawing under it (RGB, same size), and everything true about it."""

    target: Image.Image
    underdrawing: Image.Image
    caption: str
    boxes: tuple[tuple[CharacterId, Box], ...]  # what is drawn of each figure in the target
    brief: PanelBrief
    way: str = "plate"  # how the underdrawing was made: a word of WAYS
    missing: tuple[CharacterId, ...] = ()  # figures the underdrawing lacks


@lru_cache(maxsize=512)
def _avatar(look: Look) -> Image.Image:
    return draw_avatar(look, size_px=256)


@lru_cache(maxsize=64)
def _posed(figure: Figure) -> Image.Image:
    return draw_doll(figure.look, height_px=CUTOUT_STANDING_PX, action=figure.action, mood=figure.mood,
                     holding=figure.holding).image


def _plate(
    brief: PanelBrief, size_px: int, *, time_of_day: str = "", weather: str = "", styled: bool = True
) -> Image.Image:
    setting = draw_setting(
        brief.setting.kind,
        seed=brief.setting.seed,
        time_of_day=time_of_day or brief.time_of_day,
        weather=weather or brief.weather,
        size_px=size_px,
    )
    return apply_style(setting, brief.style, seed=brief.setting.seed) if styled else setting


def _other_light(brief: PanelBrief, rng: Random) -> tuple[str, str]:
    """A time of day and weather of which at least one differs."""
    time_of_day, weather = brief.time_of_day, brief.weather
    if rng.random() < 0.7:
        time_of_day = rng.choice([word for word in words.TIMES if word != brief.time_of_day])
    if time_of_day == brief.time_of_day or rng.random() < 0.2:
        weather = rng.choice([word for word in words.WEATHERS if word != brief.weather])
    return time_of_day, weather


def _roughened(image: Image.Image, rng: Random) -> Image.Image:
    """A plate as a small painter would have left it: softer, a shade off, a pixel or two aside."""
    size = image.width
    soft = image.filter(ImageFilter.GaussianBlur(rng.uniform(0.4, 1.8) * size / 256))
    dx, dy = rng.randint(-3, 3), rng.randint(-3, 3)
    wide = np.pad(np.asarray(soft, dtype=np.float32), ((3, 3), (3, 3), (0, 0)), mode="edge")
    pixels = wide[3 + dy : 3 + dy + size, 3 + dx : 3 + dx + size]  # (H, W, 3)
    grain = np.random.default_rng(rng.getrandbits(32))
    gain = np.array([rng.uniform(0.94, 1.06) for _ in range(3)], dtype=np.float32)
    blotch = Image.fromarray(grain.normal(0, 7, (16, 16)).astype(np.float32))
    pixels = pixels * gain + np.asarray(blotch.resize((size, size), Image.Resampling.BICUBIC))[..., None]
    return Image.fromarray(np.clip(pixels, 0, 255).astype(np.uint8))


def _off(place: Place, rng: Random) -> Place:
    """Where a neutral avatar is laid when memory's layout and the true picture do not agree to the pixel."""
    reach = 0.05 if rng.random() < 0.12 else 0.014
    return replace(
        place,
        x=place.x + rng.uniform(-reach, reach),
        y=place.y + rng.uniform(-reach, reach) * 0.6,
        height=place.height * rng.uniform(1 - reach * 3, 1 + reach * 3),
    )


_TAME = tuple(action for action in words.ACTIONS if action not in (*words.TOUCHING, "sleeps", "flies", "swims"))


def _acting_else(figure: Figure, rng: Random) -> Figure:
    return replace(figure, action=rng.choice(_TAME), mood=rng.choice(words.MOODS), holding="", toward=None)


def _edited_from(brief: PanelBrief, rng: Random) -> PanelBrief:
    """The finished picture somebody asked to change into `brief`: another light, another act, somebody fewer."""
    what = rng.choice(("light", "light", "light", "act", "without")) if brief.figures else "light"
    if what == "light":
        time_of_day, weather = _other_light(brief, rng)
        return replace(brief, time_of_day=time_of_day, weather=weather)
    index = rng.randrange(len(brief.figures))
    if what == "without":
        return replace(brief, figures=brief.figures[:index] + brief.figures[index + 1 :])
    before = _acting_else(brief.figures[index], rng)
    return replace(brief, figures=(*brief.figures[:index], before, *brief.figures[index + 1 :]))


def _before(brief: PanelBrief, rng: Random) -> PanelBrief:
    """The frame before `brief` in some story: the same place and cast, everybody elsewhere and at something else."""
    order = list(brief.figures)
    rng.shuffle(order)
    acting = [_acting_else(figure, rng) for figure in order]
    return replace(brief, figures=planning.place_figures(acting, shot="wide", seed=rng.getrandbits(31)), props=(),
                   shot="wide")


def _lay(plate: Image.Image, brief: PanelBrief, rng: Random, *, posed: bool) -> tuple[
        Image.Image, tuple[CharacterId, ...]]:
    """The cast over the plate as memory lays it out; now and then somebody is missing.

    In their poses they lie to the pixel where the true picture has them. Neutral avatars lie a little off.
    """
    here = [figure for figure in brief.figures if rng.random() >= (0.01 if posed else 0.035)]
    cutouts = {figure.character_id: _posed(figure) if posed else _avatar(figure.look) for figure in here}
    figures = brief.figures if posed else tuple(replace(figure, place=_off(figure.place, rng))
                                                for figure in brief.figures)
    picture, _, missing = compose(plate, figures, cutouts, brief.props)
    return picture, missing


def render_pair(brief: PanelBrief, rng: Random, *, size_px: int = 256, way: str = "") -> Pair:
    """The pair of a brief; `rng` decides what memory had. `way` fixes how the underdrawing is made (a word of WAYS)."""
    target, boxes = draw_scene(brief, size_px=size_px)
    if not way:
        ways: Sequence[str] = _PLATE_WAYS if brief.is_plate else WAYS
        way = rng.choices(ways, _PLATE_SHARES if brief.is_plate else _SHARES)[0]
    missing: tuple[CharacterId, ...] = ()
    everybody = tuple(figure.character_id for figure in brief.figures)
    if way in ("edit", "before"):
        earlier = (_edited_from if way == "edit" else _before)(brief, rng)
        underdrawing = draw_scene(earlier, size_px=size_px)[0]
        if rng.random() < 0.5:
            underdrawing = _roughened(underdrawing, rng)
        here = {figure.character_id for figure in earlier.figures}
        missing = tuple(character_id for character_id in everybody if character_id not in here)
    elif way == "blank":
        underdrawing, missing = Image.new("RGB", (size_px, size_px), BLANK), everybody
    else:
        if way == "paper":
            plate = Image.new("RGB", (size_px, size_px), BLANK)
        elif way == "other light":
            time_of_day, weather = _other_light(brief, rng)
            plate = _plate(brief, size_px, time_of_day=time_of_day, weather=weather)
        else:
            plate = _plate(brief, size_px, styled=way != "sketch")
        if way == "rough":
            plate = _roughened(plate, rng)
        underdrawing, missing = _lay(plate, brief, rng, posed=way in POSED)
    return Pair(target, underdrawing, mini_caption(brief), boxes, brief, way, missing)
