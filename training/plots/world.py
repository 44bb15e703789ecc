"""What is so at a moment of a story: who is there, where, when, in what weather, with which things."""

from __future__ import annotations

import random
from dataclasses import dataclass, field
from functools import cache
from typing import Final

from engine.vocabulary import COLOURS, FANTASTIC, INDOORS, OUTDOORS, PROPS, STANDING_PROPS
from engine.writers.things import plural
from training.plots.inventory import Event, pools
from training.plots.words import classes, invented

#: Nouns the bot may bring in by itself: short, kind, and often told, so that it can spell them.
BOT_NOUNS: Final = {
    "thing": ("ball", "book", "flower", "lantern", "kite", "umbrella", "teddy", "key", "map", "star", "basket"),
    "animal": ("rabbit", "owl", "frog", "fox", "hedgehog", "duck", "squirrel", "butterfly", "dragon", "mouse"),
    "food": ("cake", "apple", "soup", "pie", "bread", "cookie"),
}
#: Where a story plays whose first turn does not say so.
USUAL_PLACES: Final = {
    "bath": "bathroom", "cook": "kitchen", "eat": "kitchen", "drink": "kitchen", "wake": "bedroom", "sleep": "bedroom",
    "cannot_sleep": "bedroom", "dream": "bedroom", "tired": "bedroom", "reads": "living room", "tells": "living room",
    "snow": "snowfield", "shop": "street", "plant": "garden", "draw": "living room", "home": "living room",
    "climb": "forest", "lost_way": "forest", "walk": "forest", "picnic": "meadow", "treasure": "beach",
    "birthday": "living room", "party": "living room", "phone": "living room", "letter": "living room",
}


@dataclass(frozen=True)
class Noun:
    """A thing, an animal, something to eat or a stranger, with its number."""

    word: str
    sort: str                              # "animal", "food", "plant", "name" or "thing"
    adjective: str = ""
    many: bool = False
    mass: bool = False

    @property
    def shown(self) -> str:
        return plural(self.word) if self.many else self.word

    def phrases(self, adjective: bool) -> dict[str, str]:
        """Its phrases: an, an., the, n, n., it, it.o."""
        described = f"{self.adjective} {self.shown}" if adjective and self.adjective else self.shown
        if self.sort == "name":
            return dict.fromkeys(("an", "an.", "the", "n", "n.", "it", "it.o"), self.word)
        some = "some " if self.many or self.mass else "a "
        return {"an": some + described, "an.": some + self.shown, "the": f"the {self.shown}",
                "n": self.shown, "n.": self.shown,
                "it": "they" if self.many else "it", "it.o": "them" if self.many else "it"}


@cache
def _mass() -> frozenset[str]:
    return frozenset(classes()["mass"])


def new_noun(rng: random.Random, wanted: str, *, by_bot: bool = False) -> Noun:
    """A noun of a sort: listed, compound or invented; `by_bot` only such as the bot can spell."""
    lists = classes()
    adjective = rng.choice(lists["adjective"]) if rng.random() < 0.92 else rng.choice(list(COLOURS))
    if wanted in ("newname", "name"):
        name = rng.choice(lists["name"]) if rng.random() < 0.4 else invented(rng).capitalize()
        title = rng.choice(("Mr", "Mrs", "Aunt", "Uncle", "Captain", "King", "Queen", "Doctor"))
        return Noun(f"{title} {name}" if rng.random() < 0.4 else name, "name")
    section = {"any": rng.choice(("thing", "thing", "animal", "food")), "newguest": "animal", "guest": "animal",
               "anyguest": "animal",
               "newscary": "monster", "lost": "thing", "book": "thing"}.get(wanted, wanted)
    sort = ("animal" if section in ("animal", "alive", "scary", "monster") else
            section if section in ("food", "plant") else "thing")
    if by_bot:
        options = BOT_NOUNS[sort if sort in BOT_NOUNS else "thing"] if section in ("thing", "animal", "food") else (
            lists[section][:8])
        word = rng.choice(options)
        return Noun(word, sort, adjective, mass=word in _mass())
    roll = rng.random()
    if roll < 0.22 and section not in ("letterlike", "music", "container", "scary"):
        word = invented(rng)
        if sort == "animal" and rng.random() < 0.5:
            word += rng.choice(("frog", "bird", "fish", "bear", "cat", "saurus", "mouse", "pig", "toad"))
    elif roll < 0.5 and section == "thing":
        word = rng.choice([prop for prop in PROPS if prop not in STANDING_PROPS])
    elif roll < 0.56 and section in ("thing", "animal"):
        word = (f"{rng.choice(lists['thing'])} {rng.choice(lists['animal'])}" if sort == "animal"
                else f"{rng.choice(lists['animal'])} {rng.choice(lists['thing'])}")
    else:
        word = rng.choice(lists[section])
    mass = word in _mass()
    often = {"food": 0.3, "thing": 0.06, "animal": 0.0}.get(sort, 0.04)
    many = not mass and (section == "material" or rng.random() < often)
    return Noun(word, sort, adjective, many, mass)


