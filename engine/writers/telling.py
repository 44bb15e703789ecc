"""What a large writer model is told and how its plan is read: prompts, plan grammar, plan schema, strict parsing.

Shared by the two writers for general models. The plan is JSON; ids are slots (`ID_1`), so that no id of the store
ever reaches a model.
"""

from __future__ import annotations

import json
import re
import unicodedata
from collections.abc import Sequence
from dataclasses import replace
from typing import Annotated, Any, Final, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from engine.meaning.reader import Mention
from engine.meaning.wardrobe import WEARABLES
from engine.nouns import Beat, CastMember, Character, CharacterId, Scene, StepId, StoryStep, TurnKind
from engine.prompts import fill
from engine.vocabulary import ACTIONS, COLOURS, MOODS, SETTINGS, SHOTS, STANDING_PROPS, TIMES, WEATHERS
from engine.writers.correct import correct, picture_words, plan_by_rules
from engine.writers.mini_text import HELD_PROPS, slot_number
from engine.writers.naming import Slots, clean_name, clean_text
from engine.writers.reading import dress, read_turn

LANGUAGES: Final = {"en": "English", "da": "Danish", "de": "German", "fr": "French", "es": "Spanish", "sv": "Swedish",
                    "nb": "Norwegian", "nl": "Dutch", "it": "Italian", "pt": "Portuguese"}
PAST_TURNS: Final = 14
MAX_CAST: Final = 6
MAX_PROSE: Final = 1500


class PlannedMember(BaseModel):
    model_config = ConfigDict(extra="forbid")
    id: str
    action: str
    mood: str
    holding: str
    toward: str
    puts_on: str = ""
    colour: str = ""
    takes_off: str = ""


class PlannedPanel(BaseModel):
    model_config = ConfigDict(extra="forbid")
    shows: Annotated[str, Field(min_length=1, max_length=200)]
    place: str
    place_name: Annotated[str, Field(max_length=60)]
    time: str
    weather: str
    shot: Literal["wide", "close"]
    cast: Annotated[list[PlannedMember], Field(min_length=1, max_length=MAX_CAST)]
    props: Annotated[list[str], Field(max_length=2)]


class PlannedPanels(BaseModel):
    model_config = ConfigDict(extra="forbid")
    panels: Annotated[list[PlannedPanel], Field(min_length=1)]


# --- what the model is told ------------------------------------------------------------------------

def messages(scene: Scene, slots: Slots) -> list[dict[str, str]]:
    """System and user message for the prose. The stable part comes first."""
    rating = scene.story.rating if scene.story.rating in ("toddler", "family", "teen") else "toddler"
    author = slots.author_slot(scene)
    cast = [_introduced(scene, character, name) for _, character, name in slots.members]
    beats = [beat for past in scene.past for beat in past.beats]
    place: dict[str, str] = {}
    if beats:
        known = scene.settings[-1].name if scene.settings else ""
        place = {"place": clean_text(beats[-1].setting_name or known or beats[-1].setting_kind, limit=60),
                 "kind": beats[-1].setting_kind, "time": beats[-1].time_of_day, "weather": beats[-1].weather}
    elif scene.settings:
        place = {"place": clean_text(scene.settings[-1].name, limit=60), "kind": scene.settings[-1].kind}
    past = [{"writer": clean_name(one.author) if one.author else "", "wrote": clean_text(one.text),
             "story": clean_text(one.prose)} for one in scene.past[-PAST_TURNS:]]
    turn: dict[str, str] = {"writer": clean_name(scene.turn.author) if scene.turn.author else "",
                            "wrote": clean_text(scene.turn.text)}
    if author is not None:
        turn["the writer's I is"] = slots.name_of(author)
    if scene.turn.meant:
        turn["who is meant"] = "; ".join(
            f"\"{clean_text(scene.turn.text[start:end], limit=40)}\" is {slots.name_of(slot)}"
            for start, end, who in scene.turn.meant if (slot := slots.slot_of(who)) is not None)
    task = {}
    if scene.turn.kind is TurnKind.FILL:
        task["next_page"] = _json(_page(scene, slots))
    return [
        {"role": "system", "content": fill("story_system", language=LANGUAGES.get(scene.story.locale[:2], "English"),
                                           rating_rules=fill(f"rating_{rating}"))},
        {"role": "user", "content": fill("story_turn", cast=_json(cast), place=_json(place), story_so_far=_json(past),
                                         turn=_json(turn), task=fill(f"task_{scene.turn.kind.value}", **task))},
    ]


