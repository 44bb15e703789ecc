"""Reads a Look out of somebody's own words, in English and Danish. Word lists only, no model."""

from __future__ import annotations

import re
from collections.abc import Mapping
from types import MappingProxyType
from typing import Any, Final

#: What each word means. Longer phrases are written with spaces and are found first.
KIND_WORDS: Final[Mapping[str, str]] = MappingProxyType({
    **dict.fromkeys(("grandmother", "grandma", "granny", "nana", "nan", "old woman", "old lady", "farmor", "mormor",
                     "bedstemor", "oldemor", "gammel dame", "gammel kone"), "grandmother"),
    **dict.fromkeys(("grandfather", "grandpa", "grandad", "granddad", "gramps", "old man", "farfar", "morfar",
                     "bedstefar", "oldefar", "gammel mand", "santa", "julemanden"), "grandfather"),
    **dict.fromkeys(("baby", "infant", "newborn", "babies", "spædbarn"), "baby"),
    **dict.fromkeys(("girl", "daughter", "sister", "granddaughter", "niece", "princess", "schoolgirl", "fairy",
                     "mermaid", "pige", "datter", "søster", "lillesøster", "storesøster", "prinsesse",
                     "kusine", "fe"), "girl"),
    **dict.fromkeys(("boy", "son", "brother", "grandson", "nephew", "prince", "schoolboy", "dreng", "søn", "bror",
                     "lillebror", "storebror", "prins", "nevø", "fætter"), "boy"),
    **dict.fromkeys(("woman", "mother", "mom", "mum", "mummy", "mommy", "mama", "aunt", "auntie", "lady", "wife",
                     "queen", "witch", "girlfriend", "kvinde", "mor", "tante", "faster", "moster", "dronning", "heks",
                     "dame", "kone", "kæreste", "madam"), "woman"),
    **dict.fromkeys(("man", "father", "dad", "daddy", "papa", "uncle", "husband", "king", "wizard", "knight", "guy",
                     "pirate", "boyfriend", "mand", "far", "onkel", "farbror", "morbror", "konge", "ridder",
                     "troldmand", "pirat"), "man"),
    **dict.fromkeys(("bear", "teddy bear", "teddy", "panda", "koala", "bamse", "bjørn", "isbjørn", "polar bear"),
                    "bear"),
    **dict.fromkeys(("rabbit", "bunny", "hare", "kanin"), "rabbit"),
    **dict.fromkeys(("cat", "kitten", "kitty", "tomcat", "tiger", "lion", "leopard", "kat", "killing", "mis", "løve"),
                    "cat"),
    **dict.fromkeys(("dog", "puppy", "doggy", "pup", "hound", "poodle", "terrier", "labrador", "retriever", "wolf",
                     "hund", "hvalp", "vovse", "ulv"), "dog"),
    **dict.fromkeys(("fox", "ræv"), "fox"),
    **dict.fromkeys(("mouse", "rat", "hamster", "guinea pig", "mus", "rotte", "marsvin"), "mouse"),
    **dict.fromkeys(("dragon", "dinosaur", "dino", "t rex", "drage", "crocodile", "krokodille"), "dragon"),
    **dict.fromkeys(("robot", "android", "droid"), "robot"),
    **dict.fromkeys(("unicorn", "pony", "horse", "enhjørning", "hest"), "unicorn"),
    **dict.fromkeys(("penguin", "pingvin", "bird", "parrot", "duck", "chicken", "fugl"), "penguin"),
})
#: Words that would be read as kinds by accident in the other language.
_DANISH_ONLY = ("far", "mis", "fe", "killing")

