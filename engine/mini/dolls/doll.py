"""Draws one whole doll: the skeleton in its pose, dressed, with its head and what it holds."""

from __future__ import annotations

import math
from dataclasses import replace
from itertools import pairwise
from typing import NamedTuple

from PIL import Image, ImageDraw

from engine.mini.dolls import clothes, creatures, faces, hair, headwear, props
from engine.mini.dolls.builds import Build, build_of, is_creature, known_kind
from engine.mini.dolls.pen import Pen, Point, Points, smooth
from engine.mini.dolls.poses import REACHES, Arm, Pose, pose_of
from engine.mini.dolls.tones import Colour, colour, darker, edge, lighter, luminance, mix, shade, skin
from engine.nouns import Look


class Doll(NamedTuple):
    """A drawn doll. All places are pixels inside `image`."""

    image: Image.Image                     # RGBA, tightly cropped
    foot: tuple[float, float]              # where it stands: the feet's middle on the ground
    head: tuple[float, float, float, float]   # left, top, right, bottom


def draw_figure(look: Look, *, height_px: int, action: str, mood: str, holding: str, flip: bool,
                supersample: int) -> Doll:
    """See `draw_doll`; `supersample` is how many canvas pixels make one pixel."""
    canvas = height_px * supersample
    unit = canvas / 100.0
    width, height = int(canvas * 2.7), int(canvas * 2.5)
    origin_x, origin_y = width / 2, canvas * 2.0
    image = Image.new("RGBA", (width, height))
    pen = Pen(image, ImageDraw.Draw(image), (unit, 0.0, 0.0, -unit, origin_x, origin_y), max(1.2, unit * 0.95))
    figure = _Figure(look, action, mood, holding)
    head_x, head_y, head_rx, head_ry = figure.draw(pen)
    bounds = image.getbbox(alpha_only=True) or (0, 0, 1, 1)
    left, top = bounds[0] // supersample * supersample, bounds[1] // supersample * supersample
    right, bottom = -(-bounds[2] // supersample) * supersample, -(-bounds[3] // supersample) * supersample
    small = image.crop((left, top, right, bottom)).reduce(supersample)
    s = supersample
    foot_x, foot_y = (origin_x - left) / s, (origin_y - top) / s
    if figure.pose.lie:
        foot_x, foot_y = small.width / 2, float(small.height)
        if figure.pose.lift:
            foot_x = (origin_x - left) / s
    foot_x, foot_y = min(max(foot_x, 0.0), small.width - 1.0), min(max(foot_y, 0.0), small.height - 1.0)
    box = ((head_x - head_rx - left) / s, (head_y - head_ry - top) / s, (head_x + head_rx - left) / s,
           (head_y + head_ry - top) / s)
    if flip:
        small = small.transpose(Image.Transpose.FLIP_LEFT_RIGHT)
        foot_x = small.width - 1 - foot_x
        box = (small.width - box[2], box[1], small.width - box[0], box[3])
    return Doll(small, (foot_x, foot_y), (max(0.0, box[0]), max(0.0, box[1]), min(float(small.width), box[2]),
                                          min(float(small.height), box[3])))


class _Figure:
    """One doll being drawn: everything worked out before the pen moves."""

    def __init__(self, look: Look, action: str, mood: str, holding: str) -> None:
        self.look = look
        self.action = action
        self.kind = known_kind(look.kind)
        self.creature = is_creature(self.kind)
        self.build: Build = build_of(self.kind, look.size)
        self.pose: Pose = pose_of(action, seated=look.wheelchair)
        self.mood = faces.MOODS.get(mood, faces.MOODS["calm"])
        self.holding = holding or self.pose.prop
        body = colour(look.fur) if self.creature else skin(look.skin)
        self.body: Colour = body
        self.paw = creatures.paw_tone(self.kind, body) if self.creature else body
        self.cut = clothes.cut_of(look.outfit)
        top = colour(look.outfit_colour)
        bottom = colour(look.trousers_colour)
        self.wear = clothes.Wardrobe(
            top=top, bottom=top if self.cut.flat_trousers and look.outfit != "overalls" else bottom,
            pattern=look.pattern,
            pattern_tone=colour(look.pattern_colour), extra=colour(look.accessory_colour), body=body,
            belly=creatures.belly_tone(self.kind,
                                       body) if self.creature else body, creature=self.creature, kind=self.kind)
        self.hair_tone = colour(look.hair_colour)
        self._place()

    # --- skeleton ---------------------------------------------------------------------------------

    def _place(self) -> None:
        b, p = self.build, self.pose
        length = b.leg * p.leg_scale
        half = length * 0.5
        self.legs: list[list[Point]] = []
        lowest = 0.0
        for side, (thigh, shin) in ((-1, p.left_leg), (1, p.right_leg)):
            x, y = side * b.hip * 0.52, 0.0
            kx = x + side * math.sin(math.radians(thigh)) * half
            ky = y - math.cos(math.radians(thigh)) * half
            fx = kx + side * math.sin(math.radians(shin)) * half
            fy = ky - math.cos(math.radians(shin)) * half
            self.legs.append([(x, y), (kx, ky), (fx, fy)])
            lowest = min(lowest, fy, ky - b.leg_r * 0.6)
        self.leg_length = -lowest
        self.root_y = -lowest + p.lift
        if self.action == "sits" and not self.look.wheelchair:
            self.root_y = max(self.root_y, b.hip * 0.55)
        if self.look.wheelchair:
            self.root_y = 27.0
        if p.lie:
            self.root_y = b.shoulder + b.arm_r + 2 + p.lift
        self.neck_y = b.torso
        self.head_y = b.torso + b.head * 0.93
        # the standing height is exactly one hundred: legs, trunk and head of a build may add up to a little less
        self.stretch = 100.0 / (b.leg * 0.997 + self.head_y + b.head)

    def _spot(self, name: str, side: int) -> Point:
        where, x, y = REACHES[name]
        b = self.build
        if where == "head":
            return side * x * b.head, self.head_y + y * b.head
        return side * x * b.hip * 1.6, y * b.torso

    def _arm(self, arm: Arm, side: int) -> list[Point]:
        b = self.build
        sx, sy = side * (b.shoulder - 0.6), b.torso - b.arm_r * 0.9
        bone = b.arm
        if isinstance(arm, str):
            tx, ty = self._spot(arm, side)
            dx, dy = tx - sx, ty - sy
            far = min(math.hypot(dx, dy), bone * 1.98) or 0.1
            scale = far / (math.hypot(dx, dy) or 0.1)
            tx, ty = sx + dx * scale, sy + dy * scale
            reach = math.sqrt(max(0.0, bone * bone - far * far / 4))
            mx, my = (sx + tx) / 2, (sy + ty) / 2
            nx, ny = (ty - sy) / far, -(tx - sx) / far
            if nx * side < 0 or (abs(nx) < 0.2 and ny > 0):
                nx, ny = -nx, -ny
            return [(sx, sy), (mx + nx * reach, my + ny * reach), (tx, ty)]
        upper, fore = (math.radians(a) for a in arm)
        ex, ey = sx + side * math.sin(upper) * bone, sy - math.cos(upper) * bone
        return [(sx, sy), (ex, ey), (ex + side * math.sin(fore) * bone, ey - math.cos(fore) * bone)]

    # --- drawing ----------------------------------------------------------------------------------

    def draw(self, pen: Pen) -> tuple[float, float, float, float]:
        """Draws everything; returns the head's middle and half sizes in canvas pixels."""
        b, p, look = self.build, self.pose, self.look
        if p.lift >= 10:
            ground = pen.moved(0, 0)
            ground.oval(0, 0.6, 15, 2.4, (60, 50, 80, 70))  # type: ignore[arg-type]
        base = pen.moved(0, self.root_y * self.stretch, scale=self.stretch, turn=p.lie)
        trunk = base.moved(0, 0, turn=p.lean)
        turn = p.turn * 0.16
        head = trunk.moved(p.turn * 1.6, self.head_y + p.nod * 0.6, scale=b.head, turn=p.tilt)
        wide = b.wide
        self.head_shape = wide

        if look.wheelchair:
            self._chair_behind(base)
        if self.creature:
            creatures.draw_tail(trunk, self.kind, self.body, b.hip)
        clothes.draw_accessories_behind(trunk, look, b, self.wear, self.leg_length)
        covered = look.headwear in headwear.PRESSES_HAIR
        hidden = look.headwear in headwear.HIDES_HAIR
        if not self.creature and not hidden:
            hair.draw_hair_behind(head, look.hair, self.hair_tone, wide, covered=covered)
        headwear.draw_headwear_behind(head, look.headwear, colour(look.headwear_colour), wide)

        for i in (0, 1):
            self._leg(base, i)
        clothes.draw_trunk(trunk, look, b, self.cut, self.wear, self.leg_length)
        clothes.draw_accessories(trunk, look, b, self.wear, self.leg_length)
        if look.wheelchair:
            self._chair_front(base)

        right: Arm = p.right
        if self.holding and p.holds == "right" and isinstance(right, tuple) and max(right) < 70:
            # an arm that hangs is lifted to show what it holds
            right = (38, 20) if self.holding in props.HANGING else (52, 104) if self.holding in props.TALL else (34, 84)
        arms = (self._arm(p.left, -1), self._arm(right, 1))
        over = {"left": (0,), "right": (1,), "both": (0, 1)}.get(p.over, ())
        for i in (0, 1):
            if i not in over:
                self._limb_with_prop(trunk, arms, i)
        if not self.creature and b.head < 19:
            trunk.tube(((0, b.torso - 1.5), (0, b.torso + 3)), b.head * 0.24, b.head * 0.24, self.body, flat=True)
        self._head(head, turn)
        clothes.draw_neckwear(trunk, look, b, self.wear)
        for i in over:
            self._limb_with_prop(trunk, arms, i)
        self._extra(base, head)
        cx, cy = head.spot(0, 0)
        r = head.unit
        side = abs(math.sin(math.radians(p.lie)))
        return cx, cy, r * (wide * (1 - side) + side), r * (1 - side + wide * side)

    def _limb_with_prop(self, pen: Pen, arms: tuple[list[Point], list[Point]], i: int) -> None:
        p = self.pose
        if not self.holding:
            self._draw_arm(pen, arms[i], i)
            return
        both = p.holds == "both"
        if both:
            if i == 0:
                (lx, ly), (rx, ry) = arms[0][2], arms[1][2]
                props.draw_held(pen, self.holding, (lx + rx) / 2, (ly + ry) / 2 + 2, both=True)
            self._draw_arm(pen, arms[i], i)
        elif i == 1:
            x, y = arms[1][2]
            if self.action in ("eats", "drinks", "thinks"):
                self._draw_arm(pen, arms[1], 1)
                props.draw_held(pen, self.holding, x - 0.5, y + 2.2)
            else:
                lift = 3.5 if self.holding not in (*props.HANGING, *props.TALL) else 0.0
                props.draw_held(pen, self.holding, x + 1.0, y + lift, turn=12 if self.holding == "sword" else 0)
                self._draw_arm(pen, arms[1], 1)
        else:
            self._draw_arm(pen, arms[0], 0)

    def _draw_arm(self, pen: Pen, arm: list[Point], i: int) -> None:
        b, look = self.build, self.look
        side = 1 if i else -1
        path = _bend(arm)
        if self.kind == "penguin":
            tone = self.body
            pen.tube(path, b.arm_r * 1.15, b.arm_r * 0.55, tone)
        elif self.kind == "robot":
            metal = mix(self.body, (70, 78, 96), 0.35)
            pen.tube(path, b.arm_r * 0.85, b.arm_r * 0.85, metal)
            for k in range(1, len(path) - 1, 2):
                x, y = path[k]
                pen.disc(x, y, b.arm_r * 0.95, metal, line=edge(metal))
        else:
            pen.tube(path, b.arm_r, b.arm_r * 0.80, self.body)
        hx, hy = path[-1]
        self._hand(pen, hx, hy, side, path)
        cut = self.cut
        if cut.sleeve > 0:
            reach = max(2, round(cut.sleeve * (len(path) - 1))) + 1
            short = cut.sleeve < 0.7
            r0 = b.arm_r * 1.16
            r1 = b.arm_r * (1.20 if short else 1.06)
            tone = self.wear.top
            if look.outfit == "overalls":
                tone = mix(self.wear.pattern_tone, self.wear.top,
                           0.12) if look.pattern != "plain" else lighter(self.wear.bottom, 0.62)
            part = path[:reach]
            pen.tube(part, r0, r1, tone)
            x, y = part[-1]
            if look.pattern != "plain" and look.outfit not in ("overalls", "raincoat"):
                mark = self.wear.pattern_tone
                for k in range(1, len(part) - 1, 2):
                    px, py = part[k]
                    if look.pattern == "stripes" or look.pattern == "checks":
                        nx, ny = part[k + 1][0] - part[k - 1][0], part[k + 1][1] - part[k - 1][1]
                        n = math.hypot(nx, ny) or 1.0
                        w = r0 * 0.92
                        pen.line(((px - ny / n * w, py + nx / n * w), (px + ny / n * w, py - nx / n * w)), 1.6, mark)
                    else:
                        pen.disc(px, py, 1.15, mark)
            if look.outfit == "sweater":
                pen.disc(x, y, r1 * 0.98, shade(shade(tone)))

    def _hand(self, pen: Pen, x: float, y: float, side: int, path: list[Point]) -> None:
        r = self.build.hand
        if self.kind == "penguin":
            return
        if self.kind == "robot":
            metal = self.paw
            dx, dy = path[-1][0] - path[-2][0], path[-1][1] - path[-2][1]
            n = math.hypot(dx, dy) or 1.0
            dx, dy = dx / n, dy / n
            for s in (-1, 1):
                pen.tube(((x, y), (x + dx * r * 0.5 - dy * s * r * 0.8, y + dy * r * 0.5 + dx * s * r * 0.8),
                          (x + dx * r * 1.4 - dy * s * r * 0.4,
                           y + dy * r * 1.4 + dx * s * r * 0.4)), r * 0.34, r * 0.24, metal, flat=True)
            pen.disc(x, y, r * 0.62, metal, line=edge(metal))
            return
        tone = self.paw
        dx, dy = path[-1][0] - path[-2][0], path[-1][1] - path[-2][1]
        n = math.hypot(dx, dy) or 1.0
        dx, dy = dx / n, dy / n
        if not self.creature:
            # a thumb on the inner side
            tx, ty = x + dx * r * 0.35 - dy * side * r * 0.8 * -1, y + dy * r * 0.35 + dx * side * r * 0.8 * -1
            pen.disc(tx, ty, r * 0.42, tone, line=edge(tone))
        pen.ball(x, y, r, tone)
        if self.creature and luminance(tone) > 70:
            for k in (-0.4, 0.4):
                fx, fy = x + dx * r * 0.95 - dy * k * r, y + dy * r * 0.95 + dx * k * r
                pen.line(((fx, fy), (fx - dx * r * 0.5, fy - dy * r * 0.5)), 0.8, edge(tone))

    def _leg(self, pen: Pen, i: int) -> None:
        b, look = self.build, self.look
        side = 1 if i else -1
        path = _bend(self.legs[i])
        skin_tone = self.body
        if self.kind == "robot":
            skin_tone = mix(self.body, (70, 78, 96), 0.35)
        shoe_y = b.shoe * 0.42
        x, y = path[-1]
        path[-1] = (x, y + max(shoe_y, b.leg_r + 0.9))
        path[-2] = ((path[-3][0] + path[-1][0]) / 2, max((path[-3][1] + path[-1][1]) / 2, path[-1][1]))
        self._foot(pen, x, y, side, behind=True)
        pen.tube(path, b.leg_r * 0.98, b.leg_r * 0.82, skin_tone)
        cut = self.cut
        if cut.trousers > 0:
            reach = max(2, round(cut.trousers * (len(path) - 1))) + 1
            tone = self.wear.top if look.outfit == "overalls" else self.wear.bottom
            part = path[:reach]
            pen.tube(part, b.leg_r * 1.10, b.leg_r * (1.16 if cut.trousers < 0.7 else 1.02), tone)
            if cut.flat_trousers and look.pattern not in ("plain", "") and look.outfit != "robe":
                for k in range(1, len(part) - 1, 2):
                    pen.disc(part[k][0], part[k][1], 1.2, self.wear.pattern_tone)
        if not self.pose.knees:
            self._foot(pen, x, y, side, behind=False)

    def _foot(self, pen: Pen, x: float, y: float, side: int, *, behind: bool) -> None:
        """A shoe, a boot or a paw; its sole touches y."""
        if behind:
            return
        b, look = self.build, self.look
        long = b.shoe
        bare = look.outfit == "bare"
        if "boots" in look.accessories:
            tone = self.wear.extra
            pen.tube(((x, y + b.leg * 0.36), (x, y + b.leg_r * 1.3)), b.leg_r * 1.18, b.leg_r * 1.18, tone)
        elif bare and self.creature:
            tone = creatures.foot_tone(self.kind, self.body)
        elif bare:
            tone = self.body
        elif self.kind == "robot":
            tone = self.paw
        elif self.kind == "penguin":
            tone = (240, 150, 50)
        elif look.outfit == "pyjamas":
            tone = lighter(self.wear.top, 0.35)
        elif look.outfit == "raincoat":
            tone = darker(self.wear.top, 0.25)
        else:
            tone = (112, 68, 52) if luminance(self.wear.bottom) < 200 else (92, 70, 96)
        shift = 0.26 * side * long
        direction = 1 if self.pose.turn >= 0.3 and not self.look.wheelchair else side
        if direction != side:
            shift = 0.26 * long
        cx = x + shift
        h = long * 0.80
        w = long
        points = smooth(((cx - w, y + h * 0.24), (cx - w * 0.72, y + h * 0.86), (cx, y + h),
                         (cx + w * 0.72, y + h * 0.80), (cx + w, y + h * 0.24), (cx + w * 0.6, y), (cx - w * 0.6, y)))
        pen.shape(points, tone, shaded=0.0)
        pen.fill(tuple((px + (cx - px) * 0.3 - 0.5, py + (y + h * 0.6 - py) * 0.45 + 0.4) for px, py in points),
                 lighter(tone, 0.16))
        if not bare and self.kind != "robot":
            pen.line(((cx - w * 0.85, y + h * 0.16), (cx + w * 0.85, y + h * 0.16)), 0.9, darker(tone, 0.4))

    def _head(self, pen: Pen, turn: float) -> None:
        look, wide, mood, p = self.look, self.build.wide, self.mood, self.pose
        tone = self.hair_tone
        grand = self.kind in ("grandmother", "grandfather")
        up = p.nod * 0.14
        covered = look.headwear in headwear.PRESSES_HAIR
        hidden = look.headwear in headwear.HIDES_HAIR
        if self.creature:
            creatures.draw_behind_head(pen, self.kind, self.body, wide)
            spec = creatures.draw_head(pen, self.kind, self.body, wide, turn)
        else:
            if not hidden:
                for side in (-1, 1):
                    pen.disc(side * 1.0 * wide, -0.06, 0.20, self.body, line=edge(self.body))
                    pen.disc(side * 1.02 * wide, -0.06, 0.10, shade(self.body))
            pen.shape(_people_head(wide, self.kind), self.body, shaded=0.13)
            brow = tone if abs(luminance(tone) - luminance(self.body)) > 26 else darker(self.body, 0.45)
            if grand:
                brow = mix(tone, (236, 236, 240), 0.3)
            female = self.kind in ("girl", "woman", "grandmother")
            baby = self.kind == "baby"
            spec = faces.FaceSpec(ground=self.body, mouth_ground=self.body,
                                  brow=darker(brow, 0.2) if luminance(brow) > 70 else brow,
                                  eye_y=-0.06 if not baby else -0.12, eye_x=0.38,
                                  eye_r=0.20 if not baby else 0.205, mouth_y=-0.50, mouth_scale=1.15,
                                  lashes=female, lines=grand,
                                  cheek_y=-0.32, cheek_x=0.62)
        face = pen.moved(turn, up)
        beard_tone = darker(self.body, 0.28) if self.creature and luminance(self.body) > 95 else lighter(self.body,
            0.45)
        if not self.creature:
            beard_tone = mix(tone, self.body, 0.25) if look.beard == "short" else tone
        faces.draw_cheeks(face, spec, mood.blush)
        if look.freckles:
            faces.draw_freckles(face, spec)
        if spec.lines:
            faces.draw_wrinkles(face, spec)
        faces.draw_beard(face, spec, look.beard, beard_tone, wide)
        if not self.creature:
            nose = mix(spec.ground, edge(spec.ground), 0.55)
            face.arc(((-0.02, -0.16), (0.09, -0.25), (-0.03, -0.29)), 0.06, nose)
        mouth_spec = replace(spec, mouth_ground=beard_tone) if look.beard in ("short", "long") else spec
        eyes = p.eyes or mood.eyes
        if p.extra == "zzz":
            eyes = "closed"
        faces.draw_eyes(face, spec, mood, eyes, p.gaze)
        mouth = p.mouth or mood.mouth
        if p.mouth in ("open", "smile") and mood.mouth in ("frown", "wobble", "grit"):
            mouth = mood.mouth
        if self.kind == "penguin":
            mouth = mouth if mouth in ("grin", "open", "sing", "o", "wail", "yawn") else "none"
        if mouth != "none":
            faces.draw_mouth(face, mouth_spec, mouth)
        faces.draw_moustache(face, spec, look.beard, beard_tone)
        if self.creature:
            creatures.draw_over_head(pen, self.kind, self.body, turn)
        elif not hidden:
            hair.draw_hair(pen, look.hair, tone, wide, covered=covered, receding=self.kind == "grandfather")
        faces.draw_glasses(face, spec, look.glasses)
        headwear.draw_headwear(pen, look.headwear, colour(look.headwear_colour), wide, eared=self.creature)
        if "headphones" in look.accessories:
            clothes.draw_headphones(pen, self.wear.extra, wide)
        faces.draw_extras(face, spec, "tears" if p.extra == "tears" else mood.extra)

    # --- wheels and signs -------------------------------------------------------------------------

    def _chair_behind(self, pen: Pen) -> None:
        b = self.build
        back: Colour = (70, 78, 100)
        pen.shape(smooth(((-b.hip - 4, b.torso * 0.72), (b.hip + 4, b.torso * 0.72), (b.hip + 5, -4),
                          (-b.hip - 5, -4))), back)
        for side in (-1, 1):
            pen.line(((side * (b.hip + 4), b.torso * 0.74), (side * (b.hip + 8.5), b.torso * 0.80)), 2.8, (50, 54, 70))
            self._wheel(pen, side * (b.hip + 8.5), -4.5)
        pen.shape(((-b.hip - 3, -2), (b.hip + 3, -2), (b.hip + 4, -7), (-b.hip - 4, -7)), back)

    def _wheel(self, pen: Pen, x: float, y: float) -> None:
        r = 21.0
        pen.oval(x, y, 6.2, r, (54, 56, 70), line=(34, 34, 46))
        pen.oval(x, y, 4.2, r - 3.2, (196, 204, 216))
        for a in range(0, 180, 36):
            u, v = math.cos(math.radians(a)) * 4.2, math.sin(math.radians(a)) * (r - 3.2)
            pen.line(((x - u, y - v), (x + u, y + v)), 0.6, (120, 128, 146))
        pen.oval(x, y, 1.5, 3.2, (250, 206, 90), line=(120, 90, 40))

    def _chair_front(self, pen: Pen) -> None:
        b = self.build
        for side in (-1, 1):
            pen.line(((side * (b.hip + 1.5), 6), (side * (b.hip + 6), 6)), 2.6, (58, 62, 80))
            pen.disc(side * (b.hip * 0.7), -23.2, 3.2, (54, 56, 70), line=(34, 34, 46))
        pen.line(((-b.hip * 0.9, -20.0), (b.hip * 0.9, -20.0)), 2.4, (84, 92, 116))

    def _extra(self, pen: Pen, head: Pen) -> None:
        sign: Colour = (252, 250, 244)
        dark: Colour = (90, 96, 150)
        kind = self.pose.extra
        if kind == "zzz":
            for k, (x, y, s) in enumerate(((0.75, 0.85, 0.11), (1.15, 1.15, 0.15), (1.65, 1.55, 0.20))):
                # upright on the page whatever way the head lies
                cx, cy = head.spot(0, 0)
                u = head.unit
                px, py = cx + (x - 0.6) * u, cy - (y + 0.25) * u
                s *= u
                zed = [(px - s, py - s), (px + s, py - s), (px - s, py + s), (px + s, py + s)]
                for tone, thick in ((dark, 0.17), (sign, 0.07)):
                    wide = max(1, round(thick * u * (0.6 + 0.2 * k)))
                    for start, end in pairwise(zed):
                        head.draw.line((start, end), fill=tone, width=wide)
                        for ex, ey in (start, end):
                            head.draw.ellipse((ex - wide / 2, ey - wide / 2, ex + wide / 2, ey + wide / 2), fill=tone)
        elif kind == "notes":
            for x, y in ((1.55, 0.75), (2.0, 0.25)):
                head.line(((x, y), (x, y + 0.5), (x + 0.26, y + 0.36)), 0.10, dark)
                head.oval(x - 0.11, y, 0.16, 0.12, dark, turn=20)
        elif kind == "dots":
            for x, y, r in ((1.22, 0.86, 0.08), (1.48, 1.12, 0.13), (1.92, 1.48, 0.27)):
                head.disc(x, y, r, sign, line=(120, 124, 160))


def _people_head(wide: float, kind: str) -> Points:
    w = wide
    if kind == "baby":
        return smooth(((-0.98 * w, 0.1), (-0.84 * w, 0.62), (-0.42, 0.95), (0, 1.0), (0.42, 0.95), (0.84 * w, 0.62),
                       (0.98 * w, 0.1), (1.02 * w, -0.38), (0.72 * w, -0.82), (0, -1.0),
                       (-0.72 * w, -0.82), (-1.02 * w, -0.38)))
    low = 0.86 if kind in ("man", "grandfather") else 0.80
    return smooth(((-w, 0.1), (-0.90 * w, 0.56), (-0.48, 0.93), (0, 1.0), (0.48, 0.93), (0.90 * w, 0.56), (w, 0.1),
                   (0.95 * w, -0.36), (low * 0.80 * w, -0.78), (0.30, -0.97), (0, -1.0),
                   (-0.30, -0.97), (-low * 0.80 * w, -0.78), (-0.95 * w, -0.36)))


def _bend(joints: list[Point]) -> list[Point]:
    """A limb through its three joints, rounded at the middle one: nine points."""
    (x0, y0), (x1, y1), (x2, y2) = joints
    out = []
    for k in range(9):
        t = k / 8
        a, b, c = (1 - t) ** 2, 2 * t * (1 - t), t * t
        # halfway between the straight bones and their Bezier curve: soft, yet a joint
        if t < 0.5:
            lx, ly = x0 + (x1 - x0) * 2 * t, y0 + (y1 - y0) * 2 * t
        else:
            lx, ly = x1 + (x2 - x1) * (2 * t - 1), y1 + (y2 - y1) * (2 * t - 1)
        out.append(((a * x0 + b * x1 + c * x2 + lx) / 2, (a * y0 + b * y1 + c * y2 + ly) / 2))
    return out
