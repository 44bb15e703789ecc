"""Light by time of day and weather: how every colour of a setting is shown, and the colours of the sky."""

from __future__ import annotations

from dataclasses import dataclass

Colour = tuple[int, int, int]


def colour(code: str) -> Colour:
    """'#RRGGBB' as three numbers 0 to 255."""
    return int(code[1:3], 16), int(code[3:5], 16), int(code[5:7], 16)


def mix(first: Colour, second: Colour, share: float) -> Colour:
    """`share` 0 gives the first, 1 the second."""
    return (
        round(first[0] + (second[0] - first[0]) * share),
        round(first[1] + (second[1] - first[1]) * share),
        round(first[2] + (second[2] - first[2]) * share),
    )


def darker(base: Colour, share: float) -> Colour:
    return mix(base, (28, 22, 46), share)


def lighter(base: Colour, share: float) -> Colour:
    return mix(base, (255, 252, 240), share)


@dataclass(frozen=True, slots=True)
class Light:
    """How colours look. `tint` multiplies, `haze` is what far things fade into, `snow` whitens what lies open."""

    time_of_day: str
    weather: str
    tint: tuple[float, float, float]
    grey: float  # 0 full colour, 1 grey
    haze: Colour
    haze_share: float  # how much of the haze is seen at depth 1
    sky: tuple[Colour, Colour, Colour]  # top, middle, horizon
    glow: float  # how much lamps count, 0 to 1
    snow: float = 0.0

    @property
    def is_night(self) -> bool:
        return self.time_of_day == "night"

    @property
    def is_evening(self) -> bool:
        return self.time_of_day == "evening"

    def lit(self, base: Colour, depth: float = 0.0) -> Colour:
        """The colour as seen in this light at a depth from 0 (near) to 1 (at the horizon)."""
        r, g, b = (channel * gain for channel, gain in zip(base, self.tint, strict=True))
        mean = (r * 3 + g * 5 + b * 2) / 10
        share = self.grey
        seen = (
            min(255, round(r + (mean - r) * share)),
            min(255, round(g + (mean - g) * share)),
            min(255, round(b + (mean - b) * share)),
        )
        return mix(seen, self.haze, depth * self.haze_share) if depth else seen

    def open_ground(self, base: Colour) -> Colour:
        """What lies under the open sky: white where it snows."""
        return mix(base, (244, 247, 252), self.snow) if self.snow else base


_SKIES: dict[str, tuple[str, str, str]] = {
    "day": ("#5FB0EC", "#A5D8F6", "#E6F5F6"),
    "evening": ("#6D64B4", "#F0927F", "#FFD694"),
    "night": ("#0C1238", "#1F2C63", "#45568F"),
}
_CLOUDED: dict[str, tuple[str, str, str]] = {
    "day": ("#8296AA", "#A9B9C6", "#CFD9DE"),
    "evening": ("#5D5876", "#A4808A", "#D9AE96"),
    "night": ("#12162C", "#222A47", "#3B4562"),
}
_SNOWY: dict[str, tuple[str, str, str]] = {
    "day": ("#A9BED4", "#CBDAE6", "#EEF4F8"),
    "evening": ("#7F7BA5", "#C79EA8", "#F3CFB8"),
    "night": ("#1A2245", "#333F6B", "#5E6C98"),
}
_FOGGY: dict[str, tuple[str, str, str]] = {
    "day": ("#BFCCD2", "#D3DCDF", "#E5EAEA"),
    "evening": ("#A3909F", "#CDA9A2", "#E9C9AF"),
    "night": ("#262E4A", "#3A4361", "#525C7A"),
}
_TINTS: dict[str, tuple[float, float, float]] = {
    "day": (1.0, 1.0, 1.0),
    "evening": (1.0, 0.80, 0.72),
    "night": (0.40, 0.47, 0.74),
}
_INDOOR_TINTS: dict[str, tuple[float, float, float]] = {
    "day": (1.0, 1.0, 1.0),
    "evening": (0.97, 0.81, 0.70),
    "night": (0.55, 0.55, 0.74),
}


def open_light(time_of_day: str, weather: str) -> Light:
    """Light under the open sky."""
    skies = {"clear": _SKIES, "rain": _CLOUDED, "snow": _SNOWY, "fog": _FOGGY}[weather][time_of_day]
    top, middle, low = (colour(code) for code in skies)
    tint = _TINTS[time_of_day]
    gain = {"clear": 1.0, "rain": 0.84, "snow": 0.98, "fog": 0.96}[weather]
    haze_share = {"clear": 0.42, "rain": 0.55, "snow": 0.55, "fog": 0.9}[weather]
    grey = {"clear": 0.0, "rain": 0.32, "snow": 0.14, "fog": 0.3}[weather]
    return Light(
        time_of_day,
        weather,
        (tint[0] * gain, tint[1] * gain, tint[2] * gain),
        grey,
        mix(middle, low, 0.6),
        haze_share,
        (top, middle, low),
        glow={"day": 0.0, "evening": 0.55, "night": 1.0}[time_of_day],
        snow=0.78 if weather == "snow" else 0.0,
    )


def room_light(time_of_day: str, weather: str) -> Light:
    """Light in a room: the sky's, dimmed by the weather and helped by lamps."""
    sky = open_light(time_of_day, weather)
    tint = _INDOOR_TINTS[time_of_day]
    gain = {"clear": 1.0, "rain": 0.87, "snow": 0.97, "fog": 0.92}[weather]
    cold = {"clear": 1.0, "rain": 1.05, "snow": 1.05, "fog": 1.0}[weather]
    return Light(
        time_of_day,
        weather,
        (tint[0] * gain, tint[1] * gain, min(1.0, tint[2] * gain * cold)),
        sky.grey * 0.5,
        sky.haze,
        0.2,
        sky.sky,
        glow={"day": 0.0, "evening": 0.7, "night": 1.0}[time_of_day],
    )


def figure_gain(light: Light) -> tuple[float, float, float]:
    """What figures' colours are multiplied by: the setting's light, but never so dark that a face is lost."""
    red, green, blue = light.tint
    lift = {"day": 0.7, "evening": 0.48, "night": 0.5}[light.time_of_day]
    return red + (1 - red) * lift, green + (1 - green) * lift, blue + (1 - blue) * lift
