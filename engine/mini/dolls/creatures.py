"""Heads, tails and wings of the creatures. Heads in head coordinates (see faces.py), the rest in figure units."""

from __future__ import annotations

from engine.mini.dolls.faces import FaceSpec
from engine.mini.dolls.pen import Pen, mirrored, smooth
from engine.mini.dolls.tones import WHITE, Colour, colour, darker, edge, lighter, luminance, mix, shade

NOSE: Colour = (52, 34, 42)
PINK: Colour = (243, 160, 170)


def belly_tone(kind: str, fur: Colour) -> Colour:
    """The lighter tone of muzzle and belly."""
    if kind == "penguin":
        return (250, 247, 238)
    if kind == "fox":
        return mix(fur, (255, 250, 240), 0.82)
    if kind == "dragon":
        return mix(fur, (255, 236, 170), 0.62)
    return mix(fur, (255, 246, 230), 0.58 if luminance(fur) < 190 else 0.75)


def paw_tone(kind: str, fur: Colour) -> Colour:
    """Hands and feet."""
    if kind == "fox":
        return darker(fur, 0.62)
    if kind == "robot":
        return mix(fur, (70, 78, 96), 0.55)
    if kind == "penguin":
        return shade(fur)
    return fur


def foot_tone(kind: str, fur: Colour) -> Colour:
    """Bare feet."""
    if kind == "penguin":
        return (240, 150, 50)
    if kind == "unicorn":
        return (226, 186, 90)
    return paw_tone(kind, fur)


def draw_behind_head(pen: Pen, kind: str, fur: Colour, wide: float) -> None:
    """Ears, horns and manes that lie behind the head."""
    inner = mix(belly_tone(kind, fur), PINK, 0.6)
    if kind == "bear":
        for side in (-1, 1):
            pen.ball(side * 0.80, 0.72, 0.36, fur)
            pen.disc(side * 0.80, 0.72, 0.20, inner)
    elif kind == "rabbit":
        ear = smooth(((0.14, 0.75), (0.16, 1.5), (0.34, 2.06), (0.60, 2.10), (0.74, 1.6), (0.66, 0.80)))
        hollow = smooth(((0.28, 0.8), (0.30, 1.45), (0.42, 1.86), (0.54, 1.86), (0.60, 1.5), (0.54, 0.8)))
        for points, hole in ((ear, hollow), (mirrored(ear), mirrored(hollow))):
            pen.shape(points, fur, shaded=0.07)
            pen.fill(hole, inner)
    elif kind in ("cat", "fox"):
        tall = 1.42 if kind == "cat" else 1.62
        ear = ((0.16, 0.80), (0.52 if kind == "cat" else 0.48, 1.05), (0.98, tall), (1.06, 0.95), (1.02, 0.30))
        hollow = ((0.42, 0.85), (0.88, tall - 0.26), (0.92, 0.55))
        for side in (False, True):
            pen.shape(mirrored(ear) if side else ear, fur)
            pen.fill(mirrored(hollow) if side else hollow, inner if kind == "cat" else belly_tone(kind, fur))
            if kind == "fox":
                tip = ((0.80, 1.42), (0.98, tall), (1.02, 1.28))
                pen.fill(mirrored(tip) if side else tip, NOSE)
    elif kind == "mouse":
        for side in (-1, 1):
            pen.ball(side * 0.98, 0.72, 0.60, fur)
            pen.disc(side * 0.98, 0.70, 0.40, inner)
    elif kind == "dragon":
        horn = smooth(((0.28, 0.80), (0.42, 1.30), (0.70, 1.62), (0.76, 1.24), (0.66, 0.76)))
        fin = ((0.92, 0.20), (1.62, 0.62), (1.42, 0.22), (1.66, 0.02), (1.34, -0.10), (1.40, -0.42), (0.94, -0.30))
        for side in (False, True):
            pen.shape(mirrored(fin) if side else fin, darker(belly_tone(kind, fur), 0.12))
            pen.shape(mirrored(horn) if side else horn, (246, 232, 200), shaded=0.06)
        spikes = mix(fur, (250, 170, 60), 0.65)
        pen.shape(((-0.26, 0.92), (-0.12, 1.34), (0.0, 1.04), (0.12, 1.36), (0.26, 0.92)), spikes)
    elif kind == "robot":
        metal = (120, 128, 146)
        pen.line(((0, 0.9), (0, 1.36)), 0.10, metal)
        pen.ball(0, 1.48, 0.19, (240, 84, 72))
        for side in (-1, 1):
            pen.shape(((side * 1.0, 0.34), (side * 1.40, 0.28), (side * 1.40, -0.28), (side * 1.0, -0.34)), metal)
    elif kind == "unicorn":
        mane = ((240, 120, 170), (170, 130, 230), (120, 190, 240))
        for k, (x, y, r) in enumerate(((-0.62, 0.98, 0.42), (-1.0, 0.62, 0.44), (-1.18, 0.10, 0.42),
                                       (-1.18, -0.46, 0.40), (-1.05, -0.95, 0.34))):
            pen.disc(x, y, r, mane[k % 3], line=edge(mane[k % 3]))
        ear = ((0.36, 0.80), (0.52, 1.38), (0.88, 1.24), (0.92, 0.62))
        hollow = ((0.50, 0.86), (0.58, 1.22), (0.76, 1.12), (0.78, 0.76))
        for side in (False, True):
            pen.shape(mirrored(ear) if side else ear, fur)
            pen.fill(mirrored(hollow) if side else hollow, PINK)


