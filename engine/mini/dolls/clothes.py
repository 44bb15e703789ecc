"""Clothes of the paper dolls: which parts they cover, trunks with patterns, accessories in front and behind."""

from __future__ import annotations

from dataclasses import dataclass

from engine.mini.dolls.builds import Build
from engine.mini.dolls.pen import Pen, Points, smooth, star_points
from engine.mini.dolls.tones import WHITE, Colour, darker, edge, lighter, mix, shade
from engine.nouns import Look


@dataclass(frozen=True, slots=True)
class Cut:
    """What an outfit covers. `sleeve` and `trousers` are shares of the limb, 0 to 1."""

    sleeve: float
    trousers: float
    hem: float = 0.0                       # skirt below the hips, in shares of the leg
    flare: float = 1.0
    flat_trousers: bool = False            # trousers in the outfit's own colour and pattern


CUTS = {
    "t-shirt": Cut(0.50, 0.95), "sweater": Cut(0.92, 0.95), "dress": Cut(0.36, 0.0, 0.52, 1.65),
    "overalls": Cut(0.48, 0.95, flat_trousers=True), "skirt": Cut(0.52, 0.0, 0.42, 1.75), "raincoat": Cut(0.94, 0.95,
        0.40, 1.40),
    "pyjamas": Cut(0.92, 0.95, flat_trousers=True), "robe": Cut(0.94, 0.9, 0.80, 1.25, flat_trousers=True),
    "shorts": Cut(0.46, 0.46), "bare": Cut(0.0, 0.0),
}


def cut_of(outfit: str) -> Cut:
    """The cut of an outfit; an unknown one is a T-shirt."""
    return CUTS.get(outfit, CUTS["t-shirt"])


@dataclass(frozen=True, slots=True)
class Wardrobe:
    """The tones one look dresses in."""

    top: Colour                            # trunk and sleeves
    bottom: Colour                         # trousers or skirt
    pattern: str
    pattern_tone: Colour
    extra: Colour                          # accessories
    body: Colour                           # skin or fur
    belly: Colour
    creature: bool
    kind: str


def trunk_points(build: Build, down: float, flare: float = 1.0) -> Points:
    """The outline of the trunk from shoulders to `down` below the hips; the hips' middle is the origin."""
    s, h, t = build.shoulder, build.hip, build.torso
    b = h * build.belly
    low = h * flare
    if down <= 2.5:
        return smooth(((-s * 0.55, t + 0.5), (-s - 0.5, t - 1.5), (-s - 0.6, t * 0.72), (-b, t * 0.30), (-h, -1.0),
                       (-h * 0.6, -down - 1.5), (0, -down - 2),
                       (h * 0.6, -down - 1.5), (h, -1.0), (b, t * 0.30), (s + 0.6, t * 0.72), (s + 0.5,
                           t - 1.5), (s * 0.55, t + 0.5), (0, t + 0.8)))
    return smooth(((-s * 0.55, t + 0.5), (-s - 0.5, t - 1.5), (-s - 0.5, t * 0.72), (-max(s, h * 0.86), t * 0.36),
                   (-low * 0.86, -down * 0.3), (-low, -down * 0.95),
                   (-low * 0.5, -down - 1.2), (0, -down - 1.6), (low * 0.5, -down - 1.2), (low,
                       -down * 0.95), (low * 0.86, -down * 0.3),
                   (max(s, h * 0.86), t * 0.36), (s + 0.5, t * 0.72), (s + 0.5, t - 1.5), (s * 0.55, t + 0.5), (0,
                       t + 0.8)))


