"""What a turn says before any model reads it: slots for everybody who is meant; and what its words do to clothes.

Shared by all writers. Standard library and the engine's own rules only.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Final

from engine.meaning.pronouns import Focus, is_owner_word, resolve
from engine.meaning.reader import Mention, StoryReader
from engine.meaning.relations import Person
from engine.meaning.wardrobe import Change, changes_in, stated, wears
from engine.nouns import Beat, CharacterId, Look, OwnerId, Past, Scene, TurnKind, Worn
from engine.planning import dressed
from engine.writers.naming import Slots, clean_text

#: So many pages back a story is read for whom "she" can mean.
PAGES_BACK: Final = 6
_MARKED: Final = re.compile(r"⟦([\d+]+)⟧('s)?")


def people_of(scene: Scene, slots: Slots) -> dict[CharacterId, Person]:
    """What the rules know of everybody with a slot."""
    own = {member.character_id for member in scene.members}
    return {slot: Person(character.pronouns.value, character.look.kind, character.owner_id, character.relation,
                         character.character_id in own, name) for slot, character, name in slots.members}


def hidden_turn(scene: Scene, slots: Slots) -> str:
    """The turn, cleaned, with slots for names, and for what its writer was asked about (`Turn.meant`)."""
    turn = scene.turn
    raw = turn.text.replace("⟦", " ").replace("⟧", " ")
    meant: dict[tuple[int, int], list[str]] = {}
    for start, end, who in turn.meant:
        slot = slots.slot_of(who)
        if slot is not None and 0 <= start < end <= len(raw):
            meant.setdefault((start, end), []).append(slot[3:])
    for (start, end), numbers in sorted(meant.items(), reverse=True):
        owner = "'s" if is_owner_word(raw[start:end], raw[end:]) else ""
        raw = f"{raw[:start]}⟦{'+'.join(numbers)}⟧{owner}{raw[end:]}"
    text = slots.hide(clean_text(raw))
    return _MARKED.sub(lambda found: " and ".join(f"ID_{one}" for one in found[1].split("+")) + (found[2] or ""), text)


def read_turn(scene: Scene, slots: Slots) -> tuple[str, Focus]:
    """The turn in slots with its pronouns, groups and relations resolved, and whom it was about when it stopped."""
    people = people_of(scene, slots)
    classes = {slot: person.pronouns for slot, person in people.items()}
    focus = Focus()
    by_name = {member.name: member for member in scene.members}
    for past in scene.past[-PAGES_BACK:]:
        focus = _after(past, slots, people, classes, focus, by_name)
    read = resolve(hidden_turn(scene, slots), classes, focus=focus, author=slots.author_slot(scene), people=people,
                   owner=scene.turn.owner_id)
    return read.text, read.focus


def _after(past: Past, slots: Slots, people: Mapping[CharacterId, Person], classes: Mapping[CharacterId, str],
           focus: Focus, by_name: Mapping[str, object]) -> Focus:
    member = by_name.get(past.author)
    author = slots.slot_of(getattr(member, "character_id", None))
    owner = OwnerId(getattr(member, "owner_id", ""))
    focus = resolve(slots.hide(clean_text(past.text)), classes, focus=focus, author=author, people=people,
                    owner=owner).focus
    return resolve(slots.hide(clean_text(past.prose)), classes, focus=focus, people=people).focus


def left_open(scene: Scene) -> tuple[Mention, ...]:
    """The places of the turn that can mean two and were not asked about, in order: for a model to decide."""
    if scene.turn.kind not in (TurnKind.WRITE, TurnKind.ILLUSTRATE) or not scene.turn.text:
        return ()
    reader = StoryReader(scene.cast, scene.members)
    owners = {member.name: member.owner_id for member in scene.members}
    for past in scene.past[-PAGES_BACK:]:
        reader.turn(past.text, owners.get(past.author, OwnerId("")))
        reader.prose(past.prose)
    reading = reader.turn(scene.turn.text, scene.turn.owner_id, given=scene.turn.meant)
    return tuple(mention for mention in reading.open if not mention.spoken)


def settled(scene: Scene, choose: Callable[[Mention], CharacterId | None], *, most: int = 3) -> Scene:
    """The scene with what `choose` says of each place the rules leave open; None leaves it to the rules.

    A place decided can settle those after it, so they are read anew each time.
    """
    passed: set[tuple[int, int]] = set()
    for _ in range(most):
        place = next((one for one in left_open(scene) if (one.start, one.end) not in passed), None)
        if place is None:
            break
        passed.add((place.start, place.end))
        who = choose(place)
        if who in place.rivals and who is not None:
            meant = (*scene.turn.meant, (place.start, place.end, who))
            scene = replace(scene, turn=replace(scene.turn, meant=meant))
    return scene


# --- the look in force -----------------------------------------------------------------------------

def dress(beats: Sequence[Beat], scene: Scene, slots: Slots, *, turn_text: str, prose: str,
          focus: Focus | None = None) -> tuple[Beat, ...]:
    """The beats (in slots) with what everybody puts on and takes off in them, by the words of turn and prose.

    `turn_text` is resolved already, `prose` has slots for names. What a turn tells is so from the first picture that
    shows who does it; what the prose tells, from the picture of that part of it. What a model's plan states holds
    where the words tell nothing of that person's clothes.
    """
    if not beats:
        return ()
    people = people_of(scene, slots)
    classes = {slot: person.pronouns for slot, person in people.items()}
    told = resolve(prose, classes, focus=focus, people=people).text
    first: list[list[Change]] = [[] for _ in beats]
    for change in changes_in(turn_text, named=slots.ids):
        first[0].append(change)
    if prose != turn_text:
        for change in changes_in(told, named=slots.ids):
            first[min(len(beats) - 1, change.at * len(beats) // max(1, len(told)))].append(change)
    looks: dict[CharacterId, Look] = {slot: character.look for slot, character, _ in slots.members}
    worn: dict[CharacterId, Worn] = {}
    for who, now in scene.wardrobe:
        slot = slots.slot_of(who)
        if slot is not None:
            worn[slot] = now
    waiting: dict[CharacterId, list[Change]] = {}
    out = []
    for index, beat in enumerate(beats):
        for change in first[index]:
            waiting.setdefault(change.who, []).append(change)
        cast = []
        for member in beat.cast:
            who = member.character_id
            own, had = looks.get(who, Look()), worn.get(who, ())
            said = dict(wears(waiting.pop(who, []), had, own))
            plan = dict(member.wears)
            by_plan = wears(stated(who, plan.get("puts_on", ""), plan.get("colour", ""), plan.get("takes_off", "")),
                            had, own)
            changed = tuple(sorted((dict(() if said else by_plan) | said).items()))
            worn[who] = dressed(had, changed)
            cast.append(replace(member, wears=changed))
        out.append(replace(beat, cast=tuple(cast)))
    # Somebody put something on and is in no later picture: the last one that shows them tells it after all.
    for who, changes in waiting.items():
        for index in range(len(out) - 1, -1, -1):
            members = out[index].cast
            at = next((number for number, member in enumerate(members) if member.character_id == who), None)
            if at is not None:
                more = dict(wears(changes, worn.get(who, ()), looks.get(who, Look())))
                late = replace(members[at], wears=tuple(sorted((dict(members[at].wears) | more).items())))
                out[index] = replace(out[index], cast=(*members[:at], late, *members[at + 1:]))
                break
    return tuple(out)