def draw_head(pen: Pen, kind: str, fur: Colour, wide: float, shift: float) -> FaceSpec:
    """The head itself with its muzzle; returns where the features go. `shift` moves the muzzle when turned."""
    light = belly_tone(kind, fur)
    brow = darker(fur, 0.62) if luminance(fur) > 95 else lighter(fur, 0.45)
    spec = FaceSpec(ground=fur, mouth_ground=light, brow=brow, eye_y=0.14, eye_x=0.42, cheek_y=-0.22, cheek_x=0.74,
                    mouth_y=-0.56, mouth_scale=0.86)
    if kind == "robot":
        body = smooth(((-1.04, 0.86), (-0.86, 1.0), (0.86, 1.0), (1.04, 0.86), (1.04, -0.80), (0.86, -0.96),
                       (-0.86, -0.96), (-1.04, -0.80)))
        pen.shape(body, fur, shaded=0.20)
        screen: Colour = (206, 236, 240)
        pen.blob(((-0.86, 0.62), (-0.6, 0.70), (0.6, 0.70), (0.86, 0.62), (0.86, -0.62), (0.6, -0.76), (-0.6, -0.76),
                  (-0.86, -0.62)), screen,
                 line=edge(fur))
        for x, y in ((-0.88, 0.84), (0.88, 0.84), (-0.9, -0.80), (0.9, -0.80)):
            pen.disc(x, y, 0.065, lighter(fur, 0.55), line=edge(fur))
        return FaceSpec(ground=screen, mouth_ground=screen, brow=(56, 84, 110), eye_y=0.10, eye_x=0.38, cheek_y=-0.24,
                        cheek_x=0.64, mouth_y=-0.46, mouth_scale=0.85, iris=(40, 120, 170))
    if kind == "fox":
        face = ((-1.14, 0.30), (-0.86, 0.82), (0, 1.0), (0.86, 0.82), (1.14, 0.30), (1.30, -0.22), (0.92, -0.50),
                (0.52, -0.78), (0, -0.98),
                (-0.52, -0.78), (-0.92, -0.50), (-1.30, -0.22))
        pen.blob(face, fur, shaded=0.14)
        for side in (-1, 1):
            pen.fill(smooth(((side * 1.26, -0.20), (side * 0.92, -0.06), (side * 0.52, -0.16), (side * 0.16, -0.34),
                             (0, -0.44), (0, -0.95),
                             (side * 0.50, -0.76), (side * 0.92, -0.48))), light)
        pen.oval(shift, -0.36, 0.15, 0.11, NOSE)
        return FaceSpec(ground=fur, mouth_ground=light, brow=brow, eye_y=0.18, eye_x=0.46, cheek_y=-0.18,
                        cheek_x=0.82, mouth_y=-0.62, mouth_scale=0.75)
    if kind == "unicorn":
        pen.blob(((-0.92, 0.35), (-0.62, 0.88), (0, 1.0), (0.62, 0.88), (0.92, 0.35), (0.84, -0.20), (0.84, -0.62),
                  (0.5, -0.98), (0, -1.06),
                  (-0.5, -0.98), (-0.84, -0.62), (-0.84, -0.20)), fur, shaded=0.13)
        muzzle = mix(light, PINK, 0.28)
        pen.oval(shift, -0.60, 0.74, 0.42, muzzle, line=mix(muzzle, edge(muzzle), 0.5))
        for side in (-1, 1):
            pen.oval(shift + side * 0.28, -0.44, 0.055, 0.075, darker(muzzle, 0.5))
        return FaceSpec(ground=fur, mouth_ground=muzzle, brow=brow, eye_y=0.20, eye_x=0.44, cheek_y=-0.12,
                        cheek_x=0.66, mouth_y=-0.72,
                        mouth_scale=0.80, lashes=True, iris=(96, 74, 150))
    if kind == "penguin":
        pen.blob(_round(wide), fur, shaded=0.14)
        mask = smooth(((0, 0.30), (0.32, 0.62), (0.72, 0.54), (0.92, 0.10), (0.80, -0.40), (0.45, -0.80), (0, -0.92),
                       (-0.45, -0.80), (-0.80, -0.40),
                       (-0.92, 0.10), (-0.72, 0.54), (-0.32, 0.62)))
        pen.fill(mask, light)
        return FaceSpec(ground=light, mouth_ground=light, brow=(84, 80, 92), eye_y=0.08, eye_x=0.42, cheek_y=-0.26,
                        cheek_x=0.62, mouth_y=-0.60,
                        mouth_scale=0.6)
    if kind == "dragon":
        pen.blob(((-1.08, 0.28), (-0.80, 0.82), (0, 1.0), (0.80, 0.82), (1.08, 0.28), (1.0, -0.30), (0.95, -0.70),
                  (0.5, -0.98), (0, -1.02), (-0.5, -0.98),
                  (-0.95, -0.70), (-1.0, -0.30)), fur, shaded=0.15)
        pen.oval(shift, -0.52, 0.82, 0.44, light, line=mix(light, edge(fur), 0.45))
        for side in (-1, 1):
            pen.oval(shift + side * 0.24, -0.28, 0.07, 0.05, darker(light, 0.6))
            pen.disc(side * 0.66, 0.62, 0.07, shade(fur))
        return FaceSpec(ground=fur, mouth_ground=light, brow=brow, eye_y=0.26, eye_x=0.42, cheek_y=-0.10,
                        cheek_x=0.80, mouth_y=-0.60,
                        mouth_scale=1.0, iris=(70, 110, 50))
    pen.blob(_round(wide), fur, shaded=0.15)
    if kind == "bear":
        pen.oval(shift, -0.42, 0.50, 0.40, light)
        pen.oval(shift, -0.24, 0.185, 0.13, NOSE)
        pen.disc(shift - 0.06, -0.20, 0.04, (150, 130, 140))
        pen.line(((shift, -0.34), (shift, -0.46)), 0.05, NOSE)
    elif kind == "rabbit":
        for side in (-1, 1):
            pen.oval(shift + side * 0.22, -0.44, 0.30, 0.26, light)
        pen.oval(shift, -0.27, 0.12, 0.085, (232, 118, 136))
    elif kind == "cat":
        stripe = darker(fur, 0.32) if luminance(fur) > 95 else lighter(fur, 0.25)
        for x in (-0.24, 0.0, 0.24):
            pen.line(((x, 0.92), (x * 0.85, 0.60 if x else 0.54)), 0.10, stripe)
        for side in (-1, 1):
            pen.oval(shift + side * 0.20, -0.44, 0.29, 0.24, light)
            for k in (-1, 0, 1):
                pen.line(((side * 0.66, -0.36 - k * 0.08), (side * 1.38, -0.30 - k * 0.19)), 0.035,
                         mix(edge(fur), WHITE, 0.25))
        pen.fill(((shift - 0.13, -0.22), (shift + 0.13, -0.22), (shift, -0.36)), (232, 118, 136))
    elif kind == "dog":
        patch = darker(fur, 0.30) if luminance(fur) > 95 else lighter(fur, 0.25)
        pen.fill(smooth(((0.16, 0.20), (0.34, 0.52), (0.66, 0.50), (0.80, 0.14), (0.62, -0.16), (0.32, -0.10))), patch)
        pen.oval(shift, -0.46, 0.56, 0.42, light)
        pen.blob(((shift - 0.22, -0.16), (shift, -0.10), (shift + 0.22, -0.16), (shift + 0.12, -0.34), (shift, -0.40),
                  (shift - 0.12, -0.34)), NOSE, line=NOSE)
        pen.disc(shift - 0.08, -0.18, 0.045, (150, 130, 140))
    elif kind == "mouse":
        pen.oval(shift, -0.46, 0.40, 0.32, light)
        pen.disc(shift, -0.28, 0.13, (238, 120, 140), line=(150, 60, 84))
        for side in (-1, 1):
            for k in (-1, 1):
                pen.line(((side * 0.46, -0.42 - k * 0.06), (side * 1.20, -0.38 - k * 0.15)), 0.035,
                         mix(edge(fur), WHITE, 0.25))
    return spec