def draw_trunk(pen: Pen, look: Look, build: Build, cut: Cut, wear: Wardrobe, leg: float) -> None:
    """The trunk with its clothes. `pen` has its origin at the hips' middle; `leg` is the leg's present length."""
    t, h, s = build.torso, build.hip, build.shoulder
    outfit = look.outfit
    cell = 7.0
    if outfit == "bare":
        _bare(pen, build, wear)
        return
    down = cut.hem * leg
    if outfit == "skirt":
        pen.shape(smooth(((-h * 0.9, t * 0.30), (-h * cut.flare * 0.8, -down * 0.3), (-h * cut.flare, -down),
                          (-h * 0.6, -down - 1.4), (0, -down - 1.8), (h * 0.6, -down - 1.4),
                          (h * cut.flare, -down), (h * cut.flare * 0.8, -down * 0.3), (h * 0.9,
                              t * 0.30))), wear.bottom, shaded=2.0)
        for x in (-0.55, 0.0, 0.55):
            pen.line(((x * h, t * 0.12), (x * h * cut.flare, -down + 0.5)), 0.8, shade(wear.bottom))
        top = smooth(((-s * 0.55, t + 0.5), (-s - 0.5, t - 1.5), (-s - 0.4, t * 0.7), (-h * 0.92, t * 0.24),
                      (0, t * 0.20), (h * 0.92, t * 0.24), (s + 0.4, t * 0.7),
                      (s + 0.5, t - 1.5), (s * 0.55, t + 0.5), (0, t + 0.8)))
        pen.shape(top, wear.top, shaded=2.0, pattern=wear.pattern, pattern_tone=wear.pattern_tone, cell=cell)
    elif outfit == "overalls":
        shirt = mix(wear.pattern_tone, wear.top, 0.12) if wear.pattern != "plain" else lighter(wear.bottom, 0.62)
        pen.shape(trunk_points(build, 1.0), shirt, shaded=2.0)
        bib = smooth(((-h * 0.62, t * 0.74), (h * 0.62, t * 0.74), (h * 0.70, t * 0.42),
                      (h * build.belly + 0.3, t * 0.30), (h + 0.4, -1.0), (h * 0.6, -2.5), (0, -3),
                      (-h * 0.6, -2.5), (-h - 0.4, -1.0), (-h * build.belly - 0.3, t * 0.30), (-h * 0.70, t * 0.42)))
        pen.shape(bib, wear.top, shaded=2.0, pattern=wear.pattern, pattern_tone=wear.pattern_tone, cell=cell)
        for side in (-1, 1):
            pen.line(((side * h * 0.52, t * 0.72), (side * s * 0.72, t + 0.4)), 2.6, wear.top)
            pen.disc(side * h * 0.52, t * 0.68, 1.25, (250, 220, 110), line=edge(wear.top))
        pen.shape(((-h * 0.32, t * 0.50), (h * 0.32, t * 0.50), (h * 0.28, t * 0.24), (-h * 0.28, t * 0.24)), wear.top)
    else:
        pen.shape(trunk_points(build, down or (2.2 if outfit in ("t-shirt", "sweater", "pyjamas", "shorts") else 1.0),
                               cut.flare), wear.top, shaded=2.2, pattern=wear.pattern,
                  pattern_tone=wear.pattern_tone, cell=cell)
    dark = shade(shade(wear.top))
    if outfit == "t-shirt" or outfit == "shorts" or outfit == "skirt":
        pen.arc(((-s * 0.42, t + 0.6), (0, t - 2.6), (s * 0.42, t + 0.6)), 1.5, dark)
    elif outfit == "sweater":
        pen.line(((-h * 0.92, 0.6), (h * 0.92, 0.6)), 2.6, dark)
        pen.arc(((-s * 0.45, t + 0.4), (0, t - 2.0), (s * 0.45, t + 0.4)), 3.0, lighter(wear.top, 0.18))
    elif outfit == "dress":
        pen.arc(((-s * 0.45, t + 0.6), (0, t - 2.4), (s * 0.45, t + 0.6)), 1.7, lighter(wear.top, 0.6))
        waist = max(s, h * 0.86) + 0.2
        pen.arc(((-waist, t * 0.36), (0, t * 0.30), (waist, t * 0.36)), 2.2, dark)
        low = h * cut.flare
        pen.arc(((-low, -down * 0.86), (-low * 0.5, -down - 0.2), (0, -down - 0.6), (low * 0.5, -down - 0.2),
                 (low, -down * 0.86)), 1.5, lighter(wear.top, 0.45))
    elif outfit == "raincoat":
        pen.line(((0, t - 1), (0, -down)), 0.9, dark)
        for k in range(3):
            pen.disc(-2.2, t * (0.74 - 0.3 * k), 1.15, WHITE, line=edge(wear.top))
        for side in (-1, 1):
            pen.shape(((side * s * 0.1, t + 0.4), (side * s * 0.95, t + 0.2), (side * s * 0.62, t - 5.0)),
                      lighter(wear.top, 0.2))
            pen.line(((side * h * 0.38, -1), (side * h * 0.86, 0.4)), 1.3, dark)
    elif outfit == "pyjamas":
        pen.line(((0, t - 1), (0, -1.5)), 0.8, dark)
        for k in range(3):
            pen.disc(0, t * (0.78 - 0.27 * k), 0.95, lighter(wear.top, 0.7), line=dark)
        for side in (-1, 1):
            pen.shape(((0, t - 4.6), (side * s * 0.62, t + 0.4), (side * s * 0.12, t + 0.6)), lighter(wear.top, 0.35))
    elif outfit == "robe":
        pen.line(((s * 0.30, t), (-1.5, t * 0.36), (-2.0, -down)), 0.9, dark)
        for side in (-1, 1):
            pen.line(((side * s * 0.42, t + 0.2), (-1.0, t * 0.42)), 2.6, lighter(wear.top, 0.40))
        pen.line(((-h * 0.95, t * 0.30), (h * 0.95, t * 0.30)), 2.8, lighter(wear.top, 0.40))
        pen.line(((2, t * 0.28), (4, t * 0.02)), 2.0, lighter(wear.top, 0.40))


