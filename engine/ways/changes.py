"""A brief with somebody's wishes granted, everything else kept where it was. Pure; standard library only.

`engine.ways.change_reading` finds out what is wanted; here it is done. What a wish does not touch stays to the digit:
places, heights, poses, things. So the new version of a panel is the same picture but for what was asked.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final

from engine.nouns import (
    Beat,
    CastMember,
    Character,
    CharacterId,
    Figure,
    PanelBrief,
    Place,
    Refused,
    Setting,
    SettingId,
    Story,
    Worn,
)
from engine.planning import (
    LIFTS,
    TOUCH_GAP,
    dressed,
    figure_of,
    look_in_force,
    place_figures,
    place_props,
    resolve_setting,
    stable_seed,
    standing_height,
)
from engine.vocabulary import TOUCHING
from engine.ways.change_reading import Edit, Wish

#: As many people as a picture can hold, and as many things on the ground.
MOST_FIGURES: Final = 6
MOST_THINGS: Final = 4
#: How far "to the left" goes, and where the sides are; fractions of the panel.
STEP: Final = 0.26
SIDES: Final[Mapping[str, float]] = {"left": 0.2, "middle": 0.5, "right": 0.8}
#: Nearer or further: feet and size change together.
NEARER: Final = 1.22
#: Two who stand side by side are at least this far apart, times the mean of their heights.
APART: Final = 0.5
#: "bigger" and "smaller".
GROWS: Final = 1.18


@dataclass(frozen=True, slots=True)
class Changed:
    """What came of the wishes."""

    brief: PanelBrief
    new_setting: bool                      # the story was never there before
    worn: tuple[tuple[CharacterId, Worn], ...] = ()   # what was put on or taken off
    notes: tuple[str, ...] = ()            # keys of sentences for the person: change_colourless


def apply_change(brief: PanelBrief, wish: Wish, *, story: Story, cast: Mapping[CharacterId, Character],
                 known: Sequence[Setting]) -> Changed:
    """The brief with every edit done, in their order. `known` are the story's places, the current one last.

    Raises `Refused`: `change_nothing` when nothing would be different, `change_too_many`.
    """
    draft = _Draft(brief, story, cast, known)
    for edit in wish.edits:
        draft.do(edit)
    changed = draft.finished()
    if changed == brief and not draft.notes:
        raise Refused(reason="change_nothing")
    if changed == brief:
        raise Refused(reason=draft.notes[0])
    return Changed(changed, draft.setting not in known and draft.setting != brief.setting,
                   tuple((who, worn) for who, worn in draft.worn.items()), tuple(dict.fromkeys(draft.notes)))


class _Draft:
    """A brief being changed."""

    def __init__(self, brief: PanelBrief, story: Story, cast: Mapping[CharacterId, Character],
                 known: Sequence[Setting]) -> None:
        self.brief, self.story, self.cast, self.known = brief, story, cast, known
        self.figures = {figure.character_id: figure for figure in brief.figures}
        self.order = [figure.character_id for figure in brief.figures]
        self.setting, self.props = brief.setting, list(brief.props)
        self.time, self.weather, self.shot = brief.time_of_day, brief.weather, brief.shot
        self.worn: dict[CharacterId, Worn] = {}
        self.notes: list[str] = []

    def do(self, edit: Edit) -> None:
        """One wish."""
        deeds: Mapping[str, Callable[[Edit], None]] = {
            "time": self._time, "weather": self._weather, "shot": self._shot, "place": self._place, "add": self._add,
            "remove": self._remove, "shift": self._shift, "come": self._come, "go": self._go, "move": self._move,
            "turn": self._turn, "size": self._size, "mood": self._mood, "do": self._act, "hold": self._hold,
            "wear": self._wear, "swap": self._swap, "colourless": self._colourless}
        deeds[edit.what](edit)

    def finished(self) -> PanelBrief:
        """The brief; figures back to front where anybody moved, in their old order where nobody did."""
        figures = tuple(self.figures[one] for one in self.order)
        moved = [one.place for one in figures] != [one.place for one in self.brief.figures] or self.order != [
            one.character_id for one in self.brief.figures]
        figures = _back_to_front(figures) if moved else figures
        return replace(self.brief, figures=figures, setting=self.setting, time_of_day=self.time, weather=self.weather,
                       shot=self.shot, props=tuple(self.props))

    # --- where and when ----------------------------------------------------------------------------

    def _time(self, edit: Edit) -> None:
        self.time = edit.value

    def _weather(self, edit: Edit) -> None:
        self.weather = edit.value

    def _shot(self, edit: Edit) -> None:
        """Nearer or further off: the same people in the same order, larger or smaller."""
        if edit.value == self.shot:
            return
        self.shot = edit.value
        seed = stable_seed(self.brief.panel_id, "shot", edit.value)
        row = sorted(self.figures.values(), key=lambda figure: figure.place.x)
        for placed in place_figures(row, shot=self.shot, seed=seed):
            was = self.figures[placed.character_id].place
            self.figures[placed.character_id] = replace(placed, place=replace(placed.place, flip=was.flip))
        self.props = list(place_props([name for name, _ in self.props], list(self.figures.values()), shot=self.shot,
                                      seed=seed))

    def _place(self, edit: Edit) -> None:
        named = next((one for one in self.known if one.setting_id == SettingId(edit.field)), None)
        self.setting = named or resolve_setting(self.story, Beat("", (), edit.value), self.known)

    # --- things ------------------------------------------------------------------------------------

    def _add(self, edit: Edit) -> None:
        if len(self.props) >= MOST_THINGS:
            raise Refused(reason="change_too_many")
        figures = list(self.figures.values())
        spots = place_props([edit.value], [replace(figure, holding="") for figure in figures], shot=self.shot,
                            seed=stable_seed(self.brief.panel_id, "thing", edit.value, len(self.props)))
        for name, place in spots:
            taken = [*(figure.place.x for figure in figures), *(other.x for _, other in self.props)]
            x = place.x
            if any(abs(x - other) < 0.07 for _, other in [(n, p.x) for n, p in self.props]):
                x = max((0.08, 0.2, 0.34, 0.5, 0.66, 0.8, 0.92),
                        key=lambda spot: min((abs(spot - other) for other in taken), default=1.0))
            self.props.append((name, replace(place, x=x)))

    def _remove(self, edit: Edit) -> None:
        """A thing goes, from the ground and from everybody's hands."""
        self.props = [(name, place) for name, place in self.props if name != edit.value]
        for who, figure in self.figures.items():
            if figure.holding == edit.value:
                self.figures[who] = replace(figure, holding="")

    def _shift(self, edit: Edit) -> None:
        for index, (name, place) in enumerate(self.props):
            if name != edit.field:
                continue
            if edit.value in SIDES:
                place = replace(place, x={"left": 0.1, "middle": 0.5, "right": 0.9}[edit.value])
            elif edit.value in ("larger", "smaller"):
                height = place.height * (1.4 if edit.value == "larger" else 0.7)
                place = replace(place, height=round(_within(height, 0.05, 0.6), 4))
            else:
                place = replace(place, y=_within(place.y + (0.03 if edit.value == "front" else -0.12), 0.3, 0.97))
            self.props[index] = (name, place)
            return
        self._add(Edit("add", value=edit.field))
        if self.props and self.props[-1][0] == edit.field:
            self._shift(edit)

    def _colourless(self, edit: Edit) -> None:
        self.notes.append("change_colourless")

    # --- who is there ------------------------------------------------------------------------------

    def _come(self, edit: Edit) -> None:
        """Somebody joins where most room is; the others stay, unless there is no room at all."""
        assert edit.who is not None
        if edit.who in self.figures:
            return
        if len(self.figures) >= MOST_FIGURES:
            raise Refused(reason="change_too_many")
        new = figure_of(CastMember(edit.who), self.cast[edit.who])
        height = standing_height(new, self.shot, len(self.figures) + 1)
        ground = 0.9 if self.shot == "wide" else 0.16 + height
        taken = [(figure.place.x, figure.place.height) for figure in self.figures.values()]
        x = max((spot / 100 for spot in range(12, 89, 2)),
                key=lambda spot: min((abs(spot - other) for other, _ in taken), default=1.0 - abs(spot - 0.5)))
        room = min((abs(x - other) / ((height + tall) / 2) for other, tall in taken), default=1.0)
        self.figures[edit.who] = replace(new, place=Place(x, ground, round(height, 4), x > 0.5))
        self.order.append(edit.who)
        if room < APART * 0.75:
            row = sorted(self.figures.values(), key=lambda figure: figure.place.x)
            for placed in place_figures(row, shot=self.shot, seed=stable_seed(self.brief.panel_id, "room")):
                self.figures[placed.character_id] = placed

    def _go(self, edit: Edit) -> None:
        assert edit.who is not None
        self.figures.pop(edit.who, None)
        self.order = [one for one in self.order if one != edit.who]
        for who, figure in self.figures.items():     # nobody is left hugging the air
            if figure.toward == edit.who:
                action = "stands" if figure.action in TOUCHING else figure.action
                self.figures[who] = replace(figure, toward=None, action=action)

    # --- where they are ----------------------------------------------------------------------------

    def _move(self, edit: Edit) -> None:
        assert edit.who is not None
        figure = self.figures[edit.who]
        place = figure.place
        if edit.toward is not None and edit.toward in self.figures:
            place = self._by(figure, edit)
        elif edit.value in SIDES:
            # All the way to that side; and if they are there already, as far as the frame allows.
            x = SIDES[edit.value]
            if abs(x - place.x) < 0.04 and edit.value != "middle":
                x = place.x - STEP if edit.value == "left" else place.x + STEP
            place = replace(place, x=round(_within(x, 0.1, 0.9), 4))
            self._make_way(edit.who, place.x)
        elif edit.value in ("front", "back"):
            scale = NEARER if edit.value == "front" else 1 / NEARER
            place = replace(place, height=round(place.height * scale, 4),
                            y=round(_within(place.y + (0.05 if edit.value == "front" else -0.09), 0.55, 0.99), 4))
        # Who walks away from somebody no longer holds their hand.
        if figure.action in TOUCHING and figure.toward is not None and figure.toward != edit.toward:
            figure = replace(figure, action="stands", toward=None)
        self.figures[edit.who] = replace(figure, place=place)

    def _by(self, figure: Figure, edit: Edit) -> Place:
        """A place beside, before, behind, left or right of somebody."""
        assert edit.toward is not None
        other = self.figures[edit.toward].place
        gap = 0.62 * (figure.place.height + other.height) / 2
        if edit.value == "between" and CharacterId(edit.field) in self.figures:
            third = self.figures[CharacterId(edit.field)].place
            return replace(figure.place, x=round((other.x + third.x) / 2, 4))
        if edit.value in ("behind", "before"):
            scale = NEARER if edit.value == "before" else 1 / NEARER
            aside = 0.35 * gap if figure.place.x >= other.x else -0.35 * gap
            return replace(figure.place, x=round(_within(other.x + aside, 0.1, 0.9), 4),
                           height=round(figure.place.height * scale, 4),
                           y=round(_within(other.y + (0.05 if edit.value == "before" else -0.08), 0.5, 0.99), 4))
        left = edit.value == "left" or (edit.value == "beside" and figure.place.x < other.x)
        x = other.x - gap if left else other.x + gap
        if not 0.08 <= x <= 0.92 and edit.value == "beside":
            x = other.x + gap if left else other.x - gap
        x = _within(x, 0.08, 0.92)
        self._make_way(figure.character_id, x, spare=edit.toward)
        return replace(figure.place, x=round(x, 4), flip=x > other.x)

    def _make_way(self, who: CharacterId, x: float, spare: CharacterId | None = None) -> None:
        """Whoever stands just there changes places with the newcomer; nobody else moves."""
        moving = self.figures[who]
        for one, other in self.figures.items():
            near = APART * 0.8 * (moving.place.height + other.place.height) / 2
            if one in (who, spare) or abs(other.place.x - x) >= near:
                continue
            self.figures[one] = replace(other, place=replace(other.place, x=moving.place.x))
            return

    def _swap(self, edit: Edit) -> None:
        assert edit.who is not None and edit.toward is not None
        one, other = self.figures[edit.who], self.figures[edit.toward]
        self.figures[edit.who] = replace(one, place=replace(one.place, x=other.place.x, flip=other.place.flip))
        self.figures[edit.toward] = replace(other, place=replace(other.place, x=one.place.x, flip=one.place.flip))

    def _turn(self, edit: Edit) -> None:
        assert edit.who is not None
        figure = self.figures[edit.who]
        flip = {"left": True, "right": False}.get(edit.value, not figure.place.flip)
        self.figures[edit.who] = replace(figure, place=replace(figure.place, flip=flip))

    def _size(self, edit: Edit) -> None:
        assert edit.who is not None
        figure = self.figures[edit.who]
        height = _within(figure.place.height * (GROWS if edit.value == "larger" else 1 / GROWS), 0.1, 1.3)
        self.figures[edit.who] = replace(figure, place=replace(figure.place, height=round(height, 4)))

    # --- what they do, feel, hold and wear ---------------------------------------------------------

    def _mood(self, edit: Edit) -> None:
        assert edit.who is not None
        self.figures[edit.who] = replace(self.figures[edit.who], mood=edit.value)

    def _act(self, edit: Edit) -> None:
        """Another action; whoever touches somebody goes to them, and feet find the ground again."""
        assert edit.who is not None
        figure = self.figures[edit.who]
        lift = LIFTS.get(edit.value, 0.0) - LIFTS.get(figure.action, 0.0)
        place = replace(figure.place, y=round(figure.place.y + lift, 4))
        holding = "" if edit.value in ("hugs", "holds hands", "swims", "climbs") else figure.holding
        if edit.toward is not None and edit.toward in self.figures:
            other = self.figures[edit.toward].place
            gap = TOUCH_GAP.get(edit.value, 0.0) * (place.height + other.height) / 2
            if edit.value in TOUCHING and abs(other.x - place.x) > gap:
                x = _within(other.x - gap if place.x < other.x else other.x + gap, 0.08, 0.92)
                self._make_way(edit.who, x, spare=edit.toward)
                place = replace(place, x=round(x, 4))
            place = replace(place, flip=place.x > other.x)
        if edit.value in TOUCHING and edit.toward is None:
            raise Refused(reason="change_with_whom")
        self.figures[edit.who] = replace(figure, action=edit.value, toward=edit.toward, place=place, holding=holding)

    def _hold(self, edit: Edit) -> None:
        assert edit.who is not None
        figure = self.figures[edit.who]
        free = figure.action not in ("hugs", "holds hands", "swims", "climbs")
        self.figures[edit.who] = replace(
            figure, holding=edit.value, action=figure.action if free or not edit.value else "stands",
            toward=figure.toward if free or not edit.value else None)
        # The ball that lay there is the ball in her hands.
        if edit.value and any(name == edit.value for name, _ in self.props):
            self.props = [(name, place) for name, place in self.props if name != edit.value]

    def _wear(self, edit: Edit) -> None:
        assert edit.who is not None
        figure = self.figures[edit.who]
        value = edit.value
        if edit.field == "accessories":
            own = [one for one in figure.look.accessories if one != value.removeprefix("-")]
            value = ", ".join(own if value.startswith("-") else [*own, value]) or "none"
        change = ((edit.field, value),)
        if look_in_force(figure.look, change) == figure.look:
            return                         # they wear it already
        self.worn[edit.who] = dressed(self.worn.get(edit.who, ()), change)
        self.figures[edit.who] = replace(figure, worn=dressed(figure.worn, change),
                                         look=look_in_force(figure.look, change))


def _within(value: float, least: float, most: float) -> float:
    return min(max(value, least), most)


def _back_to_front(figures: Sequence[Figure]) -> tuple[Figure, ...]:
    """Whoever stands lower is nearer; a rider before who carries, the smaller of two who hug before the other."""
    heights = {figure.character_id: figure.place.height for figure in figures}

    def nearness(figure: Figure) -> float:
        hugged = next((other.character_id for other in figures
                       if other.toward == figure.character_id and other.action == "hugs"), None)
        partner = figure.toward if figure.action == "hugs" else hugged
        smaller = partner is not None and heights.get(partner, 0.0) > figure.place.height
        return figure.place.y + (1.0 if figure.action == "rides" else 0.5 if smaller else 0.0)

    return tuple(sorted(figures, key=nearness))