def draw_over_head(pen: Pen, kind: str, fur: Colour, shift: float) -> None:
    """Beak, teeth, horn, floppy ears: after the face."""
    if kind == "penguin":
        beak: Colour = (246, 160, 48)
        pen.blob(((shift - 0.24, -0.26), (shift, -0.14), (shift + 0.24, -0.26), (shift + 0.10, -0.42), (shift, -0.50),
                  (shift - 0.10, -0.42)), beak)
        pen.line(((shift - 0.18, -0.30), (shift + 0.18, -0.30)), 0.045, edge(beak))
    elif kind == "dog":
        ear = smooth(((0.62, 0.80), (1.04, 0.86), (1.40, 0.30), (1.42, -0.36), (1.16, -0.62), (0.96, -0.22),
                      (0.94, 0.30)))
        tone = darker(fur, 0.34) if luminance(fur) > 95 else lighter(fur, 0.16)
        pen.shape(ear, tone, shaded=0.08)
        pen.shape(mirrored(ear), tone, shaded=0.08)
    elif kind == "rabbit":
        pen.shape(((shift - 0.10, -0.56), (shift + 0.10, -0.56), (shift + 0.09, -0.74), (shift - 0.09, -0.74)),
                  (255, 253, 246), line=(120, 96, 100))
        pen.line(((shift, -0.57), (shift, -0.73)), 0.03, (150, 130, 134))
    elif kind == "unicorn":
        gold = colour("gold")
        pen.shape(((-0.17, 0.78), (0.02, 1.86), (0.19, 0.78), (0.0, 0.70)), lighter(gold, 0.25), line=edge(gold))
        for y in (0.96, 1.18, 1.40):
            half = 0.17 * (1.86 - y) / 1.08
            pen.line(((-half, y - 0.04), (half, y + 0.06)), 0.05, darker(gold, 0.15))
        mane = ((240, 120, 170), (170, 130, 230), (120, 190, 240))
        for k, (x, y, r) in enumerate(((-0.16, 0.84, 0.24), (-0.38, 0.66, 0.24), (-0.62, 0.62, 0.22))):
            pen.disc(x, y, r, mane[k], line=edge(mane[k]))
    elif kind == "dragon":
        for side in (-1, 1):
            pen.fill(((shift + side * 0.44, -0.66), (shift + side * 0.58, -0.64), (shift + side * 0.50, -0.82)), WHITE)


