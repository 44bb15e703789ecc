"""The plot simulator: characters who want something, a chain of events that makes sense, told and planned.

`tell_story(seed)` gives one whole story: what people wrote, how the bot went on, and the true plan of every picture.
The same seed gives the same story. What can happen is in `inventory`, the state of a story in `world`, how people
type in `typing_people`.
"""

from __future__ import annotations

import random
import re
from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from typing import Final

from engine.nouns import Beat, CastMember, CharacterId
from engine.vocabulary import ACTIONS, CREATURES, KINDS, PEOPLE, PROPS, SETTINGS, STANDING_PROPS
from training.plots.inventory import Event, Line, events, pool_lines, pools
from training.plots.telling import Mention, Teller, capitalised
from training.plots.typing_people import OPENINGS, TIME_WORDS, WEATHER_WORDS, typed
from training.plots.words import classes
from training.plots.world import USUAL_PLACES, World

TONE_MOOD: Final = {
    "happy": "happy", "sad": "sad", "scared": "scared", "curious": "surprised", "calm": "calm", "angry": "angry",
    "sleepy": "sleepy",
}
_THERE: Final = re.compile(
    rf"\b(?:a|an|the|her|his|their|its|my|ID_\d's)(?: [a-z]+){{0,2}}? ({'|'.join(PROPS)})\b(?! (?:of|tree|house|post))")
#: Turns only people type: the bot does not begin a page so.
_NOT_TOLD: Final = ('"', "why", "what", "where", "who", "how", "is the", "happy", "goodbye", "good", "look", "oh no",
                    "let", "i wish")
#: Events whose nouns are told of and not there to be seen.
_UNSEEN: Final = frozenset({"lose", "want", "vanish", "tells", "dream", "reads", "draw", "think", "talk"})
_HELD: Final = frozenset(PROPS) - frozenset(STANDING_PROPS)


@dataclass(frozen=True)
class Exchange:
    """What somebody wrote, how the story went on, and the true plan of its pictures. Characters are slots."""

    kind: str  # a TurnKind value
    author: str  # slot of the writer's own character, or ""
    text: str
    prose: str
    beats: tuple[Beat, ...]
    mentions: tuple[Mention, ...]  # in `prose`
    turn_mentions: tuple[Mention, ...]  # in `text`
    events: tuple[str, ...]
    roles: tuple[tuple[str, str], ...] = ()  # (role, slot) of the last event
    nouns: tuple[str, ...] = ()  # what the turn's n and o are called


@dataclass(frozen=True)
class PlotStory:
    cast: tuple[tuple[str, str, str], ...]  # slot, kind, pronouns
    start: Beat | None  # place, time and weather before the first exchange
    exchanges: tuple[Exchange, ...]


@dataclass
class _Figure:
    action: str
    mood: str
    holding: str = ""
    toward: str = ""


@dataclass
class _Page:
    """The page being told: its words so far, who is meant where, and what its pictures show."""

    prose: str = ""
    mentions: list[Mention] = field(default_factory=list)
    figures: dict[str, _Figure] = field(default_factory=dict)
    before: list[tuple[dict[str, _Figure], int]] = field(default_factory=list)


