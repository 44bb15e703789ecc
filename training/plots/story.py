"""The plot simulator: characters who want something, a chain of events that makes sense, told and planned.

`tell_story(seed)` gives one whole story: what people wrote, how the bot went on, and the true plan of every picture.
The same seed gives the same story.
"""

from __future__ import annotations

import random
import re
from dataclasses import dataclass, field, replace
from functools import cache
from pathlib import Path
from typing import Final

from engine.nouns import Beat, CastMember, CharacterId
from engine.vocabulary import (
    ACTIONS, COLOURS, CREATURES, FANTASTIC, INDOORS, KINDS, OUTDOORS, PEOPLE, PROPS, SETTINGS, STANDING_PROPS,
)
from training.plots.telling import Mention, Teller, capitalised
from training.plots.words import classes, invented, plural

HERE: Final = Path(__file__).parent
TONE_MOOD: Final = {"happy": "happy", "sad": "sad", "scared": "scared", "curious": "surprised", "calm": "calm",
                    "angry": "angry", "sleepy": "sleepy"}
#: How people call the places that can be drawn: (to it, in it).
PLACES: Final[dict[str, tuple[tuple[str, str], ...]]] = {
    "bedroom": (("to the bedroom", "in the bedroom"), ("to {o} bedroom", "in {o} bedroom"), ("to {o} room", "in {o} room")),
    "kitchen": (("to the kitchen", "in the kitchen"), ("into the kitchen", "in the kitchen"), ("to {o} kitchen", "in {o} kitchen")),
    "living room": (("to the living room", "in the living room"), ("to {o} house", "in {o} house"), ("into the house", "in the house"), ("to {o} living room", "in {o} living room")),
    "classroom": (("to school", "at school"), ("to the classroom", "in the classroom"), ("to kindergarten", "in the kindergarten")),
    "library": (("to the library", "in the library"),),
    "bathroom": (("to the bathroom", "in the bathroom"), ("into the bath", "in the bathroom")),
    "garden": (("to the garden", "in the garden"), ("into the garden", "in the garden"), ("to {o} garden", "in {o} garden"), ("outside", "outside in the garden")),
    "forest": (("to the forest", "in the forest"), ("into the woods", "in the woods"), ("into the dark forest", "in the dark forest"), ("to the jungle", "in the jungle")),
    "beach": (("to the beach", "at the beach"), ("to the sea", "by the sea"), ("to the island", "on the island"), ("down to the lake", "by the lake")),
    "snowfield": (("to the North Pole", "at the North Pole"), ("out into the snow", "in the snow"), ("to the snowy field", "in the snowy field")),
    "farm": (("to the farm", "on the farm"), ("to the barn", "at the barn")),
    "street": (("to town", "in town"), ("into the city", "in the city"), ("out on the street", "on the street"), ("to the shop", "at the shop"), ("to the market", "at the market")),
    "playground": (("to the playground", "at the playground"), ("to the park", "in the park")),
    "mountain": (("up the mountain", "on the mountain"), ("to the mountains", "in the mountains"), ("up the hill", "on the hill")),
    "meadow": (("to the meadow", "in the meadow"), ("to the river", "by the river"), ("to the field", "in the field")),
    "castle": (("to the castle", "in the castle"), ("to the palace", "in the palace"), ("to the tower", "in the tower")),
    "cave": (("into the cave", "in the cave"), ("to the dark cave", "in the dark cave"), ("into the tunnel", "in the tunnel")),
    "underwater": (("under the sea", "under the sea"), ("down to the bottom of the sea", "at the bottom of the sea")),
    "space": (("to the moon", "on the moon"), ("into space", "in space"), ("to the stars", "among the stars"), ("to Mars", "on Mars")),
    "cloudland": (("up to the clouds", "on the clouds"), ("to the land of clouds", "in the land of clouds")),
}
OPENINGS: Final = ("Once upon a time", "One day", "One {w} {t}", "It is a {w} {t}.", "It was a {w} {t}.", "On a {w} {t}", "", "", "", "")
WEATHER_WORDS: Final = {"clear": ("sunny", "fine", "bright", "quiet"), "rain": ("rainy", "wet"), "snow": ("snowy", "white"), "fog": ("foggy", "misty")}
TIME_WORDS: Final = {"day": ("day", "morning", "afternoon"), "evening": ("evening",), "night": ("night",)}