COLOUR_WORDS: Final[Mapping[str, str]] = MappingProxyType({
    "red": "red", "rød": "red", "rødt": "red", "røde": "red", "scarlet": "red", "crimson": "red",
    "orange": "orange", "yellow": "yellow", "gul": "yellow", "gult": "yellow", "gule": "yellow",
    "green": "green", "grøn": "green", "grønt": "green", "grønne": "green", "teal": "teal", "turquoise": "teal",
    "turkis": "teal", "blue": "blue", "blå": "blue", "blåt": "blue", "navy": "navy", "marineblå": "navy",
    "dark blue": "navy", "mørkeblå": "navy", "mørkeblåt": "navy", "purple": "purple", "violet": "purple",
    "lilla": "purple", "pink": "pink", "rosa": "pink", "lyserød": "pink", "lyserødt": "pink", "lyserøde": "pink",
    "white": "white", "hvid": "white", "hvidt": "white", "hvide": "white", "cream": "cream", "beige": "cream",
    "grey": "grey", "gray": "grey", "grå": "grey", "gråt": "grey", "silver": "grey", "sølv": "grey",
    "black": "black", "sort": "black", "sorte": "black", "brown": "brown", "brun": "brown", "brunt": "brown",
    "brune": "brown", "tan": "tan", "light brown": "tan", "lysebrun": "tan", "lysebrunt": "tan", "dark brown": "brown",
    "blond": "blond", "blonde": "blond", "lyst": "blond", "fair": "blond", "ginger": "ginger", "rødhåret": "ginger",
    "redhead": "ginger", "auburn": "ginger", "lilac": "lilac", "lavender": "lilac", "lavendel": "lilac",
    "mint": "mint", "gold": "gold", "golden": "gold", "guld": "gold", "gylden": "gold", "light blue": "blue",
    "lyseblå": "blue", "dark green": "green",
})

