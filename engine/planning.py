"""From a step's beats to panel briefs: which place, what is worn, what stands about. Pure; standard library only.

Who stands where is worked out by `engine.layout`, whose names are known here too.
"""

from __future__ import annotations

import hashlib
import random
from collections.abc import Mapping, Sequence
from dataclasses import fields, replace
from typing import Any

from engine.layout import LIFTS as LIFTS
from engine.layout import TOUCH_GAP as TOUCH_GAP
from engine.layout import place_figures as place_figures
from engine.layout import reading_order as reading_order
from engine.layout import standing_height as standing_height
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
from engine.vocabulary import FLOATING_PROPS, PROP_HEIGHTS, SETTINGS, STANDING_PROPS


def panel_id(step_id: StepId, index: int) -> PanelId:
    """The id of a step's panel: the same on every replay."""
    return PanelId(f"{step_id}.{index}")


def stable_seed(*parts: object) -> int:
    """A 31-bit seed from any plain parts; the same in every process and on every machine."""
    digest = hashlib.sha256("\x1f".join(map(str, parts)).encode()).digest()
    return int.from_bytes(digest[:4], "big") & 0x7FFFFFFF


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
            props=place_props(beat.props, figures, shot=beat.shot, seed=seed), rating=story.rating))
    return tuple(briefs), tuple(new)


def plate_brief(brief: PanelBrief) -> PanelBrief:
    """The brief of the empty setting behind `brief`."""
    return replace(brief, panel_id=PanelId(f"{brief.panel_id}.plate"), words=brief.setting.name, figures=(), props=(),
                   shot="wide")