def draw_tail(pen: Pen, kind: str, fur: Colour, hip: float) -> None:
    """The tail, behind the body. The pen's origin is the hips' middle, in figure units."""
    light = belly_tone(kind, fur)
    if kind == "fox":
        tail = smooth(((-hip * 0.4, -4), (-hip - 6, -7), (-hip - 16, -2), (-hip - 21, 10), (-hip - 17, 23),
                       (-hip - 10, 15), (-hip - 4, 6), (0, 4)))
        pen.shape(tail, fur, shaded=1.5)
        pen.fill(smooth(((-hip - 20.5, 11), (-hip - 17, 22.6), (-hip - 11.4, 16.4), (-hip - 14, 13.4),
                         (-hip - 15.5, 15), (-hip - 18, 11.6))), light)
    elif kind == "cat":
        pen.tube(smooth(((0, -3), (-hip - 5, -5), (-hip - 12, 2), (-hip - 12, 13), (-hip - 16, 20)), False), 2.8, 2.3,
                 fur)
    elif kind == "dog":
        pen.tube(smooth(((0, -2), (-hip - 4, 0), (-hip - 10, 7), (-hip - 10, 14)), False), 3.0, 2.0, fur)
    elif kind == "mouse":
        pen.tube(smooth(((0, -4), (-hip - 6, -8), (-hip - 13, -3), (-hip - 14, 7), (-hip - 20, 10)), False), 1.5, 0.8,
                 (240, 160, 168))
    elif kind == "rabbit":
        pen.ball(-hip - 3, -1, 5.0, light)
    elif kind == "bear":
        pen.ball(-hip - 1.5, 0, 3.6, fur)
    elif kind == "dragon":
        pen.tube(smooth(((0, -4), (-hip - 8, -11), (-hip - 18, -8), (-hip - 24, 4)), False), 6.0, 1.6, fur)
        tip = mix(fur, (250, 170, 60), 0.65)
        pen.shape(((-hip - 20.5, 3), (-hip - 25.5, 13), (-hip - 29, 3.4), (-hip - 24.4, 5)), tip)
        wing = smooth(((6, 22), (16, 36), (34, 44), (31, 34), (33, 25), (26, 22), (24, 14), (17, 16), (10, 12)))
        for points in (wing, mirrored(wing)):
            pen.shape(points, darker(light, 0.16), line=edge(fur))
        for side in (-1, 1):
            pen.line(((side * 7, 20), (side * 33, 43)), 2.2, fur)
            pen.line(((side * 17, 30), (side * 25, 22)), 1.0, shade(fur))
    elif kind == "unicorn":
        for k, tone in enumerate(((240, 120, 170), (170, 130, 230), (120, 190, 240))):
            pen.tube(smooth(((0, -2), (-hip - 5, 4 - k * 3), (-hip - 13, 1 - k * 4), (-hip - 16, -12 - k * 2.5)),
                            False), 2.6, 1.4, tone)


def _round(wide: float) -> tuple[tuple[float, float], ...]:
    w = wide
    return ((-w, 0.02), (-0.90 * w, 0.55), (-0.50 * w, 0.92), (0, 1.0), (0.50 * w, 0.92), (0.90 * w, 0.55), (w, 0.02),
            (0.96 * w, -0.46), (0.58 * w, -0.88),
            (0, -1.0), (-0.58 * w, -0.88), (-0.96 * w, -0.46))