def _introduced(scene: Scene, character: Character, name: str) -> dict[str, str]:
    """What a model is told of one of the cast."""
    told = {"name": name, "is": character.look.kind, "pronouns": character.pronouns.value,
            "described": clean_text(character.description, limit=200)}
    if character.nicknames:
        told["also called"] = ", ".join(clean_name(one) for one in character.nicknames)
    if character.relation and character.owner_id == scene.turn.owner_id:
        told["to the writer"] = clean_text(character.relation, limit=40)
    worn = dict(next((worn for who, worn in scene.wardrobe if who == character.character_id), ()))
    if worn:
        told["wears now"] = ", ".join(f"{field.replace('_', ' ')}: {value}" for field, value in worn.items())
    return told


def given(scene: Scene) -> str:
    """The prose of a page that was there before anybody drew it, or ""."""
    return scene.turn.text if scene.turn.kind is TurnKind.ILLUSTRATE else ""


def _page(scene: Scene, slots: Slots) -> dict[str, object]:
    """The page that a filled one must lead to: its words, and what is true when it begins."""
    if scene.leads_to is None:
        return {}
    page: dict[str, object] = {"story": clean_text(scene.leads_to.prose)}
    if scene.leads_to.beats:
        beat = slots.hide_beats(scene.leads_to.beats[:1])[0]
        page |= {"place": slots.show(beat.setting_name) or beat.setting_kind, "kind": beat.setting_kind,
                 "time": beat.time_of_day, "weather": beat.weather,
                 "there": [slots.name_of(member.character_id) for member in beat.cast]}
    return page


def plan_message(scene: Scene, slots: Slots) -> dict[str, str]:
    """The message that asks for the plan, after the prose."""
    ids = ", ".join(f"{slot_id} is {json.dumps(name, ensure_ascii=False)}" for slot_id, _, name in slots.members)
    known = [clean_text(setting.name, limit=60) for setting in scene.settings[-8:]]
    return {"role": "user", "content": fill(
        "plan_panels", max_panels=str(scene.max_panels), ids=ids, places=", ".join(SETTINGS), times=", ".join(TIMES),
        weathers=", ".join(WEATHERS), actions=", ".join(ACTIONS), moods=", ".join(MOODS), held=", ".join(HELD_PROPS),
        standing=", ".join(STANDING_PROPS), clothes=", ".join(WEARABLES), known_places=_json(known))}


def _json(value: object) -> str:
    return json.dumps(value, ensure_ascii=False)


# --- who is meant, where the rules leave it open ---------------------------------------------------

NOBODY: Final = "nobody"
#: Pages before the turn that the question tells.
PAGES_TOLD: Final = 3


class _Named(BaseModel):
    model_config = ConfigDict(extra="forbid")
    meant: str


def who_message(scene: Scene, slots: Slots, place: Mention) -> list[dict[str, str]]:
    """The question who is meant at one place of the turn; its answer is one of the rivals' slots, or "nobody"."""
    text, word = scene.turn.text, clean_text(scene.turn.text[place.start:place.end], limit=40)
    marked = clean_text(f"{text[:place.start]}\u27e6{text[place.start:place.end]}\u27e7{text[place.end:]}")
    past = [f"{clean_text(one.text)} {clean_text(one.prose)}".strip() for one in scene.past[-PAGES_TOLD:]]
    those = ", ".join(f"{slot} is {_json(slots.name_of(slot))}" for slot in rival_slots(slots, place))
    return [{"role": "user", "content": fill(
        "who_is_meant", story=_json(past), turn=_json(marked.replace("\u27e6", "[").replace("\u27e7", "]")),
        word=_json(word), candidates=those)}]


def rival_slots(slots: Slots, place: Mention) -> tuple[CharacterId, ...]:
    """The slots of those who can be meant at a place."""
    return tuple(slot for who in place.rivals if (slot := slots.slot_of(who)) is not None)


def who_gbnf(those: Sequence[str]) -> str:
    """GBNF of the answer: one of those slots, or "nobody"."""
    return 'root ::= "{\\"meant\\":" ( ' + _words([*those, NOBODY]) + ' ) "}"\n'


def who_schema(those: Sequence[str]) -> dict[str, Any]:
    """JSON Schema of the same."""
    return {"type": "object", "properties": {"meant": {"type": "string", "enum": [*those, NOBODY]}},
            "required": ["meant"], "additionalProperties": False}


def read_who(text: str, slots: Slots, those: Sequence[str]) -> CharacterId | None:
    """Who was named, by the id of the store; None for "nobody" and for an answer that is none."""
    try:
        named = _Named.model_validate_json(_bare(text)).meant
    except ValidationError:
        return None
    return slots.character_of(named) if named in those else None


# --- how the plan is bound -------------------------------------------------------------------------

