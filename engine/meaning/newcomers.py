"""Who comes into a story while it is told: "a dragon called Pim came in" makes a character of Pim. Pure rules.

Only somebody who is named and is of a kind that can be drawn comes in this way. What is said aloud, dreamed, read in a
book or merely called for brings nobody. Standard library and the word lists of casting only.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Final

from engine.cast.describing import KIND_WORDS
from engine.meaning.reader import WORDS_TOO
from engine.meaning.relations import KIN, KIN_PATTERN, word_table
from engine.nouns import Character, CharacterId, OwnerId, Pronouns, Sharing, Story, TurnId
from engine.vocabulary import COLOURS, CREATURES

#: So many come in with one turn at most; a story holds so many characters.
MOST_AT_ONCE: Final = 2
MOST_IN_STORY: Final = 12
#: What the id of somebody born in a story begins with.
BORN: Final = "born-"


#: Somebody who is drawn as the nearest kind there is.
NEAREST: Final[Mapping[str, str]] = word_table("""
penguin: owl, eagle, pigeon, goose, swan, crow, raven, robin, sparrow, seagull, stork, turkey, hen, rooster, ostrich
mouse: squirrel, hedgehog, mole, beaver, gerbil, chipmunk, badger, otter, rat, hamster
bear: panda, gorilla, monkey, ape, yeti, walrus, elephant, sloth, koala, hippo
dog: wolf, coyote, seal
cat: tiger, lion, leopard, panther, lynx
fox: raccoon, kangaroo
unicorn: donkey, zebra, deer, reindeer, moose, cow, goat, sheep, lamb, giraffe, camel, pony, horse
dragon: dinosaur, crocodile, snake, lizard, turtle, frog, toad, monster, troll, sea monster, gecko, whale, shark
robot: alien, ghost, snowman, martian, spaceman, scarecrow
girl: fairy, mermaid, princess, child, kid
boy: prince, dwarf, gnome, elf, goblin
woman: witch, queen, teacher, nurse, doctor, shopkeeper, neighbour, baker, ballerina
man: wizard, king, knight, pirate, giant, clown, postman, farmer, captain, sailor, fisherman, magician, policeman
""")
_DANISH: Final = re.compile(r"[æøå]|^(?:far|mor|mis|fe|killing|kat|hund|drage|ræv|mus|mand|kvinde|pige|dreng|bror|"
                            r"faster|"
                            r"moster|heks|konge|prins|ridder|pirat|hest|fugl|and|kanin|hvalp|ulv|enke|kone|dame|madam|"
                            r"onkel|tante|bamse|mormor|farmor|morfar|farfar|datter|kusine|prinsesse|rotte|marsvin|"
                            r"vovse)$")
KINDS_OF: Final[Mapping[str, str]] = {
    **NEAREST, **{word: kind for word, kind in KIND_WORDS.items() if not _DANISH.search(word)}}
_SHE: Final = frozenset((
    "girl", "woman", "grandmother", "witch", "queen", "princess", "fairy", "mermaid", "nurse", "lady", "grandma",
    "granny", "sister", "mother", "aunt", "hen", "cow", "ballerina", "daughter"))
_HE: Final = frozenset((
    "boy", "man", "grandfather", "wizard", "king", "prince", "knight", "giant", "grandpa", "brother", "father", "uncle",
    "postman", "policeman", "fisherman", "rooster", "son"))
_NOUN: Final = "|".join(sorted(map(re.escape, KINDS_OF), key=len, reverse=True))
_NAME: Final = r"(?-i:[A-ZÆØÅÄÖÜÉ][\w’'-]*[\w](?: (?:of|the|von|van) [A-ZÆØÅÄÖÜÉ][\w-]+| [A-ZÆØÅÄÖÜÉ][\w-]+)?)"
_SMALL_NAME: Final = r"[^\W\d_][\w’'-]+"
#: Words that describe: anything but what begins something else.
_ADJ: Final = (r"(?:(?!(?:called|named|and|or|of|who|with|about|from|a|an|the|they|he|she|it|in|on|at|to|we|i|met|is|"
               r"was|had|has|have|for|that|this|by|my|his|her|their|our|as|not|no)\b)[\w-]+,? ){0,4}?")
_DET: Final = r"(?P<det>a|an|another|one|my|our|his|her|their|some)"
_TAIL: Final = (r"(?P<tail> (?:with|in|wearing|from|made of|as \w+ as|who)(?: (?!called|named|came|jumped|ran)"
                r"[\w'-]+){1,7}?)?")
_PATTERNS: Final = tuple(re.compile(pattern, re.IGNORECASE) for pattern in (
    # "a tiny dragon with red wings called Pim"
    rf"\b{_DET} (?P<adj>{_ADJ})(?P<noun>{_NOUN}){_TAIL},? (?:called|named|whose name (?:is|was)|by the name of|who "
    rf"(?:is|was) (?:called|named)) (?P<name>{_NAME})",
    # "the dragon named Pim"
    rf"\b(?P<det>the) (?P<adj>{_ADJ})(?P<noun>{_NOUN}){_TAIL},? (?:named|whose name (?:is|was)|by the name of) "
    rf"(?P<name>{_NAME})",
    # "Ola the fox sat down"
    rf"\b(?P<name>{_NAME}),? (?P<det>the|a|an) (?P<adj>{_ADJ})(?P<noun>{_NOUN})\b(?!-| (?:of|called|named))",
    # "my teddy Bobo", "a robot, Zip,"
    rf"\b(?P<det>a|an|another|my|our|his|her|their|the) (?P<adj>{_ADJ})(?P<noun>{_NOUN}),? (?P<name>{_NAME})"
    rf"(?=[ ,.!?:;']|$)",
    # "Pim is a dragon"
    rf"\b(?P<name>{_NAME}),? (?:is|was|who (?:is|was)) (?P<det>a|an|my|our) (?P<adj>{_ADJ})(?P<noun>{_NOUN})\b(?!-)",
    # "a dragon came along. His name was Pim."
    rf"\b{_DET} (?P<adj>{_ADJ})(?P<noun>{_NOUN})\b[^.!?\"]{{0,80}}[.!?] (?:And |But )?(?:(?:His|Her|Its|Their) name"
    rf"(?:'s| is| was)|(?:He|She|It|They)(?:'s| is| was| were| are) (?:called|named)) (?P<name>{_NAME})",
))
#: The same for who types no capitals: the plainest form alone.
_SMALL: Final = re.compile(
    rf"\b(?P<det>a|an|another|my|our) (?P<adj>{_ADJ})(?P<noun>{_NOUN}){_TAIL} (?:called|named) (?P<name>{_SMALL_NAME})",
    re.IGNORECASE)
#: Before somebody who is only told of, wished or looked for.
_TOLD_OF: Final = re.compile(
    r"\b(?:book|story|stories|film|movie|song|poem|picture|drawing|painting|poster|statue|tale|legend|letter|"
    r"postcard|map|"
    r"game|rhyme|photo|dream|costume|mask)s? (?:about|of|from|to|with|called)[^.!?]*$"
    r"|\b(?:dream(?:s|ed|t|ing)? (?:of|about|that)|heard (?:of|about)|hears? (?:of|about)|talk(?:s|ed) (?:of|about)|"
    r"wish(?:es|ed)?|pretend\w*|imagin\w*|never|no longer|there (?:is|was) no|if|draws?|drew|painted|"
    r"paints|dressed (?:up )?as|want(?:s|ed)?(?: to (?:be|have|get))?|would (?:be|like)|read(?:s|ing)? (?:about|of))"
    r"[^.!?]{0,30}$", re.IGNORECASE)
_STRAIGHT: Final = str.maketrans("“”„’‘\n", '"""' + "'' ")
_NOT_NAMES: Final = frozenset(re.findall(r"\w+", """
I Monday Tuesday Wednesday Thursday Friday Saturday Sunday January February March April May June July August September
October November December Christmas Easter Halloween English Danish OK Oh Yes No Hooray Hello Hi Hey Mars Earth Moon
God The A An And But Then Suddenly They We He She It You My Our His Her Let What Why Where Who How When Is Are Can Do
Did Will There This That One All Everybody Everyone Somebody Nobody Please Now Once Next After Before Soon Today
Tomorrow Yesterday Here So Because While In On At Out Up Down Off Look Wow Mum Mummy Mom Mommy Dad Daddy Grandma
Grandpa Granny Nana Captain Doctor Miss Mister Mr Mrs Sir Lady Everything Something Nothing Both Again From To For Me
Us Him Them Over Back
"""))
_TITLES: Final = frozenset(("Captain", "Doctor", "Miss", "Mister", "Mr", "Mrs", "Sir", "Lady", "Grandma", "Grandpa"))
_PRONOUN: Final[Mapping[str, Pronouns]] = {
    "she": Pronouns.SHE, "her": Pronouns.SHE, "he": Pronouns.HE, "him": Pronouns.HE, "his": Pronouns.HE,
    "it": Pronouns.IT, "its": Pronouns.IT, "they": Pronouns.THEY, "them": Pronouns.THEY, "their": Pronouns.THEY}