#: Plots: what must happen, what may. "x?" may be left out, "x/y" is one of both.
SKELETONS: Final = (
    "go? lose sad? help/think/talk go walk see_far/sound/stuck? scared? brave? found_again sorry/laugh/party arrive_home? tired",
    "find think/read/magic go meet? scared/stuck/rain? help/brave open/magic laugh/give arrive_home tired",
    "want think/talk make fall/lose/angry? help/sorry give/party laugh tired",
    "wake eat go run/hide/climb fall? help eat/cook sun/rain? walk arrive_home? read/tired",
    "letter go walk rain/fog/nightfall? stuck/scared help/brave find/open/meet music/party arrive_home",
    "sound scared/hide? walk brave/open meet talk/give/eat run/music nightfall tired",
    "missing go/walk sound/see_far scared/stuck? brave/help join sorry/eat arrive_home tired",
    "plant rain/sun think? plant see_far/thing_does eat/cook/give party/laugh",
    "go angry sad? think/walk rain/scared? sorry run/make/music eat evening/nightfall tired",
    "see_far go/fly/swim meet thing_does? help/save? magic/give fly/ride? arrive_home tired",
    "snow go run/make fall? eat/cook read/talk tired",
    "meet/named missing/sad? talk go walk fog/rain/stuck? help found_again/sorry laugh/party evening",
    "go named? swim/climb/ride find/see_far open? thing_does scared? brave/help laugh arrive_home",
    "nightfall tired/scared sound? see_far/fly meet/talk/music fly? tired wake eat",
    "want go meet give talk think/make magic/thing_does party/music/give tired",
    "party make/cook join/meet? give music/run evening nightfall laugh tired",
    "clean run/hide fall/lose? help/found_again eat read tired",
    "thing_does thing_does? see_far/find/meet magic/brave/think go thing_does laugh/party",
    "find thing_does talk/give go make/build? thing_does help sorry/laugh",
)
DETOURS: Final = ("find", "see_far", "thing_does", "thing_does", "thing_does", "meet", "rain", "sun", "go", "go", "laugh", "run", "eat", "sound",
                  "magic", "talk", "music", "join", "fall", "scared", "sad", "tired", "give", "climb", "hide", "fly", "swim", "think", "walk", "make",
                  "want", "sorry", "angry", "help", "nightfall", "wake", "snow", "fog", "evening", "open", "read", "letter", "ride", "plant", "cook", "clean", "named", "named")
