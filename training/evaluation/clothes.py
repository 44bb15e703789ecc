"""Who puts something on keeps it on: held-out stories in which people change, and whether the pictures follow.

In each story somebody puts on a garment, does other things in it, takes it off and goes on in their own clothes. The
changes are read from the captions by the rules of `engine/meaning/wardrobe.py` and carried by the library. What is
compared for every figure is the character as the story has them dressed with the same character otherwise dressed: by
the judge, who is shown both model sheets, and by colour, beside both true pictures of that panel.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from random import Random
from typing import Any

import numpy as np
from PIL import Image

from engine.meaning.wardrobe import changes_in, wears
from engine.mini.scenery import draw_scene
from engine.nouns import (
    Beat,
    Box,
    CastMember,
    Character,
    CharacterId,
    PanelBrief,
    Setting,
    StepId,
    Story,
    StoryId,
    StoryStep,
    TurnId,
    Wardrobe,
    Worn,
)
from engine.planning import after_beats, dressed, look_in_force, plan_panels
from engine.writers.mini_text import slot
from engine.writers.naming import Slots, clean_name, clean_text
from training.evaluation.atelier import opened
from training.evaluation.judge import Judge
from training.evaluation.reading import read_captions
from training.evaluation.stories import HeldOutStory, Told, make_story
from training.evaluation.variants import Painted, avatar_of

Array = np.ndarray[Any, Any]
#: What is put on: garment, colour.
GARMENTS = (("raincoat", "yellow"), ("robe", "purple"), ("raincoat", "red"), ("sweater", "orange"),
            ("pyjamas", "blue"), ("dress", "green"), ("robe", "black"), ("sweater", "white"))
LENGTH = 14
#: (panel, who, whether it is put on) in a story of two; who is alone changes like the first.
_CHANGES = ((2, 0, True), (4, 1, True), (8, 0, False), (11, 1, False))
_DOING = (("waves", "waves"), ("jumps", "jumps high"), ("sits", "sits down"), ("walks", "walks around"),
          ("dances", "dances"), ("points", "points ahead"), ("cheers", "cheers"))
PARTS = ("before", "while it is on", "after it was taken off")


@dataclass(frozen=True)
class ClothesStory:
    """A story, what each of its people puts on, and who wears it in each panel."""

    told: HeldOutStory
    garments: dict[CharacterId, Worn]
    worn: tuple[frozenset[CharacterId], ...]   # of each panel: those who wear what they put on

    def parts(self) -> list[dict[CharacterId, str]]:
        """Before, while or after, of everybody in each panel."""
        found, had = [], set[CharacterId]()
        for worn in self.worn:
            had |= worn
            found.append({one: PARTS[1] if one in worn else PARTS[2] if one in had else PARTS[0]
                          for one in self.garments})
        return found


def make_clothes_story(number: int, *, length: int = LENGTH) -> ClothesStory:
    """Story `number`: one person where it is odd, two where it is even."""
    rng = Random(f"clothes:{number}")
    count = 2 - number % 2
    base = make_story(number, length=1, count=count, seed=41)
    cast = [replace(one, look=_dressable(one, rng)) for one in base.cast]
    garments = {}
    for at, one in enumerate(cast):
        garment, colour = next(pair for pair in (GARMENTS[(2 * number + at + step) % len(GARMENTS)]
                                                 for step in range(len(GARMENTS)))
                               if pair[0] != one.look.outfit and pair[1] != one.look.outfit_colour)
        garments[one.character_id] = (("outfit", garment), ("outfit_colour", colour), ("pattern", "plain"))
    places = rng.sample(("garden", "kitchen", "beach", "bedroom", "farm", "library", "meadow"), 2)
    panels, worn, now = [], [], set[CharacterId]()
    for panel in range(length):
        place = places[panel // 5 % 2]
        acts: dict[CharacterId, CastMember] = {}
        said = []
        if panel % 5 == 0:
            names = " and ".join(one.name for one in cast)
            said.append(f"{names} {'walk' if count > 1 else 'walks'} to the {place}.")
            acts = {one.character_id: CastMember(one.character_id, "walks") for one in cast}
        change = next(((who, on) for at, who, on in _CHANGES if at == panel and who < count), None)
        if change is not None:
            who = cast[change[0]]
            (_, garment), (_, colour), _ = garments[who.character_id]
            article = "" if garment == "pyjamas" else "a "     # before a colour: none begins with a vowel but orange
            article = "an " if article and colour == "orange" else article
            said.append(f"{who.name} puts on {article}{colour} {garment}." if change[1] else
                        f"{who.name} takes off the {colour} {garment}.")
            changes: Worn = garments[who.character_id] if change[1] else tuple(
                (name, "") for name, _ in garments[who.character_id])
            acts[who.character_id] = CastMember(who.character_id, wears=changes)
            (now.add if change[1] else now.discard)(who.character_id)
        if not said:
            for one in cast if panel % 3 else cast[:1 + panel % 2]:
                action, verb = rng.choice(_DOING)
                said.append(f"{one.name} {verb}.")
                acts[one.character_id] = CastMember(one.character_id, action)
        caption = " ".join(said)
        beat = Beat(caption, tuple(acts[one.character_id] for one in cast if one.character_id in acts), place)
        panels.append(Told(caption, caption, beat, len(acts), 0))
        worn.append(frozenset(now))
    story = replace(base.story, story_id=StoryId(f"clothes-{number}"))
    return ClothesStory(HeldOutStory(story, tuple(cast), (), tuple(panels)), garments, tuple(worn))


def _dressable(character: Character, rng: Random) -> Any:
    """Somebody's Look in clothes that can be changed for others, plain so that a colour is seen."""
    look = character.look
    if look.outfit in ("bare", "robe"):
        look = replace(look, outfit=rng.choice(("t-shirt", "overalls", "shorts")), outfit_colour=rng.choice(
            ("teal", "pink", "grey")))
    return look


