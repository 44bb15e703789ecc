"""Who "my sister", "the dog" and "both of them" can be: words for people, kinds and groups. Standard library only.

A relation is what somebody is to the person who registered them, in that person's own words ("my little sister"), so
"my sister" in a turn means the sister of whoever writes it.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from engine.nouns import CharacterId
from engine.vocabulary import CREATURES


@dataclass(frozen=True, slots=True)
class Person:
    """What the rules know of somebody in the story."""

    pronouns: str = "any"
    kind: str = ""
    owner: str = ""                        # whose character this is
    relation: str = ""                     # what they are to their owner, in the owner's words
    is_owner: bool = False                 # their owner means them by "I"
    name: str = ""


def word_table(text: str) -> dict[str, str]:
    """Lines of "meaning: word, word" as {word: meaning}."""
    table = {}
    for line in text.strip().splitlines():
        meaning, _, words = line.partition(":")
        for word in words.split(","):
            table[word.strip()] = meaning.strip()
    return table


#: Words for those who belong to us, by what they mean.
KIN: Final[Mapping[str, str]] = word_table("""
mother: mother, mum, mummy, mom, mommy, mama, mamma, ma
father: father, dad, daddy, papa, pa, pop
grandmother: grandmother, grandma, granny, gran, nana, nan, nanny, oma
grandfather: grandfather, grandpa, grandad, granddad, gramps, opa
sister: sister, sis
brother: brother, bro
aunt: aunt, auntie, aunty
uncle: uncle
cousin: cousin
daughter: daughter
son: son
wife: wife
husband: husband
friend: friend, mate, pal, buddy
teacher: teacher
neighbour: neighbour, neighbor
twin: twin
baby: baby
doll: doll
toy: toy, plushie, plush
teddy: teddy, teddy bear, bear
dog: dog, doggy, doggie, puppy, pup
cat: cat, kitty, kitten, pussycat
rabbit: rabbit, bunny
fox: fox
mouse: mouse, hamster, guinea pig
dragon: dragon, dinosaur
robot: robot
unicorn: unicorn, pony, horse
penguin: penguin, bird
pet: pet
""")
#: Kin who are called so without "my": "Mum came in".
_CALLED: Final = frozenset(("Mum", "Mummy", "Mom", "Mommy", "Mama", "Dad", "Daddy", "Papa", "Grandma", "Granny", "Gran",
                            "Nana", "Nan", "Grandpa", "Grandad", "Granddad", "Gramps", "Auntie"))
#: What a stranger would call somebody of these kinds.
KIND_NOUNS: Final[Mapping[str, tuple[str, ...]]] = {
    **{word: ("dog",) for word in ("dog", "doggy", "doggie", "puppy", "pup", "hound")},
    **{word: ("cat",) for word in ("cat", "kitty", "kitten", "pussycat")},
    **{word: ("bear",) for word in ("bear", "teddy", "teddy bear")},
    **{word: ("rabbit",) for word in ("rabbit", "bunny", "hare")},
    **{word: (word,) for word in ("fox", "mouse", "dragon", "robot", "unicorn", "penguin", "baby", "girl", "boy")},
    "princess": ("girl",), "prince": ("boy",), "queen": ("woman",), "king": ("man",),
    "woman": ("woman", "grandmother"), "lady": ("woman", "grandmother"), "man": ("man", "grandfather"),
    "old lady": ("grandmother",), "old woman": ("grandmother",), "old man": ("grandfather",),
    "grandmother": ("grandmother",), "grandfather": ("grandfather",), "grandma": ("grandmother",),
    "grandpa": ("grandfather",), "granny": ("grandmother",),
}
#: Kinds that "the animals" takes in.
_ANIMALS: Final = frozenset(CREATURES) - {"robot"}
_NUMBERS: Final = {"two": 2, "three": 3, "four": 4, "five": 5, "six": 6, "seven": 7, "eight": 8}
_SYMMETRIC: Final = frozenset({"sister", "brother", "cousin", "friend", "twin", "neighbour"})

#: Before a noun it only describes: "the big brown dog".
ADJECTIVES: Final = (
    "little|big|small|tiny|huge|great|old|young|poor|brave|clever|good|bad|dear|sweet|funny|silly|naughty|lazy|tired|"
    "sleepy|hungry|happy|sad|angry|wet|muddy|shiny|fluffy|fat|thin|tall|strong|proud|lovely|cute|beloved|own|favourite|"
    "favorite|best|older|younger|elder|eldest|youngest|twin|new|red|blue|green|yellow|pink|purple|orange|brown|black|"
    "white|grey|gray|golden|silver")
KIN_PATTERN: Final = "|".join(sorted(map(re.escape, KIN), key=len, reverse=True))
_NOUNS: Final = "|".join(sorted(map(re.escape, {*KIND_NOUNS, *KIN, "captain", "doctor", "pirate", "witch", "wizard",
                                                "knight", "nurse", "miss", "professor"}), key=len, reverse=True))
#: Nouns that make the noun before them a mere description: "the dog house".
_COMPOUND: Final = (r"(?! (?:house|flap|food|bowl|bed|basket|hair|toy|park|show|biscuits?|cave|costume|suit|mask|"
                    r"picture|book|story|box|ears?|tail|shop|door|room|collar|lead|school|card|shape|shaped|print|hole)\b)")
KIND_PATTERN: Final = rf"the (?:(?:{ADJECTIVES}) ){{0,2}}(?:{_NOUNS})(?:'s)?\b{_COMPOUND}(?! and i\b)"
_CROWD: Final = (r"girls|boys|children|kids|friends|animals|twins|brothers|sisters|siblings|ladies|women|men|sisters|"
                 r"grown-ups|adults|grandparents|parents|pets|toys")
GROUP_PATTERN: Final = (
    r"(?:everybody|everyone)(?: else)?(?: in the \w+)?|all of (?:them|us|the \w+)|(?:they|we) (?:all|both)\b"
    r"|the whole (?:crew|family|gang|group|company|team|lot)"
    r"|(?:the|all|us) (?:two|three|four|five|six)(?: of (?:them|us))?(?: (?:little |best |brave |good )?"
    rf"(?:{_CROWD}))?(?! \w*(?:s|ren|men)\b)"
    r"|(?:both|each|neither|none|one) of (?:them|us)|the (?:pair|couple|duo|trio)|both(?= (?!hands|feet|legs|arms|"
    r"sides|eyes|ears|ways|his|her|their|my|the|of)[a-z]+\b)"
    rf"|both (?:the )?(?:{_CROWD})|(?:all (?:of )?)?the (?:(?:{ADJECTIVES}) ){{0,1}}(?:{_CROWD})")
CALLED_PATTERN: Final = "|".join(sorted(_CALLED, key=len, reverse=True))


def kin(words: str) -> str:
    """What a relation means: "my little sister" is "sister"; "" where no word of it is known."""
    low = re.findall(r"[a-z]+", words.casefold())
    for length in (2, 1):
        for at in range(len(low) - length, -1, -1):
            meaning = KIN.get(" ".join(low[at:at + length]))
            if meaning is not None:
                return meaning
    return ""


def related(owner: str, words: str, people: Mapping[CharacterId, Person], *,
            without: Iterable[CharacterId] = ()) -> tuple[CharacterId, ...]:
    """Whom the person `owner` means by "my <words>": those of theirs whom they called so, else their only one of that
    kind. Several of the same relation are all returned."""
    wanted = kin(words)
    if not wanted:
        return ()
    left = {who: person for who, person in people.items() if person.owner == owner and who not in set(without)
            and not person.is_owner}
    said = set(re.findall(r"[a-z]+", words.casefold()))
    called = [who for who, person in left.items() if kin(person.relation) == wanted]
    if not called:
        called = [who for who, person in left.items() if wanted in person.relation.casefold().split()]
    exact = [who for who in called if said & (set(re.findall(r"[a-z]+", left[who].relation.casefold()))
                                              - set(KIN) - {"my"})]
    if exact:
        called = exact
    if not called and wanted in KIND_NOUNS:
        called = [who for who, person in left.items() if person.kind in KIND_NOUNS[wanted]
                  and (person.kind in CREATURES)]
    return tuple(called)


def relatives(of: CharacterId, words: str, people: Mapping[CharacterId, Person]) -> tuple[CharacterId, ...]:
    """Who is <words> to a character: "Mia's dog", "her sister". Relations are told to owners, so they hold for the
    character an owner means by "I", and backwards where they go both ways."""
    person = people.get(of)
    if person is None:
        return ()
    if person.is_owner:
        return related(person.owner, words, people, without=(of,))
    wanted = kin(words)
    if wanted in _SYMMETRIC and kin(person.relation) == wanted:
        return tuple(who for who, other in people.items() if other.owner == person.owner and other.is_owner)
    found = related(person.owner, words, people, without=(of,)) if wanted in CREATURES else ()
    owners = any(other.owner == person.owner and other.is_owner for other in people.values())
    return found if not owners else ()


def of_kind(phrase: str, people: Mapping[CharacterId, Person]) -> tuple[CharacterId, ...]:
    """Everybody "the <phrase>" can mean: by a word of their name ("the captain"), by relation, by kind."""
    words = re.sub(r"'s$", "", phrase.casefold()).removeprefix("the ")
    nouns = [noun for noun in (" ".join(words.split()[-2:]), words.split()[-1])]
    for noun in nouns:
        named = tuple(who for who, person in people.items() if noun in person.name.casefold().split())
        if named:
            return named
        kinds = KIND_NOUNS.get(noun)
        if kinds:
            return tuple(who for who, person in people.items() if person.kind in kinds)
    wanted = kin(nouns[-1])
    return tuple(who for who, person in people.items() if wanted and kin(person.relation) == wanted)


def number_in(phrase: str) -> int:
    """How many a group's words speak of; 0 where they do not say."""
    low = phrase.casefold()
    if re.search(r"\b(?:both|neither|pair|couple|duo|the two|two|twins)\b", low):
        return 2
    if "trio" in low:
        return 3
    return next((count for word, count in _NUMBERS.items() if re.search(rf"\b{word}\b", low)), 0)