FEELINGS: Final[dict[str, tuple[str, ...]]] = {
    "happy": ("{A} [laughed|smiled|clapped {a.p} hands]. # A cheers happy", "{B} smiled at {A}. # B stands happy >A", "What a [good|fine|lovely] day it was! # A cheers happy",
              "{A} felt warm and happy inside. # A stands happy", '"This is fun!" said {B}. # B cheers happy', "Both of them laughed. # A cheers happy; B cheers happy",
              "{A} and {B} [looked at each other and smiled|danced around]. # A dances happy; B dances happy", "{A} was very happy. # A stands happy"),
    "sad": ("{A} sighed. # A sits sad", "{B} wanted to help. # B looks calm >A", "{B} felt sad too. # B stands sad", "{A} was a little sad. # A sits sad", '"Do not be sad," said {B}. # B hugs calm >A; A stands sad'),
    "scared": ("{A} trembled a little. # A stands scared", '"I am a bit scared," whispered {A}. # A stands scared >B', "{B} took {A} by the hand. # B holds_hands calm >A; A holds_hands scared >B", "What could that be? # A looks scared", "{A} and {B} stayed close together. # A stands scared; B stands scared"),
    "curious": ("{A} was very curious. # A looks surprised", "What could that mean? # A thinks surprised", "{B} looked with big eyes. # B looks surprised", '"How strange!" said {B}. # B stands surprised', "{A} wanted to know more. # A looks surprised", '"Oh!" said {A}. # A stands surprised'),
    "calm": ("{A} nodded. # A stands calm", "{B} thought about it. # B thinks calm", "It was nice to be together. # A stands calm", '"All right," said {B}. # B stands calm', "{A} smiled a little. # A stands happy"),
    "angry": ("{A} frowned. # A stands angry", "{B} did not know what to say. # B stands sad", "Nobody smiled. # A stands angry", '"Please do not be cross," said {B}. # B stands sad >A'),
    "sleepy": ("It had been a long day. # A sits sleepy", "{B} yawned too. # B sits sleepy", "Everything was quiet. # A sleeps sleepy", "{A} smiled, half asleep. # A sits sleepy"),
}
CLOSINGS: Final = (
    "{A} and {B} went home [with the {n}|together|hand in hand]. # A holds_hands happy >B; B holds_hands happy >A",
    "That night {A} [dreamed of the {n}|slept very well|told {B} the whole story again]. # A sleeps sleepy",
    "{A} hugged {B}. # A hugs happy >B; B hugs happy >A", "The {n} got a place [by the window|next to the bed|of honour]. # A points happy n",
    "Everybody was [happy|tired and happy|safe and warm]. # A sits happy", "{A} [waved goodbye|said good night] and smiled. # A waves happy",
    "From that day on, {A} and {B} [were the best of friends|always helped each other|never forgot the {n}]. # A hugs happy >B; B hugs happy >A",
    "{A} looked [once more at the {n}|up at the stars] and was glad. # A looks_up happy", "It had been a [wonderful|long and lovely] day. # A sits happy",
    "{B} fell asleep with a smile. # B sleeps sleepy", '"What an adventure," said {A}. # A sits happy',
    '"Tomorrow we will [play again|look for the next adventure]," said {B}. # B sits happy',
)
LAST_WORDS: Final = ("The end.", "The end.", "And that is the end of the story.", "And they all lived happily ever after.", "Good night!", "The end.")
END_WISHES: Final = ("", "", "the end", "let us end the story", "And they all lived happily ever after.", "Everybody goes home.", "good night", "finish the story please")
TAILS: Final = ("because the {n2} said so", "with a {adj2} {n2}", "like a {n2}", "at {num} o'clock", "again", "and nobody knows why", "just like {A.p} {n2}", "for {num} days",
                "on a {adj2} {n2}", "next to the {n2}", "while the {n2} watches", "before breakfast", "very quietly", "without a sound")


@dataclass(frozen=True)
class Event:
    """One kind of event: its tone, its flags, and its wordings with what each shows."""

    name: str
    tone: str
    flags: dict[str, str]
    say: tuple[str, ...]
    more: tuple[str, ...]


@dataclass(frozen=True)
class Exchange:
    """What somebody wrote, how the story went on, and the true plan of its pictures. Characters are slots."""

    kind: str                              # a TurnKind value
    author: str                            # slot of the writer's own character, or ""
    text: str
    prose: str
    beats: tuple[Beat, ...]
    mentions: tuple[Mention, ...]          # in `prose`
    events: tuple[str, ...]


@dataclass(frozen=True)
class PlotStory:
    cast: tuple[tuple[str, str, str], ...]     # slot, kind, pronouns
    start: Beat | None                         # place, time and weather before the first exchange
    exchanges: tuple[Exchange, ...]


@cache
def events() -> dict[str, Event]:
    found: dict[str, Event] = {}
    name, tone, flags, say, more = "", "", {}, [], []
    for line in [*(HERE / "events.txt").read_text().splitlines(), "== end calm"]:
        if line.startswith("== "):
            if name:
                found[name] = Event(name, tone, flags, tuple(say), tuple(more))
            name, tone, *rest = line[3:].split()
            flags, say, more = dict((*flag.split("="), "")[:2] for flag in rest), [], []
        elif line.startswith("say "):
            say.append(line[4:].strip())
        elif line.startswith("more "):
            more.append(line[5:].strip())
    return found


@dataclass
class _Figure:
    action: str
    mood: str
    holding: str = ""
    toward: str = ""