@dataclass(frozen=True, slots=True)
class Newcomer:
    """Somebody who comes into the story here."""

    name: str
    kind: str                              # a word of vocabulary.KINDS
    noun: str                              # what the text calls them: "frog"
    description: str                       # "a tiny green frog with a crown"
    pronouns: Pronouns
    relation: str = ""                     # to whoever wrote it: "teddy"
    start: int = 0                         # where the text names them


def newcomers_in(text: str, known: Collection[str] = (), *, by_writer: bool = True) -> tuple[Newcomer, ...]:
    """Whom a text brings in, in order, two at most. `known` are the names and nicknames that are somebody's already.

    `by_writer` is False for the bot's prose, in which "my" is nobody's.
    """
    straight = text.translate(_STRAIGHT)
    plain = re.sub(r'"[^"]*"?', lambda found: " " * len(found[0]), straight)
    taken = {word for name in known for word in (name.casefold(), *name.casefold().split())}
    found: dict[str, Newcomer] = {}
    patterns = _PATTERNS if re.search(r"[A-Z][a-z]", plain) else (*_PATTERNS, _SMALL)
    for pattern in patterns:
        for match in pattern.finditer(plain):
            name = _clean(match["name"])
            low = name.casefold()
            if not name or low in taken or low in found or name in _NOT_NAMES or low in KIN or low in KINDS_OF:
                continue
            titles = _TITLES if " " in name else frozenset()
            if name.split()[0] in _NOT_NAMES - titles or any(one in taken for one in low.split()):
                continue
            if pattern is _SMALL and (low in WORDS_TOO or len(low) < 2):
                continue
            if _TOLD_OF.search(plain[:match.start()]) or re.search(r"\b(?:no|not a|not an) *$", plain[:match.start()]):
                continue
            after = plain[match.end():]
            if re.match(r"'s (?:house|castle|cave|shop|town|book|day|hat|room)\b|-| (?:Street|Road|Town|Castle|Island|"
                        r"Park|School|Book)\b", after):
                continue
            mine = match["det"].casefold() in ("my", "our")
            if mine and not by_writer:
                continue
            noun = match["noun"].casefold()
            tail = (match.groupdict().get("tail") or "") or _with(after)
            description = " ".join(f"{match['adj']}{match['noun']}{tail}".split()).casefold()
            kind = KINDS_OF[noun]
            relation = noun if mine and re.fullmatch(KIN_PATTERN, noun) else ""
            found[low] = Newcomer(name, kind, noun, f"{'an' if description[:1] in 'aeiou' else 'a'} {description}",
                                  _pronouns(noun, kind, match[0], after), relation, match.start("name"))
    return tuple(sorted(found.values(), key=lambda one: one.start)[:MOST_AT_ONCE])