def _bare(pen: Pen, build: Build, wear: Wardrobe) -> None:
    t, h, s = build.torso, build.hip, build.shoulder
    if not wear.creature:
        # people are never bare: a bathing suit, and a nappy for a baby
        pen.shape(trunk_points(build, 1.0), wear.body, shaded=2.0)
        suit = smooth(((-s * 0.62, t * 0.92), (-s * 0.8, t * 0.60), (-h * build.belly - 0.2, t * 0.30),
                       (-h - 0.3, -0.5), (-h * 0.45, -3.2), (h * 0.45, -3.2), (h + 0.3, -0.5),
                       (h * build.belly + 0.2, t * 0.30), (s * 0.8, t * 0.60), (s * 0.62, t * 0.92), (0, t * 0.74)))
        if wear.kind == "baby":
            suit = smooth(((-h * build.belly - 0.3, t * 0.26), (0, t * 0.20), (h * build.belly + 0.3, t * 0.26),
                           (h + 0.3, -1), (h * 0.4, -3.4), (-h * 0.4, -3.4), (-h - 0.3, -1)))
        pen.shape(suit, wear.top, shaded=1.8, pattern=wear.pattern, pattern_tone=wear.pattern_tone, cell=7.0)
        return
    pen.shape(trunk_points(build, 1.0), wear.body, shaded=2.2, pattern=wear.pattern, pattern_tone=wear.pattern_tone,
              cell=7.0)
    if wear.kind == "robot":
        dark = edge(wear.body)
        pen.blob(((-s * 0.66, t * 0.80), (s * 0.66, t * 0.80), (s * 0.70, t * 0.34), (-s * 0.70, t * 0.34)),
                 lighter(wear.body, 0.45))
        for k, lamp in enumerate(((240, 84, 72), (250, 206, 80), (96, 200, 130))):
            pen.disc((k - 1) * 4.6, t * 0.66, 1.5, lamp, line=dark)
        pen.line(((-5, t * 0.46), (5, t * 0.46)), 1.3, dark)
        pen.line(((-h * 0.9, t * 0.16), (h * 0.9, t * 0.16)), 0.9, dark)
        for x in (-0.78, 0.78):
            pen.disc(x * h, t * 0.06, 0.9, lighter(wear.body, 0.5), line=dark)
        return
    belly = smooth(((-h * 0.60, t * 0.34), (-h * 0.46, t * 0.72), (0, t * 0.86), (h * 0.46, t * 0.72),
                    (h * 0.60, t * 0.34), (h * 0.40, 0.6), (0, -0.8), (-h * 0.40, 0.6)))
    if wear.kind == "penguin":
        belly = smooth(((-h * 0.80, t * 0.34), (-h * 0.58, t * 0.80), (0, t * 0.98), (h * 0.58, t * 0.80),
                        (h * 0.80, t * 0.34), (h * 0.55, -0.4), (0, -1.6), (-h * 0.55, -0.4)))
    pen.fill(belly, wear.belly)
    if wear.kind == "dragon":
        for k in range(4):
            y = t * (0.70 - 0.19 * k)
            half = h * (0.40, 0.53, 0.58, 0.50)[k]
            pen.arc(((-half, y + 0.8), (0, y - 0.6), (half, y + 0.8)), 0.8, darker(wear.belly, 0.25))


