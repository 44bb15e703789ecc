"""From a step's beats to panel briefs: which place, who stands where, how big. Pure; standard library only.

Layout follows a stage director's rules: the cast reads left to right, people who touch stand together, nobody's
face is behind another's, sizes come from age and kind, and whoever stands lower in the picture is nearer.
"""

from __future__ import annotations

import hashlib
import random
from collections.abc import Mapping, Sequence
from dataclasses import fields, replace
from typing import Any

from engine.nouns import (
    Beat,
    CastMember,
    Character,
    CharacterId,
    Figure,
    Look,
    PanelBrief,
    PanelId,
    Place,
    Setting,
    SettingId,
    StepId,
    Story,
    StoryStep,
    Wardrobe,
    Worn,
)
from engine.vocabulary import FLOATING_PROPS, KIND_HEIGHTS, PROP_HEIGHTS, SETTINGS, STANDING_PROPS, TOUCHING

#: Standing height of a grown man as a fraction of the panel, by shot.
SHOT_HEIGHTS = {"wide": 0.66, "close": 1.02}
#: Everybody shrinks a little when many share the picture.
CROWD_SCALE = {1: 1.08, 2: 1.0, 3: 0.92, 4: 0.84}
#: Distance between two who touch, times the mean of their heights.
TOUCH_GAP = {"hugs": 0.42, "holds hands": 0.46, "rides": 0.0, "gives": 0.52}
#: Where the feet are when an action leaves the ground, added to y.
LIFTS = {"jumps": -0.07, "flies": -0.22, "climbs": -0.10, "swims": -0.12}


def panel_id(step_id: StepId, index: int) -> PanelId:
    """The id of a step's panel: the same on every replay."""
    return PanelId(f"{step_id}.{index}")


def stable_seed(*parts: object) -> int:
    """A 31-bit seed from any plain parts; the same in every process and on every machine."""
    digest = hashlib.sha256("\x1f".join(map(str, parts)).encode()).digest()
    return int.from_bytes(digest[:4], "big") & 0x7FFFFFFF


def standing_height(figure: Figure, shot: str, count: int) -> float:
    """Standing height of one figure as a fraction of the panel."""
    grown = SHOT_HEIGHTS.get(shot, SHOT_HEIGHTS["wide"]) * CROWD_SCALE.get(count, 0.78)
    return grown * KIND_HEIGHTS.get(figure.look.kind, 0.7) * min(max(figure.look.size, 0.8), 1.2)


def _left_to_right(figures: Sequence[Figure]) -> list[Figure]:
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
    """Give every figure its place; returns them back to front (smaller y first).

    `figures` come in reading order, their places are ignored. The same input and seed give the same layout.
    """
    if not figures:
        return ()
    chance = random.Random(seed)
    row = _left_to_right(figures)
    heights = [standing_height(figure, shot, len(row)) for figure in row]
    # Walk the row once, putting each figure a gap to the right of the one before.
    xs = [0.0]
    for index in range(1, len(row)):
        before, now = row[index - 1], row[index]
        mean = (heights[index - 1] + heights[index]) / 2
        action = ""
        if now.toward == before.character_id:
            action = now.action
        elif before.toward == now.character_id:
            action = before.action
        gap = TOUCH_GAP[action] * mean if action in TOUCH_GAP else mean * 0.62 + chance.uniform(0.0, 0.08)
        if "sleeps" in (before.action, now.action):
            gap += 0.12
        xs.append(xs[-1] + gap)
    # Centre the row and squeeze it where it would leave the frame.
    margin = 0.12
    width = xs[-1]
    squeeze = min(1.0, (1 - 2 * margin) / width) if width else 1.0
    slack = max(0.0, (1 - 2 * margin) - width * squeeze)
    start = margin + slack * (0.5 + chance.uniform(-0.32, 0.32))
    ground = 0.92 if shot == "wide" else 0.16 + max(heights)
    placed = []
    feet: dict[CharacterId, tuple[float, float, float]] = {}
    for figure, x, height in zip(row, xs, heights, strict=True):
        y = ground - chance.uniform(0.0, 0.06 if shot == "wide" else 0.02) + LIFTS.get(figure.action, 0.0)
        feet[figure.character_id] = (start + x * squeeze, y, height)
    for figure in row:
        x, y, height = feet[figure.character_id]
        embraced = next((other.character_id for other in row
                         if other.toward == figure.character_id and other.action in TOUCHING), None)
        partner = figure.toward if figure.toward in feet else embraced
        partner_at = feet[partner] if partner is not None and partner != figure.character_id else None
        if figure.action == "rides" and partner_at is not None:
            # On a shoulder, towards the middle of the picture: both faces are seen.
            aside = -1.0 if partner_at[0] > 0.5 else 1.0
            x, y = partner_at[0] + aside * 0.32 * partner_at[2], partner_at[1] - 0.38 * partner_at[2]
        if partner_at is not None and abs(partner_at[0] - x) > 0.01:
            flip = partner_at[0] < x
        else:
            flip = x > 0.5 if len(row) > 1 else chance.random() < 0.5
        placed.append(replace(figure, place=Place(round(x, 4), round(y, 4), round(height, 4), flip)))
    heights_of = {figure.character_id: figure.place.height for figure in placed}

    def nearness(figure: Figure) -> float:
        # A rider is drawn after the one who carries, and the smaller of two who hug before the larger one's chest.
        if figure.action == "rides":
            return figure.place.y + 1.0
        hugged = next((other.character_id for other in placed
                       if other.toward == figure.character_id and other.action == "hugs"), None)
        partner = figure.toward if figure.action == "hugs" else hugged
        larger = partner is not None and heights_of.get(partner, 0.0) > figure.place.height
        return figure.place.y + (0.5 if larger else 0.0)

    return tuple(sorted(placed, key=nearness))


