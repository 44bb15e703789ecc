"""Faces: eyes, brows, mouths and cheeks by mood, glasses, beards, freckles and wrinkles.

Everything is drawn in head coordinates: the origin is the head's middle, 1 its radius, y up.
"""

from __future__ import annotations

from dataclasses import dataclass

from engine.mini.dolls.pen import Pen, smooth
from engine.mini.dolls.tones import BLUSH, INK, WHITE, Colour, darker, edge, lighter, luminance, mix, shade


@dataclass(frozen=True, slots=True)
class Mood:
    """`brow` lifts both; `slant` lowers their inner ends (angry) or raises them (negative: sad)."""

    eyes: str
    mouth: str
    brow: float = 0.0
    slant: float = 0.0
    blush: float = 0.35
    extra: str = ""


MOODS = {
    "happy": Mood("happy", "grin", 0.05, 0.0, 0.55),
    "sad": Mood("sad", "frown", 0.05, -0.13, 0.25, "tear"),
    "surprised": Mood("wide", "o", 0.17, 0.0, 0.35),
    "angry": Mood("glare", "grit", -0.09, 0.17, 0.60),
    "scared": Mood("tiny", "wobble", 0.13, -0.12, 0.12, "sweat"),
    "sleepy": Mood("half", "yawn", 0.13, -0.08, 0.45),
    "calm": Mood("open", "smile"),
}


@dataclass(frozen=True, slots=True)
class FaceSpec:
    """What differs between heads: where the features lie and in which tones."""

    ground: Colour                         # what the eyes and cheeks lie on
    mouth_ground: Colour                   # what the mouth lies on
    brow: Colour
    eye_x: float = 0.40
    eye_y: float = 0.00
    eye_r: float = 0.20
    mouth_y: float = -0.48
    mouth_scale: float = 1.0
    lashes: bool = False
    cheek_y: float = -0.30
    cheek_x: float = 0.62
    iris: Colour = (74, 46, 40)
    lines: bool = False                    # wrinkles


def draw_eyes(pen: Pen, spec: FaceSpec, mood: Mood, kind: str, gaze: tuple[float, float]) -> None:
    r = spec.eye_r
    ground = luminance(spec.ground)
    dark: Colour = INK if ground > 110 else (24, 11, 16) if ground > 50 else (240, 236, 230)
    rim = edge(spec.ground) if luminance(spec.ground) > 110 else INK
    for side in (-1.0, 1.0):
        x, y = side * spec.eye_x, spec.eye_y
        if kind in ("closed", "happy"):
            bend = -0.55 if kind == "closed" else 0.75
            pen.arc(((x - r, y - bend * r * 0.3), (x, y + bend * r * 0.9), (x + r, y - bend * r * 0.3)), 0.085, dark)
            if spec.lashes and kind == "closed":
                pen.line(((x + side * r, y + 0.05), (x + side * (r + 0.09), y - 0.05)), 0.055, dark)
        else:
            grow = 1.22 if kind in ("wide", "tiny") else 1.0
            pen.oval(x, y, r * grow, r * 1.22 * grow, WHITE, line=rim)
            size = {"wide": 0.62, "tiny": 0.40}.get(kind, 0.80)
            px = x + gaze[0] * r * (1 - size) * 1.5 - side * 0.02
            py = y + gaze[1] * r * 1.2 * (1 - size) * 1.6
            pen.oval(px, py, r * size * grow, r * size * 1.2 * grow, spec.iris)
            pen.oval(px, py, r * size * 0.68 * grow, r * size * 0.84 * grow, (30, 20, 28))
            pen.disc(px - r * 0.24, py + r * 0.38, r * (0.27 if kind != "tiny" else 0.16), WHITE)
            if kind in ("half", "glare"):
                low = 0.10 if kind == "half" else 0.62
                tip = -0.16 if kind == "half" else 0.42
                inner, outer = y + r * (low - tip), y + r * (low + tip)
                a, b = (outer, inner) if side < 0 else (inner, outer)
                top = y + r * 1.55
                pen.fill(((x - r * 1.3, top), (x + r * 1.3, top), (x + r * 1.3, b), (x - r * 1.3, a)), spec.ground)
                pen.line(((x - r * 1.1, a), (x + r * 1.1, b)), 0.07, dark)
            if spec.lashes:
                top = y + r * 1.22 * grow
                if kind not in ("half", "glare"):
                    lid = ((x - r * 0.98, y + r * 0.55), (x, top + 0.02), (x + r * 0.98, y + r * 0.55))
                    pen.arc(lid, 0.065, (24, 11, 16))
                pen.line(((x + side * r * 0.9, y + r * 0.55), (x + side * r * 1.42, y + r * 0.80)), 0.055, dark)
        # brows
        by = y + r * 1.22 + 0.18 + mood.brow
        inner_x, outer_x = x - side * 0.17, x + side * 0.19
        pen.arc(((inner_x, by - mood.slant + 0.0), (x, by + 0.06), (outer_x, by + mood.slant * 0.7 - 0.03)),
                0.095, spec.brow)