HAIR_NOUNS: Final = ("hair", "haired", "hår", "håret")
HAIR_WORDS: Final[Mapping[str, str]] = MappingProxyType({
    "bald": "bald", "skaldet": "bald", "curly": "curly", "curls": "curly", "krøller": "curly", "krøllet": "curly",
    "wavy": "curly", "afro": "afro", "bob": "bob", "page": "bob", "ponytail": "ponytail", "hestehale": "ponytail",
    "pigtails": "pigtails", "rottehaler": "pigtails", "bun": "bun", "knold": "bun", "braids": "braids",
    "plaits": "braids", "fletninger": "braids", "dreadlocks": "braids", "mohawk": "mohawk", "hanekam": "mohawk",
    "spiky": "spiky", "stritter": "spiky",
})
#: These mean hair only beside a word for hair.
HAIR_LENGTHS: Final[Mapping[str, str]] = MappingProxyType({
    "long": "long", "langt": "long", "short": "short", "kort": "short", "shoulder length": "bob",
    "skulderlangt": "bob",
})
HEADWEAR_WORDS: Final[Mapping[str, str]] = MappingProxyType({
    "hijab": "hijab", "headscarf": "headscarf", "tørklæde om hovedet": "headscarf", "bandana": "headscarf",
    "cap": "cap", "baseball cap": "cap", "kasket": "cap", "beanie": "beanie", "woolly hat": "beanie", "hue": "beanie",
    "sunhat": "sunhat", "sun hat": "sunhat", "straw hat": "sunhat", "hat": "sunhat", "solhat": "sunhat",
    "stråhat": "sunhat", "wizard hat": "wizard hat", "witch hat": "wizard hat", "pointed hat": "wizard hat",
    "troldmandshat": "wizard hat", "crown": "crown", "tiara": "crown", "krone": "crown", "bow": "bow",
    "hair bow": "bow", "sløjfe": "bow", "flower crown": "flower crown", "blomsterkrans": "flower crown",
    "helmet": "helmet", "hjelm": "helmet",
})
GLASSES_WORDS: Final[Mapping[str, str]] = MappingProxyType({
    "sunglasses": "sunglasses", "shades": "sunglasses", "solbriller": "sunglasses", "square glasses": "square",
    "firkantede briller": "square", "glasses": "round", "spectacles": "round", "briller": "round",
    "round glasses": "round", "goggles": "round",
})
BEARD_WORDS: Final[Mapping[str, str]] = MappingProxyType({
    "long beard": "long", "langt skæg": "long", "big beard": "long", "beard": "short", "bearded": "short",
    "stubble": "short", "skæg": "short", "fuldskæg": "short", "moustache": "moustache", "mustache": "moustache",
    "overskæg": "moustache",
})
OUTFIT_WORDS: Final[Mapping[str, str]] = MappingProxyType({
    "t shirt": "t-shirt", "tshirt": "t-shirt", "tee": "t-shirt", "shirt": "t-shirt", "top": "t-shirt",
    "skjorte": "t-shirt", "sweater": "sweater", "jumper": "sweater", "pullover": "sweater", "hoodie": "sweater",
    "cardigan": "sweater", "trøje": "sweater", "bluse": "sweater", "dress": "dress", "gown": "dress", "kjole": "dress",
    "sundress": "dress", "overalls": "overalls", "dungarees": "overalls", "suit": "overalls",
    "space suit": "overalls", "spacesuit": "overalls", "flight suit": "overalls", "rumdragt": "overalls",
    "dragt": "overalls", "jumpsuit": "overalls", "smækbukser": "overalls", "skirt": "skirt",
    "nederdel": "skirt", "tutu": "skirt", "raincoat": "raincoat", "coat": "raincoat", "jacket": "raincoat",
    "regnfrakke": "raincoat", "regnjakke": "raincoat", "jakke": "raincoat", "pyjamas": "pyjamas", "pajamas": "pyjamas",
    "pjs": "pyjamas", "nattøj": "pyjamas", "robe": "robe", "bathrobe": "robe", "kimono": "robe", "kappe": "robe",
    "abaya": "robe", "morgenkåbe": "robe", "shorts": "shorts", "no clothes": "bare", "swimsuit": "bare",
    "badetøj": "bare",
})
TROUSER_WORDS: Final = ("trousers", "pants", "jeans", "leggings", "bukser", "tights", "strømpebukser")
PATTERN_WORDS: Final[Mapping[str, str]] = MappingProxyType({
    "striped": "stripes", "stripes": "stripes", "stripy": "stripes", "stribet": "stripes", "striber": "stripes",
    "dotted": "dots", "dots": "dots", "polka dot": "dots", "polka dots": "dots", "spotted": "dots",
    "prikket": "dots", "prikker": "dots", "checked": "checks", "checkered": "checks", "plaid": "checks",
    "tartan": "checks", "ternet": "checks", "stars": "stars", "starry": "stars", "star": "stars",
    "heart": "hearts", "stjerner": "stars",
    "hearts": "hearts", "hjerter": "hearts", "flowers": "flowers", "flowery": "flowers", "floral": "flowers",
    "blomster": "flowers", "blomstret": "flowers", "plain": "plain", "ensfarvet": "plain",
})
ACCESSORY_WORDS: Final[Mapping[str, str]] = MappingProxyType({
    "scarf": "scarf", "halstørklæde": "scarf", "backpack": "backpack", "rucksack": "backpack", "rygsæk": "backpack",
    "necklace": "necklace", "halskæde": "necklace", "pearls": "necklace", "belt": "belt", "bælte": "belt",
    "bow tie": "bow tie", "butterfly": "bow tie", "cape": "cape", "cloak": "cape", "superhero": "cape",
    "boots": "boots", "wellies": "boots", "støvler": "boots", "gummistøvler": "boots", "headphones": "headphones",
    "høretelefoner": "headphones", "badge": "badge", "skilt": "badge", "wings": "wings", "vinger": "wings",
    "apron": "apron", "forklæde": "apron",
})
SKIN_WORDS: Final[Mapping[str, str]] = MappingProxyType({
    "black": "deep", "very dark": "deep", "deep": "deep", "dark": "brown", "mørk": "brown", "brown": "brown",
    "brun": "brown", "olive": "olive", "caramel": "caramel", "honey": "honey", "tan": "honey", "tanned": "honey",
    "golden": "honey", "light": "fair", "lys": "fair", "fair": "fair", "white": "fair", "peach": "peach",
    "pale": "porcelain", "bleg": "porcelain", "porcelain": "porcelain", "light brown": "caramel",
    "dark brown": "deep",
})
SKIN_NOUNS: Final = ("skin", "skinned", "hud", "complexion")
FUR_NOUNS: Final = ("fur", "furry", "coat", "pels", "scales", "skæl", "feathers", "fjer", "metal")
NEGATIONS: Final = ("no", "without", "not", "never", "uden", "ingen", "intet", "ikke")
#: A kind after one of these is something held or loved, not who this is.
WITH_WORDS: Final = ("with", "holding", "loves", "likes", "carrying", "hugging", "her", "his", "their", "rides",
                     "riding", "chases", "has", "med", "elsker", "holder", "hendes", "hans", "and", "og", "named")
PRONOUN_KINDS: Final[Mapping[str, str]] = MappingProxyType({
    "she": "girl", "her": "girl", "hun": "girl", "hendes": "girl", "he": "boy", "his": "boy", "him": "boy",
    "han": "boy", "hans": "boy"})
ADULT_WORDS: Final = ("adult", "grown", "voksen", "teacher", "doctor", "nurse", "lærer", "læge", "pædagog")
#: A colour before one of these belongs to what stands before them.
BREAKS: Final = (",", ".", ";", "with", "in", "wearing", "who", "has", "med", "i", "som", "har")
CLOTHES_AFTER: Final = ("pyjamas", "pajamas", "costume", "ears", "slippers", "kostume", "ører", "hat", "print", "suit",
                        "dress", "shirt", "sweater")