def draw_accessories_behind(pen: Pen, look: Look, build: Build, wear: Wardrobe, leg: float) -> None:
    """Capes, backpacks and wings: before legs and trunk."""
    t, h, s = build.torso, build.hip, build.shoulder
    tone = wear.extra
    if "wings" in look.accessories:
        wing = smooth(((1, t * 0.66), (s + 8, t + 10), (s + 21, t + 8), (s + 22, t * 0.62), (s + 12, t * 0.44),
                       (s + 17, t * 0.12), (s + 8, -t * 0.10), (2, t * 0.40)))
        glow = lighter(tone, 0.55)
        for side in (1, -1):
            points = tuple((side * x, y) for x, y in wing)
            pen.shape(points, glow, line=edge(tone), shaded=1.5)
            pen.line(((side * 3, t * 0.6), (side * (s + 16), t + 2)), 0.9, tone)
            pen.line(((side * 3, t * 0.5), (side * (s + 11), t * 0.16)), 0.9, tone)
    if "cape" in look.accessories:
        low = -leg * 0.72
        pen.shape(smooth(((-s * 0.9, t + 0.5), (-s - 4, t * 0.6), (-h - 9, low * 0.5), (-h - 11, low),
                          (-h * 0.5, low - 2.5), (0, low - 0.5), (h * 0.5, low - 2.5), (h + 11, low),
                          (h + 9, low * 0.5), (s + 4, t * 0.6), (s * 0.9, t + 0.5))), tone, shaded=2.5)
    if "backpack" in look.accessories:
        pen.blob(((-s - 5, t * 0.86), (-s * 0.5, t * 1.02), (s * 0.5, t * 1.02), (s + 5, t * 0.86), (h + 6, t * 0.1),
                  (h * 0.5, -1), (-h * 0.5, -1), (-h - 6, t * 0.1)), tone, shaded=2.0)


