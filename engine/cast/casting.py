"""A Look as an avatar to approve, as menus to correct, and tried again."""

from __future__ import annotations

import io
import random
from collections.abc import Mapping
from dataclasses import fields, replace
from types import MappingProxyType
from typing import Any, Final

from engine.cast.measuring import settled
from engine.nouns import Look
from engine.vocabulary import (
    ACCESSORIES,
    BEARDS,
    COLOURS,
    CREATURES,
    FUR_COLOURS,
    GLASSES,
    HAIR_COLOURS,
    HAIRSTYLES,
    HEADWEAR,
    KINDS,
    OUTFITS,
    PATTERNS,
    PEOPLE,
    SKINS,
)

AVATAR_PX: Final = 256

#: What a person may correct in menus: the field of a Look, and its choices as text, at most 25 as menus hold.
LOOK_CHOICES: Final[Mapping[str, tuple[str, ...]]] = MappingProxyType({
    "kind": KINDS, "skin": tuple(SKINS), "fur": FUR_COLOURS, "hair": HAIRSTYLES, "hair_colour": HAIR_COLOURS,
    "headwear": HEADWEAR, "headwear_colour": tuple(COLOURS), "glasses": GLASSES, "beard": BEARDS,
    "freckles": ("False", "True"), "outfit": OUTFITS, "outfit_colour": tuple(COLOURS), "pattern": PATTERNS,
    "pattern_colour": tuple(COLOURS), "trousers_colour": tuple(COLOURS), "accessories": ACCESSORIES,
    "accessory_colour": tuple(COLOURS), "wheelchair": ("False", "True"), "size": ("0.8", "0.9", "1.0", "1.1", "1.2"),
})

_LIKE_HAIR: Final = (("short", "spiky", "curly"), ("bob", "long", "ponytail", "pigtails", "braids", "bun"),
                     ("afro", "curly"))


def choices_for(look: Look) -> dict[str, tuple[str, ...]]:
    """The fields of `LOOK_CHOICES` that mean something for this kind."""
    nothing = ("fur",) if look.kind in PEOPLE else ("skin", "hair", "hair_colour", "freckles")
    return {name: choices for name, choices in LOOK_CHOICES.items() if name not in nothing}


def corrected(look: Look, field: str, choice: str | tuple[str, ...]) -> Look:
    """The look with one field set from a menu's text. Raises `KeyError` or `ValueError` for what no menu offers."""
    allowed = LOOK_CHOICES[field]
    chosen = (choice,) if isinstance(choice, str) else tuple(choice)
    if not all(each in allowed for each in chosen) or (len(chosen) != 1 and field != "accessories"):
        raise ValueError(f"{field} has no choice {choice!r}")
    now = getattr(look, field)
    value: Any = chosen if isinstance(now, tuple) else chosen[0]
    if isinstance(now, bool):
        value = chosen[0] == "True"
    elif isinstance(now, float):
        value = float(chosen[0])
    changes: dict[str, Any] = {field: value}
    return replace(look, **changes)


def draw_character_avatar(look: Look) -> bytes:
    """The avatar a person approves: an RGBA PNG, about 256 pixels high, transparent around the figure."""
    from engine.mini.dolls import draw_avatar

    out = io.BytesIO()
    draw_avatar(look, size_px=AVATAR_PX).save(out, "PNG", optimize=True)
    return out.getvalue()


def vary_look(look: Look, seed: int) -> Look:
    """Try again: the same character dressed otherwise, and with hair or skin a shade to the side.

    Kind and everything the look's words settled stay as they are. The same seed gives the same look, and it
    always differs from the one given.
    """
    dice = random.Random(seed)
    kept = settled(look) | {"kind", "words", "headwear", "glasses", "beard", "wheelchair", "freckles"}
    for _ in range(20):
        changes = {name: value for name, value in _changes(look, dice).items() if name not in kept}
        varied = replace(look, **changes)
        if varied != look:
            return varied
    # the words settled everything that is usually varied: a little taller or smaller then
    return replace(look, size=0.9 if look.size >= 1.0 else 1.0)


def _changes(look: Look, dice: random.Random) -> dict[str, Any]:
    changes: dict[str, Any] = {}
    bright = [name for name in ("red", "orange", "yellow", "green", "teal", "blue", "purple", "pink", "mint", "lilac")
              if name != look.outfit_colour]
    changes["outfit_colour"] = dice.choice(bright)
    changes["pattern"] = dice.choice(PATTERNS)
    changes["pattern_colour"] = dice.choice([name for name in ("white", "yellow", "navy", "cream", "pink")
                                             if name != changes["outfit_colour"]])
    changes["trousers_colour"] = dice.choice(("navy", "brown", "grey", "blue", "purple", "green"))
    if look.outfit != "bare" or dice.random() < 0.4:
        changes["outfit"] = dice.choice(("t-shirt", "sweater", "overalls", look.outfit, look.outfit))
    if look.kind in CREATURES:
        if dice.random() < 0.35:
            changes["accessories"] = (dice.choice(("scarf", "bow tie", "badge", "necklace")),)
        return changes
    if dice.random() < 0.6:
        like = [style for group in _LIKE_HAIR if look.hair in group for style in group]
        if like:
            changes["hair"] = dice.choice(like)
    if dice.random() < 0.4:
        tones = tuple(SKINS)
        if look.skin in tones:
            at = tones.index(look.skin) + dice.choice((-1, 1))
            changes["skin"] = tones[max(0, min(len(tones) - 1, at))]
    return changes


def differences(one: Look, two: Look) -> tuple[str, ...]:
    """The names of the fields in which two looks differ."""
    return tuple(f.name for f in fields(Look) if getattr(one, f.name) != getattr(two, f.name))