def draw_mouth(pen: Pen, spec: FaceSpec, kind: str) -> None:
    s, y = spec.mouth_scale, spec.mouth_y
    line = darker(spec.mouth_ground, 0.75) if luminance(spec.mouth_ground) > 95 else mix(spec.mouth_ground,
        (20, 4, 8), 0.75)
    inside: Colour = (122, 32, 44)
    tongue: Colour = (236, 112, 116)
    if kind in ("grin", "open", "sing"):
        w, h = {"grin": (0.30, 0.27), "open": (0.31, 0.34), "sing": (0.19, 0.34)}[kind]
        w, h = w * s, h * s
        if kind == "sing":
            pen.oval(0, y - 0.03, w, h * 0.75, inside, line=line)
            pen.oval(0, y - h * 0.45, w * 0.65, h * 0.25, tongue)
            return
        top = y + 0.08
        pen.blob(((-w, top), (-w * 0.5, top - 0.01), (0, top - 0.02), (w * 0.5, top - 0.01), (w, top),
                  (w * 0.72, top - h * 0.72), (0, top - h), (-w * 0.72, top - h * 0.72)), inside, line=line)
        pen.fill(((-w * 0.78, top - 0.005), (w * 0.78, top - 0.005), (w * 0.66, top - h * 0.24),
                  (-w * 0.66, top - h * 0.24)), WHITE)
        pen.oval(0, top - h * 0.80, w * 0.52, h * 0.20, tongue)
    elif kind == "smile":
        pen.arc(((-0.23 * s, y + 0.05), (-0.12 * s, y - 0.04), (0, y - 0.065), (0.12 * s, y - 0.04),
                 (0.23 * s, y + 0.05)), 0.075, line)
    elif kind in ("frown", "wail"):
        if kind == "wail":
            w, h = 0.24 * s, 0.22 * s
            pen.blob(((-w, y - h * 0.7), (-w * 0.6, y + h * 0.4), (0, y + h * 0.7), (w * 0.6, y + h * 0.4),
                      (w, y - h * 0.7), (0, y - h * 0.45)),
                     inside, line=line)
        else:
            pen.arc(((-0.22 * s, y - 0.09), (0, y + 0.05), (0.22 * s, y - 0.09)), 0.08, line)
    elif kind in ("o", "yawn"):
        w, h = (0.13, 0.18) if kind == "o" else (0.15, 0.13)
        pen.oval(0, y - 0.03, w * s, h * s, inside, line=line)
        pen.oval(0, y - 0.03 - h * 0.5 * s, w * 0.6 * s, h * 0.36 * s, tongue)
    elif kind == "grit":
        w, h = 0.25 * s, 0.10 * s
        pen.blob(((-w, y - h), (-w * 0.7, y + h * 0.6), (0, y + h), (w * 0.7, y + h * 0.6), (w, y - h),
                  (0, y - h * 0.8)), WHITE, line=line)
        pen.line(((-w * 0.8, y - h * 0.05), (w * 0.8, y - h * 0.05)), 0.035, line)
    elif kind == "wobble":
        pen.arc(((-0.24 * s, y - 0.06), (-0.12 * s, y + 0.04), (0, y - 0.06), (0.12 * s, y + 0.04),
                 (0.24 * s, y - 0.06)), 0.075, line)
    else:                                                   # small
        pen.arc(((-0.11 * s, y + 0.0), (0, y - 0.035), (0.11 * s, y + 0.0)), 0.075, line)


def draw_cheeks(pen: Pen, spec: FaceSpec, amount: float) -> None:
    tone = mix(spec.ground, BLUSH, amount if luminance(spec.ground) > 120 else amount * 0.75)
    for side in (-1.0, 1.0):
        pen.oval(side * spec.cheek_x, spec.cheek_y, 0.17, 0.115, tone)


def draw_freckles(pen: Pen, spec: FaceSpec) -> None:
    ground = spec.ground
    tone = mix(ground, (112, 52, 22), 0.60) if luminance(ground) > 85 else mix(ground, (255, 220, 180), 0.35)
    for side in (-1.0, 1.0):
        for dx, dy in ((-0.13, 0.06), (0.0, 0.10), (0.13, 0.05), (-0.07, -0.04), (0.08, -0.05)):
            pen.disc(side * (spec.cheek_x - 0.04) + dx, spec.cheek_y + dy, 0.036, tone)


def draw_wrinkles(pen: Pen, spec: FaceSpec) -> None:
    tone = mix(spec.ground, edge(spec.ground), 0.55)
    for side in (-1.0, 1.0):
        x = side * (spec.eye_x + spec.eye_r + 0.10)
        pen.line(((x, spec.eye_y + 0.02), (x + side * 0.11, spec.eye_y + 0.07)), 0.04, tone)
        pen.line(((x, spec.eye_y - 0.06), (x + side * 0.11, spec.eye_y - 0.08)), 0.04, tone)
        pen.arc(((side * 0.24, spec.mouth_y + 0.24), (side * 0.36, spec.mouth_y + 0.12),
                 (side * 0.37, spec.mouth_y - 0.02)), 0.04, tone)
        pen.arc(((side * 0.25, spec.eye_y - 0.27), (side * 0.4, spec.eye_y - 0.31), (side * 0.53, spec.eye_y - 0.26)),
                0.035, tone)
    pen.arc(((-0.25, 0.56), (0.0, 0.59), (0.25, 0.56)), 0.04, tone)


