"""Things: held in a hand or standing on the ground. One hundred units are the thing's usual full height."""

from __future__ import annotations

import math
from collections.abc import Callable

from engine.mini.dolls.headwear import draw_flower
from engine.mini.dolls.pen import Pen, smooth, star_points
from engine.mini.dolls.tones import WHITE, Colour, colour, darker, edge, lighter, shade

Draw = Callable[[Pen], None]
WOOD: Colour = (164, 108, 62)
PAPER: Colour = (250, 240, 214)


def _ball(p: Pen) -> None:
    p.disc(0, 0, 48, colour("red"), line=edge(colour("red")))
    for k, tone in enumerate((WHITE, colour("yellow"), colour("blue"))):
        a = math.radians(k * 120 + 20)
        b = math.radians(k * 120 + 80)
        c = (a + b) / 2
        p.fill(smooth(((0, 0), (math.cos(a) * 47, math.sin(a) * 47), (math.cos(c) * 48, math.sin(c) * 48),
                       (math.cos(b) * 47, math.sin(b) * 47))), tone)
    p.disc(0, 0, 9, WHITE, line=edge(colour("red")))
    p.oval(-20, 24, 11, 6, (255, 225, 220), turn=35)


def _balloon(p: Pen) -> None:
    red = colour("red")
    p.arc(((0, -50), (3, -25), (-3, 5), (0, 34)), 3.0, (110, 92, 100))
    p.fill(((-6, 32), (6, 32), (0, 42)), shade(red))
    p.blob(((0, 40), (-22, 56), (-30, 82), (-20, 106), (0, 114), (20, 106), (30, 82), (22, 56)), red, shaded=6)
    p.oval(-13, 94, 5, 10, (255, 190, 190), turn=-25)


def _book(p: Pen) -> None:
    cover = colour("red")
    p.shape(((-52, -30), (-50, 34), (0, 26), (50, 34), (52, -30), (0, -38)), cover)
    for side in (-1, 1):
        p.shape(((side * 2, -30), (side * 46, -23), (side * 45, 30), (side * 2, 22)), PAPER, line=(150, 120, 100))
        for k in range(3):
            p.line(((side * 10, 14 - 13 * k), (side * 37, 19 - 13 * k)), 3.2, (190, 170, 150))


def _cake(p: Pen) -> None:
    p.oval(0, -36, 58, 10, WHITE, line=(150, 150, 170))
    p.blob(((-44, -34), (-45, 8), (0, 16), (45, 8), (44, -34), (0, -42)), (236, 186, 128), shaded=8)
    p.blob(((-46, 2), (-30, 22), (0, 26), (30, 22), (46, 2), (34, -9), (22, 0), (8, -11), (-6, 0), (-20, -10),
            (-34, -1)), colour("pink"))
    p.line(((0, 22), (0, 44)), 7, (120, 180, 240))
    p.blob(((0, 44), (-6, 52), (0, 64), (6, 52)), (255, 204, 70))
    p.disc(-26, 16, 6, colour("red"))
    p.disc(26, 16, 6, colour("red"))


def _apple(p: Pen) -> None:
    p.blob(((0, 28), (-24, 36), (-42, 14), (-34, -24), (-12, -42), (0, -38), (12, -42), (34, -24), (42, 14),
            (24, 36)), colour("red"), shaded=8)
    p.arc(((0, 26), (2, 40), (8, 50)), 7, (110, 70, 40))
    p.blob(((6, 40), (22, 54), (38, 46), (22, 36)), colour("green"))
    p.oval(-20, 14, 6, 10, (255, 190, 180), turn=20)


def _cup(p: Pen) -> None:
    tone = colour("teal")
    p.arc(((30, 20), (56, 16), (54, -16), (28, -22)), 12, edge(tone))
    p.arc(((30, 20), (54, 15), (52, -15), (28, -22)), 7, tone)
    p.blob(((-36, 36), (36, 36), (33, -20), (20, -40), (-20, -40), (-33, -20)), tone, shaded=7)
    p.oval(0, 34, 36, 8, (120, 72, 46), line=edge(tone))
    p.disc(-6, -4, 8, lighter(tone, 0.6))


def _flower(p: Pen) -> None:
    p.arc(((0, -55), (3, -20), (0, 22)), 7, (70, 140, 76))
    p.blob(((1, -24), (22, -8), (38, -14), (20, -30)), (96, 176, 92))
    draw_flower(p, 0, 40, 36, colour("pink"))


