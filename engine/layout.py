"""Who stands where, how big, and who is in front. Pure; standard library only.

A stage director's rules, searched for rather than hoped for: nobody's face is behind another's, everybody's head is in
the frame, those who touch touch, the cast reads left to right, sizes come from age and kind. How much room a figure
takes in its pose is known from `engine.silhouettes`.
"""

from __future__ import annotations

import random
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise

from engine.nouns import CharacterId, Figure, Place
from engine.silhouettes import BAND, Silhouette, silhouette_of
from engine.vocabulary import KIND_HEIGHTS, TOUCHING

#: Standing height of a grown man as a fraction of the panel, by shot.
SHOT_HEIGHTS = {"wide": 0.66, "close": 1.02}
#: Everybody shrinks a little when many share the picture.
CROWD_SCALE = {1: 1.08, 2: 1.0, 3: 0.92, 4: 0.84}
#: Distance between two who touch, times the mean of their heights: where nothing is known of their poses.
TOUCH_GAP = {"hugs": 0.42, "holds hands": 0.46, "rides": 0.0, "gives": 0.52}
#: Where the feet are when an action leaves the ground, added to y.
LIFTS = {"jumps": -0.07, "flies": -0.22, "climbs": -0.10, "swims": -0.12}
#: How far two who touch reach into each other where they are nearest; of two who hug in standing heights of who hugs.
#: More than `engine.mini.standing` asks for, so that nothing is left to be moved there: silhouettes are the widest of
#: several looks.
OVERLAP, EMBRACE = 0.045, 0.3
#: The most of a figure's width the frame may cut off: as in `engine.mini.standing`.
CUT = 0.07
#: Where a rider may sit: aside and above the carrier's feet, in the carrier's standing heights.
SEATS = ((0.32, 0.38), (0.42, 0.34), (0.26, 0.48), (0.5, 0.3), (0.36, 0.56), (0.55, 0.5))
#: By how much everybody may shrink before a broken rule is put up with.
SHRINK = (1.0, 0.87, 0.75, 0.65)
#: Steps sideways that are tried, fractions of the panel.
STEPS = (-0.16, -0.08, -0.04, -0.02, 0.02, 0.04, 0.08, 0.16)
#: Points of a face that must be seen, in half heads: the middle and two rings.
_FACE = ((0.0, 0.0), (0.35, 0.0), (-0.35, 0.0), (0.0, 0.4), (0.0, -0.4), (0.72, 0.0), (-0.72, 0.0), (0.0, 0.7),
         (0.0, -0.7), (0.46, 0.46), (-0.46, 0.46), (0.46, -0.46), (-0.46, -0.46))


def standing_height(figure: Figure, shot: str, count: int) -> float:
    """Standing height of one figure as a fraction of the panel."""
    grown = SHOT_HEIGHTS.get(shot, SHOT_HEIGHTS["wide"]) * CROWD_SCALE.get(count, 0.78)
    return grown * KIND_HEIGHTS.get(figure.look.kind, 0.7) * min(max(figure.look.size, 0.8), 1.2)


def reading_order(figures: Sequence[Figure]) -> list[Figure]:
    """The cast in its own order, with those who touch next to whom they touch."""
    row = list(figures)
    for figure in figures:
        if figure.action in TOUCHING and figure.toward is not None:
            partner = next((other for other in row if other.character_id == figure.toward), None)
            if partner is not None and partner is not figure:
                row.remove(figure)
                row.insert(row.index(partner) + (1 if figures.index(figure) > figures.index(partner) else 0), figure)
    return row


def place_figures(figures: Sequence[Figure], *, shot: str, seed: int) -> tuple[Figure, ...]:
    """Give every figure its place; returns them back to front: smaller y first, riders after who carries them.

    `figures` come in reading order, their places are ignored. The same input and seed give the same layout.
    """
    if not figures:
        return ()
    chance = random.Random(seed)
    row = reading_order(figures)
    best: _Row | None = None
    tries = [(shrink, False) for shrink in (SHRINK if len(row) > 1 else SHRINK[:1])]
    # Several who lie and face each other may find no order for their heads: then they all look one way.
    for shrink, one_way in (*tries, *((shrink, True) for shrink, _ in tries)):
        tried = _Row(row, shot, shrink, chance, one_way=one_way)
        tried.arrange()
        if best is None or tried.faults < best.faults - 0.02:
            best = tried
        if best.faults < 0.05:
            break
    assert best is not None
    return best.placed()