def draw_accessories(pen: Pen, look: Look, build: Build, wear: Wardrobe, leg: float) -> None:
    """What is worn over the trunk, under the head."""
    t, h, s = build.torso, build.hip, build.shoulder
    tone = wear.extra
    worn = look.accessories
    if "apron" in worn:
        low = -leg * 0.30
        pen.shape(smooth(((-s * 0.50, t * 0.80), (s * 0.50, t * 0.80), (s * 0.56, t * 0.42), (h * 0.92, t * 0.32),
                          (h * 0.98, low * 0.6), (h * 0.6, low), (-h * 0.6, low), (-h * 0.98, low * 0.6),
                          (-h * 0.92, t * 0.32), (-s * 0.56, t * 0.42))), tone, shaded=1.8)
        for side in (-1, 1):
            pen.line(((side * s * 0.46, t * 0.80), (side * s * 0.40, t + 0.5)), 1.4, shade(tone))
        pen.arc(((-h * 0.44, t * 0.20), (-h * 0.36, -0.5), (h * 0.36, -0.5), (h * 0.44, t * 0.20)), 1.1,
                darker(tone, 0.3))
        pen.line(((-h * 0.44, t * 0.20), (h * 0.44, t * 0.20)), 1.1, darker(tone, 0.3))
    if "belt" in worn:
        half = h * build.belly * 0.99
        pen.shape(((-half, t * 0.26), (half, t * 0.26), (half, t * 0.11), (-half, t * 0.11)), tone)
        pen.shape(((-2.6, t * 0.29), (2.6, t * 0.29), (2.6, t * 0.08), (-2.6, t * 0.08)), (240, 200, 90))
        pen.shape(((-1.2, t * 0.23), (1.2, t * 0.23), (1.2, t * 0.14), (-1.2, t * 0.14)), tone)
    if "backpack" in worn:
        for side in (-1, 1):
            pen.line(((side * s * 0.66, t + 0.4), (side * s * 0.74, t * 0.5), (side * (s + 0.4), t * 0.24)), 2.3,
                     edge(tone))
            pen.line(((side * s * 0.66, t + 0.4), (side * s * 0.74, t * 0.5), (side * (s + 0.4), t * 0.24)), 1.4, tone)
    if "cape" in worn:
        pen.line(((-s * 0.85, t - 0.6), (0, t - 2.6), (s * 0.85, t - 0.6)), 2.4, tone)
        pen.disc(0, t - 2.6, 1.7, (244, 206, 96), line=edge(tone))
    if "badge" in worn:
        pen.fill(star_points(-s * 0.50, t * 0.66, 4.2, 2.0), edge(tone))
        pen.fill(star_points(-s * 0.50, t * 0.66, 3.1, 1.4), tone)
        pen.disc(-s * 0.50, t * 0.66, 0.9, lighter(tone, 0.6))
    if "necklace" in worn:
        for k in range(-3, 4):
            pen.disc(k * s * 0.20, t - 3.6 + 0.42 * k * k - 0.6, 1.15, tone, line=edge(tone))


def draw_neckwear(pen: Pen, look: Look, build: Build, wear: Wardrobe) -> None:
    """Scarf and bow tie: over the trunk and beneath the chin, drawn after the head."""
    t, s = build.torso, build.shoulder
    tone = wear.extra
    if "scarf" in look.accessories:
        pen.shape(((s * 0.10, t - 1), (s * 0.62, t - 1), (s * 0.78, t * 0.42), (s * 0.22, t * 0.40)), tone,
                  pattern="stripes", pattern_tone=lighter(tone, 0.55), cell=5.0)
        pen.blob(((-s * 0.95, t + 1.8), (0, t + 0.2), (s * 0.95, t + 1.8), (s * 0.92, t - 2.8), (0, t - 4.4),
                  (-s * 0.92, t - 2.8)), tone, shaded=1.0)
        pen.arc(((-s * 0.5, t - 0.4), (0, t - 1.6), (s * 0.5, t - 0.6)), 0.7, shade(shade(tone)))
    if "bow tie" in look.accessories:
        y = t - 3.0
        for side in (-1, 1):
            pen.shape(((0, y), (side * 6.6, y + 3.8), (side * 6.6, y - 3.8)), tone)
        pen.disc(0, y, 1.6, shade(tone), line=edge(tone))


def draw_headphones(pen: Pen, tone: Colour, wide: float) -> None:
    """Over everything on the head, in head coordinates."""
    w = 1.10 * wide
    band = smooth(((-w, 0.0), (-w * 0.86, 0.78), (-w * 0.4, 1.20), (0, 1.30), (w * 0.4, 1.20), (w * 0.86, 0.78),
                   (w, 0.0)), False)
    pen.line(band, 0.20, edge(tone))
    pen.line(band, 0.11, tone)
    for side in (-1, 1):
        pen.oval(side * w, -0.06, 0.20, 0.34, tone, line=edge(tone))
        pen.oval(side * w * 0.94, -0.06, 0.08, 0.22, shade(tone))
