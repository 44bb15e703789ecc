"""The true picture of a brief: setting, props and dolls back to front, lit, weathered and in the book's style."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import lru_cache

from PIL import Image

from engine.mini.dolls import Doll, draw_doll, draw_prop
from engine.mini.scenery.light import Light, figure_gain
from engine.mini.scenery.setting import bare_setting, light_of, weather_in_front
from engine.mini.scenery.sky import gain_image
from engine.mini.scenery.styles import apply_style
from engine.nouns import Box, CharacterId, Figure, PanelBrief
from engine.vocabulary import TOUCHING

#: Poses whose doll already hovers over its foot, in standing heights: the foot goes this much below the place,
#: so that the body is where the neutral avatar stands in the underdrawing.
_HOVERS = {"jumps": 0.17, "flies": 0.16}
#: How far two who touch must overlap, and the most they are moved for it; fractions of the panel.
_OVERLAP, _MOST_MOVED = 0.02, 0.16
_SHADOW = (34, 26, 58)


@dataclass(frozen=True, slots=True)
class _Standing:
    """A drawn doll and where its picture's left top goes, in pixels."""

    figure: Figure
    doll: Doll
    left: int
    top: int

    @property
    def right(self) -> int:
        return self.left + self.doll.image.width

    @property
    def bottom(self) -> int:
        return self.top + self.doll.image.height


@lru_cache(maxsize=1)
def _spot() -> Image.Image:
    """A soft round spot, L, 64 px: 255 in the middle, 0 at the rim."""
    return (
        Image.radial_gradient("L")
        .resize((64, 64), Image.Resampling.BILINEAR)
        .point([max(0, 255 - round(v * 255 / 180)) for v in range(256)])
    )


def _ground_shadow(picture: Image.Image, x: float, y: float, half_width: float, strength: float) -> None:
    width, height = max(2, round(half_width * 2)), max(2, round(half_width * 0.5))
    mask = _spot().resize((width, height), Image.Resampling.BILINEAR).point([round(v * strength) for v in range(256)])
    picture.paste(_SHADOW, (round(x - width / 2), round(y - height / 2)), mask)


def _lit(image: Image.Image, gain: tuple[float, float, float]) -> Image.Image:
    """An RGBA cut-out in the setting's light."""
    if gain == (1.0, 1.0, 1.0):
        return image
    lit = gain_image(image.convert("RGB"), gain)
    lit.putalpha(image.getchannel("A"))
    return lit


def _gain(kind: str, light: Light) -> tuple[float, float, float]:
    red, green, blue = figure_gain(light)
    if kind == "underwater":
        return red * 0.88, green * 0.98, blue
    if kind == "cave":
        return red * 0.93, green * 0.91, blue * 0.93
    return red, green, blue


def _stand(figure: Figure, size_px: int) -> _Standing:
    place = figure.place
    doll = draw_doll(
        figure.look,
        height_px=max(8, round(place.height * size_px)),
        action=figure.action,
        mood=figure.mood,
        holding=figure.holding,
        flip=place.flip,
    )
    y = place.y + _HOVERS.get(figure.action, 0.0) * place.height
    return _Standing(figure, doll, round(place.x * size_px - doll.foot[0]), round(y * size_px - doll.foot[1]))


def _bring_together(standing: list[_Standing], size_px: int) -> list[_Standing]:
    """Moves whoever touches somebody sideways until the two really meet."""
    moved = list(standing)
    for index, one in enumerate(moved):
        if one.figure.action not in TOUCHING or one.figure.toward is None:
            continue
        other = next((two for two in moved if two.figure.character_id == one.figure.toward), None)
        if other is None or other is one:
            continue
        wanted, most = round(_OVERLAP * size_px), round(_MOST_MOVED * size_px)
        if one.figure.action == "hugs":
            wanted = round(0.12 * one.figure.place.height * size_px)
        if one.left < other.left:
            gap = other.left - one.right + wanted
            if gap > 0:
                moved[index] = replace(one, left=one.left + min(most, gap))
        else:
            gap = one.left - other.right + wanted
            if gap > 0:
                moved[index] = replace(one, left=one.left - min(most, gap))
    return moved


def draw_scene(brief: PanelBrief, *, size_px: int = 256) -> tuple[Image.Image, tuple[tuple[CharacterId, Box], ...]]:
    """The picture a brief asks for, RGB and `size_px` square, and each figure's box inside the frame.

    Everything is decided by the brief: the setting by `brief.setting.seed`, the figures by their places. A figure's
    foot is drawn at its place; those who touch are moved sideways until they do. Boxes bound what is drawn of each
    figure, held things included, in the order of `brief.figures`.
    """
    kind, seed = brief.setting.kind, brief.setting.seed
    light = light_of(kind, brief.time_of_day, brief.weather)
    gain = _gain(kind, light)
    picture = bare_setting(kind, seed, brief.time_of_day, brief.weather, size_px).copy()
    darkness = 0.55 if light.is_night else 0.48
    for name, place in sorted(brief.props, key=lambda prop: prop[1].y):
        prop = _lit(draw_prop(name, height_px=max(4, round(place.height * size_px))), gain)
        x, y = place.x * size_px, place.y * size_px
        _ground_shadow(picture, x, y - 1, prop.width * 0.56, darkness)
        picture.paste(prop, (round(x - prop.width / 2), round(y - prop.height)), prop)
    standing = _bring_together([_stand(figure, size_px) for figure in brief.figures], size_px)
    boxes = []
    for one in standing:
        figure = one.figure
        if figure.action not in _HOVERS and figure.action not in ("rides", "climbs", "swims"):
            lying = one.doll.image.width * 0.5 if figure.action == "sleeps" else 0.0
            _ground_shadow(
                picture,
                one.left + one.doll.foot[0],
                one.top + one.doll.foot[1] - 1,
                max(lying, figure.place.height * size_px * (0.3 if figure.look.wheelchair else 0.24)),
                darkness,
            )
        image = _lit(one.doll.image, gain)
        picture.paste(image, (one.left, one.top), image)
        boxes.append(
            (
                figure.character_id,
                Box(
                    min(1.0, max(0.0, one.left / size_px)),
                    min(1.0, max(0.0, one.top / size_px)),
                    max(0.0, min(1.0, one.right / size_px)),
                    max(0.0, min(1.0, one.bottom / size_px)),
                ),
            )
        )
    picture = weather_in_front(picture, kind, weather=brief.weather, time_of_day=brief.time_of_day, seed=seed)
    return apply_style(picture, brief.style, seed=seed), tuple(boxes)