def _lantern(p: Pen) -> None:
    metal: Colour = (86, 74, 80)
    p.arc(((-18, 40), (-12, 62), (12, 62), (18, 40)), 5, metal)
    p.blob(((-26, 30), (26, 30), (32, 0), (26, -32), (-26, -32), (-32, 0)), (255, 214, 96), line=metal)
    p.oval(0, -6, 13, 20, (255, 244, 190))
    p.shape(((-28, 30), (28, 30), (18, 44), (-18, 44)), metal)
    p.shape(((-28, -32), (28, -32), (28, -44), (-28, -44)), metal)
    p.line(((0, 30), (0, -32)), 3.5, metal)


def _kite(p: Pen) -> None:
    p.arc(((0, -50), (10, -20), (-8, 5), (0, 30)), 2.5, (110, 92, 100))
    p.shape(((0, 116), (-36, 74), (0, 24), (36, 74)), colour("orange"))
    p.fill(((0, 116), (36, 74), (0, 74)), colour("yellow"))
    p.fill(((0, 24), (-36, 74), (0, 74)), colour("teal"))
    for k, y in enumerate((8, -14)):
        p.fill(((0, y), (-12, y + 8), (-12, y - 8)), colour("red" if k else "blue"))
        p.fill(((0, y), (12, y + 8), (12, y - 8)), colour("red" if k else "blue"))


def _umbrella(p: Pen) -> None:
    tone = colour("purple")
    p.line(((0, -50), (0, 60)), 5, (120, 84, 60))
    p.arc(((0, -48), (4, -60), (14, -58), (15, -50)), 5, (120, 84, 60))
    p.shape(smooth(((-70, 44), (-60, 78), (-30, 102), (0, 108), (30, 102), (60, 78), (70, 44), (46, 52), (23, 44),
                    (0, 53), (-23, 44), (-46, 52))), tone, shaded=7)
    for x in (-23, 23):
        p.arc(((x, 45), (x * 0.8, 80), (0, 106)), 3, shade(shade(tone)))
    p.line(((0, 106), (0, 116)), 5, (120, 84, 60))


def _teddy(p: Pen) -> None:
    tone: Colour = (196, 138, 84)
    light: Colour = (240, 208, 164)
    for s in (-1, 1):
        p.ball(s * 24, -38, 15, tone)
        p.tube(((s * 18, -2), (s * 36, -14)), 11, 11, tone)
    p.blob(((-24, 0), (0, 8), (24, 0), (26, -28), (0, -44), (-26, -28)), tone, shaded=5)
    p.oval(0, -18, 15, 18, light)
    for s in (-1, 1):
        p.ball(s * 27, 54, 12, tone)
        p.disc(s * 27, 54, 6, light)
    p.disc(0, 28, 33, tone, line=edge(tone))
    p.oval(0, 17, 15, 12, light)
    p.oval(0, 23, 6, 4.5, (60, 40, 44))
    for s in (-1, 1):
        p.disc(s * 13, 34, 4.6, (50, 34, 40))
    p.arc(((-6, 14), (0, 11), (6, 14)), 3, (60, 40, 44))


def _gift(p: Pen) -> None:
    p.shape(((-42, -44), (42, -44), (42, 20), (-42, 20)), colour("teal"), shaded=7)
    p.shape(((-48, 20), (48, 20), (48, 38), (-48, 38)), lighter(colour("teal"), 0.18))
    p.fill(((-9, -44), (9, -44), (9, 38), (-9, 38)), colour("red"))
    for s in (-1, 1):
        p.blob(((0, 38), (s * 12, 58), (s * 34, 60), (s * 34, 42)), colour("red"))
    p.disc(0, 42, 7, darker(colour("red"), 0.15), line=edge(colour("red")))


def _key(p: Pen) -> None:
    gold = colour("gold")
    p.line(((0, 0), (0, -46)), 15, edge(gold))
    for y in (-24, -40):
        p.line(((0, y), (20, y)), 14, edge(gold))
    p.disc(0, 22, 27, gold, line=edge(gold))
    p.line(((0, 0), (0, -46)), 9, gold)
    for y in (-24, -40):
        p.line(((0, y), (20, y)), 8, gold)
    p.disc(0, 22, 12, darker(gold, 0.55))


def _map(p: Pen) -> None:
    tone: Colour = (238, 214, 160)
    p.shape(((-54, -30), (-18, -38), (18, -28), (54, -36), (54, 30), (18, 38), (-18, 28), (-54, 36)), tone,
            line=(140, 100, 60))
    p.fill(((-18, -38), (18, -28), (18, 38), (-18, 28)), shade(tone))
    p.arc(((-42, -14), (-26, 4), (-6, -8), (12, 10)), 5, (200, 70, 60))
    for s in (-1, 1):
        p.line(((26 - 9 * s, 8), (26 + 9 * s, 26)), 6, (200, 50, 50))
    p.oval(-34, 20, 9, 6, (120, 170, 120))


