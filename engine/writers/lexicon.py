"""Everyday words by what they mean for a picture: verbs to actions, places, times, weathers, feelings.

Used where rules correct a writer model or stand in for it. Standard library only.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from types import MappingProxyType
from typing import Final


def _table(text: str) -> Mapping[str, str]:
    table = {}
    for line in re.sub(r"\n +", " ", text.strip()).splitlines():
        key, _, words = line.partition(":")
        for word in words.split(","):
            table[word.strip()] = key.strip()
    return MappingProxyType(table)


#: Verb forms to actions.
VERBS: Final = _table("""
runs: run, runs, ran, running, race, races, raced, chase, chases, chased, hurry, hurries, hurried, rush, rushed
walks: walk, walks, walked, walking, go, goes, went, going, come, comes, came, follow, follows, followed,
    travel, travels, travelled, wander, wandered, arrive, arrives, arrived, marched, tiptoed, stroll, strolled
jumps: jump, jumps, jumped, hop, hops, hopped, leap, leaps, leaped, leapt, bounce, bounced
dances: dance, dances, danced, dancing, twirl, twirled
sits: sit, sits, sat, sitting, rest, rests, rested
kneels: kneel, kneels, knelt, dig, digs, dug, build, builds, built, plant, plants, planted, draw, draws, drew,
    paint, paints, painted, make, makes, made
sleeps: sleep, sleeps, slept, asleep, dream, dreams, dreamed, dreamt, nap, snore, snores, snored
points: point, points, pointed, show, shows, showed
cheers: cheer, cheers, cheered, clap, claps, clapped, laugh, laughs, laughed, giggle, giggles, giggled, win,
    wins, won, celebrate, celebrated
reads: read, reads, reading
eats: eat, eats, ate, eating, bite, bites, bit, taste, tastes, tasted, nibbled, munched
drinks: drink, drinks, drank, drinking, sip, sips, sipped
carries: carry, carries, carried, hold, holds, held, bring, brings, brought, take, takes, took, pick, picks,
    picked, grab, grabs, grabbed, lift, lifts, lifted, get, gets, got
hugs: hug, hugs, hugged, cuddle, cuddles, cuddled, kiss, kisses, kissed
looks: look, looks, looked, see, sees, saw, watch, watches, watched, find, finds, found, notice, noticed, spot,
    spotted, stare, stared, search, searched
thinks: think, thinks, thought, wonder, wonders, wondered, wish, wishes, wished, remember, remembered
cries: cry, cries, cried, crying, weep, wept, sob, sobbed, sobs
hides: hide, hides, hid, hiding, tremble, trembled, shiver, shivered
climbs: climb, climbs, climbed, climbing
swims: swim, swims, swam, swimming, dive, dives, dived, dove, splash, splashed
flies: fly, flies, flew, flying, float, floats, floated, soar, soared
rides: ride, rides, rode, riding
sings: sing, sings, sang, singing, hum, hums, hummed
gives: give, gives, gave, giving, hand, hands, handed, share, shares, shared
waves: wave, waves, waved, greet, greets, greeted, meet, meets, met
""")

#: Words for places to the settings that can be drawn.
PLACES: Final = _table("""
bedroom: bedroom, bed, room, nursery
kitchen: kitchen, bakery, dining room
living room: living room, house, home, sofa, couch, fireplace, cottage, hut
classroom: classroom, school, kindergarten, class
library: library, bookshop, museum
bathroom: bathroom, bath, bathtub, shower
garden: garden, yard, backyard, greenhouse
forest: forest, woods, wood, jungle, treehouse, trees
beach: beach, desert, swimming pool, ship, sea, seaside, shore, ocean, island, lake, sand, harbour, harbor
snowfield: snowfield, north pole, snow, ice, igloo, antarctica
farm: farm, zoo, barn, stable, henhouse
street: street, town, city, shop, supermarket, airport, station, hospital, market, village, road, store, bus stop,
    train station