def read_clothes(story: HeldOutStory) -> list[Beat]:
    """The beats of a story's captions with what is put on and taken off, each read knowing only those before it."""
    slots = Slots(tuple((slot(number), character, clean_name(character.name))
                        for number, character in enumerate(story.cast, 1)))
    worn: dict[CharacterId, Worn] = {}
    beats = []
    for told, beat in zip(story.panels, read_captions(story, [told.named for told in story.panels]), strict=True):
        changes = changes_in(slots.hide(clean_text(told.named)))
        cast = []
        for member in beat.cast:
            character = story.by_id[member.character_id]
            own = [each for each in changes if each.who == next(
                slot_id for slot_id, known, _ in slots.members if known.character_id == member.character_id)]
            changed = wears(own, worn.get(member.character_id, ()), character.look) if own else ()
            worn[member.character_id] = dressed(worn.get(member.character_id, ()), changed)
            cast.append(replace(member, wears=changed))
        beats.append(replace(beat, cast=tuple(cast)))
    return beats


def without_wardrobe(beats: Sequence[Beat]) -> list[Beat]:
    """The same beats in an engine that knows nothing of clothes."""
    return [replace(beat, cast=tuple(replace(member, wears=()) for member in beat.cast)) for beat in beats]


def true_briefs(story: ClothesStory) -> list[PanelBrief]:
    """The brief of every panel as it should be."""
    return _planned(story.told.story, [told.beat for told in story.told.panels], story.told.by_id)


def _planned(story: Story, beats: Sequence[Beat], cast: dict[CharacterId, Character]) -> list[PanelBrief]:
    known: list[Setting] = []
    wardrobe: Wardrobe = ()
    briefs = []
    for index, beat in enumerate(beats):
        turn_id = TurnId(f"{story.story_id}-{index}")
        (brief,), _ = plan_panels(story, StoryStep(StepId(f"{turn_id}-step"), story.story_id, turn_id, "", (beat,)),
                                  cast, known, wardrobe)
        wardrobe = after_beats(wardrobe, [beat])
        known = [one for one in known if one != brief.setting] + [brief.setting]
        briefs.append(brief)
    return briefs


# --- looking ---------------------------------------------------------------------------------------

@dataclass(frozen=True)
class Seen:
    """One figure: which part of the story it is in, and whether it was found in the right clothes."""

    part: str
    by_judge: bool
    by_colour: bool


def look_at(judge: Judge, story: ClothesStory, panels: Sequence[Painted] | None) -> list[Seen]:
    """What is seen in a story's panels; in its true pictures where there are none."""
    briefs, parts = true_briefs(story), story.parts()
    looks = {one.character_id: (one.look, look_in_force(one.look, story.garments[one.character_id]))
             for one in story.told.cast}
    sheets = {who: judge.characters([avatar_of(replace(story.told.by_id[who], look=look)) for look in pair])
              for who, pair in looks.items()}
    found = []
    for number, brief in enumerate(briefs):
        true, boxes = draw_scene(brief)
        other = draw_scene(replace(brief, figures=tuple(
            replace(figure, look=looks[figure.character_id][figure.character_id not in story.worn[number]])
            for figure in brief.figures)))[0]
        picture = true if panels is None else opened(panels[number].png)
        for who, box in boxes:
            changed = who in story.worn[number]
            reading = judge.read_panels([picture], sheets[who])
            by_judge = bool(reading.alone[0, 1] > reading.alone[0, 0]) == changed
            found.append(Seen(parts[number][who], by_judge,
                              _far(picture, true, box) < _far(picture, other, box)))
    return found


def _far(one: Image.Image, other: Image.Image, box: Box, cells: int = 12) -> float:
    """Mean difference of two pictures in a box, coarsely."""
    crops = [np.asarray(picture.convert("RGB").crop((
        round(box.left * picture.width), round(box.top * picture.height), round(box.right * picture.width),
        round(box.bottom * picture.height))).resize((cells, cells), Image.Resampling.BOX), np.float32)
        for picture in (one, other)]
    return float(np.abs(crops[0] - crops[1]).mean())


def shares(seen: Sequence[Seen]) -> dict[str, tuple[float, float, int]]:
    """By part of the story, and of all: right by the judge, right by colour, figures."""
    found = {}
    for part in (*PARTS, "all"):
        some = [one for one in seen if part in (one.part, "all")]
        found[part] = (float(np.mean([one.by_judge for one in some])) if some else float("nan"),
                       float(np.mean([one.by_colour for one in some])) if some else float("nan"), len(some))
    return found