def words_of(text: str) -> list[str]:
    """Lower-case words of a text, hyphens and punctuation gone; a comma or full stop stays as its own mark."""
    return re.findall(r"[^\W_]+|[.,;]", text.casefold().replace("-", " ").replace("'s", " "))


def _phrases(tokens: list[str], table: Mapping[str, str]) -> list[tuple[int, int, str]]:
    """(start, end, meaning) of every phrase of the table in the tokens, longest first where they overlap."""
    found = []
    at = 0
    while at < len(tokens):
        for length in (3, 2, 1):
            meaning = table.get(" ".join(tokens[at:at + length]))
            if meaning is not None and at + length <= len(tokens):
                found.append((at, at + length, meaning))
                at += length - 1
                break
        at += 1
    return found


def _negated(tokens: list[str], start: int) -> bool:
    return any(token in NEGATIONS for token in tokens[max(0, start - 2):start])


def read_kind(description: str) -> str | None:
    """Who this is, as a word of KINDS; None where the words do not say."""
    tokens = words_of(description)
    english = any(token in ("the", "a", "is", "with", "my", "an", "of", "her", "his") for token in tokens)
    candidates = []
    for start, end, kind in _phrases(tokens, KIND_WORDS):
        if english and tokens[start] in _DANISH_ONLY and end - start == 1:
            continue
        if end < len(tokens) and tokens[end] in CLOTHES_AFTER:
            continue
        if _negated(tokens, start):
            continue
        held = any(token in WITH_WORDS for token in tokens[max(0, start - 3):start])
        candidates.append((held, start, kind))
    if candidates:
        return min(candidates)[2]
    for token in tokens:
        if token in PRONOUN_KINDS:
            child = PRONOUN_KINDS[token]
            if any(word in tokens for word in ADULT_WORDS):
                return "woman" if child == "girl" else "man"
            return child
    return None


