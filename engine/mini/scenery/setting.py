"""A setting by its word: the empty stage of a panel, at any time of day and in any weather."""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache
from random import Random

from PIL import Image

from engine.mini.scenery import fantastic, indoors, outdoors
from engine.mini.scenery.light import Light, open_light, room_light
from engine.mini.scenery.sheet import Sheet
from engine.mini.scenery.sky import fall_in_front
from engine.vocabulary import INDOORS

_DRAWERS: dict[str, Callable[[Sheet, Random], None]] = {
    "bedroom": indoors.draw_bedroom,
    "kitchen": indoors.draw_kitchen,
    "living room": indoors.draw_living_room,
    "classroom": indoors.draw_classroom,
    "library": indoors.draw_library,
    "bathroom": indoors.draw_bathroom,
    "garden": outdoors.draw_garden,
    "forest": outdoors.draw_forest,
    "beach": outdoors.draw_beach,
    "snowfield": outdoors.draw_snowfield,
    "farm": outdoors.draw_farm,
    "street": outdoors.draw_street,
    "playground": outdoors.draw_playground,
    "mountain": outdoors.draw_mountain,
    "meadow": outdoors.draw_meadow,
    "castle": fantastic.draw_castle,
    "cave": fantastic.draw_cave,
    "underwater": fantastic.draw_underwater,
    "space": fantastic.draw_space,
    "cloudland": fantastic.draw_cloudland,
}
#: Settings under a roof: nothing falls in front of the figures.
SHELTERED = frozenset((*INDOORS, "cave"))
#: Where rain shows itself otherwise: as bubbles, as a shower of comets.
_NO_RAIN = frozenset(("underwater", "space"))


def light_of(kind: str, time_of_day: str, weather: str) -> Light:
    """The light in a setting."""
    return (room_light if kind in SHELTERED else open_light)(time_of_day, weather)


@lru_cache(maxsize=16)
def bare_setting(kind: str, seed: int, time_of_day: str, weather: str, size_px: int) -> Image.Image:
    """The setting before anything falls in front of it. Shared: the caller must not draw on it."""
    sheet = Sheet(size_px, light_of(kind, time_of_day, weather))
    _DRAWERS[kind](sheet, Random(f"{kind}:{seed}"))
    return sheet.finish()


def weather_in_front(image: Image.Image, kind: str, *, weather: str, time_of_day: str, seed: int) -> Image.Image:
    """Whatever of the weather is nearer than the figures."""
    if kind in SHELTERED or weather == "clear" or (weather == "rain" and kind in _NO_RAIN):
        return image
    return fall_in_front(image, weather=weather, time_of_day=time_of_day, seed=seed)


def draw_setting(
    kind: str, *, seed: int, time_of_day: str = "day", weather: str = "clear", size_px: int = 256
) -> Image.Image:
    """The setting without figures, RGB, `size_px` square.

    `seed` is the instance's identity: wall, window, furniture, trees, hills. It stays the same place at every
    time of day and in every weather. Raises `KeyError` for a word that is not in `vocabulary.SETTINGS`.
    """
    return weather_in_front(
        bare_setting(kind, seed, time_of_day, weather, size_px),
        kind,
        weather=weather,
        time_of_day=time_of_day,
        seed=seed,
    ).copy()