def resolve_setting(story: Story, beat: Beat, known: Sequence[Setting]) -> Setting:
    """The setting instance a beat plays in: the same room is the same room, a new room is a new one.

    `known` has the story's settings, the current one last. A beat without a name stays where the story is if the
    kind agrees; a name seen before is that place; everything else is a new place with a seed of its own.
    """
    kind = beat.setting_kind if beat.setting_kind in SETTINGS else (known[-1].kind if known else "meadow")
    name = " ".join(beat.setting_name.casefold().split())
    if name:
        for setting in reversed(known):
            if setting.kind == kind and " ".join(setting.name.casefold().split()) == name:
                return setting
    else:
        for setting in reversed(known):
            if setting.kind == kind:
                return setting
    shown = beat.setting_name or f"the {kind}"
    seed = stable_seed(story.story_id, kind, name or shown)
    return Setting(SettingId(f"{story.story_id}:{seed:x}"), kind, shown, seed)


def place_props(props: Sequence[str], figures: Sequence[Figure], *, shot: str,
                seed: int) -> tuple[tuple[str, Place], ...]:
    """Where things stand that nobody holds: large ones behind the row, small ones before it, floating ones above.

    Each goes where most room is left; at most two large and two small, none that somebody has in their hands.
    """
    chance = random.Random(seed ^ 0x5F5F)
    held = {figure.holding for figure in figures}
    scale = 1.0 if shot == "wide" else 1.4
    large = [prop for prop in dict.fromkeys(props) if prop in STANDING_PROPS][:2]
    small = [prop for prop in dict.fromkeys(props)
             if prop in PROP_HEIGHTS and prop not in STANDING_PROPS and prop not in held][:2]
    placed = []
    taken = [figure.place.x for figure in figures]
    for prop in large + small:
        spots = [0.12, 0.3, 0.5, 0.7, 0.88] if prop in STANDING_PROPS else [0.1, 0.22, 0.36, 0.5, 0.64, 0.78, 0.9]
        x = max(spots, key=lambda spot: (min((abs(spot - other) for other in taken), default=1.0), chance.random()))
        taken.append(x)
        if prop in FLOATING_PROPS:
            y = 0.12 + PROP_HEIGHTS[prop] * scale
        elif prop in STANDING_PROPS:
            y = 0.80 if shot == "wide" else 0.92
        else:
            y = 0.955
        placed.append((prop, Place(x, round(y, 4), round(PROP_HEIGHTS[prop] * scale, 4))))
    return tuple(placed)


# --- the wardrobe ----------------------------------------------------------------------------------

def dressed(worn: Worn, changes: Worn) -> Worn:
    """What is worn after `changes`: the newest word for each field of the Look holds, "" gives back their own."""
    now = dict(worn) | dict(changes)
    return tuple(sorted((name, value) for name, value in now.items() if value))


def look_in_force(own: Look, worn: Worn) -> Look:
    """Somebody's own Look with what they wear now; several accessories are joined by commas."""
    known = {each.name for each in fields(Look)}
    values: dict[str, Any] = {name: value for name, value in worn if name in known and name not in ("kind", "size")}
    if "accessories" in values:
        values["accessories"] = tuple(word for word in values["accessories"].split(", ") if word != "none")
    return replace(own, **values)


def after_beats(wardrobe: Wardrobe, beats: Sequence[Beat]) -> Wardrobe:
    """What everybody wears after these beats; only those who wear something else than their own are in it."""
    worn = dict(wardrobe)
    for beat in beats:
        for member in beat.cast:
            worn[member.character_id] = dressed(worn.get(member.character_id, ()), member.wears)
    return tuple(sorted((who, changes) for who, changes in worn.items() if changes))


def figure_of(member: CastMember, character: Character, worn: Worn = ()) -> Figure:
    """A cast member with the Look in force, not yet placed."""
    return Figure(character.character_id, character.name, look_in_force(character.look, worn), Place(0.5, 0.92, 0.5),
                  member.action, member.mood, member.holding, member.toward, worn)


def plan_panels(story: Story, step: StoryStep, cast: Mapping[CharacterId, Character], known: Sequence[Setting],
                wardrobe: Wardrobe = ()) -> tuple[tuple[PanelBrief, ...], tuple[Setting, ...]]:
    """The briefs of a step, and the settings that are new with it. Deterministic in its arguments.

    `wardrobe` is what everybody wears when the step begins.
    """
    settings = list(known)
    new: list[Setting] = []
    briefs = []
    for index, beat in enumerate(step.beats):
        setting = resolve_setting(story, beat, settings)
        if setting not in settings:
            new.append(setting)
        else:
            settings.remove(setting)
        settings.append(setting)
        identity = panel_id(step.step_id, index)
        seed = stable_seed(identity, "layout")
        wardrobe = after_beats(wardrobe, [beat])
        worn = dict(wardrobe)
        figures = place_figures([figure_of(member, cast[member.character_id], worn.get(member.character_id, ()))
                                 for member in beat.cast if member.character_id in cast], shot=beat.shot, seed=seed)
        briefs.append(PanelBrief(
            panel_id=identity, story_id=story.story_id, words=beat.words, figures=figures, setting=setting,
            time_of_day=beat.time_of_day, weather=beat.weather, shot=beat.shot, style=story.style,
            props=place_props(beat.props, figures, shot=beat.shot, seed=seed)))
    return tuple(briefs), tuple(new)


def plate_brief(brief: PanelBrief) -> PanelBrief:
    """The brief of the empty setting behind `brief`."""
    return replace(brief, panel_id=PanelId(f"{brief.panel_id}.plate"), words=brief.setting.name, figures=(), props=(),
                   shot="wide")
