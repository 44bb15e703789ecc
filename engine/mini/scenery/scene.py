"""The true picture of a brief: setting, props and dolls back to front, lit, weathered and in the book's style."""

from __future__ import annotations

from functools import lru_cache

from PIL import Image

from engine.mini.dolls import draw_doll, draw_prop
from engine.mini.scenery.light import Light, figure_gain
from engine.mini.scenery.setting import bare_setting, light_of, weather_in_front
from engine.mini.scenery.sky import gain_image
from engine.mini.scenery.styles import apply_style
from engine.mini.standing import foot_x, meet, stand
from engine.nouns import Box, CharacterId, Figure, PanelBrief
from engine.vocabulary import FLOATING_PROPS

#: Who is off the ground casts no shadow at their feet.
_ALOFT = ("jumps", "flies", "rides", "climbs", "swims")
_SHADOW = (34, 26, 58)


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


def _drawn(figure: Figure, size_px: int) -> Image.Image:
    return draw_doll(figure.look, height_px=max(8, round(figure.place.height * size_px)), action=figure.action,
                     mood=figure.mood, holding=figure.holding, flip=figure.place.flip).image


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
        if name not in FLOATING_PROPS:
            _ground_shadow(picture, x, y - 1, prop.width * 0.56, darkness)
        picture.paste(prop, (round(x - prop.width / 2), round(y - prop.height)), prop)
    dolls = [_drawn(figure, size_px) for figure in brief.figures]
    spots = meet(brief.figures, [stand(doll, figure.place, size_px)
                                 for doll, figure in zip(dolls, brief.figures, strict=True)], size_px)
    boxes = []
    for figure, doll, spot in zip(brief.figures, dolls, spots, strict=True):
        assert spot is not None
        if figure.action not in _ALOFT:
            lying = doll.width * 0.5 if figure.action == "sleeps" else 0.0
            _ground_shadow(picture, spot.left + foot_x(doll), spot.bottom - 1,
                           max(lying, figure.place.height * size_px * (0.3 if figure.look.wheelchair else 0.24)),
                           darkness)
        image = _lit(doll, gain)
        picture.paste(image, (spot.left, spot.top), image)
        boxes.append((figure.character_id, Box(
            min(1.0, max(0.0, spot.left / size_px)), min(1.0, max(0.0, spot.top / size_px)),
            max(0.0, min(1.0, spot.right / size_px)), max(0.0, min(1.0, spot.bottom / size_px)))))
    picture = weather_in_front(picture, kind, weather=brief.weather, time_of_day=brief.time_of_day, seed=seed)
    return apply_style(picture, brief.style, seed=seed), tuple(boxes)
