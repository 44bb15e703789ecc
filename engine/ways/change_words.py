"""The words people use when they ask for a change to a picture, by what they mean. Data; standard library only.

What can be worn, held and felt is the closed vocabulary's; here stand the many ways of saying it, in English, and a
dictionary that turns simple Danish into those words.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from engine.vocabulary import ACCESSORIES, GLASSES, HEADWEAR, MOODS, OUTFITS, PATTERNS, PROPS
from engine.writers.lexicon import PLACES, VERBS

#: What can be put on: word -> (field of the Look, its value).
GARMENTS: Final[Mapping[str, tuple[str, str]]] = MappingProxyType({
    **{word: ("headwear", word) for word in HEADWEAR if word != "none"},
    **{word: ("outfit", word) for word in OUTFITS if word != "bare"},
    **{word: ("accessories", word) for word in ACCESSORIES},
    "hat": ("headwear", "sunhat"), "sun hat": ("headwear", "sunhat"), "straw hat": ("headwear", "sunhat"),
    "woolly hat": ("headwear", "beanie"), "winter hat": ("headwear", "beanie"), "bobble hat": ("headwear", "beanie"),
    "magic hat": ("headwear", "wizard hat"), "witch hat": ("headwear", "wizard hat"),
    "pointed hat": ("headwear", "wizard hat"), "pirate hat": ("headwear", "headscarf"), "tiara": ("headwear", "crown"),
    "ribbon": ("headwear", "bow"), "wreath": ("headwear", "flower crown"), "bike helmet": ("headwear", "helmet"),
    "glasses": ("glasses", "round"), "spectacles": ("glasses", "round"), "square glasses": ("glasses", "square"),
    "round glasses": ("glasses", "round"), "sunglasses": ("glasses", "sunglasses"),
    "shirt": ("outfit", "t-shirt"), "tshirt": ("outfit", "t-shirt"), "tee": ("outfit", "t-shirt"),
    "jumper": ("outfit", "sweater"), "pullover": ("outfit", "sweater"), "cardigan": ("outfit", "sweater"),
    "dungarees": ("outfit", "overalls"), "rain coat": ("outfit", "raincoat"), "coat": ("outfit", "raincoat"),
    "jacket": ("outfit", "raincoat"), "pajamas": ("outfit", "pyjamas"), "nightdress": ("outfit", "pyjamas"),
    "dressing gown": ("outfit", "robe"), "bathrobe": ("outfit", "robe"), "gown": ("outfit", "dress"),
    "rucksack": ("accessories", "backpack"), "cloak": ("accessories", "cape"), "bowtie": ("accessories", "bow tie"),
    "wellingtons": ("accessories", "boots"), "wellies": ("accessories", "boots"),
    "shawl": ("accessories", "scarf"), "medal": ("accessories", "badge"),
})
#: The field of a Look that holds the colour of what is worn in another.
COLOUR_FIELDS: Final[Mapping[str, str]] = MappingProxyType({
    "headwear": "headwear_colour", "outfit": "outfit_colour", "accessories": "accessory_colour"})
#: All clothes at once: "make her clothes blue".
CLOTHES: Final = frozenset(("clothes", "outfit", "dress code"))
PATTERN_WORDS: Final[Mapping[str, str]] = MappingProxyType({
    **{word: word for word in PATTERNS if word != "plain"}, "striped": "stripes", "dotted": "dots", "spotted": "dots",
    "polka dot": "dots", "checked": "checks", "starry": "stars", "flowery": "flowers", "flowered": "flowers",
    "plain": "plain"})
assert set(GLASSES) >= {"round", "square", "sunglasses"}

#: Things that can lie about or be held.
THINGS: Final[Mapping[str, str]] = MappingProxyType({
    **{word: word for word in PROPS}, **{f"{word}s": word for word in PROPS},
    "teddy bear": "teddy", "present": "gift", "parcel": "gift", "birthday cake": "cake", "lamp": "lantern",
    "torch": "lantern", "ship": "boat", "mug": "cup", "glass": "cup", "football": "ball", "rose": "flower",
    "tulip": "flower", "crate": "box", "boxes": "box", "pail": "bucket", "stool": "chair", "treasure map": "map",
    "picture book": "book", "beach ball": "ball",
})

#: Feelings as they are asked for.
MOOD_WORDS: Final[Mapping[str, str]] = MappingProxyType({
    **{word: word for word in MOODS}, "smile": "happy", "smiles": "happy", "smiling": "happy", "glad": "happy",
    "cheerful": "happy", "laughing": "happy", "laugh": "happy", "grinning": "happy", "happier": "happy",
    "proud": "happy", "friendly": "happy", "unhappy": "sad", "sadder": "sad", "frowning": "sad", "lonely": "sad",
    "amazed": "surprised", "astonished": "surprised", "shocked": "surprised", "cross": "angry", "mad": "angry",
    "furious": "angry", "grumpy": "angry", "afraid": "scared", "frightened": "scared", "worried": "scared",
    "tired": "sleepy", "yawning": "sleepy", "relaxed": "calm", "serious": "calm", "neutral": "calm",
})


def _doing() -> dict[str, str]:
    """Verbs to actions, with the -ing forms the lexicon leaves out. Feelings come first: "laughing" is a face."""
    table: dict[str, str] = {}
    for verb, action in VERBS.items():
        forms = [verb, f"{verb}ing", f"{verb[:-1]}ing" if verb.endswith("e") else f"{verb}{verb[-1]}ing"]
        for form in forms:
            table.setdefault(form, action)
    table |= {"stand": "stands", "stands": "stands", "standing": "stands", "lie": "sleeps", "lying": "sleeps",
              "hold hands": "holds hands", "holds hands": "holds hands", "holding hands": "holds hands",
              "look up": "looks up", "looks up": "looks up", "looking up": "looks up", "sit down": "sits",
              "wake up": "stands", "stand up": "stands"}
    # Words that belong to another kind of change than what somebody does.
    for word in ("take", "takes", "took", "taking", "get", "gets", "got", "make", "makes", "made", "making", "give",
                 "gives", "gave", "giving", "bring", "brings", "draw", "draws", "drew", "paint", "paints", "show",
                 "shows", "hold", "holds", "holding", "go", "come", "going", "coming", "look", "looks", "looked",
                 "looking", "see", "sees", "saw", "seeing", "find", "finds", *MOOD_WORDS):
        table.pop(word, None)
    table |= {form: "looks" for form in ("look at", "looks at", "looking at", "watch", "watches", "watching")}
    return table


DOING: Final[Mapping[str, str]] = MappingProxyType(_doing())

TIME_WORDS: Final[Mapping[str, str]] = MappingProxyType({
    "night": "night", "nighttime": "night", "night time": "night", "midnight": "night", "dark": "night",
    "moonlight": "night", "evening": "evening", "sunset": "evening", "dusk": "evening", "day": "day",
    "daytime": "day", "day time": "day", "daylight": "day", "morning": "day", "noon": "day", "afternoon": "day",
    "sunrise": "day", "light outside": "day",
})
WEATHER_WORDS: Final[Mapping[str, str]] = MappingProxyType({
    "rain": "rain", "raining": "rain", "rains": "rain", "rainy": "rain", "storm": "rain", "stormy": "rain",
    "snow": "snow", "snowing": "snow", "snows": "snow", "snowy": "snow", "fog": "fog", "foggy": "fog", "mist": "fog",
    "misty": "fog", "sunny": "clear", "sunshine": "clear", "clear": "clear", "good weather": "clear",
    "nice weather": "clear", "dry": "clear", "blue sky": "clear", "clear sky": "clear",
})
#: Places as they can be asked for; words that mean something else in a change are left out.
PLACE_WORDS: Final[Mapping[str, str]] = MappingProxyType({
    **{word: kind for word, kind in PLACES.items()
       if word not in ("bed", "snow", "ice", "trees", "sky", "class", "ship", "room", "spaceship", "rocket ship",
                       "stars", "planet", "sofa", "couch", "fireplace", "shower", "bath", "bathtub", "swings")},
    "the woods": "forest", "outer space": "space"})
CLOSER: Final = ("close-up", "close up", "closer", "zoom in", "nearer", "zoomed in", "come closer", "larger view")
WIDER: Final = ("wider", "zoom out", "zoomed out", "further away", "farther away", "from far away", "from afar",
                "wide shot", "further off", "see more")

#: Words that carry no wish of their own once everything else was understood.
FILLER: Final = frozenset(re.findall(r"\S+", """
    a add added again again. also an and any are as at background be beautiful become becomes been being bit but
    by can carry carrying change changed cosy could do does done draw drawn dress dressed else everything face
    feel feeling feels for funny get gets give gives going had hand hands has have he head her here him his hold
    holding holds i in instead into is it its just keep let let's lets like liked little look looked looking looks
    lovely made magic magical make makes may might more move moved much must my need needs nice now
    of off on one only our out paint painted panel picture place please pretty put puts really scene see seem seen
    set shall she shiny should show shown side so some stand standing stands stay than that the their them then
    there they this time to too try turn turned very want wanted wants warm was we wear wearing wears weather were
    which who will wish with wore would you
    """))

#: Simple Danish, a word or two at a time, into the words above. Longer phrases are tried first.
DANISH: Final[Mapping[str, str]] = MappingProxyType({
    "gør det til": "make it", "gør": "make", "lav": "make", "det skal være": "make it", "lad": "let",
    "giv": "give", "flyt": "move", "sæt": "put", "stil": "put", "byt om på": "swap", "byt": "swap", "tilføj": "add",
    "fjern": "remove", "uden": "without", "ingen": "no", "tag af": "take off", "skal være": "should be",
    "skal have": "should have", "skal se": "should look", "skal": "should", "vær": "be", "være": "be", "er": "is",
    "har": "has", "have på": "wear", "iført": "wearing", "med": "with", "på hovedet": "on the head",
    "helt": "", "lidt": "a bit", "mere": "more", "meget": "very", "gerne": "", "tak": "please", "venligst": "please",
    "i stedet for": "instead", "i stedet": "instead", "fra nu af": "from now on", "herfra": "from now on",
    "til venstre for": "left of", "til højre for": "right of", "til venstre": "to the left",
    "til højre": "to the right", "venstre": "left", "højre": "right", "i midten": "in the middle",
    "i forgrunden": "to the front", "i baggrunden": "to the back", "ved siden af": "next to", "foran": "in front of",
    "bagved": "behind", "bag": "behind", "mellem": "between", "tættere på": "closer", "tæt på": "close up",
    "længere væk": "further away", "zoom ind": "zoom in", "zoom ud": "zoom out", "større": "bigger",
    "mindre": "smaller", "hende": "her", "ham": "him", "hun": "she", "han": "he", "den": "it", "det": "it",
    "de": "they", "dem": "them", "alle": "everybody", "begge": "both", "mig": "me", "jeg": "i", "hendes": "her",
    "hans": "his", "deres": "their", "og": "and", "men": "but", "så": "then", "også": "too", "nu": "now",
    "en": "a", "et": "a", "i": "in", "på": "on", "ved": "at", "om": "at", "til": "to",
    "nat": "night", "natten": "night", "aften": "evening", "aftenen": "evening", "solnedgang": "sunset",
    "dag": "day", "dagen": "day", "morgen": "morning", "mørkt": "dark", "regnvejr": "rain", "regn": "rain",
    "regnen": "rain", "regne": "rain", "regner": "raining", "sne": "snow", "snevejr": "snow", "sneen": "snow",
    "sner": "snowing", "tåge": "fog", "tåget": "foggy", "solskin": "sunshine", "sol": "sunshine", "klart": "clear",
    "skoven": "forest", "skov": "forest", "stranden": "beach", "strand": "beach", "haven": "garden", "have": "garden",
    "soveværelset": "bedroom", "soveværelse": "bedroom", "værelset": "bedroom", "køkkenet": "kitchen",
    "køkken": "kitchen", "stuen": "living room", "stue": "living room", "skolen": "school", "biblioteket": "library",
    "badeværelset": "bathroom", "gården": "farm", "gaden": "street", "byen": "town", "legepladsen": "playground",
    "bjerget": "mountain", "engen": "meadow", "slottet": "castle", "slot": "castle", "hulen": "cave",
    "under vandet": "underwater", "rummet": "space", "skyerne": "clouds", "sneen udenfor": "snowfield",
    "rød": "red", "røde": "red", "rødt": "red", "orange": "orange", "gul": "yellow", "gule": "yellow",
    "gult": "yellow", "grøn": "green", "grønne": "green", "grønt": "green", "blå": "blue", "blåt": "blue",
    "lilla": "purple", "lyserød": "pink", "lyserødt": "pink", "hvid": "white", "hvidt": "white", "sort": "black",
    "brun": "brown", "grå": "grey", "hat": "hat", "hatten": "hat", "kasket": "cap", "hue": "beanie", "krone": "crown",
    "sløjfe": "bow", "hjelm": "helmet", "briller": "glasses", "solbriller": "sunglasses", "kjole": "dress",
    "regnfrakke": "raincoat", "frakke": "coat", "jakke": "jacket", "trøje": "sweater", "nattøj": "pyjamas",
    "nederdel": "skirt", "tørklæde": "scarf", "rygsæk": "backpack", "kappe": "cape", "støvler": "boots",
    "vinger": "wings", "tøj": "clothes", "bold": "ball", "bolden": "ball", "ballon": "balloon", "bog": "book",
    "bogen": "book", "kage": "cake", "kagen": "cake", "æble": "apple", "kop": "cup", "blomst": "flower",
    "lanterne": "lantern", "drage": "kite", "paraply": "umbrella", "bamse": "teddy", "gave": "gift", "nøgle": "key",
    "kort": "map", "brev": "letter", "båd": "boat", "spand": "bucket", "tromme": "drum", "stjerne": "star",
    "kurv": "basket", "sværd": "sword", "seng": "bed", "stol": "chair", "telt": "tent", "kasse": "box",
    "glad": "happy", "smile": "smile", "smiler": "smiles", "ked af det": "sad", "trist": "sad", "sur": "angry",
    "vred": "angry", "bange": "scared", "forskrækket": "scared", "overrasket": "surprised", "træt": "sleepy",
    "søvnig": "sleepy", "rolig": "calm", "løbe": "run", "løber": "runs", "hoppe": "jump", "hopper": "jumps",
    "danse": "dance", "danser": "dances", "sidde": "sit", "sidder": "sits", "sove": "sleep", "sover": "sleeps",
    "vinke": "wave", "vinker": "waves", "læse": "read", "læser": "reads", "spise": "eat", "spiser": "eats",
    "stå": "stand", "står": "stands", "græde": "cry", "græder": "cries", "flyve": "fly", "flyver": "flies",
    "kramme": "hug", "krammer": "hugs", "synge": "sing", "synger": "sings", "pege": "point", "peger": "points",
    "hunden": "the dog", "hund": "dog", "katten": "the cat", "kat": "cat", "pigen": "the girl", "drengen": "the boy",
    "kvinden": "the woman", "manden": "the man", "dragen": "the dragon", "bjørnen": "the bear", "musen": "the mouse",
    "kaninen": "the rabbit", "ræven": "the fox", "robotten": "the robot", "holde": "hold", "holder": "holds",
})