def _words(words: Sequence[str], *, empty: bool = False) -> str:
    return " | ".join([f'"\\"{word}\\""' for word in words] + (['"\\"\\""'] if empty else []))


def plan_gbnf(slots: Sequence[str], max_panels: int) -> str:
    """GBNF of the plan: no optional whitespace, bounded strings and arrays, this story's slots and no others.

    The cast of a panel goes in ascending order, so nobody appears twice.
    """
    slots = sorted(slots, key=slot_number)
    lines = [
        'root ::= "{\\"panels\\":[" panel' + ' ( "," panel' * (max_panels - 1) + " )?" * (max_panels - 1) + ' "]}"',
        'panel ::= "{\\"shows\\":\\"" char{1,160} "\\",\\"place\\":" place ",\\"place-name\\":\\"" char{0,40} '
        '"\\",\\"time\\":" time ",\\"weather\\":" weather ",\\"shot\\":" shot ",\\"cast\\":[" cast "],\\"props\\":[" '
        '( stands ( "," stands )? )? "]}"',
        'char ::= [^"\\\\\\x7F\\x00-\\x1F]',
        f"place ::= {_words(SETTINGS)}", f"time ::= {_words(TIMES)}", f"weather ::= {_words(WEATHERS)}",
        f"shot ::= {_words(SHOTS)}", f"action ::= {_words(ACTIONS)}", f"mood ::= {_words(MOODS)}",
        f"held ::= {_words(HELD_PROPS, empty=True)}", f"stands ::= {_words(STANDING_PROPS)}",
        f"clothes ::= {_words(tuple(WEARABLES), empty=True)}", f"colour ::= {_words(tuple(COLOURS), empty=True)}",
    ]
    lines[1] = lines[1].replace("place-name", "place_name")
    for index, one in enumerate(slots):
        others = [other for other in slots if other != one]
        lines.append(f'm{index} ::= "{{\\"id\\":\\"{one}\\",\\"action\\":" action ",\\"mood\\":" mood '
                     f'",\\"holding\\":" held '
                     f'",\\"toward\\":" ( {_words(others, empty=True)} ) ",\\"puts_on\\":" clothes '
                     f'",\\"colour\\":" colour ",\\"takes_off\\":" clothes "}}"')
        for left in range(MAX_CAST):
            later = [f'"," m{j} r{j}-{left - 1}' for j in range(index + 1, len(slots))] if left else []
            lines.append(f"r{index}-{left} ::= " + (f"( {' | '.join(later)} )?" if later else '""'))
    lines.append("cast ::= " + " | ".join(f"m{index} r{index}-{MAX_CAST - 1}" for index in range(len(slots))))
    return "\n".join(lines) + "\n"


def plan_schema(slots: Sequence[str], max_panels: int) -> dict[str, Any]:
    """JSON Schema of the plan, for servers that bind their output to one."""
    def choice(words: Sequence[str]) -> dict[str, Any]:
        return {"type": "string", "enum": list(words)}

    def closed(properties: dict[str, Any]) -> dict[str, Any]:
        return {"type": "object", "properties": properties, "required": list(properties), "additionalProperties": False}

    member = closed({"id": choice(slots), "action": choice(ACTIONS), "mood": choice(MOODS),
                     "holding": choice([*HELD_PROPS, ""]), "toward": choice([*slots, ""]),
                     "puts_on": choice([*WEARABLES, ""]), "colour": choice([*COLOURS, ""]),
                     "takes_off": choice([*WEARABLES, ""])})
    panel = closed({
        "shows": {"type": "string", "minLength": 1, "maxLength": 160}, "place": choice(SETTINGS),
        "place_name": {"type": "string", "maxLength": 40}, "time": choice(TIMES), "weather": choice(WEATHERS),
        "shot": choice(SHOTS), "cast": {"type": "array", "items": member, "minItems": 1, "maxItems": MAX_CAST},
        "props": {"type": "array", "items": choice(STANDING_PROPS), "maxItems": 2}})
    return closed({"panels": {"type": "array", "items": panel, "minItems": 1, "maxItems": max_panels}})


def read_plan(text: str, slots: Slots, max_panels: int) -> tuple[Beat, ...]:
    """The plan as beats in slots. Raises ValueError for anything that is not a valid plan of this story.

    What the plan says of clothes stands in `CastMember.wears` in the plan's own words until `dress` reads it.
    """
    try:
        planned = PlannedPanels.model_validate_json(_bare(text))
    except ValidationError as error:
        raise ValueError(str(error)) from error
    if len(planned.panels) > max_panels:
        raise ValueError("too many panels")
    return tuple(_beat(panel, slots) for panel in planned.panels)


