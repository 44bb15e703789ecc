"""The missing page between two others: words and picture that lead from the one to the other. Pure.

The page is read from both sides. Before it something is true (where we are, who is there, what is worn); after it
something must be true. A bridge says what changes between the two and shows it half way. Standard library only.
"""

from __future__ import annotations

import random
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Final

from engine.nouns import Beat, CastMember, Character, CharacterId, PanelBrief, Refused, StepId, StoryStep
from engine.vocabulary import FLOATING_PROPS, STANDING_PROPS, TOUCHING

#: Two who stand side by side are at least this far apart, times the mean of their heights.
APART: Final = 0.62
#: Feet stay between these, fractions of the panel.
EDGES: Final = (0.14, 0.86)

_PLACES: Final[Mapping[str, str]] = {
    "space": "out into space", "underwater": "down under the water", "cloudland": "up into the clouds",
    "snowfield": "out into the snow", "beach": "to the beach", "mountain": "up the mountain"}
_TIMES: Final[Mapping[tuple[str, str], str]] = {
    ("day", "evening"): "The sun went down.", ("day", "night"): "The day ended, and it grew dark.",
    ("evening", "night"): "Soon the stars came out.", ("evening", "day"): "The night went by, and the sun came up.",
    ("night", "day"): "Then the sun came up.", ("night", "evening"): "A whole day went by."}
_WEATHERS: Final[Mapping[tuple[str, str], str]] = {
    ("clear", "rain"): "It began to rain.", ("clear", "snow"): "It began to snow.", ("clear", "fog"): "A fog came up.",
    ("rain", "clear"): "The rain stopped.", ("snow", "clear"): "The snow stopped falling.",
    ("fog", "clear"): "The fog went away."}
_MOODS: Final[Mapping[str, str]] = {
    "happy": "{A} felt happy.", "sad": "{A} felt a little sad.", "surprised": "{A} wondered what it was.",
    "angry": "{A} was cross.", "scared": "{A} was a little scared.", "sleepy": "{A} grew sleepy."}


def neighbours(steps: Sequence[StoryStep], first: StepId, second: StepId) -> tuple[StoryStep, StoryStep]:
    """Two pages of the path (oldest first) that follow each other, in their order.

    Raises `Refused`: `fill_same_page`, `fill_gone` (one is no longer in the story), `fill_not_neighbours` (fact
    `between`: how many pages lie between them).
    """
    order = {step.step_id: number for number, step in enumerate(steps)}
    if first == second:
        raise Refused(reason="fill_same_page")
    if first not in order or second not in order:
        raise Refused(reason="fill_gone")
    early, late = sorted((order[first], order[second]))
    if late != early + 1:
        raise Refused(reason="fill_not_neighbours", between=late - early - 1)
    return steps[early], steps[late]


def bridge(before: Sequence[Beat], after: Sequence[Beat], cast: Mapping[CharacterId, Character], *,
           seed: int) -> tuple[str, Beat]:
    """The words of the page between, in simple English, and its one beat.

    `before` are the beats of the page it follows, `after` those of the page it leads to; either may be empty. Whoever
    was taken out of the story since is in neither words nor picture. The same input and seed give the same page.
    """
    chance = random.Random(seed)
    here = _known(before[-1], cast) if before else None
    there = _known(after[0], cast) if after else None
    if here is None and there is None:
        return chance.choice(("For a while all was quiet.", "And a little time went by.")), Beat(
            "", (), "meadow")
    here = here or there
    there = there or here
    assert here is not None and there is not None
    stayed = [one for one in _ids(here) if one in _ids(there)]
    came = [one for one in _ids(there) if one not in stayed]
    went = [one for one in _ids(here) if one not in stayed]
    moved = (here.setting_kind, here.setting_name) != (there.setting_kind, there.setting_name) and (
        there.setting_name != "" or here.setting_kind != there.setting_kind)
    lines = []
    who = stayed or came or went
    if moved and who:
        lines.append(f"{_names(who, cast)} {chance.choice(('went', 'walked', 'set off'))} {_to(there, cast)}.")
    elif who:
        lines.append(f"{_names(who, cast)} {chance.choice(('stayed a while', 'looked around', 'waited a moment'))}.")
    if (line := _TIMES.get((here.time_of_day, there.time_of_day))) is not None:
        lines.append(line)
    if (line := _WEATHERS.get((here.weather, there.weather))) is not None:
        lines.append(line)
    if went and stayed:
        lines.append(f"{_names(went, cast)} {chance.choice(('stayed behind', 'went home', 'said goodbye'))}.")
    if came and stayed:
        lines.append(f"{_names(came, cast)} came {'along' if moved else 'too'}.")
    if (found := _found(here, there)) is not None:
        lines.append(f"{_names([found[0]], cast)} found {_article(found[1])}.")
    feeling = _feeling(here, there)
    if feeling is not None and len(lines) < 4:
        lines.append(_MOODS[feeling[1]].replace("{A}", _names([feeling[0]], cast)))
    return " ".join(lines) or "And a little time went by.", _half_way(here, there, moved=moved)


