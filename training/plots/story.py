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
    ACTIONS,
    COLOURS,
    CREATURES,
    FANTASTIC,
    INDOORS,
    KINDS,
    OUTDOORS,
    PEOPLE,
    PROPS,
    SETTINGS,
    STANDING_PROPS,
)
from engine.writers.things import plural
from training.plots.telling import Mention, Teller, capitalised
from training.plots.words import classes, invented

HERE: Final = Path(__file__).parent
TONE_MOOD: Final = {
    "happy": "happy",
    "sad": "sad",
    "scared": "scared",
    "curious": "surprised",
    "calm": "calm",
    "angry": "angry",
    "sleepy": "sleepy",
}
OPENINGS: Final = (
    "Once upon a time",
    "One day",
    "One {w} {t}",
    "It is a {w} {t}.",
    "It was a {w} {t}.",
    "On a {w} {t}",
    "",
    "",
    "",
    "",
)
WEATHER_WORDS: Final = {
    "clear": ("sunny", "fine", "bright", "quiet"),
    "rain": ("rainy", "wet"),
    "snow": ("snowy", "white"),
    "fog": ("foggy", "misty"),
}
TIME_WORDS: Final = {"day": ("day", "morning", "afternoon"), "evening": ("evening",), "night": ("night",)}


def _pool(name: str) -> tuple[str, ...]:
    """A section of pools.txt; "-" stands for nothing said."""
    return _pools()[name]


@cache
def _pools() -> dict[str, tuple[str, ...]]:
    pools: dict[str, list[str]] = {}
    current = ""
    for line in (HERE / "pools.txt").read_text("utf-8").splitlines():
        if line.startswith("== "):
            current = line[3:]
        elif line and not line.startswith("//"):
            pools.setdefault(current, []).append("" if line == "-" else line)
    return {name: tuple(lines) for name, lines in pools.items()}


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

    kind: str  # a TurnKind value
    author: str  # slot of the writer's own character, or ""
    text: str
    prose: str
    beats: tuple[Beat, ...]
    mentions: tuple[Mention, ...]  # in `prose`
    events: tuple[str, ...]


