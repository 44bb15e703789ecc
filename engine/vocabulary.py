"""The closed word lists of the embedded world: what mini can draw, plan and be asked for.

Menus in the bot, the planner's grammar, the paper dolls, the scenery and the training world all read
these lists, so a word is added here once. Order matters only where a list says so. Standard library only.
"""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

# --- who -------------------------------------------------------------------------------------------

PEOPLE: Final = ("girl", "boy", "woman", "man", "grandmother", "grandfather", "baby")
CREATURES: Final = ("bear", "rabbit", "cat", "dog", "fox", "mouse", "dragon", "robot", "unicorn", "penguin")
KINDS: Final = PEOPLE + CREATURES

#: Standing height of each kind relative to a grown man (1.0).
KIND_HEIGHTS: Final[Mapping[str, float]] = MappingProxyType({
    "girl": 0.70, "boy": 0.70, "woman": 0.95, "man": 1.0, "grandmother": 0.90, "grandfather": 0.95,
    "baby": 0.48, "bear": 0.85, "rabbit": 0.66, "cat": 0.60, "dog": 0.62, "fox": 0.62, "mouse": 0.50,
    "dragon": 0.90, "robot": 0.78, "unicorn": 0.85, "penguin": 0.56,
})

#: Skin tones of people, light to deep (sRGB hex).
SKINS: Final[Mapping[str, str]] = MappingProxyType({
    "porcelain": "#FBE3D2", "fair": "#F6CFB2", "peach": "#EDBB95", "honey": "#DBA276",
    "olive": "#C58C5E", "caramel": "#A96F45", "brown": "#80502F", "deep": "#563421",
})

#: Colours by name (sRGB hex): fur, hair, clothes, accessories.
COLOURS: Final[Mapping[str, str]] = MappingProxyType({
    "red": "#D8383A", "orange": "#F08A2C", "yellow": "#F7CC3D", "green": "#3FA35B", "teal": "#2FA6A6",
    "blue": "#3B73D9", "navy": "#263A73", "purple": "#8650B8", "pink": "#F38FB1", "white": "#F6F4EF",
    "cream": "#F0DDB4", "grey": "#9098A3", "black": "#2B2A30", "brown": "#7A4B2B", "tan": "#C69A6B",
    "blond": "#EBCB76", "ginger": "#CF6A2A", "lilac": "#C5A6E8", "mint": "#A6DDC2", "gold": "#D9A62E",
})
HAIR_COLOURS: Final = (
    "black", "brown", "tan", "blond", "ginger", "red", "grey", "white", "pink", "blue", "purple", "teal")
FUR_COLOURS: Final = (
    "brown", "tan", "cream", "white", "grey", "black", "orange", "ginger", "pink", "blue", "green", "teal", "purple",
    "red", "lilac", "mint", "gold", "yellow")

HAIRSTYLES: Final = (
    "bald", "short", "spiky", "curly", "afro", "bob", "long", "ponytail", "pigtails", "bun", "braids", "mohawk")
HEADWEAR: Final = (
    "none", "hijab", "headscarf", "cap", "beanie", "sunhat", "wizard hat", "crown", "bow", "flower crown", "helmet")
GLASSES: Final = ("none", "round", "square", "sunglasses")
BEARDS: Final = ("none", "moustache", "short", "long")

OUTFITS: Final = (
    "t-shirt", "sweater", "dress", "overalls", "skirt", "raincoat", "pyjamas", "robe", "shorts", "bare")
PATTERNS: Final = ("plain", "stripes", "dots", "checks", "stars", "hearts", "flowers")
ACCESSORIES: Final = (
    "scarf", "backpack", "necklace", "belt", "bow tie", "cape", "boots", "headphones", "badge", "wings", "apron")

# --- doing and feeling -----------------------------------------------------------------------------

ACTIONS: Final = (
    "stands", "waves", "walks", "runs", "jumps", "dances", "sits", "kneels", "sleeps", "points", "cheers", "reads",
    "eats", "drinks", "carries", "hugs", "holds hands", "looks up", "looks", "thinks", "cries", "hides", "climbs",
    "swims", "flies", "rides", "sings", "gives")
#: Actions done with another character: these two stand close and touch.
TOUCHING: Final = ("hugs", "holds hands", "rides", "gives")
MOODS: Final = ("happy", "sad", "surprised", "angry", "scared", "sleepy", "calm")

# --- where, when, with what ------------------------------------------------------------------------

INDOORS: Final = ("bedroom", "kitchen", "living room", "classroom", "library", "bathroom")
OUTDOORS: Final = ("garden", "forest", "beach", "snowfield", "farm", "street", "playground", "mountain", "meadow")
FANTASTIC: Final = ("castle", "cave", "underwater", "space", "cloudland")
SETTINGS: Final = INDOORS + OUTDOORS + FANTASTIC
TIMES: Final = ("day", "evening", "night")
WEATHERS: Final = ("clear", "rain", "snow", "fog")

PROPS: Final = (
    "ball", "balloon", "book", "cake", "apple", "cup", "flower", "lantern", "kite", "umbrella", "teddy", "gift",
    "key", "map", "letter", "boat", "bucket", "drum", "star", "basket", "sword", "bed", "chair", "tent", "box")
#: Props too big to hold: they stand on the ground.
STANDING_PROPS: Final = ("boat", "bed", "chair", "tent", "box")
#: Props that hang in the air where nobody holds them.
FLOATING_PROPS: Final = ("balloon", "kite", "star")
#: Height of a prop that nobody holds, as a fraction of a wide panel: a little larger than life, to be seen.
PROP_HEIGHTS: Final[Mapping[str, float]] = MappingProxyType({
    "ball": 0.12, "balloon": 0.26, "book": 0.10, "cake": 0.14, "apple": 0.09, "cup": 0.10, "flower": 0.16,
    "lantern": 0.16, "kite": 0.24, "umbrella": 0.24, "teddy": 0.16, "gift": 0.14, "key": 0.10, "map": 0.11,
    "letter": 0.09, "boat": 0.30, "bucket": 0.14, "drum": 0.14, "star": 0.13, "basket": 0.14, "sword": 0.22,
    "bed": 0.30, "chair": 0.30, "tent": 0.36, "box": 0.22,
})

SHOTS: Final = ("wide", "close")
STYLES: Final = ("flat", "crayon", "watercolour")