def _letter(p: Pen) -> None:
    p.shape(((-48, -32), (48, -32), (48, 32), (-48, 32)), (252, 246, 232), line=(150, 130, 130), shaded=5)
    p.line(((-46, 30), (0, -4), (46, 30)), 4, (170, 150, 150))
    p.disc(0, -4, 11, colour("red"), line=edge(colour("red")))


def _boat(p: Pen) -> None:
    p.line(((0, 20), (0, 98)), 5, darker(WOOD, 0.2))
    p.shape(((4, 94), (4, 32), (58, 34)), (252, 248, 236), line=(150, 140, 150), shaded=4)
    p.shape(((-4, 86), (-4, 34), (-40, 36)), colour("red"), shaded=4)
    p.shape(smooth(((-78, 26), (0, 20), (78, 26), (62, 6), (44, 0), (-44, 0), (-62, 6))), WOOD, shaded=5)
    p.line(((-66, 17), (66, 17)), 4, lighter(WOOD, 0.35))
    p.fill(((0, 98), (0, 108), (16, 103)), colour("blue"))


def _bucket(p: Pen) -> None:
    tone = colour("blue")
    p.arc(((-34, 26), (-24, 58), (24, 58), (34, 26)), 5, (110, 116, 130))
    p.shape(((-38, 28), (38, 28), (28, -44), (-28, -44)), tone, shaded=7)
    p.oval(0, 28, 38, 9, darker(tone, 0.4), line=edge(tone))
    p.line(((-33, -6), (33, -6)), 7, lighter(tone, 0.4))


def _drum(p: Pen) -> None:
    p.blob(((-42, 22), (42, 22), (42, -30), (30, -40), (-30, -40), (-42, -30)), colour("red"), shaded=7)
    for k in range(5):
        x = -34 + 17 * k
        p.line(((x, 20), (x + (9 if k % 2 else -5), -36)), 3.4, colour("yellow"))
    p.oval(0, 22, 44, 14, (252, 240, 214), line=(140, 90, 60))
    p.line(((-26, 52), (4, 26)), 6, WOOD)
    p.line(((36, 54), (12, 26)), 6, WOOD)


def _star(p: Pen) -> None:
    p.shape(star_points(0, 0, -50, -23), (252, 208, 66), line=edge((240, 180, 50)), shaded=6)
    p.oval(-12, 12, 7, 4, (255, 244, 190), turn=30)
    for s in (-1, 1):
        p.disc(s * 10, 2, 4, (110, 70, 40))
    p.arc(((-8, -9), (0, -14), (8, -9)), 3.4, (110, 70, 40))


def _basket(p: Pen) -> None:
    tone: Colour = (206, 150, 88)
    p.arc(((-38, 10), (-26, 52), (26, 52), (38, 10)), 9, edge(tone))
    p.arc(((-38, 10), (-26, 52), (26, 52), (38, 10)), 5, tone)
    for x, c in ((-20, "red"), (4, "orange"), (24, "green")):
        p.disc(x, 12, 13, colour(c), line=edge(colour(c)))
    p.shape(((-48, 10), (48, 10), (34, -44), (-34, -44)), tone, pattern="checks", pattern_tone=shade(tone), cell=20)
    p.line(((-46, 9), (46, 9)), 8, lighter(tone, 0.2))


def _sword(p: Pen) -> None:
    steel: Colour = (206, 214, 226)
    p.shape(((-9, 0), (9, 0), (9, 84), (0, 104), (-9, 84)), steel)
    p.line(((0, 4), (0, 84)), 3, (160, 170, 190))
    p.line(((0, -6), (0, -34)), 11, (120, 72, 46))
    p.shape(((-28, 4), (28, 4), (28, -6), (-28, -6)), colour("gold"))
    p.disc(0, -38, 8, colour("gold"), line=edge(colour("gold")))


def _bed(p: Pen) -> None:
    blanket = colour("blue")
    p.shape(((-88, 0), (-78, 0), (-78, 76), (-88, 76)), WOOD)
    p.blob(((-88, 36), (-88, 74), (-70, 84), (-64, 60), (-66, 34)), WOOD)
    p.shape(((-84, 14), (84, 14), (84, 30), (-84, 30)), WOOD)
    p.shape(((78, 0), (88, 0), (88, 48), (78, 48)), WOOD)
    p.blob(((-80, 28), (-80, 44), (0, 48), (82, 44), (82, 28)), WHITE)
    p.blob(((-80, 42), (-78, 60), (-58, 64), (-40, 56), (-42, 42)), (255, 250, 240), shaded=3)
    p.shape(smooth(((-40, 50), (-20, 56), (40, 54), (84, 48), (86, 14), (20, 10), (-38, 14), (-44, 30))), blanket,
            shaded=4, pattern="stars", pattern_tone=lighter(blanket, 0.6), cell=20)