@dataclass(slots=True)
class _Body:
    """One figure while places are looked for. Fractions of the panel, y down."""

    figure: Figure
    height: float
    shape: Silhouette
    flip: bool
    x: float = 0.0
    y: float = 0.0

    @property
    def head(self) -> tuple[float, float, float, float]:
        """Middle and half sizes."""
        shape, height = self.shape, self.height
        return (self.x + shape.head_x * height, self.y - shape.head_y * height, shape.head_rx * height,
                shape.head_ry * height)

    @property
    def left(self) -> float:
        return self.x + self.shape.left * self.height

    @property
    def right(self) -> float:
        return self.x + self.shape.right * self.height

    def near(self, x: float, y: float, rx: float, ry: float) -> bool:
        """Whether it may be drawn over any of a head."""
        return (self.left < x + rx and self.right > x - rx and self.y > y - ry
                and self.y - self.shape.top * self.height < y + ry)

    def covers(self, x: float, y: float) -> bool:
        """Whether this figure is drawn over a point."""
        band = int((self.y - y) / (BAND * self.height)) if y <= self.y else -1
        if not 0 <= band < len(self.shape.bands):
            return False
        ends = self.shape.bands[band]
        return ends is not None and ends[0] * self.height <= x - self.x <= ends[1] * self.height

    def apart(self, other: _Body) -> float:
        """The room between this figure's right side and another's left one, at the height where it is least.

        What they hold is looked at too; below 0 they reach into each other.
        """
        least: float | None = None
        for number, band in enumerate(self.shape.bands):
            if band is None:
                continue
            y = self.y - (number + 0.5) * BAND * self.height
            beside = int((other.y - y) / (BAND * other.height)) if y <= other.y else -1
            if not 0 <= beside < len(other.shape.bands):
                continue
            facing = other.shape.bands[beside]
            if facing is not None:
                room = other.x + facing[0] * other.height - self.x - band[1] * self.height
                least = room if least is None else min(least, room)
        return other.left - self.right if least is None else least

    def into_frame(self) -> None:
        """Moved in as `engine.mini.standing.stand` would, and so that the head is seen."""
        width = self.right - self.left
        least, most = -CUT * width - self.left, 1 + CUT * width - self.right       # how far it may go to each side
        if least <= most:
            self.x += min(max(0.0, least), most)
        else:
            self.x += 0.5 - (self.left + self.right) / 2
        head_x, head_y, rx, ry = self.head
        self.x += max(0.0, 0.012 + rx - head_x) - max(0.0, head_x + rx - 0.988)
        self.y += max(0.0, 0.012 + ry - head_y) - max(0.0, head_y + ry - 0.988)