@dataclass(frozen=True)
class PlotStory:
    cast: tuple[tuple[str, str, str], ...]  # slot, kind, pronouns
    start: Beat | None  # place, time and weather before the first exchange
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
    told: str = ""                         # every word of turns and prose so far

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
        usual = {
            "girl": "she",
            "woman": "she",
            "grandmother": "she",
            "boy": "he",
            "man": "he",
            "grandfather": "he",
        }.get(kind, "")
        pronoun = (
            usual
            if usual and rng.random() < 0.75
            else rng.choice(("she", "he", "they", "it" if kind in CREATURES else "any", "any", "she", "he"))
        )
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
    if start is not None:  # the page begins in the middle of a story
        plot = plot[rng.randrange(len(plot) // 2) :]
    exchanges: list[Exchange] = []
    wanted = length or rng.randint(3, 6)
    while len(exchanges) < wanted:
        last = len(exchanges) == wanted - 1 and rng.random() < 0.35
        if len(exchanges) and rng.random() < 0.15 and len(cast) > 1:
            names = list(cast)
            rng.shuffle(names)
            world.roles = dict(zip("ABC", names, strict=False))
        kind = "end" if last else "next_page" if rng.random() < 0.16 and (exchanges or start) else "write"
        exchanges.append(
            _close(world) if kind == "end" else _exchange(world, plot, kind, first=not exchanges and start is None)
        )
    return PlotStory(tuple((slot, *facts) for slot, facts in cast.items()), start, tuple(exchanges))


def _plot(world: _World) -> list[str]:
    rng, names = world.rng, []
    for step in rng.choice(_pool("plot")).split():
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
    to, at = rng.choice(_pool(f"place {place}")).split(" | ")
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
        world.noun = (
            f"{rng.choice(lists['thing'])} {rng.choice(lists['animal'])}"
            if sort == "animal"
            else f"{rng.choice(lists['animal'])} {rng.choice(lists['thing'])}"
        )
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
    return {
        "n": world.noun,
        "ns": plural(world.noun),
        "adj": world.adj,
        "in": world.place_in or "there",
        "to": world.__dict__.get("place_to", "there"),
        "m": rng.choice(lists["animal"]),
        "v": verb,
        "n2": invented(rng) if rng.random() < 0.4 else rng.choice(lists[rng.choice(("thing", "animal", "food"))]),
        "adj2": rng.choice(lists["adjective"]),
        "N": world.__dict__.setdefault("stranger", _stranger(rng)),
        "num": rng.choice(["two", "three", "four", "five", "seven", "ten", "a", "hundred"]),
    }


def _enter(event: Event, world: _World) -> None:
    """What the event changes in the world, before it is told."""
    rng = world.rng
    move = event.flags.get("move")
    if move is not None or (event.name == "go"):
        options = {
            "home": ("living room", "living room", "bedroom", "kitchen"),
            "water": ("underwater", "underwater", "beach"),
            "sky": ("space", "cloudland"),
        }.get(move or "")
        if options is None:
            options = tuple(
                place for place in rng.choice((INDOORS, OUTDOORS, OUTDOORS, FANTASTIC)) if place != world.place
            )
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
    return [
        template
        for template in templates
        if all(role in roles for role in re.findall(r"\{([ABC])", template.upper()))
        and not (
            event is not None
            and event.name not in ("missing", "join")
            and "{C}" in template
            and roles.get("C") in world.absent
        )
    ]


def _take(templates: list[str], world: _World, count: int) -> list[str]:
    """Some templates, unused ones first, in the order they were written (which is the order of telling)."""
    fresh = [template for template in templates if template not in world.used] or templates
    picked = world.rng.sample(fresh, min(count, len(fresh)))
    world.used.update(picked)
    return sorted(picked, key=templates.index)


def _takes_up(picked: list[str], templates: list[str], world: _World) -> list[str]:
    """What a turn brought in is taken up: one of the sentences speaks of the noun."""
    if any("{n" in template for template in picked) or world.rng.random() < 0.1:
        return picked
    about = [template for template in templates if "{n}" in template and template not in world.used]
    if about and world.rng.random() < 0.75:
        chosen = world.rng.choice(about)
        world.used.add(chosen)
        return sorted([*picked[:-1], chosen], key=templates.index)
    return [*picked, world.rng.choice(_usable(_pool("uptake"), world))]


def _plain_noun(event: Event, world: _World, told: str) -> None:
    """The bot brings in only nouns it can spell: not told before, so no invented word."""
    if world.noun and not re.search(rf"\b{re.escape(world.noun)}", told):
        lists = classes()
        wanted = event.flags.get("n", "")
        world.noun = world.rng.choice(("letter", "map") if wanted == "letter" else lists[wanted] if wanted in lists
                                      else [prop for prop in PROPS if prop not in STANDING_PROPS])


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
        if (
            old is not None
            and old.holding
            and not figure.holding
            and figure.action not in ("hugs", "holds hands", "gives", "swims", "climbs")
        ):
            figure.holding = old.holding
        figures[who] = figure


def _beat(
    world: _World,
    figures: dict[str, _Figure],
    mentions: tuple[Mention, ...] | list[Mention],
    extra: set[str],
    tone: str = "calm",
    props: tuple[str, ...] = (),
) -> Beat:
    """The true plan of one picture: everybody who is told of is in it, except who is away."""
    shown = dict(figures)
    mood = TONE_MOOD[tone]
    for who in [*(mention.who for mention in mentions if mention.form != "owner"), *sorted(extra)]:
        shown.setdefault(who, _Figure("looks" if tone == "curious" else "stands", mood))
    members = [who for who in sorted(shown, key=lambda one: int(one[3:])) if who not in world.absent][:4]
    cast = tuple(
        CastMember(
            CharacterId(who),
            shown[who].action,
            shown[who].mood,
            shown[who].holding,
            CharacterId(shown[who].toward) if shown[who].toward in members and shown[who].toward != who else None,
        )
        for who in members
    )
    cast = tuple(
        replace(member, action="stands")
        if member.action in ("hugs", "holds hands", "rides") and member.toward is None
        else member
        for member in cast
    )
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


def _tell_all(
    teller: Teller,
    told: list[tuple[str, str]],
    world: _World,
    figures: dict[str, _Figure],
    prose: str,
    mentions: list[Mention],
    ending: str = ".",
) -> str:
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
            event = known[rng.choice(_pool("detours")[0].split()) if detour else plot.pop(0)]
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
    _enter(event, world)
    said_place = not first or "move" in event.flags
    if first and "move" not in event.flags:
        _settle(world, rng.choice(SETTINGS))
    first_beat: Beat | None = None
    recent: list[tuple[int, str]] = []
    if kind == "write":
        if rng.random() < 0.25 and "A" in world.roles:
            author = world.roles["A"] if rng.random() < 0.8 else rng.choice(list(world.cast))
        teller = Teller(
            rng, world.pronouns, tense=rng.choice(("past", "present", "present", "past", "present", "past", "base"))
        )
        if author and author in world.roles.values() and rng.random() < 0.6:
            teller.first_person = author
        if author and rng.random() < 0.15:
            author = ""
            teller.first_person = ""
        parts: list[str] = []
        told = [event]
        if rng.random() < 0.25:  # two events in one turn
            told.append(next_event())
            names.append(told[1].name)
        if first and rng.random() < 0.5:
            opening = (
                rng.choice(OPENINGS)
                .replace("{w}", rng.choice(WEATHER_WORDS[world.weather]))
                .replace("{t}", rng.choice(TIME_WORDS[world.time]))
            )
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
            base = (
                teller.tense == "base"
                and template.startswith("{A} <")
                and ". " not in template
                and "{B} <" not in template
            )
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
                wording, words = rng.choice(_pool("tail")), _words(world)
                tail, more = teller.tell(wording, world.roles, words)
                said, found = f"{said} {tail}", found + more
                if "{n2}" in wording and rng.random() < 0.6:
                    world.noun, world.adj = words["n2"], words["adj2"]
            if not said_place and rng.random() < 0.6:
                said, said_place = f"{said} {world.place_in}", True
            elif rng.random() < 0.06 and world.place_in:
                said = f"{said} {world.place_in}"
            mentions_turn += found
            _effects(effects, world, figures)
            lead = (
                rng.choice(("Then ", "Suddenly ", "Now ", "After that ", "And ", "But then ", "Later "))
                if rng.random() < 0.25 and not base
                else ""
            )
            parts.append(lead + said)
        joint = rng.choice((". ", ". ", " and then ", "! ", ", and "))
        text = joint.join(parts)
        if (
            opening
            and rng.random() < 0.9
            and not text.startswith(('"', "let", "make", "can", "please", "I want", "now"))
        ):
            text = f"{opening} {text}" if opening.endswith(".") or rng.random() < 0.5 else f"{opening}, {text}"
        text = re.sub(r"(?<=[a-z]) I\b(?<!and I)(?<!then I)(?<!But I)(?<!but I)(?<!if I)(?<!that I)(?=[ .!?,]|$)"
                      r"(?! <)(?=\s(?:a|the|his|her|and|with|for|again|on|at|in|back|away)\b|[.!?,]|$)", " me", text)
        if parts and rng.random() < 0.85:
            text = capitalised(text)
        if rng.random() < 0.8 and text[-1:] not in '.!?"':
            text += rng.choice((".", ".", ".", "!", "!", "...", "!!"))
        turn_mentioned = {mention.who for mention in mentions_turn}
        recent = [(0, mention.who) for mention in mentions_turn[-2:]]
    prose, mentions = "", []
    world.told += f" {text}"
    brought = bool(world.noun) and re.search(rf"\b{re.escape(world.noun)}", text) is not None
    _plain_noun(event, world, world.told)
    teller = Teller(rng, world.pronouns, recent=recent, sentence=1 if rng.random() < 0.5 else 3)
    if kind == "next_page" or rng.random() < 0.22:
        lead = (
            rng.choice(
                (
                    "Then ",
                    "Just then, ",
                    "After a while, ",
                    "Suddenly, ",
                    "Soon ",
                    "The next moment, ",
                    "A little later, ",
                    "",
                )
            )
            if kind == "next_page"
            else rng.choice(("Yes, ", "So ", "And so ", "", ""))
        )
        template, effects = _split(rng.choice(_usable(event.say, world, event)))
        if not template.startswith(('"', "[bang")):
            template = lead + template
        prose = _tell_all(teller, [(template, effects)], world, figures, prose, mentions)
    if not said_place and rng.random() < 0.75:
        line = rng.choice(
            (
                f"It was a {rng.choice(WEATHER_WORDS[world.weather])} "
                f"{rng.choice(TIME_WORDS[world.time])} {world.place_in}.",
                f"{{A}} was {world.place_in}.",
                f"All this happened {world.place_in}.",
                f"It was {rng.choice(('quiet', 'lovely', 'warm', 'cool'))} {world.place_in}.",
            )
        )
        prose = _tell_all(teller, [(line, "")], world, figures, prose, mentions)
    count = rng.choice((1, 2, 2, 2)) if not prose else rng.choice((1, 1, 2))
    usable = _usable(event.more, world, event)
    taken = _take(usable, world, count)
    more = [_split(one) for one in (_takes_up(taken, usable, world) if brought else taken)]
    if len(more) == 1 or rng.random() < 0.25:
        more += [_split(rng.choice(_usable(_pool(f"feeling {event.tone}"), world)))]
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
    hook = rng.random() < 0.4 and not beats and len(prose.split()) < 50
    if hook:
        here = _beat(
            world,
            figures,
            mentions,
            extra or (set(list(present)[:1]) if not mentions and not figures else set()),
            event.tone,
            props,
        )
        following = next_event()
        world.told += f" {prose}"
        _enter(following, world)
        _plain_noun(following, world, world.told)
        names.append(following.name)
        template, effects = _split(rng.choice(_usable(following.say, world, following)))
        lead = rng.choice(
            ("Then ", "Just then, ", "But then ", "After that ", "Suddenly, ", "And then ", "A little later, ")
        )
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
            beats.append(
                _beat(
                    world,
                    later,
                    found,
                    set() if found else set(list(figures)[:2]) or {world.roles["A"]},
                    following.tone,
                    sight,
                )
            )
        else:
            figures.update(later)
            beats.append(_beat(world, figures, mentions, extra, following.tone, props))
    else:
        beats.append(_beat(world, figures, mentions, extra, event.tone, props))
    world.told += f" {prose}"
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
    picked = _take(_usable(_pool("closing"), world), world, rng.choice((2, 2, 3)))
    figures: dict[str, _Figure] = {}
    mentions: list[Mention] = []
    teller = Teller(rng, world.pronouns)
    prose = rng.choice(("", "", "", "And so it was. ", "At last, all was well. ")).strip()
    prose = _tell_all(teller, [_split(one) for one in picked], world, figures, prose, mentions)
    prose += " " + rng.choice(_pool("last words"))
    beat = _beat(world, figures, mentions, {world.roles["A"]}, "happy")
    text = rng.choice(_pool("end wish"))
    return Exchange("end", "", text, prose, (beat,), tuple(mentions), ("close",))