@dataclass
class World:
    """The state of one story."""

    rng: random.Random
    cast: dict[str, tuple[str, str]]       # slot -> kind, pronouns
    roles: dict[str, str]                  # A, B, C -> slot
    place: str = ""
    owner: str = ""
    place_to: str = "there"
    place_in: str = "there"
    time: str = "day"
    weather: str = "clear"
    here: list[str] = field(default_factory=list)      # who is on the scene, latest last
    absent: set[str] = field(default_factory=set)
    noun: Noun = Noun("star", "thing")
    other: Noun = Noun("apple", "food")
    kept: Noun | None = None               # carried since an earlier page
    keeper: str = ""
    guest: Noun | None = None
    lost: Noun | None = None
    used: dict[str, int] = field(default_factory=dict)
    page: int = 0
    kept_page: int = -9
    guest_page: int = -9

    @property
    def pronouns(self) -> dict[str, str]:
        return {slot: pronouns for slot, (_, pronouns) in self.cast.items()}

    def settle(self, place: str, *, said: bool = True) -> None:
        """Move to a place; some places belong to somebody, which only words that are `said` can tell."""
        rng = self.rng
        self.place, self.owner = place, ""
        options = [one for one in pools()[f"place {place}"] if said or "{o}" not in one]
        to, at = rng.choice(options).split(" | ")
        if "{o}" in to:
            self.owner = rng.choice(list(self.roles.values()))
            to, at = (words.replace("{o}", self.owner + "'s") for words in (to, at))
        self.place_to, self.place_in = to, at

    def enter(self, event: Event, *, by_bot: bool = False) -> None:
        """What the event changes before it is told: place, time, weather, and which nouns it is about."""
        rng, flags = self.rng, event.flags
        move = flags.get("move")
        if move is not None:
            options = {
                "home": ("living room", "living room", "bedroom", "kitchen"), "water": ("underwater", "beach"),
                "sky": ("cloudland", "cloudland"), "space": ("space",), "sea": ("beach",), "school": ("classroom",),
            }.get(move) or tuple(
                place for place in rng.choice((INDOORS, OUTDOORS, OUTDOORS, FANTASTIC)) if place != self.place)
            if self.place not in options or move == "any":
                self.settle(rng.choice(options))
        self.time = flags.get("time", self.time)
        self.weather = flags.get("weather", self.weather)
        if self.place in ("space", "underwater"):
            self.weather = "clear"
        self._choose_nouns(event, by_bot)

    def _choose_nouns(self, event: Event, by_bot: bool) -> None:
        rng, wanted = self.rng, event.flags.get("n", "")
        recent = self.kept if self.kept is not None and self.page - self.kept_page <= 3 else None
        guest = self.guest if self.guest is not None and self.page - self.guest_page <= 3 else None
        if wanted in ("guest", "anyguest", "scary") and guest is not None and (
                rng.random() < (0.5 if wanted == "anyguest" else 0.8)):
            self.noun = guest
        elif wanted == "lost" and self.lost is not None:
            self.noun = self.lost
        elif wanted in ("thing", "any", "toy", "gift") and recent is not None and rng.random() < 0.35:
            self.noun = recent
        elif wanted:
            # A pet or a neighbour may have a name from the first.
            named = wanted in ("guest", "anyguest") and not by_bot and rng.random() < 0.2
            self.noun = new_noun(rng, "name" if named else wanted, by_bot=by_bot)
        second = event.flags.get("o") or rng.choice(("thing", "food"))
        self.other = (recent if second == "any" and recent is not None and rng.random() < 0.5
                      else new_noun(rng, second, by_bot=by_bot))

    def left_behind(self, event: Event, said: set[str], roles: dict[str, str]) -> None:
        """What the event leaves for later pages; `said` tells which nouns the words spoke of."""
        flags = event.flags
        if "n" in said and "has" in flags:
            self.kept, self.keeper, self.kept_page = self.noun, roles["A"], self.page
        if "n" in said and event.name == "give" and "B" in roles:
            self.kept, self.keeper, self.kept_page = self.noun, roles["B"], self.page
        if "lost" in flags and "n" in said:
            self.lost, self.kept = self.noun, None
        if "found" in flags:
            self.lost, self.kept, self.keeper, self.kept_page = None, self.noun, roles["A"], self.page
        if flags.get("n") in ("newguest", "guest", "anyguest", "newname", "newscary") and "n" in said:
            self.guest, self.guest_page = self.noun, self.page
        if event.name in ("eat", "vanish", "break") and self.kept == self.noun:
            self.kept = None
        if "away" in flags and "C" in roles:
            self.absent.add(roles["C"])