class _Row:
    """A row of figures at one scale, and what is wrong with it."""

    def __init__(self, row: Sequence[Figure], shot: str, shrink: float, chance: random.Random, *,
                 one_way: bool = False) -> None:
        self.chance, self.wide = chance, shot == "wide"
        count = len(row)
        heights = [standing_height(figure, shot, count) * shrink for figure in row]
        index = {figure.character_id: number for number, figure in enumerate(row)}
        #: Whom each figure touches or turns to, by number; those who ride, and on whom.
        self.touching: list[tuple[int, int]] = []
        self.riders: dict[int, int] = {}
        facing: dict[int, int] = {}
        for number, figure in enumerate(row):
            other = index.get(figure.toward) if figure.toward is not None else None
            if other is None or other == number:
                continue
            facing[number] = other
            if figure.action == "rides" and other not in self.riders and number not in self.riders.values():
                self.riders[number] = other
            elif figure.action in TOUCHING:
                self.touching.append((number, other))
                facing.setdefault(other, number)
        self.bodies = []
        for number, (figure, height) in enumerate(zip(row, heights, strict=True)):
            if number in facing:
                flip = facing[number] < number
            elif count == 1:
                flip = chance.random() < 0.5
            elif one_way:
                flip = False
            else:
                flip = number > (count - 1) / 2 or (number == (count - 1) / 2 and chance.random() < 0.5)
            self.bodies.append(_Body(figure, height, self._shape(figure, flip), flip))
        self.ground = 0.92 if self.wide else 0.16 + max(heights)
        for body in self.bodies:
            body.y = self.ground + LIFTS.get(body.figure.action, 0.0)
        self.depth = (0.09 if count > 3 else 0.06) if self.wide else 0.02
        self.wanted: list[float] = []          # where each would stand if only spacing counted
        self.order: list[int] = []             # back to front
        self.faults = 0.0

    @staticmethod
    def _shape(figure: Figure, flip: bool) -> Silhouette:
        look = figure.look
        return silhouette_of(look.kind, figure.action, holding=figure.holding, headwear=look.headwear,
                             wheelchair=look.wheelchair, flip=flip)

    # --- looking for places ------------------------------------------------------------------------

    def arrange(self) -> None:
        """The first order from back to front in which every rule holds, or the one in which least is broken."""
        self._space_out()
        best: tuple[float, list[int], list[tuple[float, float]]] | None = None
        for order in self._orders():
            self.order = order
            self._stand()
            self._seat_riders()
            faults = self._faults(range(len(self.bodies)))
            if faults > 0.05:
                self._settle()
                faults = self._faults(range(len(self.bodies)))
            if best is None or faults < best[0] - 0.02:
                best = faults, order, self._where()
            if faults < 0.05:
                break
        assert best is not None
        self.faults, self.order, places = best
        self._put(places)

    def _where(self) -> list[tuple[float, float]]:
        return [(body.x, body.y) for body in self.bodies]

    def _put(self, places: Sequence[tuple[float, float]]) -> None:
        for body, place in zip(self.bodies, places, strict=True):
            body.x, body.y = place

    def _space_out(self) -> None:
        """Everybody beside the next with a little air, those who touch as near as that needs; the row centred."""
        on_ground = [number for number in range(len(self.bodies)) if number not in self.riders]
        gaps = []
        for left, right in pairwise(on_ground):
            one, other = self.bodies[left], self.bodies[right]
            reach = self._reach(left, right)
            gaps.append((-one.apart(other) - reach, False) if reach is not None else (
                (one.shape.right * one.height - other.shape.left * other.height) * 0.86
                + self.chance.uniform(0.0, 0.06), True))
        first, last = self.bodies[on_ground[0]], self.bodies[on_ground[-1]]
        ends = -first.shape.left * first.height + last.shape.right * last.height
        free = 0.97 - ends - sum(gap for gap, loose in gaps if not loose)
        loose_sum = sum(gap for gap, loose in gaps if loose)
        squeeze = min(1.0, max(0.3, free / loose_sum)) if loose_sum else 1.0
        xs = [0.0]
        for gap, loose in gaps:
            xs.append(xs[-1] + gap * (squeeze if loose else 1.0))
        slack = 1.0 - ends - xs[-1]
        start = -first.shape.left * first.height + slack * (0.5 + (self.chance.uniform(-0.32, 0.32) if slack > 0
                                                                   else 0.0))
        self.wanted = [0.0] * len(self.bodies)
        for number, x in zip(on_ground, xs, strict=True):
            self.wanted[number] = start + x

    def _reach(self, one: int, other: int) -> float | None:
        """How far the boxes of these two are to reach into each other; None where they do not touch."""
        for who, whom in self.touching:
            if {who, whom} == {one, other}:
                body = self.bodies[who]
                return EMBRACE * body.height if body.figure.action == "hugs" else OVERLAP
        return None

    def _orders(self) -> Iterable[list[int]]:
        """From back to front: by chance first, then the tall behind the small, then by chance again."""
        numbers = list(range(len(self.bodies)))

        def shuffled() -> list[int]:
            order = numbers.copy()
            self.chance.shuffle(order)
            return order

        by_height = sorted(numbers, key=lambda number: -self.bodies[number].head[3] - self.bodies[number].height)
        for order in (shuffled(), by_height, *(shuffled() for _ in range(min(2, len(numbers) - 1)))):
            yield self._with_rules(order)

    def _with_rules(self, order: list[int]) -> list[int]:
        """The smaller of two who hug in front of the larger one's chest; riders before those who carry them."""
        for who, whom in self.touching:
            if self.bodies[who].figure.action == "hugs":
                small, large = sorted((who, whom), key=lambda number: self.bodies[number].height)
                if self.bodies[small].height < self.bodies[large].height and order.index(small) < order.index(large):
                    order.remove(small)
                    order.insert(order.index(large) + 1, small)
        for rider, carrier in self.riders.items():
            order.remove(rider)
            order.insert(order.index(carrier) + 1, rider)
        return order

    def _stand(self) -> None:
        """Everybody on the ground at the place that spacing asks for, further down the nearer they are."""
        on_ground = [number for number in self.order if number not in self.riders]
        for rank, number in enumerate(on_ground):
            body = self.bodies[number]
            nearness = (rank + 1) / len(on_ground)
            back = self.depth * (1 - nearness) * self.chance.uniform(0.6, 1.0) if len(on_ground) > 1 else (
                self.chance.uniform(0.0, self.depth))
            body.x = self.wanted[number]
            body.y = self.ground - back + LIFTS.get(body.figure.action, 0.0)
            body.into_frame()

    def _settle(self) -> None:
        """Step aside, alone and with those one touches, as long as that helps."""
        groups = self._groups()
        moves: list[tuple[int, ...]] = [(number,) for number in range(len(self.bodies)) if number not in self.riders]
        moves += [group for group in groups if len(group) > 1]
        for _ in range(3):
            helped = False
            for group in moves:
                before = self._where()
                best, kept = self._cost(), before
                for step in STEPS:
                    for number in group:
                        body = self.bodies[number]
                        body.x, body.y = before[number][0] + step, before[number][1]
                        body.into_frame()
                    for rider, carrier in self.riders.items():
                        if carrier in group:
                            self.bodies[rider].x = before[rider][0] + self.bodies[carrier].x - before[carrier][0]
                    cost = self._cost()
                    if cost < best - 1e-6:
                        best, kept, helped = cost, self._where(), True
                    self._put(before)
                self._put(kept)
            self._seat_riders()
            if not helped:
                break

    def _groups(self) -> list[tuple[int, ...]]:
        """Those who touch, together."""
        groups = {number: {number} for number in range(len(self.bodies))}
        for who, whom in self.touching:
            merged = groups[who] | groups[whom]
            for number in merged:
                groups[number] = merged
        return sorted({tuple(sorted(group)) for group in groups.values()})

    def _seat_riders(self) -> None:
        """On a shoulder, towards the middle of the picture where that hides nobody."""
        for rider, carrier in self.riders.items():
            body, under = self.bodies[rider], self.bodies[carrier]
            inward = -1.0 if under.x > 0.5 else 1.0
            found: list[tuple[float, float, float, bool]] = []
            for side in (inward, -inward):
                for aside, above in SEATS:
                    body.x, body.y = under.x + side * aside * under.height, under.y - above * under.height
                    body.flip = body.x > under.x
                    body.shape = self._shape(body.figure, body.flip)
                    body.into_frame()
                    cost = self._faults([rider, carrier]) + 0.01 * len(found)
                    found.append((cost, body.x, body.y, body.flip))
                    if cost < 0.05:
                        break
            _, body.x, body.y, body.flip = min(found)
            body.shape = self._shape(body.figure, body.flip)

    # --- what is wrong -----------------------------------------------------------------------------

    def _cost(self) -> float:
        """Faults, and a little for every step from where spacing would have them."""
        drift = sum(abs(body.x - wanted) for number, (body, wanted) in enumerate(
            zip(self.bodies, self.wanted, strict=True)) if number not in self.riders)
        return self._faults(range(len(self.bodies))) + 0.15 * drift

    def _faults(self, numbers: Iterable[int]) -> float:
        """How much is broken by these figures; 0 when every rule holds."""
        wrong = 0.0
        rank = {number: at for at, number in enumerate(self.order)}
        for number in numbers:
            body = self.bodies[number]
            x, y, rx, ry = body.head
            wrong += 20 * (max(0.0, rx - x) + max(0.0, x + rx - 1) + max(0.0, ry - y) + max(0.0, y + ry - 1))
            over = [other for at, other in enumerate(self.bodies)
                    if rank[at] > rank[number] and other.near(x, y, rx, ry)]
            hidden = sum(1 for dx, dy in _FACE if any(other.covers(x + dx * rx, y + dy * ry) for other in over))
            wrong += 3.0 * hidden / len(_FACE) + (0.15 if hidden else 0.0)
        heads = [body.head[:3:2] for number, body in enumerate(self.bodies) if number not in self.riders]
        for (left, left_rx), (right, right_rx) in pairwise(heads):
            wrong += 6 * max(0.0, left + 0.4 * (left_rx + right_rx) - right) + (2.0 if right <= left else 0.0)
        for who, whom in self.touching:
            one, other = sorted((self.bodies[who], self.bodies[whom]), key=lambda body: body.left + body.right)
            reach = self._reach(who, whom) or OVERLAP
            wrong += 12 * max(0.0, one.apart(other) + reach * 0.9)
        return wrong

    # --- the result --------------------------------------------------------------------------------

    def placed(self) -> tuple[Figure, ...]:
        """Back to front."""
        return tuple(replace(body.figure, place=Place(round(body.x, 4), round(body.y, 4), round(body.height, 4),
                                                      body.flip))
                     for body in (self.bodies[number] for number in self.order))


def heads(figures: Sequence[Figure]) -> dict[CharacterId, tuple[float, float, float, float]]:
    """Where the heads of placed figures are: middle and half sizes, fractions of the panel."""
    found = {}
    for figure in figures:
        place = figure.place
        found[figure.character_id] = _Body(figure, place.height, _Row._shape(figure, place.flip), place.flip, place.x,
                                           place.y).head
    return found