def _bare(text: str) -> str:
    """The JSON of an answer that thought aloud or fenced it: models without a bound grammar do."""
    text = re.sub(r"<think>.*?</think>", "", text, flags=re.DOTALL).strip()
    fenced = re.fullmatch(r"```(?:json)?\s*(.*?)\s*```", text, flags=re.DOTALL)
    return fenced[1] if fenced else text


def _beat(panel: PlannedPanel, slots: Slots) -> Beat:
    ids = set(slots.ids)
    cast = []
    for member in panel.cast:
        if member.id not in ids or (member.toward and member.toward not in ids):
            raise ValueError(f"nobody is called {member.id} or {member.toward}")
        if member.action not in ACTIONS or member.mood not in MOODS or member.holding not in ("", *HELD_PROPS):
            raise ValueError(f"no such doing, feeling or thing: {member}")
        clothes = (("puts_on", member.puts_on), ("colour", member.colour), ("takes_off", member.takes_off))
        if any(word and word not in (COLOURS if said == "colour" else WEARABLES) for said, word in clothes):
            raise ValueError(f"nobody wears such a thing: {member}")
        cast.append(CastMember(CharacterId(member.id), member.action, member.mood, member.holding,
                               CharacterId(member.toward) if member.toward else None,
                               tuple(one for one in clothes if one[1])))
    if len({member.character_id for member in cast}) < len(cast):
        raise ValueError("somebody appears twice in one picture")
    if panel.place not in SETTINGS or panel.time not in TIMES or panel.weather not in WEATHERS \
            or any(prop not in STANDING_PROPS for prop in panel.props):
        raise ValueError(f"no such place, time, weather or prop: {panel}")
    return Beat(slots.hide(clean_text(panel.shows, limit=200)), tuple(cast), panel.place,
                slots.hide(clean_text(panel.place_name, limit=40)), panel.time, panel.weather, panel.shot,
                tuple(panel.props))


# --- from words and plan to a step -----------------------------------------------------------------

def clean_prose(text: str) -> str:
    """A model's prose as it is shown: no thinking, no markup, no mentions, at most `MAX_PROSE` characters."""
    text = re.sub(r"<think>.*?(</think>|$)", "", text, flags=re.DOTALL)
    text = re.sub(r"\[([^\]]*)\]\([^)]*\)", r"\1", text)               # a link that hides behind words
    text = re.sub(r"</?[|｜]?[^<>\s]{0,40}[|｜]?>|\[/?[A-Z_]{3,}\]|<<?/?SYS>>?", " ", text)     # a chat's own marks
    text = re.sub(r"\w+://\S*|(?:discord(?:app)?\.(?:gg|com)|dsc\.gg)/\S*", "", text, flags=re.IGNORECASE)
    text = re.sub(r"[*_`#|<>]+", "", text).replace("@", "")
    text = "".join(one for one in text if one.isspace() or unicodedata.category(one)[0] != "C")
    text = " ".join(text.split())
    if len(text) > MAX_PROSE:
        text = text[:MAX_PROSE]
        text = text[:max(text.rfind(". "), text.rfind("! "), text.rfind("? ")) + 1] or text
    return text.strip()


def finish(scene: Scene, slots: Slots, prose: str, beats: tuple[Beat, ...] | None) -> StoryStep:
    """The step from prose and a plan in slots; without a plan the rules make one from the words."""
    author = slots.author_slot(scene)
    said = re.sub(r'"[^"]*"', "", clean_text(scene.turn.text))
    first_person = bool(re.search(r"\b(?:I|I'm|me|my|we)\b", said))
    (turn_text, focus), hidden = read_turn(scene, slots), slots.hide(prose)
    past = [beat for one in scene.past for beat in slots.hide_beats(one.beats)]
    here = past[-1] if past else None
    if beats is None:
        planned = plan_by_rules(turn=turn_text, prose=hidden, author=author, here=here, slots=slots.ids,
                                first_person=first_person)
    else:
        planned = correct(beats, turn=turn_text, prose=hidden, author=author, here=here, slots=slots.ids,
                          first_person=first_person)
    if scene.turn.kind is TurnKind.ILLUSTRATE:
        hidden = turn_text
    planned = dress(planned, scene, slots, turn_text=turn_text, prose=hidden, focus=focus)
    planned = tuple(beat if beat.words else replace(beat, words=picture_words(beat)) for beat in planned)
    return StoryStep(StepId(f"{scene.turn.turn_id}-step"), scene.story.story_id, scene.turn.turn_id, prose,
                     slots.show_beats(planned), parent=scene.story.head, closes_story=scene.turn.kind is TurnKind.END)