def draw_glasses(pen: Pen, spec: FaceSpec, kind: str) -> None:
    if kind in ("none", ""):
        return
    frame: Colour = (48, 52, 70) if luminance(spec.ground) > 75 else (214, 178, 92)
    x, y = spec.eye_x, spec.eye_y
    r = max(0.27, spec.eye_r + 0.10)
    if kind == "sunglasses":
        for side in (-1.0, 1.0):
            cx = side * x
            pen.blob(((cx - r, y + r * 0.75), (cx + r, y + r * 0.75), (cx + r * 0.9, y - r * 0.55), (cx, y - r * 0.95),
                      (cx - r * 0.9, y - r * 0.55)), (38, 38, 54), line=(16, 16, 26))
            pen.line(((cx - r * 0.45, y + r * 0.35), (cx - r * 0.1, y - r * 0.25)), 0.07, (122, 130, 160))
        pen.line(((-x + r, y + r * 0.5), (x - r, y + r * 0.5)), 0.08, (38, 38, 54))
        return
    for side in (-1.0, 1.0):
        cx = side * x
        if kind == "square":
            s = r * 0.96
            pen.line(((cx - s, y + s), (cx + s, y + s), (cx + s, y - s), (cx - s, y - s), (cx - s, y + s)), 0.085,
                     frame)
        else:
            px, py = pen.spot(cx, y)
            rr = (r + 0.04) * pen.unit
            pen.draw.ellipse((px - rr, py - rr, px + rr, py + rr), outline=frame, width=max(2, round(0.08 * pen.unit)))
        pen.line(((side * (x + r), y + 0.05), (side * 0.98, y + 0.10)), 0.06, frame)
    pen.arc(((-x + r, y + 0.04), (0, y + 0.08), (x - r, y + 0.04)), 0.075, frame)


def draw_beard(pen: Pen, spec: FaceSpec, kind: str, tone: Colour, wide: float) -> None:
    """Beards cover the chin; the mouth is drawn over them afterwards."""
    if kind not in ("short", "long"):
        return
    y = spec.mouth_y
    drop = -1.08 if kind == "short" else -1.75
    half = 0.60 if kind == "short" else 0.42
    pen.shape(_beard_points(wide, y, drop, half), tone, shaded=0.10)
    if kind == "long":
        for x in (-0.2, 0.08, 0.3):
            pen.arc(((x, y - 0.50), (x + 0.03, y - 0.75), (x * 0.6, y - 1.0)), 0.045, shade(tone))


def _beard_points(wide: float, y: float, drop: float, half: float) -> tuple[tuple[float, float], ...]:
    edge_x = 0.97 * wide
    return smooth(((-edge_x, -0.06), (-0.80 * wide, y + 0.20), (-0.42, y + 0.22), (0.0, y + 0.15), (0.42, y + 0.22),
                   (0.80 * wide, y + 0.20), (edge_x, -0.06), (0.90 * wide, y - 0.08), (half, (drop + y) / 2 - 0.1),
                   (0.0, drop), (-half, (drop + y) / 2 - 0.1), (-0.90 * wide, y - 0.08)))


def draw_moustache(pen: Pen, spec: FaceSpec, kind: str, tone: Colour) -> None:
    if kind in ("none", ""):
        return
    y = spec.mouth_y + 0.19
    for side in (-1.0, 1.0):
        points = ((0.0, y + 0.07), (side * 0.18, y + 0.08), (side * 0.36, y - 0.02), (side * 0.44, y - 0.10),
                  (side * 0.24, y - 0.10), (0.0, y - 0.04))
        pen.blob(points, tone)


def draw_extras(pen: Pen, spec: FaceSpec, extra: str) -> None:
    """Tears and sweat: on the face, over everything else of it."""
    drop: Colour = (120, 190, 246)
    if extra == "tear":
        _drop(pen, spec.eye_x + 0.10, spec.eye_y - 0.34, 0.085, drop)
    elif extra == "tears":
        for side in (-1.0, 1.0):
            x = side * (spec.eye_x + 0.04)
            pen.line(((x, spec.eye_y - 0.16), (x + side * 0.08, spec.eye_y - 0.50)), 0.10, drop)
            _drop(pen, x + side * 0.10, spec.eye_y - 0.62, 0.09, drop)
    elif extra == "sweat":
        _drop(pen, 0.86, 0.42, 0.10, drop)


def _drop(pen: Pen, x: float, y: float, r: float, tone: Colour) -> None:
    pen.shape(((x, y + r * 2.1), (x + r * 0.9, y + 0.2 * r), (x + r * 0.6, y - r * 0.8), (x, y - r),
               (x - r * 0.6, y - r * 0.8),
               (x - r * 0.9, y + 0.2 * r)), tone, line=(60, 120, 190))
    pen.disc(x - r * 0.25, y - r * 0.1, r * 0.28, lighter(tone, 0.7))