@dataclass
class _World:
    """What is so at this moment of the story."""

    rng: random.Random
    cast: dict[str, tuple[str, str]]
    roles: dict[str, str]
    place: str = ""
    owner: str = ""
    place_in: str = ""
    time: str = "day"
    weather: str = "clear"
    noun: str = ""
    adj: str = ""
    absent: set[str] = field(default_factory=set)
    used: set[str] = field(default_factory=set)

    @property
    def pronouns(self) -> dict[str, str]:
        return {slot: pronouns for slot, (_, pronouns) in self.cast.items()}


def tell_story(seed: int, *, length: int | None = None) -> PlotStory:
    """One story of `length` exchanges (by default 3 to 6), whole and coherent; the same for the same seed."""
    rng = random.Random(seed)
    count = rng.choice((1, 2, 2, 2, 2, 3, 3, 3, 4, 4, 5, 6))
    slots = sorted(rng.sample(range(1, 9), count) if rng.random() < 0.5 else range(1, count + 1))
    cast = {}
    for number in slots:
        kind = rng.choice(KINDS if rng.random() < 0.5 else PEOPLE)
        usual = {"girl": "she", "woman": "she", "grandmother": "she", "boy": "he", "man": "he", "grandfather": "he"}.get(kind, "")
        pronoun = usual if usual and rng.random() < 0.75 else rng.choice(("she", "he", "they", "it" if kind in CREATURES else "any", "any", "she", "he"))
        cast[f"ID_{number}"] = (kind, pronoun)
    order = list(cast)
    rng.shuffle(order)
    roles = dict(zip("ABC", order, strict=False))
    world = _World(rng, cast, roles)
    start = None
    if rng.random() < 0.45:
        _settle(world, rng.choice(SETTINGS))
        world.time = rng.choice(("day", "day", "day", "evening", "night"))
        world.weather = rng.choice(("clear", "clear", "clear", "rain", "snow", "fog"))
        start = _beat(world, {}, (), set())
    plot = _plot(world)
    if start is not None:                  # the page begins in the middle of a story
        plot = plot[rng.randrange(len(plot) // 2):]
    exchanges: list[Exchange] = []
    wanted = length or rng.randint(3, 6)
    while len(exchanges) < wanted:
        last = len(exchanges) == wanted - 1 and rng.random() < 0.35
        if len(exchanges) and rng.random() < 0.15 and len(cast) > 1:
            names = list(cast)
            rng.shuffle(names)
            world.roles = dict(zip("ABC", names, strict=False))
        kind = "end" if last else "next_page" if rng.random() < 0.16 and (exchanges or start) else "write"
        exchanges.append(_close(world) if kind == "end" else _exchange(world, plot, kind, first=not exchanges and start is None))
    return PlotStory(tuple((slot, *facts) for slot, facts in cast.items()), start, tuple(exchanges))


def _plot(world: _World) -> list[str]:
    rng, names = world.rng, []
    for step in rng.choice(SKELETONS).split():
        if step.endswith("?") and rng.random() < 0.5:
            continue
        names.append(rng.choice(step.strip("?").split("/")))
    known = events()
    return [name for name in names if name in known and _possible(known[name], world)]


def _possible(event: Event, world: _World) -> bool:
    needs = event.flags.get("needs", "A")
    return needs in world.roles and bool(_usable(event.say, world, event))


def _settle(world: _World, place: str) -> None:
    """Move the world to a place; some places belong to somebody."""
    rng = world.rng
    world.place, world.owner = place, ""
    to, at = rng.choice(PLACES[place])
    if "{o}" in to:
        world.owner = rng.choice(list(world.roles.values()))
        to, at = (words.replace("{o}", world.owner + "'s") for words in (to, at))
    world.place_in, world.used = at, world.used
    world.__dict__["place_to"] = to


def _noun(event: Event, world: _World) -> None:
    """Choose the noun an event turns on: drawable, real, or invented."""
    rng, wanted = world.rng, event.flags.get("n", "")
    if (wanted == "same" or not wanted) and world.noun:
        return
    lists = classes()
    sort = wanted if wanted in lists else rng.choice(("thing", "thing", "animal", "big", "food"))
    roll = rng.random()
    if wanted == "letter":
        world.noun = rng.choice(("letter", "map", "letter", "map", "note", "card", "book"))
    elif roll < 0.25:
        world.noun = invented(rng)
        if rng.random() < 0.2:
            world.noun = f"{rng.choice(lists['thing'])} {world.noun}"
    elif roll < 0.5 and sort == "thing":
        world.noun = rng.choice([prop for prop in PROPS if prop not in STANDING_PROPS])
    elif roll < 0.58 and wanted != "food":
        world.noun = f"{rng.choice(lists['thing'])} {rng.choice(lists['animal'])}" if sort == "animal" else f"{rng.choice(lists['animal'])} {rng.choice(lists['thing'])}"
    else:
        world.noun = rng.choice(lists[sort])
    world.adj = rng.choice(lists["adjective"]) if rng.random() < 0.9 else invented(rng) + "y"
    if rng.random() < 0.1:
        world.adj = rng.choice(list(COLOURS))


def _stranger(rng: random.Random) -> str:
    """A name that is nobody's in the cast."""
    name = rng.choice(classes()["name"]) if rng.random() < 0.5 else invented(rng).capitalize()
    return rng.choice(("Mr ", "Mrs ", "Aunt ", "Uncle ", "Captain ", "King ")) + name if rng.random() < 0.25 else name


def _words(world: _World) -> dict[str, str]:
    rng, lists = world.rng, classes()
    verb = rng.choice(lists["verb"]) if rng.random() < 0.85 else invented(rng)
    return {"n": world.noun, "ns": plural(world.noun), "adj": world.adj, "in": world.place_in or "there",
            "to": world.__dict__.get("place_to", "there"), "m": rng.choice(lists["animal"]), "v": verb,
            "n2": invented(rng) if rng.random() < 0.4 else rng.choice(lists[rng.choice(("thing", "animal", "food"))]),
            "adj2": rng.choice(lists["adjective"]), "N": world.__dict__.setdefault("stranger", _stranger(rng)), "num": rng.choice("two three four five seven ten a hundred".split())}


def _enter(event: Event, world: _World) -> None:
    """What the event changes in the world, before it is told."""
    rng = world.rng
    move = event.flags.get("move")
    if move is not None or (event.name == "go"):
        options = {"home": ("living room", "living room", "bedroom", "kitchen"), "water": ("underwater", "underwater", "beach"),
                   "sky": ("space", "cloudland")}.get(move or "")
        if options is None:
            options = tuple(place for place in rng.choice((INDOORS, OUTDOORS, OUTDOORS, FANTASTIC)) if place != world.place)
        if not (move in ("water", "sky") and world.place in options):
            _settle(world, rng.choice(options))
    if "time" in event.flags:
        world.time = event.flags["time"]
    if "weather" in event.flags:
        world.weather = event.flags["weather"]
    if event.name == "named":
        world.__dict__["stranger"] = _stranger(rng)
    if event.name == "missing":
        world.absent.add(world.roles["C"])
    if event.name == "join":
        world.absent.discard(world.roles["C"])
    _noun(event, world)


def _usable(templates: tuple[str, ...], world: _World, event: Event | None = None) -> list[str]:
    roles = world.roles
    return [template for template in templates
            if all(role in roles for role in re.findall(r"\{([ABC])", template.upper()))
            and not (event is not None and event.name not in ("missing", "join") and "{C}" in template and roles.get("C") in world.absent)]


def _take(templates: list[str], world: _World, count: int) -> list[str]:
    """Some templates, unused ones first, in the order they were written (which is the order of telling)."""
    fresh = [template for template in templates if template not in world.used] or templates
    picked = world.rng.sample(fresh, min(count, len(fresh)))
    world.used.update(picked)
    return sorted(picked, key=templates.index)


def _split(template: str) -> tuple[str, str]:
    words, _, effects = template.partition(" #")
    return words.strip(), effects.strip()


def _effects(effects: str, world: _World, figures: dict[str, _Figure]) -> None:
    """Lay the effects of one told clause over what the picture shows so far."""
    for part in filter(None, (one.strip() for one in effects.split(";"))):
        role, action, *rest = part.split()
        if role not in world.roles:
            continue
        who = world.roles[role]
        old = figures.get(who)
        figure = _Figure(action.replace("_", " "), rest[0] if rest else "calm")
        for word in rest[1:]:
            if word.startswith(">"):
                figure.toward = world.roles.get(word[1:], "")
            else:
                thing = world.noun if word == "n" else word
                figure.holding = thing if thing in PROPS and thing not in STANDING_PROPS else ""
        if old is not None and old.holding and not figure.holding and figure.action not in ("hugs", "holds hands", "gives", "swims", "climbs"):
            figure.holding = old.holding
        figures[who] = figure


def _beat(world: _World, figures: dict[str, _Figure], mentions: tuple[Mention, ...] | list[Mention], extra: set[str],
          tone: str = "calm", props: tuple[str, ...] = ()) -> Beat:
    """The true plan of one picture: everybody who is told of is in it, except who is away."""
    shown = dict(figures)
    mood = TONE_MOOD[tone]
    for who in [*(mention.who for mention in mentions), *sorted(extra)]:
        shown.setdefault(who, _Figure("looks" if tone == "curious" else "stands", mood))
    members = [who for who in sorted(shown, key=lambda one: int(one[3:])) if who not in world.absent][:4]
    cast = tuple(CastMember(CharacterId(who), shown[who].action, shown[who].mood, shown[who].holding,
                            CharacterId(shown[who].toward) if shown[who].toward in members and shown[who].toward != who else None)
                 for who in members)
    cast = tuple(replace(member, action="stands") if member.action in ("hugs", "holds hands", "rides") and member.toward is None else member for member in cast)
    assert all(member.action in ACTIONS for member in cast), cast
    close = len(cast) <= 2 and cast and world.rng.random() < (0.45 if tone in ("sad", "sleepy", "scared") else 0.15)
    name = f"{world.owner}'s {world.place}" if world.owner else ""
    return Beat("", cast, world.place, name, world.time, world.weather, "close" if close else "wide", props)


def _props(world: _World, text: str) -> tuple[str, ...]:
    found = tuple(prop for prop in STANDING_PROPS if re.search(rf"\b{prop}\b", text))
    return found[:2]


def _sentence(text: str) -> str:
    text = text.strip()
    return text if text.endswith((".", "!", "?", '"')) else text + "."


def _tell_all(teller: Teller, told: list[tuple[str, str]], world: _World, figures: dict[str, _Figure],
              prose: str, mentions: list[Mention], ending: str = ".") -> str:
    """Append told templates to prose, keeping mention spans and effects."""
    for words, effects in told:
        said, found = teller.tell(words, world.roles, _words(world))
        said = capitalised(_sentence(said))
        offset = len(prose) + (1 if prose else 0)
        mentions += [Mention(one.start + offset, one.end + offset, one.who, one.form) for one in found]
        prose = f"{prose} {said}" if prose else said
        _effects(effects, world, figures)
    return prose


def _exchange(world: _World, plot: list[str], kind: str, *, first: bool) -> Exchange:
    rng, known = world.rng, events()

    def next_event() -> Event:
        detour = rng.random() < 0.3 or not plot
        while True:
            event = known[rng.choice(DETOURS) if detour else plot.pop(0)]
            if _possible(event, world):
                return event
            detour = not plot

    event = next_event()
    names = [event.name]
    opening = ""
    if first:
        world.time = rng.choice(("day", "day", "day", "evening", "night"))
        world.weather = rng.choice(("clear", "clear", "clear", "clear", "rain", "snow", "fog"))
    author, text, figures, mentions_turn, turn_mentioned = "", "", {}, [], set()
    present = set(world.roles.values()) - world.absent
    before = (world.place, world.time, world.weather)
    _enter(event, world)
    said_place = not first or "move" in event.flags
    if first and "move" not in event.flags:
        _settle(world, rng.choice(SETTINGS))
    first_beat: Beat | None = None
    recent: list[tuple[int, str]] = []
    if kind == "write":
        if rng.random() < 0.25 and "A" in world.roles:
            author = world.roles["A"] if rng.random() < 0.8 else rng.choice(list(world.cast))
        teller = Teller(rng, world.pronouns, tense=rng.choice(("past", "present", "present", "past", "present", "past", "base")))
        if author and author in world.roles.values() and rng.random() < 0.6:
            teller.first_person = author
        if author and rng.random() < 0.15:
            author = ""
            teller.first_person = ""
        parts: list[str] = []
        told = [event]
        if rng.random() < 0.25:            # two events in one turn
            told.append(next_event())
            names.append(told[1].name)
        if first and rng.random() < 0.5:
            opening = rng.choice(OPENINGS).replace("{w}", rng.choice(WEATHER_WORDS[world.weather])).replace("{t}", rng.choice(TIME_WORDS[world.time]))
            if "{" not in opening and opening in ("", "Once upon a time", "One day"):
                world.weather = "clear" if rng.random() < 0.9 else world.weather
                world.time = "day" if rng.random() < 0.8 else world.time
        elif first:
            world.weather, world.time = "clear", "day"
        if first:
            for one in told:
                if "time" in one.flags:
                    world.time = one.flags["time"]
                if "weather" in one.flags:
                    world.weather = one.flags["weather"]
        for number, one in enumerate(told):
            if number:
                if figures and ("move" in one.flags) and rng.random() < 0.8:
                    first_beat = _beat(world, figures, mentions_turn, set(), event.tone, _props(world, " ".join(parts)))
                    figures = {}
                _enter(one, world)
                event = one
            template, effects = _split(rng.choice(_usable(one.say, world, one)))
            base = teller.tense == "base" and template.startswith("{A} <") and ". " not in template and "{B} <" not in template
            tense = teller.tense
            if tense == "base" and not base:
                teller.tense = "present"
            said, found = teller.tell(template, world.roles, _words(world))
            if base and teller.first_person:
                said = re.sub(r"^I ", "I want to ", said)
            elif base:
                said = rng.choice(("let ", "make ", "can ", "please let ", "I want to see ", "now let ")) + said
            teller.tense = tense
            if rng.random() < 0.12:
                tail, more = teller.tell(rng.choice(TAILS), world.roles, _words(world))
                said, found = f"{said} {tail}", found + more
            if not said_place and rng.random() < 0.6:
                said, said_place = f"{said} {world.place_in}", True
            elif rng.random() < 0.06 and world.place_in:
                said = f"{said} {world.place_in}"
            mentions_turn += found
            _effects(effects, world, figures)
            lead = rng.choice(("Then ", "Suddenly ", "Now ", "After that ", "And ", "But then ", "Later ")) if rng.random() < 0.25 and not base else ""
            parts.append(lead + said)
        joint = rng.choice((". ", ". ", " and then ", "! ", ", and "))
        text = joint.join(parts)
        if opening and rng.random() < 0.9 and not text.startswith(('"', "let", "make", "can", "please", "I want", "now")):
            text = f"{opening} {text}" if opening.endswith(".") or rng.random() < 0.5 else f"{opening}, {text}"
        if parts and rng.random() < 0.85:
            text = capitalised(text)
        if rng.random() < 0.8 and text[-1:] not in ".!?\"":
            text += rng.choice((".", ".", ".", "!", "!", "...", "!!"))
        turn_mentioned = {mention.who for mention in mentions_turn}
        recent = [(0, mention.who) for mention in mentions_turn[-2:]]
    else:
        world_opening = True
        del world_opening
    prose, mentions = "", []
    teller = Teller(rng, world.pronouns, recent=recent, sentence=1 if rng.random() < 0.5 else 3)
    if kind == "next_page" or rng.random() < 0.22:
        lead = rng.choice(("Then ", "Just then, ", "After a while, ", "Suddenly, ", "Soon ", "The next moment, ", "A little later, ", "")) if kind == "next_page" else rng.choice(("Yes, ", "So ", "And so ", "", ""))
        template, effects = _split(rng.choice(_usable(event.say, world, event)))
        if not template.startswith(('"', "[bang")):
            template = lead + template
        prose = _tell_all(teller, [(template, effects)], world, figures, prose, mentions)
    if not said_place and rng.random() < 0.75:
        line = rng.choice((f"It was a {rng.choice(WEATHER_WORDS[world.weather])} {rng.choice(TIME_WORDS[world.time])} {world.place_in}.",
                           f"{{A}} was {world.place_in}.", f"All this happened {world.place_in}.", f"It was {rng.choice(('quiet', 'lovely', 'warm', 'cool'))} {world.place_in}."))
        prose = _tell_all(teller, [(line, "")], world, figures, prose, mentions)
    count = rng.choice((1, 2, 2, 2)) if not prose else rng.choice((1, 1, 2))
    more = [_split(one) for one in _take(_usable(event.more, world, event), world, count)]
    if len(more) == 1 or rng.random() < 0.25:
        more += [_split(rng.choice(_usable(FEELINGS[event.tone], world)))]
    prose = _tell_all(teller, more, world, figures, prose, mentions)
    beats = []
    props = _props(world, text + " " + prose)
    extra = (turn_mentioned & set(world.cast)) if first_beat is None else set()
    if kind == "next_page" and not mentions:
        extra |= {world.roles["A"]}
    if first and not turn_mentioned and not mentions:
        extra = {world.roles["A"]}
    if first_beat is not None:
        beats.append(first_beat)
    hook = rng.random() < 0.4 and len(beats) < 2 and len(prose.split()) < 50
    if hook:
        here = _beat(world, figures, mentions, extra or (set(list(present)[:1]) if not mentions and not figures else set()), event.tone, props)
        following = next_event()
        _enter(following, world)
        names.append(following.name)
        template, effects = _split(rng.choice(_usable(following.say, world, following)))
        lead = rng.choice(("Then ", "Just then, ", "But then ", "After that ", "Suddenly, ", "And then ", "A little later, "))
        if not template.startswith(('"', "[bang")):
            template = lead + template
        later: dict[str, _Figure] = {}
        found: list[Mention] = []
        prose = _tell_all(teller, [(template, effects)], world, later, prose, found)
        mentions += found
        changed = (world.place, world.time, world.weather) != (here.setting_kind, here.time_of_day, here.weather)
        if changed or rng.random() < 0.5:
            beats.append(here)
            sight = _props(world, prose.rsplit(". ", 1)[-1])
            beats.append(_beat(world, later, found, set() if found else set(list(figures)[:2]) or {world.roles["A"]}, following.tone, sight))
        else:
            figures.update(later)
            beats.append(_beat(world, figures, mentions, extra, following.tone, props))
    else:
        beats.append(_beat(world, figures, mentions, extra, event.tone, props))
    del before
    beats = [beat if beat.cast else replace(beat, cast=_somebody(world, event.tone)) for beat in beats]
    return Exchange(kind, author, text, prose, tuple(beats), tuple(mentions), tuple(names))


def _somebody(world: _World, tone: str) -> tuple[CastMember, ...]:
    who = next((slot for slot in world.roles.values() if slot not in world.absent), next(iter(world.cast)))
    return (CastMember(CharacterId(who), "looks", TONE_MOOD[tone]),)


def _close(world: _World) -> Exchange:
    """The bot brings the story to its warm end."""
    rng = world.rng
    world.absent.clear()
    if not world.noun:
        world.noun = "star"
    if not world.place:
        _settle(world, "bedroom")
    if rng.random() < 0.5:
        _settle(world, rng.choice(("bedroom", "living room", "garden", "bedroom")))
        world.time = rng.choice(("night", "evening"))
    picked = _take(_usable(CLOSINGS, world), world, rng.choice((2, 2, 3)))
    figures: dict[str, _Figure] = {}
    mentions: list[Mention] = []
    teller = Teller(rng, world.pronouns)
    prose = rng.choice(("", "", "", "And so it was. ", "At last, all was well. ")).strip()
    prose = _tell_all(teller, [_split(one) for one in picked], world, figures, prose, mentions)
    prose += " " + rng.choice(LAST_WORDS)
    beat = _beat(world, figures, mentions, {world.roles["A"]}, "happy")
    text = rng.choice(END_WISHES)
    return Exchange("end", "", text, prose, (beat,), tuple(mentions), ("close",))