def crowd(phrase: str, people: Mapping[CharacterId, Person]) -> tuple[CharacterId, ...] | None:
    """The people of the whole story that a group's noun takes in ("the girls"); None where it has no such noun."""
    low = phrase.casefold()

    def those(test: Sequence[str], field: str = "kind") -> tuple[CharacterId, ...]:
        return tuple(who for who, person in people.items() if getattr(person, field) in test)

    if re.search(r"\btwins\b", low):
        pairs = {person.owner for person in people.values() if "twin" in person.relation.casefold()}
        return tuple(who for who, person in people.items()
                     if person.owner in pairs and (person.is_owner or "twin" in person.relation.casefold()))
    for noun, pronoun in (("sisters", "she"), ("brothers", "he"), ("siblings", "")):
        if re.search(rf"\b{noun}\b", low):
            wanted = {"sister", "brother"} if not pronoun else {noun[:-1]}
            owners = {person.owner for person in people.values() if kin(person.relation) in wanted}
            return tuple(who for who, person in people.items() if person.owner in owners
                         and (kin(person.relation) in wanted or person.is_owner)
                         and person.pronouns in (pronoun or person.pronouns, "any"))
    for noun, kinds in (("girls", ("girl",)), ("boys", ("boy",)), ("children|kids", ("girl", "boy", "baby")),
                        ("animals|pets|toys", tuple(_ANIMALS)), ("ladies|women", ("woman", "grandmother")),
                        ("grandparents", ("grandmother", "grandfather")), ("men", ("man", "grandfather")),
                        ("grown-ups|adults|parents", ("woman", "man", "grandmother", "grandfather"))):
        if re.search(rf"\b(?:{noun})\b", low):
            return those(kinds)
    return None