def _clean(name: str) -> str:
    name = re.sub(r"'s$", "", name.strip(" ,.'’-"))
    parts = name.split()
    if len(parts) > 1 and parts[-1] in _NOT_NAMES:
        parts = parts[:-1]
    name = " ".join(parts)
    return name[:1].upper() + name[1:]


def _with(after: str) -> str:
    """What follows a name and still describes: " with red wings"."""
    found = re.match(rf",?( (?:with|wearing|in(?= (?:a|an|his|her|its) ))(?: (?:a|an|the|his|her|its|their|two|three|"
                     rf"very|{'|'.join(COLOURS)}|long|short|big|little|tiny|curly|round|pointy|shiny|and|[a-z]+ed|"
                     rf"[a-z]+y)){{0,5}} [a-z]+)", after)
    return found[1] if found and not re.match(r",? in (?:the|a) (?:garden|forest|castle|house|morning|"
                                              r"evening)\b", after) \
        else ""


def _pronouns(noun: str, kind: str, said: str, after: str) -> Pronouns:
    """By what the text calls them; else by the word for what they are; else open."""
    inside = re.search(r"\b(His|Her|Its|Their|He|She|It|They) (?:name|is|was|are|were)\b", said)
    if inside:
        return _PRONOUN[inside[1].casefold()]
    # The first pronoun after the name, if nobody else is named before it.
    found = re.match(r"[^\"A-Z]{0,80}?\b(she|her|he|him|his|it|its|they|them|their)\b", after) or re.match(
        r"[^\"A-Z.!?]{0,60}[.!?] (She|He|It|They)\b(?! (?:was|is) (?:dark|raining|late|cold))", after)
    if found:
        pronoun = _PRONOUN[found[1].casefold()]
        if pronoun is not Pronouns.IT or kind in CREATURES:
            return pronoun
    if noun in _SHE or (kind in ("girl", "woman", "grandmother") and noun not in NEAREST):
        return Pronouns.SHE
    if noun in _HE or (kind in ("boy", "man", "grandfather") and noun not in NEAREST):
        return Pronouns.HE
    return Pronouns.ANY


def character_of(newcomer: Newcomer, *, owner_id: OwnerId, story: Story, turn_id: TurnId) -> Character:
    """The character a newcomer becomes, without an avatar yet: the same for the same turn and name.

    Their look is what the words say, over the nearest kind that can be drawn.
    """
    from engine.cast.measuring import look_from_words

    words = newcomer.description.replace(newcomer.noun, newcomer.kind, 1)
    look = replace(look_from_words(words, newcomer.pronouns), kind=newcomer.kind, words=newcomer.description)
    mark = hashlib.sha256(newcomer.name.casefold().encode()).hexdigest()[:8]
    return Character(CharacterId(f"{BORN}{turn_id}-{mark}"), owner_id, newcomer.name, newcomer.pronouns, look,
                     newcomer.description, sharing=Sharing.STORY, server_id=story.server_id,
                     relation=newcomer.relation, born_in=story.story_id)


def names_of(cast: Iterable[Character]) -> list[str]:
    """Every name and nickname that is somebody's."""
    return [name for character in cast for name in (character.name, *character.nicknames)]