def _chair(p: Pen) -> None:
    for x in (-30, 30):
        p.line(((x * 0.86, 44), (x * 0.86, 4)), 6, darker(WOOD, 0.3))
    p.blob(((-32, 44), (-34, 96), (0, 104), (34, 96), (32, 44)), WOOD, shaded=4)
    p.blob(((-20, 52), (-20, 86), (0, 90), (20, 86), (20, 52)), lighter(WOOD, 0.3))
    p.blob(((-38, 46), (38, 46), (44, 34), (-44, 34)), colour("red"))
    for x in (-38, 38):
        p.line(((x, 32), (x * 1.02, 2)), 8, edge(WOOD))
        p.line(((x, 32), (x * 1.02, 2)), 5.5, WOOD)


def _tent(p: Pen) -> None:
    tone = colour("orange")
    p.shape(((0, 100), (-80, 0), (80, 0)), tone, shaded=6)
    for k in (-1, 1):
        p.fill(((0, 98), (k * 36, 1), (k * 56, 1)), colour("yellow"))
    p.shape(((0, 68), (-26, 0), (26, 0)), darker(tone, 0.62))
    p.fill(((0, 68), (26, 0), (34, 0)), lighter(tone, 0.35))
    p.line(((0, 98), (0, 114)), 4, WOOD)
    p.fill(((0, 114), (0, 102), (20, 108)), colour("red"))


def _box(p: Pen) -> None:
    tone: Colour = (212, 164, 108)
    p.shape(((-46, 0), (46, 0), (46, 70), (-46, 70)), tone, shaded=6)
    p.shape(((-46, 70), (-62, 88), (-8, 92), (0, 70)), lighter(tone, 0.15))
    p.shape(((46, 70), (62, 88), (8, 92), (0, 70)), lighter(tone, 0.15))
    p.fill(((-8, 0), (8, 0), (8, 70), (-8, 70)), lighter(tone, 0.4))
    p.line(((-34, 14), (-20, 14)), 4, shade(shade(tone)))


#: Each prop's drawing, its middle's or hand's place at the origin, with bottom and top in its own units, and
#: its size in the hand as a share of the holder's height.
DRAWINGS: dict[str, tuple[Draw, float, float, float]] = {
    "ball": (_ball, -48, 48, 0.20), "balloon": (_balloon, -50, 114, 0.50), "book": (_book, -38, 34, 0.24),
    "cake": (_cake, -46, 64, 0.24), "apple": (_apple, -42, 52, 0.15), "cup": (_cup, -40, 42, 0.15),
    "flower": (_flower, -55, 76, 0.26), "lantern": (_lantern, -44, 62, 0.22), "kite": (_kite, -50, 116, 0.58),
    "umbrella": (_umbrella, -60, 116, 0.72), "teddy": (_teddy, -53, 66, 0.27), "gift": (_gift, -44, 60, 0.23),
    "key": (_key, -54, 49, 0.17), "map": (_map, -38, 38, 0.24), "letter": (_letter, -32, 32, 0.18),
    "boat": (_boat, 0, 108, 0.28), "bucket": (_bucket, -44, 58, 0.23), "drum": (_drum, -40, 56, 0.24),
    "star": (_star, -42, 50, 0.20), "basket": (_basket, -44, 54, 0.24), "sword": (_sword, -46, 104, 0.46),
    "bed": (_bed, 0, 84, 0.30), "chair": (_chair, 0, 104, 0.30), "tent": (_tent, 0, 114, 0.30), "box": (_box, 0, 92,
        0.25),
}
#: Held by a handle at their top: they hang from the hand.
HANGING = ("lantern", "bucket", "basket")
#: Held low on a string or handle and rising above the hand.
TALL = ("sword", "umbrella", "kite", "balloon", "flower")


def drawing_of(name: str) -> tuple[Draw, float, float, float]:
    """A prop's drawing; a word nobody knows is a box."""
    return DRAWINGS.get(name, DRAWINGS["box"])


def draw_held(pen: Pen, name: str, x: float, y: float, *, turn: float = 0.0, mirror: bool = False,
              both: bool = False) -> None:
    """A prop in the hand at (x, y), in figure units of a hundredth of the holder's height."""
    draw, bottom, top, share = drawing_of(name)
    scale = share * 115.0 / (top - bottom)
    if name in HANGING:
        y -= top * scale * 0.94
    elif name in TALL:
        y += (18 if name == "sword" else 22) * scale
    elif bottom == 0 and both:
        scale *= 1.35
        y -= top * scale * 0.30
    elif bottom == 0:                                       # standing things, carried in both arms
        y -= top * scale * 0.35
    elif name in ("gift", "cake", "basket", "drum", "teddy") and not both:
        y += 12 * scale
    draw(pen.moved(x, y, scale=scale, turn=turn, mirror=mirror))