playground: playground, circus, funfair, fair, park, swings, sandbox, sandpit
mountain: mountain, mountains, hill, cliff, volcano
meadow: meadow, field, river, pond, valley
castle: castle, palace, tower, throne room
cave: cave, tunnel, den, dungeon, mine
underwater: underwater, under the sea, bottom of the sea, under the water, coral reef
space: space, moon, mars, stars, planet, spaceship, outer space, rocket ship
cloudland: clouds, cloud land, cloudland, sky, land of clouds, heaven
""")

#: Words for feelings to moods.
FEELINGS: Final = _table("""
happy: happy, glad, laughed, laughs, smiled, smiles, joy, cheered, hooray, fun, proud, loves, loved, best, giggled
sad: sad, cried, cries, tears, lonely, sighed, sorry, miss, missed, lost, unhappy
surprised: surprised, wow, suddenly, strange, amazed, wondered, curious, magic
angry: angry, cross, mad, furious, stamped, shouted, quarrel, fight
scared: scared, afraid, frightened, fear, trembled, scary, terrified, dark
sleepy: sleepy, tired, asleep, yawned, yawns, sleep, sleeps, slept, bedtime
""")

TIMES: Final = _table("""
night: night, midnight, moonlight, moon rises
evening: evening, sunset, dusk, the sun went down, the sun goes down
day: morning, sunrise, noon, afternoon, next day, the sun comes up, the sun came up, the sun rises, the sun rose
""")

WEATHERS: Final = _table("""
rain: rain, rains, raining, rained, rainy, storm, thunder, stormy
snow: snowing, snows, snowed, snowy, snowflakes, blizzard
fog: fog, foggy, mist, misty
clear: sunny, sunshine, rainbow, the sun came out, the sun comes out, the sun comes up, the sun came up
""")

#: Words that carry no subject of their own; what is left of a turn is what it is about.
SMALL_WORDS: Final = frozenset(re.findall(r"\w+", """
become becomes became write writes wrote use uses used
a an the and or but so then than that this these those there here it its is was are were be been being am i me
my mine we us our you your he him his she her hers they them their to of in on at by for from with without into
onto up down out over under off about after before again all some any every each no not do does did done have
has had can could will would shall should may might must let lets make made go goes went come comes came get
gets got see saw sees look looks looked say says said tell told ask asks asked want wants wanted very really too
also just now next suddenly once upon time one two three day night morning when while because if what who where
why how which somebody someone something everybody everyone nobody nothing like likes liked please end story new
old big small little good great other another more most much many back away home together still first last only
even find finds found take takes took give gives gave put puts turn turns turned start starts started try tries
tried think thinks thought them yes oh hello hi hey well okay ok inside outside behind near next along around
through between
"""))


def words_of(text: str) -> list[str]:
    """Lower-case words of a text, slots left out."""
    return [word for word in re.findall(r"[a-z][a-z'-]*[a-z]|[a-z]", re.sub(r"ID_\d('s)?", " ", text).casefold())]


def content_words(text: str) -> list[str]:
    """What a text is about: its words without the small ones, first use first."""
    return list(dict.fromkeys(word for word in words_of(text) if word not in SMALL_WORDS and word not in VERBS
                              and len(word) > 2))


def last_match(text: str, table: Mapping[str, str]) -> str:
    """The meaning of the last word or phrase of `table` in `text`, or ""."""
    best, at = "", -1
    low = f" {re.sub(r'[^a-z_ ]+', ' ', text.casefold())} "
    low = re.sub(r" +", " ", low)
    for phrase, meaning in table.items():
        found = low.rfind(f" {phrase} ")
        if found >= 0 and (found, len(phrase)) > (at, 0):
            best, at = meaning, found
    return best


_WAY = re.compile(
    r"\b(?:go|goes|went|going|walks?|walked|runs?|ran|travels?|travell?ed|fly|flies|flew|arrives?|arrived|comes?|came|"
    r"drives?|drove|sails?|sailed|swims?|swam|gets?|got|takes?|took|moves?|moved|climbs?|climbed|rides?|rode|heads?|"
    r"headed|dives?|dived|returns?|returned|sits?|sat|sleeps?|slept|wakes?|woke|plays?|played|lives?|lived|lands?|landed|"
    r"rests?|rested|stays?|stayed|dances?|danced|meets?|met|are|is|was|were|am)\b"
    r"(?: (?!not\b)[\w']+){0,7}? (?:to|into|in|at|on|up|down|under|through|inside) "
    r"(?:(?:the|a|an|my|her|his|their|our|ID_\d's) )?"
    r"(?:[\w']+ ){0,2}?(" + "|".join(sorted(map(re.escape, PLACES), key=len, reverse=True)) + r")\b", re.IGNORECASE)
_UNREAL = re.compile(r"\b(?:not|never|n't|dreams? of|wish(?:es)? to)\s*$", re.IGNORECASE)
_HOME = re.compile(r"\b(?:go|goes|went|come|comes|came|walk|walks|walked|ran|run|runs|get|gets|got|be|are|is|was|were) "
                   r"(?:[\w']+ ){0,2}?home\b", re.IGNORECASE)


#: "Inside the castle there is a mouse", "At night on the beach, ID_1 dances": a sentence that begins with where it is.
_OPENING: Final = re.compile(
    r"(?:^|(?<=[.!?] ))(?:(?:then|now|later|soon|at night|that night|in the morning|one day|the next (?:day|morning)|"
    r"back|far away|deep|up|down|out),? )*(?:in|at|on|inside|under) (?:(?:the|a|an|my|her|his|their|our|ID_\d's) )?"
    r"(?:[\w'-]+ ){0,2}?(" + "|".join(sorted(map(re.escape, PLACES), key=len, reverse=True)) + r")\b(?! of\b)",
    re.IGNORECASE)
_WHERE: Final = re.compile(
    r"\b(?:in|at|on|inside) (?:(?:the|a|an|my|her|his|their|our|ID_\d's) )?(?:[\w']+ ){0,2}?("
    + "|".join(sorted(map(re.escape, PLACES), key=len, reverse=True)) + r")\b", re.IGNORECASE)


def place_at(text: str) -> str:
    """The setting a text says something happens in ("wake up in the castle"), the last one, or ""."""
    found = list(_WHERE.finditer(text))
    return PLACES[found[-1][1].casefold()] if found else ""


def named_place(text: str) -> str:
    """The setting somebody goes to or is in according to `text` (the last one), or ""."""
    best, at = "", -1
    for found in _WAY.finditer(text):
        if found.start() > at and not _UNREAL.search(text[:found.start()]):
            best, at = PLACES[found[1].casefold()], found.start()
    for found in _OPENING.finditer(text):
        if found.start() > at:
            best, at = PLACES[found[1].casefold()], found.start()
    for found in _HOME.finditer(text):
        if found.start() > at:
            best, at = "living room", found.start()
    return best
