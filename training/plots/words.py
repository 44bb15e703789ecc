"""The words of the plot world: nouns by class, invented words, verb forms."""

from __future__ import annotations

import random
from functools import cache
from pathlib import Path
from typing import Final

HERE: Final = Path(__file__).parent
VOWELS: Final = "aeiou"
#: Irregular past forms; everything else takes -ed.
PAST: Final = dict(
    pair.split(":")
    for pair in """
find:found lose:lost see:saw make:made get:got give:gave take:took go:went come:came run:ran fall:fell hurt:hurt
break:broke eat:ate drink:drank have:had say:said tell:told hear:heard hide:hid sing:sang swim:swam fly:flew
ride:rode sleep:slept wake:woke read:read build:built draw:drew bring:brought buy:bought catch:caught throw:threw
think:thought know:knew feel:felt hold:held keep:kept leave:left meet:met sit:sat stand:stood win:won write:wrote
become:became begin:began rise:rose stick:stuck shrink:shrank spin:spun bite:bit dig:dug sell:sold steal:stole
teach:taught feed:fed light:lit do:did forgive:forgave grow:grew blow:blew shake:shook put:put cut:cut burst:burst
let:let fight:fought speak:spoke cannot:could_not can:could melt:melted lie:lay drive:drove sweep:swept catch:caught
""".replace("_", "~").split()
)
DOUBLING: Final = frozenset(
    [
        "stop",
        "drop",
        "grab",
        "hug",
        "hop",
        "trip",
        "dig",
        "nod",
        "wrap",
        "clap",
        "chat",
        "spot",
        "tap",
        "beg",
        "rub",
        "jog",
        "drag",
        "plan",
        "skip",
        "hum",
        "pat",
        "tug",
        "zip",
        
    ]
)


@cache
def classes() -> dict[str, tuple[str, ...]]:
    """Word lists by class."""
    lists: dict[str, list[str]] = {}
    current = ""
    for line in (HERE / "words.txt").read_text().splitlines():
        if line.startswith("== "):
            current = line[3:]
        elif line and not line.startswith("//"):
            lists.setdefault(current, []).extend(line.split())
    return {name: tuple(dict.fromkeys(words)) for name, words in lists.items()}


def invented(rng: random.Random) -> str:
    """A word nobody has seen, of two to four syllables' length at most: it can only be copied."""
    starts = "b bl br c ch cl cr d dr f fl fr g gl gr h j k kl l m n p pl pr qu r s sh sk sl sn sp st str t th tr v z"
    middles = "a e i o u oo ee ai ou a e i o u"
    ends = "b ck d ff g ll m mp n nk ng nt p r rt s sh ss st t x zz ddle mble ffin kin let ster bert rn w y er on ix us"
    word = ""
    for _ in range(rng.choice((1, 1, 2, 2, 2))):
        word += rng.choice(starts.split()) + rng.choice(middles.split())
    return word + rng.choice(ends.split())


def past(verb: str) -> str:
    if verb in PAST:
        return PAST[verb].replace("~", " ")
    if verb in DOUBLING:
        return verb + verb[-1] + "ed"
    if verb.endswith("e"):
        return verb + "d"
    if verb.endswith("y") and verb[-2:-1] not in VOWELS:
        return verb[:-1] + "ied"
    return verb + "ed"


def third(verb: str) -> str:
    """Present tense, third person singular."""
    if verb in ("have", "do", "go", "cannot", "can"):
        return {"have": "has", "do": "does", "go": "goes"}.get(verb, verb)
    if verb.endswith(("s", "x", "z", "ch", "sh")):
        return verb + "es"
    if verb.endswith("y") and verb[-2:-1] not in VOWELS:
        return verb[:-1] + "ies"
    return verb + "s"