def leads_to(beats: Sequence[Beat], after: Sequence[Beat], cast: Sequence[CharacterId]) -> tuple[Beat, ...]:
    """A writer's plan made to end where the next page begins: its place, hour and weather, with somebody who is there.

    What somebody puts on is left out: the pages after were drawn without it.
    """
    if not beats:
        return ()
    plain = [replace(beat, cast=tuple(replace(member, wears=()) for member in beat.cast)) for beat in beats]
    if not after:
        return tuple(plain)
    there, last = after[0], plain[-1]
    shared = set(_ids(there)) & set(_ids(last))
    wanted = [one for one in _ids(there) if one in cast]
    if wanted and not shared:
        member = next(one for one in there.cast if one.character_id == wanted[0])
        last = replace(last, cast=(*last.cast, CastMember(member.character_id, "walks", member.mood)))
    plain[-1] = replace(last, setting_kind=there.setting_kind, setting_name=there.setting_name,
                        time_of_day=there.time_of_day, weather=there.weather)
    return tuple(plain)


def lead_over(brief: PanelBrief, before: PanelBrief | None, after: PanelBrief | None) -> PanelBrief:
    """The brief laid out between its neighbours: everybody half way between where they were and where they will be.

    Who touches somebody keeps the place that was planned; nobody is pushed into anybody or out of the frame.
    """
    if any(figure.action in TOUCHING for figure in brief.figures) or not brief.figures:
        return brief
    was, will = ({figure.character_id: figure.place for figure in one.figures} if one is not None else {}
                 for one in (before, after))
    targets = []
    for figure in brief.figures:
        sides = [places[figure.character_id] for places in (was, will) if figure.character_id in places]
        x = sum(place.x for place in sides) / len(sides) if sides else figure.place.x
        # Looking where they are going: to where they will stand, else to the middle.
        flip = figure.place.flip
        if figure.character_id in will and abs(will[figure.character_id].x - x) > 0.02:
            flip = will[figure.character_id].x < x
        targets.append((x, replace(figure, place=replace(figure.place, flip=flip))))
    row = [figure for _, figure in sorted(targets, key=lambda pair: pair[0])]
    spots = _spread(sorted(x for x, _ in targets), [figure.place.height for figure in row])
    placed = {figure.character_id: replace(figure, place=replace(figure.place, x=round(x, 4)))
              for figure, x in zip(row, spots, strict=True)}
    return replace(brief, figures=tuple(placed[figure.character_id] for figure in brief.figures))


def _spread(xs: Sequence[float], heights: Sequence[float]) -> list[float]:
    """Places from left to right, pushed apart where they are too near, and squeezed back into the frame."""
    spots = [xs[0]]
    for index in range(1, len(xs)):
        gap = APART * (heights[index - 1] + heights[index]) / 2
        spots.append(max(xs[index], spots[-1] + gap))
    spots = [x - (sum(spots) - sum(xs)) / len(xs) for x in spots]      # as a row they stay where they were
    left, right = EDGES
    if spots[-1] - spots[0] > right - left:
        scale = (right - left) / (spots[-1] - spots[0])
        return [left + (x - spots[0]) * scale for x in spots]
    shift = max(left - spots[0], 0.0) - max(spots[-1] - right, 0.0)
    return [x + shift for x in spots]


# --- parts of a bridge -----------------------------------------------------------------------------

def _half_way(here: Beat, there: Beat, *, moved: bool) -> Beat:
    """The picture between: where we arrive, with everybody who arrives; or where we are, with everybody at all."""
    before = {member.character_id: member for member in here.cast}
    cast = []
    for member in there.cast:
        old = before.get(member.character_id)
        action = "walks" if moved or old is None else "looks" if member.action != old.action else "stands"
        cast.append(CastMember(member.character_id, action, old.mood if old is not None else member.mood,
                               old.holding if old is not None and old.holding == member.holding else ""))
    if not moved:
        cast += [CastMember(who, "waves", member.mood) for who, member in before.items()
                 if who not in _ids(there)]
    cast = cast or [CastMember(member.character_id, "walks", member.mood) for member in here.cast]
    kept = tuple(prop for prop in there.props if moved or prop in here.props)
    return Beat("", tuple(cast[:6]), there.setting_kind, there.setting_name, there.time_of_day, there.weather,
                props=tuple(prop for prop in kept if prop in STANDING_PROPS or prop not in FLOATING_PROPS)[:2])


def _known(beat: Beat, cast: Mapping[CharacterId, Character]) -> Beat:
    return replace(beat, cast=tuple(member for member in beat.cast if member.character_id in cast))


def _ids(beat: Beat) -> list[CharacterId]:
    return [member.character_id for member in beat.cast]


def _names(who: Sequence[CharacterId], cast: Mapping[CharacterId, Character]) -> str:
    names = [cast[one].name for one in who]
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} and {names[-1]}"


def _to(there: Beat, cast: Mapping[CharacterId, Character]) -> str:
    owned = any(character.name in there.setting_name for character in cast.values())
    if there.setting_name and owned:
        return f"to {there.setting_name}"
    return _PLACES.get(there.setting_kind, f"to the {there.setting_kind}")


def _found(here: Beat, there: Beat) -> tuple[CharacterId, str] | None:
    """Somebody who holds a thing after that nobody held or saw before."""
    seen = {*here.props, *(member.holding for member in here.cast)}
    return next(((member.character_id, member.holding) for member in there.cast
                 if member.holding and member.holding not in seen), None)


def _feeling(here: Beat, there: Beat) -> tuple[CharacterId, str] | None:
    """Somebody who feels otherwise after."""
    before = {member.character_id: member.mood for member in here.cast}
    return next(((member.character_id, member.mood) for member in there.cast
                 if member.mood in _MOODS and before.get(member.character_id, member.mood) != member.mood), None)


def _article(thing: str) -> str:
    return f"an {thing}" if thing[:1] in "aeiou" else f"a {thing}"