def read_words(description: str) -> dict[str, Any]:
    """The fields of a Look that the words settle, and nothing else: `{"outfit": "dress", "outfit_colour": "red"}`."""
    tokens = words_of(description)
    said: dict[str, Any] = {}
    kind = read_kind(description)
    if kind is not None:
        said["kind"] = kind
    colours = _phrases(tokens, COLOUR_WORDS)

    def colour_before(start: int, nouns_between: set[int]) -> str | None:
        """The colour that belongs to the noun at `start`: within the four words before it, no other noun between."""
        for begin, end, name in reversed(colours):
            if end <= start and start - end <= 3 and not any(end <= noun < start for noun in nouns_between) \
                    and not any(tokens[i] in BREAKS for i in range(end, start)):
                taken.update(range(begin, end))
                return name
        return None

    taken: set[int] = set()
    hair_at = [i for i, token in enumerate(tokens) if token in HAIR_NOUNS]
    outfits, hats = _phrases(tokens, OUTFIT_WORDS), _phrases(tokens, HEADWEAR_WORDS)
    glasses, beards = _phrases(tokens, GLASSES_WORDS), _phrases(tokens, BEARD_WORDS)
    worn, styles = _phrases(tokens, ACCESSORY_WORDS), _phrases(tokens, HAIR_WORDS)
    trousers_at = [i for i, token in enumerate(tokens) if token in TROUSER_WORDS]
    bodies = [i for i, token in enumerate(tokens) if token in (*SKIN_NOUNS, *FUR_NOUNS, "eyes", "øjne", "nose", "shoes",
                                                                "sko", "socks")]
    nouns = {start for found in (outfits, hats, glasses, beards, worn) for start, _, _ in found} \
        | set(hair_at) | set(trousers_at) | set(bodies) | {start for start, _, _ in _phrases(tokens, KIND_WORDS)}

    for i, token in enumerate(tokens):                      # colours of eyes and shoes are nobody else's
        if token in ("eyes", "øjne", "nose", "shoes", "sko", "socks"):
            colour_before(i, nouns)
        if token in SKIN_NOUNS:
            for start, end, skin in reversed(_phrases(tokens[:i], SKIN_WORDS)):
                if i - end <= 1:
                    said["skin"] = skin
                    taken.update(range(start, end))
                    break
    _read_hair(tokens, hair_at, styles, colour_before, nouns, said)
    if any(token in ("redhead", "rødhåret") for token in tokens):
        said.setdefault("hair_colour", "ginger")
    if any(token in ("blonde", "lyshåret") for token in tokens):
        said.setdefault("hair_colour", "blond")
    if any(token in ("freckles", "freckled", "fregner", "fregnet") for token in tokens):
        at = next(i for i, t in enumerate(tokens) if t in ("freckles", "freckled", "fregner", "fregnet"))
        said["freckles"] = not _negated(tokens, at)
    for token, size in (("tall", 1.1), ("høj", 1.1), ("tiny", 0.9), ("bittelille", 0.9)):
        if token in tokens:
            said["size"] = size
    if any(token in ("wheelchair", "kørestol") for token in tokens):
        said["wheelchair"] = True

    for start, _, hat in hats:
        if tokens[start] == "bow" and tokens[start + 1:start + 2] == ["tie"]:
            continue
        said["headwear"] = "none" if _negated(tokens, start) else hat
        colour = colour_before(start, nouns - {start})
        if colour:
            said["headwear_colour"] = colour
    for start, _, kind_of_glasses in glasses:
        said["glasses"] = "none" if _negated(tokens, start) else kind_of_glasses
        colour_before(start, nouns - {start})
    for start, _, beard in beards:
        long = beard == "short" and any(token in ("long", "langt", "big",
                                                  "stort") for token in tokens[max(0, start - 3):start])
        said["beard"] = "none" if _negated(tokens, start) else "long" if long else beard
        colour = colour_before(start, nouns - {start})
        if colour:
            said.setdefault("hair_colour", colour)
    for start, _, outfit in outfits:
        if tokens[start] == "coat" and kind in _CREATURES:
            continue                                        # an animal's coat is its fur
        said.setdefault("outfit", outfit)
        colour = colour_before(start, nouns - {start})
        if colour and said["outfit"] == outfit:
            said.setdefault("trousers_colour" if outfit in ("skirt", "shorts") else "outfit_colour", colour)
        elif colour:
            said.setdefault("trousers_colour", colour)
    for at in trousers_at:
        colour = colour_before(at, nouns - {at})
        if colour is None and tokens[at] == "jeans":
            colour = "navy"
        if colour:
            said["trousers_colour"] = colour
    things = []
    for start, _, thing in worn:
        own = thing == "wings" and kind == "dragon"          # it was born with them
        if not own and not _negated(tokens, start) and thing not in things:
            things.append(thing)
            colour = colour_before(start, nouns - {start})
            if colour:
                said["accessory_colour"] = colour
    if things:
        said["accessories"] = tuple(things[:3])
    for start, _, pattern in _phrases(tokens, PATTERN_WORDS):
        said.setdefault("pattern", "plain" if _negated(tokens, start) else pattern)
    _read_rest(tokens, colours, taken, kind, said)
    return said


_CREATURES = ("bear", "rabbit", "cat", "dog", "fox", "mouse", "dragon", "robot", "unicorn", "penguin")


def _read_hair(tokens: list[str], hair_at: list[int], styles: list[tuple[int, int, str]], colour_before: Any,
               nouns: set[int], said: dict[str, Any]) -> None:
    """Style and colour of hair: "long brown hair", "brown curls", "a blond ponytail"."""
    from engine.vocabulary import HAIR_COLOURS

    for start, _, style in styles:
        if not _negated(tokens, start):
            said["hair"] = style
            colour = colour_before(start, nouns - {start}) if start + 1 not in hair_at else None
            if colour in HAIR_COLOURS:
                said["hair_colour"] = colour
    for at in hair_at:
        for start, _, length in _phrases(tokens[:at], HAIR_LENGTHS):
            if at - start <= 4:
                said.setdefault("hair", length)
        colour = colour_before(at, nouns - {at})
        if colour == "red":
            colour = "ginger"                               # "red hair" is a natural colour far more often
        colour = {"orange": "ginger", "gold": "blond", "yellow": "blond", "cream": "blond", "green": "teal",
                  "navy": "blue", "lilac": "purple"}.get(colour, colour)
        if colour in HAIR_COLOURS:
            said["hair_colour"] = colour


def _read_rest(tokens: list[str], colours: list[tuple[int, int, str]], taken: set[int], kind: str | None,
               said: dict[str, Any]) -> None:
    """Colours that no thing claimed: an animal's fur, or else nothing."""
    from engine.vocabulary import FUR_COLOURS

    if kind not in _CREATURES:
        return
    for start, end, name in colours:
        name = {"blond": "tan", "navy": "blue"}.get(name, name)
        if not taken & set(range(start, end)) and name in FUR_COLOURS:
            said.setdefault("fur", name)