def tell_story(seed: int, *, length: int | None = None) -> PlotStory:
    """One story of `length` exchanges (by default 2 to 5), whole and coherent; the same for the same seed."""
    rng = random.Random(seed)
    world = World(rng, *_cast(rng))
    start = None
    plot = _plot(rng)
    if rng.random() < 0.35:  # the page begins in the middle of a story
        world.settle(rng.choice(SETTINGS))
        world.time = rng.choice(("day", "day", "day", "evening", "night"))
        world.weather = rng.choice(("clear", "clear", "clear", "rain", "snow", "fog"))
        if world.place in ("space", "underwater"):
            world.weather = "clear"
        start = _beat(world, {}, [], set())
        plot = plot[rng.randrange(len(plot) // 2) :]
    exchanges: list[Exchange] = []
    wanted = length or rng.choice((2, 3, 3, 4, 4, 5))
    while len(exchanges) < wanted:
        last = len(exchanges) == wanted - 1 and rng.random() < 0.35
        kind = "end" if last else "next_page" if rng.random() < 0.14 and exchanges else "write"
        if kind != "end" and len(world.cast) > 1 and rng.random() < (0.35 if exchanges else 0.1):
            _other_hero(world)
        world.page = len(exchanges)
        first = not exchanges and start is None
        exchanges.append(_close(world) if kind == "end" else _exchange(world, plot, kind, first=first))
    return PlotStory(tuple((slot, *facts) for slot, facts in world.cast.items()), start, tuple(exchanges))


def _cast(rng: random.Random) -> tuple[dict[str, tuple[str, str]], dict[str, str]]:
    count = rng.choice((1, 2, 2, 2, 2, 3, 3, 3, 4, 4, 5, 6))
    slots = sorted(rng.sample(range(1, 9), count)) if rng.random() < 0.25 else range(1, count + 1)
    usual = {"girl": "she", "woman": "she", "grandmother": "she", "boy": "he", "man": "he", "grandfather": "he"}
    cast = {}
    for number in slots:
        kind = rng.choice(KINDS if rng.random() < 0.5 else PEOPLE)
        pronoun = usual.get(kind, "")
        if not pronoun or rng.random() > 0.8:
            pronoun = rng.choice(("she", "he", "they", "it" if kind in CREATURES else "any", "any", "she", "he"))
        cast[f"ID_{number}"] = (kind, pronoun)
    order = list(cast)
    rng.shuffle(order)
    return cast, dict(zip("ABC", order, strict=False))


def _other_hero(world: World) -> None:
    """Somebody else acts now, most of the time one of those on the scene."""
    names = list(world.here if len(world.here) > 1 and world.rng.random() < 0.7 else world.cast)
    world.rng.shuffle(names)
    names += [slot for slot in world.cast if slot not in names]
    world.roles = dict(zip("ABC", names, strict=False))


def _plot(rng: random.Random) -> list[str]:
    names = [rng.choice(step.strip("?").split("/")) for step in rng.choice(pools()["plot"]).split()
             if not (step.endswith("?") and rng.random() < 0.5)]
    return [name for name in names if name in events()]


# --- choosing and telling lines --------------------------------------------------------------------


def _fits(line: Line, at_hand: Iterable[str]) -> bool:
    return line.needs - {"A"} <= set(at_hand)


def _at_hand(world: World, roles: dict[str, str], said: set[str]) -> set[str]:
    found = set(roles) | said
    if world.kept is not None:
        found.add("k")
    if world.guest is not None:
        found.add("g")
    if world.lost is not None:
        found.add("l")
    return found


def _pick(world: World, lines: Iterable[Line], at_hand: set[str]) -> Line | None:
    """One of the lines that fit, those told least often in this story first."""
    usable = [line for line in lines if _fits(line, at_hand)]
    if not usable:
        return None
    least = min(world.used.get(line.words, 0) for line in usable)
    line = world.rng.choice([one for one in usable if world.used.get(one.words, 0) == least])
    world.used[line.words] = world.used.get(line.words, 0) + 1
    return line


def _words(world: World) -> tuple[dict[str, str], frozenset[str]]:
    """The texts for the places of a template, and which nouns are plural."""
    rng = world.rng
    noun, other = world.noun, world.other
    second = other.phrases(rng.random() < 0.4)
    words = {**noun.phrases(rng.random() < 0.6), "adj": noun.adjective or "new"}
    words |= {"o": second["n"], "ao": second["an"], "theo": second["the"], "oit": second["it"],
              "oit.o": second["it.o"]}
    words |= {"in": world.place_in, "to": world.place_to, "the.place": re.sub(
        r"^(?:[a-z]+ )*?(?=(?:the|ID_|grandma|Mars|school|space|town|the) ?)", "", world.place_to),
        "v": rng.choice(classes()["verb"])}
    for key, thing in (("k", world.kept), ("g", world.guest), ("l", world.lost)):
        if thing is not None:
            words[key] = thing.phrases(False)["the"]
    return words, frozenset(key for key, one in (("n", noun), ("o", other)) if one.many)


def _sentence(text: str) -> str:
    text = text.strip()
    return text if text.endswith((".", "!", "?", '"')) else text + "."


def _tell(world: World, teller: Teller, line: Line, roles: dict[str, str], page: _Page, lead: str = "") -> None:
    """Append one told line to the page, with its mentions and what it shows."""
    template = line.words
    if template == "{sight}":
        template = (_pick(world, pool_lines(f"sight {world.place}"), set(roles)) or line).words
    elif template == "{sky}":
        sky = f"sky {world.weather}" + (f" {world.time}" if world.weather == "clear" else "")
        template = (_pick(world, pool_lines(sky), set(roles)) or line).words
    if page.prose and template.startswith("{A} ") and world.rng.random() < 0.5:
        template = "{a}" + template[3:]
    words, many = _words(world)
    said, found = teller.tell(lead + template, roles, words, many)
    said = capitalised(_sentence(re.sub(r" +([.!?,])", r"\1", said)))
    offset = len(page.prose) + (1 if page.prose else 0)
    page.mentions += [replace(one, start=one.start + offset, end=one.end + offset) for one in found]
    page.prose = f"{page.prose} {said}" if page.prose else said
    _effects(line.effects, world, roles, page.figures)


def _effects(effects: str, world: World, roles: dict[str, str], figures: dict[str, _Figure]) -> None:
    """Lay the effects of one told clause over what the picture shows so far."""
    for part in filter(None, (one.strip() for one in effects.split(";"))):
        role, action, *rest = part.split()
        if role not in roles:
            continue
        who = roles[role]
        old = figures.get(who)
        figure = _Figure(action.replace("_", " "), rest[0] if rest else "calm")
        for word in rest[1:]:
            if word.startswith(">"):
                figure.toward = roles.get(word[1:], "")
                continue
            noun = {"n": world.noun, "o": world.other, "k": world.kept}.get(word)
            thing = noun.word if noun is not None else word
            figure.holding = thing if thing in _HELD else ""
        if (old is not None and old.holding and not figure.holding
                and figure.action not in ("hugs", "holds hands", "gives", "swims", "climbs", "sleeps")):
            figure.holding = old.holding
        if figure.holding:
            for other, one in figures.items():
                if other != who and one.holding == figure.holding:
                    one.holding = ""  # it changed hands
        figures[who] = figure


# --- pictures --------------------------------------------------------------------------------------


def _beat(world: World, figures: dict[str, _Figure], mentions: Iterable[Mention], extra: Iterable[str],
          tone: str = "calm", props: tuple[str, ...] = ()) -> Beat:
    """The true plan of one picture: everybody who is told of is in it, except who is away."""
    shown = dict(figures)
    told = [who for mention in mentions if mention.form != "owner" for who in mention.who]
    for who in [*told, *sorted(extra)]:
        shown.setdefault(who, _Figure("looks" if tone == "curious" else "stands", TONE_MOOD[tone]))
    members = [who for who in sorted(shown, key=lambda one: int(one[3:])) if who not in world.absent][:4]
    cast = tuple(
        CastMember(
            CharacterId(who), shown[who].action, shown[who].mood, shown[who].holding,
            CharacterId(shown[who].toward) if shown[who].toward in members and shown[who].toward != who else None)
        for who in members)
    cast = tuple(
        replace(member, action="stands")
        if member.action in ("hugs", "holds hands", "rides") and member.toward is None else member
        for member in cast)
    assert all(member.action in ACTIONS for member in cast), cast
    close = len(cast) <= 2 and cast and world.rng.random() < (0.4 if tone in ("sad", "sleepy", "scared") else 0.15)
    name = f"{world.owner}'s {world.place}" if world.owner else ""
    held = {member.holding for member in cast}
    return Beat("", cast, world.place, name, world.time, world.weather, "close" if close else "wide",
                tuple(prop for prop in props if prop not in held)[:2])


def _props(turn: str, prose: str = "") -> tuple[str, ...]:
    """Things of the vocabulary that are there, latest first: what nobody holds lies or stands about."""
    text = re.sub(r'"[^"]*"', " ", f"{turn} {prose}")
    found = {found[1]: found.start() for found in _THERE.finditer(text)}
    return tuple(sorted(found, key=lambda prop: -found[prop]))


# --- exchanges -------------------------------------------------------------------------------------


def _possible(event: Event, world: World) -> bool:
    needs = event.flags.get("needs", "A")
    if event.flags.get("n") == "lost" and world.lost is None and world.rng.random() < 0.7:
        return False
    return needs in world.roles and bool(_usable_turns(world, event))


def _next_event(world: World, plot: list[str]) -> Event:
    known = events()
    away = next((who for who in world.absent), "")
    if away and world.rng.random() < 0.5 and len(world.cast) > 2:
        others = [slot for slot in world.cast if slot != away]
        world.roles = {"A": others[0], "B": others[1], "C": away}
        world.absent.discard(away)
        return known["join"]
    detour = world.rng.random() < 0.35 or not plot
    world.absent.discard(world.roles["A"])
    while True:
        event = known[world.rng.choice(pools()["detours"][0].split()) if detour else plot.pop(0)]
        if _possible(event, world):
            return event
        detour = detour or not plot


def _mentioned(line: Line) -> set[str]:
    return {role for role in "ABC" if re.search(rf"\{{(?:{role}|{role.lower()})[.}}]", line.words)
            or ("{AB}" in line.words and role in "AB")}


def _said_nouns(world: World, words: str) -> set[str]:
    """Which of the event's two nouns the words speak of."""
    low = words.casefold()
    return {key for key, noun in (("n", world.noun), ("o", world.other)) if noun.shown.casefold() in low}


def _exchange(world: World, plot: list[str], kind: str, *, first: bool) -> Exchange:
    """One turn and how the story goes on from it."""
    rng = world.rng
    event = _next_event(world, plot)
    names = [event.name]
    if first:
        world.time, world.weather = "day", "clear"
    page, turn_page = _Page(), _Page()
    author, text = "", ""
    roles: dict[str, str] = {}
    said: set[str] = set()
    tail = ""
    before: Beat | None = None
    early: _Page | None = None
    turn_mentions: list[Mention] = []
    if kind == "write":
        author, first_person = _author(world)
        told = [event]
        if rng.random() < 0.22:  # two events in one turn
            told.append(_next_event(world, plot))
            names.append(told[1].name)
        opening = _opening(world, told) if first else ""
        teller = Teller(rng, world.pronouns, first_person=first_person,
                        tense=rng.choice(("past", "present", "present", "past", "present", "past", "base", "will")))
        if not first and world.here and rng.random() < 0.5:
            teller.recent = [(0, who) for who in world.here[-2:]]
            teller.sentence, teller.subject = 1, tuple(world.here[-2:])
        if first and not opening and rng.random() < 0.5 and "move" not in told[0].flags:
            tail = "in"
        picked = _turn_line(world, told[0])
        if first and "move" not in told[0].flags:
            where = tail == "in" or "{in}" in picked.words
            world.settle(rng.choice(SETTINGS) if where else _usual_place(world, told[0]), said=where)
        parts: list[tuple[str, Line]] = []
        for number, one in enumerate(told):
            if number and "move" in one.flags:
                before = _picture(world, turn_page, event, " ".join(part for part, _ in parts))
                turn_page.figures = {}
            world.enter(one)
            event = one
            line = _turn_line(world, one) if number else picked
            fixed = {role: world.roles[role] for role in _mentioned(line) if role in world.roles}
            words, many = _words(world)
            part = typed(rng, teller, line.words, fixed or {"A": world.roles["A"]}, words, many,
                         simple=len(told) > 1)
            offset = sum(len(piece) for piece, _ in parts)
            turn_mentions += [replace(m, start=m.start + offset, end=m.end + offset) for m in part.mentions]
            roles = _on_scene(world, one, fixed)
            said = _said_nouns(world, part.text)
            world.left_behind(one, said, {**world.roles, **roles})
            _effects(line.effects, world, roles, turn_page.figures)
            parts.append((part.text, line))
            if len(told) > number + 1 and rng.random() < 0.5:  # both events are taken up
                early = _taken_up(world, one, roles, said)
        text, tail, turn_mentions = _joined(world, [part for part, _ in parts], opening, tail, turn_mentions)
    else:
        world.enter(event, by_bot=True)
        line = _turn_line(world, event)
        fixed = {role: world.roles[role] for role in _mentioned(line) if role in world.roles}
        roles = _on_scene(world, event, fixed)
    turn_who = {who for mention in turn_mentions for who in mention.who if mention.form != "owner"}
    teller = Teller(rng, world.pronouns, sentence=1, subject=tuple(dict.fromkeys(
        who for mention in turn_mentions[-2:] for who in mention.who)))
    teller.recent = [(0, who) for mention in turn_mentions[-2:] for who in mention.who]
    if kind == "next_page":
        lead = rng.choice(("Then ", "Just then, ", "After a while, ", "Soon ", "A little later, ", "", ""))
        if not line.words.startswith(_NOT_TOLD):
            _tell(world, teller, line, {**world.roles, **roles}, page, lead)
            said = _said_nouns(world, page.prose)
            world.left_behind(event, said, {**world.roles, **roles})
    page.figures = {**turn_page.figures, **page.figures}
    if early is not None:
        page.prose, page.mentions = early.prose, early.mentions
        teller.recent = [(0, who) for mention in early.mentions[-2:] for who in mention.who]
    _go_on(world, teller, event, roles, said, page, tail=tail)
    beats = _pictures(world, page, event, text, turn_who if before is None else set())
    if before is not None and before.cast:
        beats = [before, *beats[-1:]]
    beats = [beat if beat.cast else replace(beat, cast=_somebody(world, event.tone)) for beat in beats]
    for beat in beats:
        for member in beat.cast:
            if member.character_id in world.here:
                world.here.remove(member.character_id)
            world.here.append(member.character_id)
    world.here = world.here[-4:]
    nouns = tuple((world.noun, world.other)[key == "o"].word for key in sorted(said))
    return Exchange(kind, author, text, page.prose, tuple(beats), tuple(page.mentions), tuple(turn_mentions),
                    tuple(names), tuple(sorted(roles.items())), nouns)


def _taken_up(world: World, event: Event, roles: dict[str, str], said: set[str]) -> _Page | None:
    """What follows at once from the first of two events of a turn."""
    line = _pick(world, event.stages[0], _at_hand(world, roles, said))
    if line is None:
        return None
    page = _Page()
    _tell(world, Teller(world.rng, world.pronouns), line, roles, page)
    return page


def _author(world: World) -> tuple[str, str]:
    """The slot of who writes ("" for somebody without a character), and who says "I"."""
    rng = world.rng
    if rng.random() < 0.5:
        return "", ""
    author = world.roles["A"] if rng.random() < 0.75 else rng.choice(list(world.cast))
    return author, author if rng.random() < 0.5 else ""


def _usual_place(world: World, event: Event) -> str:
    return USUAL_PLACES.get(event.name) or world.rng.choice(("garden", "garden", "meadow", "forest"))


def _opening(world: World, told: list[Event]) -> str:
    rng = world.rng
    if rng.random() < 0.55:
        return ""
    opening = rng.choice(OPENINGS)
    if "{" in opening:
        world.weather = rng.choice(("clear", "clear", "clear", "rain", "snow", "fog"))
        world.time = rng.choice(("day", "day", "evening", "night"))
    for one in told:
        world.time, world.weather = one.flags.get("time", world.time), one.flags.get("weather", world.weather)
    return opening.replace("{w}", rng.choice(WEATHER_WORDS[world.weather])).replace(
        "{t}", rng.choice(TIME_WORDS[world.time]))


def _usable_turns(world: World, event: Event) -> list[Line]:
    at_hand = _at_hand(world, {role: who for role, who in world.roles.items()
                               if who not in world.absent or event.name in ("missing", "join")}, {"n", "o"})
    return [line for line in event.say if _fits(line, at_hand)]


def _turn_line(world: World, event: Event) -> Line:
    """A way to write the event for those who are there."""
    usable = _usable_turns(world, event)
    mood = [line for line in usable if {"B"} & line.needs]
    if mood and world.rng.random() < 0.35:
        usable = mood
    least = min(world.used.get(line.words, 0) for line in usable)
    line = world.rng.choice([one for one in usable if world.used.get(one.words, 0) == least])
    world.used[line.words] = world.used.get(line.words, 0) + 1
    return line


def _on_scene(world: World, event: Event, fixed: dict[str, str]) -> dict[str, str]:
    """Roles for the telling: who the words name, and who is on the scene anyway."""
    roles = dict(fixed)
    if "A" not in roles:
        roles["A"] = world.roles["A"]
        if world.here and roles["A"] not in world.here:
            roles["A"] = world.here[-1]
            for role in [one for one in roles if one != "A" and roles[one] == roles["A"]]:
                del roles[role]
    elif "move" in event.flags and len(fixed) == 1:
        world.here = [world.roles["A"]]    # went alone
        return roles
    if "B" not in roles:
        others = [who for who in world.here if who not in roles.values() and who not in world.absent]
        if others:
            roles["B"] = others[-1]
    return roles


def _joined(world: World, parts: list[str], opening: str, tail: str,
            mentions: list[Mention]) -> tuple[str, str, list[Mention]]:
    """The whole turn as it was typed, what its tail speaks of, and the mentions at their places in it."""
    rng = world.rng
    joint = rng.choice((". ", ". ", " and then ", "! ", ", and ", " and "))
    text = joint.join(part.rstrip("?!.") if number < len(parts) - 1 else part for number, part in enumerate(parts))
    if opening:
        text = f"{opening} {text}" if opening.endswith(".") or rng.random() < 0.5 else f"{opening}, {text}"
    if world.place_in in text:
        tail = ""
    elif tail == "in" or (not opening and rng.random() < 0.05):
        text = f"{text} {world.place_in}"
    elif rng.random() < 0.1 and (world.kept is not None or world.guest is not None):
        thing, tail = (world.guest, "g") if world.guest is not None else (world.kept, "k")
        assert thing is not None
        phrase = thing.phrases(False)["the"]
        if thing.word not in text:
            text = f"{text} with {phrase}"
    if rng.random() < 0.1 and len(parts) == 1 and not opening:
        text = rng.choice(("Then ", "Suddenly ", "Now ", "After that ", "And ", "But then ", "so ")) + text
    if rng.random() < 0.75:
        text = capitalised(text)
    elif rng.random() < 0.8:
        text = text[0].lower() + text[1:] if not text.startswith(("ID_", "I ")) else text
    if rng.random() < 0.7 and text[-1:] not in '.!?"':
        text += rng.choice((".", ".", ".", ".", "!", "!", "...", "!!", "!!!"))
    found, at = [], 0
    for mention, surface in ((one, _surface(one)) for one in mentions):
        place = re.search(rf"(?<![\w]){surface}(?![\w])", text[at:], re.IGNORECASE)
        if place is not None:
            found.append(replace(mention, start=at + place.start(), end=at + place.end()))
            at += place.end()
    return text, tail, found


def _surface(mention: Mention) -> str:
    """A pattern for how the mention may stand in a text."""
    if mention.form in ("name", "owner"):
        return re.escape(mention.who[0])
    return {"I": "(?:I|me|my|myself)", "we": "(?:we|us|our)", "they": "(?:they|them|their|themself)",
            "she": "(?:she|her|herself)", "he": "(?:he|him|his|himself)", "it": "(?:it|its|itself)"}[mention.form]


def _go_on(world: World, teller: Teller, event: Event, roles: dict[str, str], said: set[str], page: _Page, *,
           tail: str) -> None:
    """The continuation: what follows at once, what comes of it, where that leaves them; sometimes what was before."""
    rng = world.rng
    at_hand = _at_hand(world, roles, said)
    stages = [0, 1] + ([2] if rng.random() < 0.55 else [])
    if page.prose and rng.random() < 0.5:
        stages = [0, 1]
    reference = rng.random() < (0.7 if tail in ("g", "k") else 0.16)
    for stage in stages:
        if stage == 2 and reference and (line := _reference(world, event, tail, at_hand)) is not None:
            _tell(world, teller, line, roles, page)
            reference = False
            continue
        options = event.stages[stage]
        about = [one for one in options if "n" in one.needs and _fits(one, at_hand)]
        if about and world.noun.shown not in page.prose and rng.random() < (0.55 if stage == 0 else 0.85):
            options = tuple(about)  # what the turn brought in is taken up
        line = _pick(world, options, at_hand)
        if line is None and stage < 2:
            line = _pick(world, pool_lines(f"feeling {event.tone}"), at_hand)
        if line is None:
            continue
        if stage == 1 and len(page.before) == 0:
            page.before.append(({who: replace(one) for who, one in page.figures.items()}, len(page.mentions)))
        _tell(world, teller, line, roles, page)
    if reference and (line := _reference(world, event, tail, at_hand)) is not None:
        _tell(world, teller, line, roles, page)


def _reference(world: World, event: Event, tail: str, at_hand: set[str]) -> Line | None:
    """A sentence about what was brought along from earlier pages, if there is something."""
    if event.name in ("lose", "find_lost"):
        return None
    options = []
    if world.guest is not None and world.guest != world.noun and world.page - world.guest_page <= 3:
        options.append("guest")
    if world.kept is not None and world.kept != world.noun and world.keeper in world.here and tail != "g":
        options.append("kept")
    if world.lost is not None and world.lost != world.noun and not options:
        options.append("lost")
    if not options:
        return None
    return _pick(world, pool_lines(f"ref {world.rng.choice(options)}"), at_hand)


def _picture(world: World, page: _Page, event: Event, text: str) -> Beat:
    return _beat(world, page.figures, page.mentions, set(), event.tone, _props(text))


def _pictures(world: World, page: _Page, event: Event, text: str, extra: set[str]) -> list[Beat]:
    """One picture of the page, or two: the first moment, and how it ends."""
    props = _props(text, page.prose)
    if event.name in _UNSEEN:
        props = tuple(prop for prop in props if prop not in (world.noun.word, world.other.word))
    whole = _beat(world, page.figures, page.mentions, extra, event.tone, props)
    if page.before and world.rng.random() < 0.35:
        figures, count = page.before[0]
        moment = _beat(world, figures, page.mentions[:count], extra, event.tone, props)
        if moment.cast and moment.cast != whole.cast:
            return [moment, whole]
    return [whole]


def _somebody(world: World, tone: str) -> tuple[CastMember, ...]:
    who = next((slot for slot in [*reversed(world.here), *world.roles.values()] if slot not in world.absent),
               next(iter(world.cast)))
    return (CastMember(CharacterId(who), "looks", TONE_MOOD[tone]),)


def _close(world: World) -> Exchange:
    """The bot brings the story to its warm end."""
    rng = world.rng
    world.absent.clear()
    if not world.place:
        world.settle("bedroom", said=False)
    if rng.random() < 0.5:
        world.settle(rng.choice(("bedroom", "living room", "bedroom")), said=False)
        world.time = rng.choice(("night", "evening"))
    order = [*reversed(world.here)] or [world.roles["A"]]
    roles = dict(zip("AB", order, strict=False))
    at_hand = _at_hand(world, roles, set())
    page = _Page()
    teller = Teller(rng, world.pronouns)
    page.prose = rng.choice(("", "", "", "And so it was.", "At last, all was well."))
    lines = pool_lines("closing")
    picked = [line for line in (_pick(world, lines, at_hand) for _ in range(rng.choice((2, 2, 3)))) if line]
    for line in sorted(dict.fromkeys(picked), key=lines.index):
        _tell(world, teller, line, roles, page)
    page.prose += " " + rng.choice(pools()["last words"])
    beat = _beat(world, page.figures, page.mentions, {roles["A"]}, "happy")
    text = rng.choice(pools()["end wish"])
    return Exchange("end", "", text, page.prose, (beat,), tuple(page.mentions), (), ("close",),
                    tuple(sorted(roles.items())))
