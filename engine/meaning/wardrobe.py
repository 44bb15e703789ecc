"""What people of a story put on and take off, read from plain words. Pure; standard library only.

Text carries slots (`ID_1`), its pronouns resolved. "ID_1 puts on her yellow raincoat" changes two fields of ID_1's
Look, "takes off the hat" gives back what the hat was worn over, and a coat that nobody wears cannot be taken off.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from engine.meaning.relations import word_table
from engine.nouns import CharacterId, Look, Worn
from engine.vocabulary import ACCESSORIES, COLOURS, HEADWEAR, OUTFITS

#: Most things somebody wears besides clothes, as a Look holds.
MOST_ACCESSORIES: Final = 3


#: Clothes and what covers the head, by the words of the vocabulary.
OUTFIT_NOUNS: Final[Mapping[str, str]] = word_table("""
raincoat: raincoat, rain coat, rain jacket, coat, jacket, mac, anorak, parka, waterproof, snowsuit, snow suit
pyjamas: pyjamas, pajamas, pjs, pyjama, nightie, nightgown, nightdress, nightshirt, onesie
dress: dress, gown, ball gown, sundress, frock, princess dress, costume dress
sweater: sweater, jumper, pullover, hoodie, cardigan, jersey, sweatshirt, fleece
t-shirt: t-shirt, t shirt, tshirt, tee shirt, shirt, top, vest
overalls: overalls, dungarees, spacesuit, space suit, suit, jumpsuit, boiler suit, flight suit
skirt: skirt, tutu
robe: robe, bathrobe, dressing gown, kimono, wizard robe, cassock
shorts: shorts, swimming trunks, trunks, swim trunks
bare: swimsuit, bathing suit, swimming costume, bikini, trousers and nothing else
""")
HEADWEAR_NOUNS: Final[Mapping[str, str]] = word_table("""
cap: cap, baseball cap
beanie: beanie, woolly hat, wooly hat, bobble hat, winter hat, knitted hat, wool hat, bonnet, nightcap
sunhat: sunhat, sun hat, straw hat, hat, party hat
wizard hat: wizard hat, wizard's hat, witch hat, witch's hat, pointy hat, pointed hat, magic hat
crown: crown, tiara, paper crown
flower crown: flower crown, crown of flowers, daisy chain, wreath, crown of daisies, wreath of flowers
helmet: helmet, space helmet, bike helmet, bicycle helmet, hard hat
hijab: hijab
headscarf: headscarf, head scarf, bandana
bow: bow, hair bow, ribbon, hair ribbon
""")
GLASSES_NOUNS: Final[Mapping[str, str]] = word_table("""
sunglasses: sunglasses, shades, dark glasses
round: glasses, spectacles, goggles, reading glasses, swimming goggles, round glasses
square: square glasses
""")
ACCESSORY_NOUNS: Final[Mapping[str, str]] = word_table("""
scarf: scarf, shawl, neckerchief, muffler
backpack: backpack, rucksack, school bag, schoolbag, satchel
necklace: necklace, pearls, chain, medal, pendant, beads
belt: belt, tool belt
bow tie: bow tie, bowtie, tie
cape: cape, cloak, superhero cape
boots: boots, wellies, wellingtons, rubber boots, gumboots, wellington boots, snow boots, rain boots
headphones: headphones, earphones, ear muffs, earmuffs
badge: badge, star badge, sheriff's star
wings: wings, fairy wings, butterfly wings
apron: apron, pinafore
""")
PATTERN_WORDS: Final[Mapping[str, str]] = word_table("""
stripes: striped, stripy, stripey
dots: spotty, spotted, dotted, polka dot, polka-dot
checks: checked, chequered, checkered, tartan, plaid
stars: starry
hearts: heart
flowers: flowery, flowered, floral
""")
_COLOUR_OF: Final[Mapping[str, str]] = {
    **{colour: colour for colour in COLOURS}, "golden": "gold", "gray": "grey", "silver": "grey", "beige": "cream",
    "violet": "purple", "turquoise": "teal", "scarlet": "red", "crimson": "red", "dark blue": "navy",
    "light blue": "blue", "bright red": "red", "bright yellow": "yellow", "lavender": "lilac", "rose": "pink"}

_NOUNS: Final[Mapping[str, tuple[str, str]]] = {
    **{noun: ("outfit", value) for noun, value in OUTFIT_NOUNS.items()},
    **{noun: ("headwear", value) for noun, value in HEADWEAR_NOUNS.items()},
    **{noun: ("glasses", value) for noun, value in GLASSES_NOUNS.items()},
    **{noun: ("accessories", value) for noun, value in ACCESSORY_NOUNS.items()},
}
_COLOUR_FIELD: Final = {"outfit": "outfit_colour", "headwear": "headwear_colour", "accessories": "accessory_colour"}
_THING: Final = "|".join(sorted(map(re.escape, _NOUNS), key=len, reverse=True))
_COLOUR: Final = "|".join(sorted(map(re.escape, _COLOUR_OF), key=len, reverse=True))
_PATTERN: Final = "|".join(sorted(map(re.escape, PATTERN_WORDS), key=len, reverse=True))
_WORD: Final = (r"(?:new|old|big|little|warm|thick|long|short|best|favourite|favorite|soft|tiny|huge|wet|soaked|dry|"
                r"funny|silly|shiny|fancy|lovely|pretty|beautiful|dirty|clean|own|cosy|cozy|"
                r"fluffy|heavy|light|sparkly|bright|muddy|soggy|sunday|tall|spare|matching|pair of|"
                r"(?:magic|woolly|wooly|party|pointy|knitted)(?! hat))")
#: One piece of clothing as it is spoken of: "her yellow striped scarf", "a pair of red boots".
ITEM: Final = re.compile(
    rf"(?:(?P<whose>ID_\w(?:(?:, ID_\w)* and ID_\w)?'s|my|your|his|her|their|its|our|the|a|an|some|two|that|this) )?"
    rf"(?:{_WORD},? )*(?:(?P<colour>{_COLOUR})(?: and (?:{_COLOUR}))?,? )?(?:{_WORD},? )*(?:(?P<pattern>{_PATTERN}) )?"
    rf"(?:(?P<colour2>{_COLOUR}) )?(?:{_WORD} )*(?P<noun>{_THING})(?P<many>s|es)?\b(?!-| (?:box|shop|stand|rack|peg|"
    rf"hook|drawer|"
    rf"pocket|pockets|sleeve|tail|feathers)\b)", re.IGNORECASE)

_WHO: Final = r"ID_\w(?:(?:, ID_\w)*,? and ID_\w)?"
_ADVERB: Final = (r"(?:(?:then|quickly|slowly|carefully|happily|proudly|both|all|also|just|finally|at last|soon|now|"
                  r"always|again|had|has|have|was|were|is|are|will|can|could|must|should|would|wants? to|wanted to|"
                  r"decides? to|decided to|starts? to|started to|hurries to|hurried to|has to|had to|went to|goes to|"
                  r"helps? to|helped to|quick|ran to|runs to) )*")
#: Words for putting on: somebody, the words, the things.
_ON: Final = re.compile(
    rf"(?P<who>{_WHO})(?P<between>[^.!?\"]*?)\b(?P<verb>(?:put|puts|putting|pull|pulls|pulled|pulling|slip|slips|"
    rf"slipped|"
    rf"throw|throws|threw|try|tries|tried|get|gets|got|set|sets) on|don|dons|donned|wear|wears|wore|wearing|"
    rf"button|buttons|buttoned|zip|zips|zipped)\b(?: up)?"
    rf"(?P<things> [^.!?;\"]+)", re.IGNORECASE)
_PUT_X_ON: Final = re.compile(
    rf"(?P<who>{_WHO})(?P<between>[^.!?\"]*?)\b(?P<verb>put|puts|pull|pulls|pulled|slip|slips|slipped|get|gets|got|"
    rf"has|had|"
    rf"throws?|threw|kept|keeps)(?P<things> (?:(?!\boff\b|\baway\b|\bdown\b|\bon\b)[^.!?;\"])+?) (?P<on>on)\b"
    rf"(?! (?:the|a|an|top|his|her|their|its|ID_\w's) ?(?!head|feet|nose|shoulders|back|ears))",
    re.IGNORECASE)
_INTO: Final = re.compile(
    rf"(?P<who>{_WHO})(?P<between>[^.!?\"]*?)\b(?P<verb>(?:change|changes|changed|changing|slip|slips|slipped|climb|"
    rf"climbs|"
    rf"climbed|get|gets|got|jump|jumps|jumped|squeeze|squeezes|squeezed|dress|dresses|dressed|dress up|wriggle|"
    rf"wriggles|"
    rf"wriggled|snuggle|snuggles|snuggled|wrapped|wraps) (?:back )?(?:into|in|up in|up as)|(?:is|was|are|"
    rf"were) (?:now )?"
    rf"(?:dressed|wrapped)(?: up)? in|(?:tie|ties|tied|wrap|wraps|wrapped|wind|winds|wound|drape|drapes|draped|hang|"
    rf"hangs|"
    rf"hung|place|places|placed|stick|sticks|stuck|perch|perched)(?: on)?)"
    rf"(?P<things> [^.!?;\"]+)", re.IGNORECASE)
_OFF: Final = re.compile(
    rf"(?P<who>{_WHO})(?P<between>[^.!?\"]*?)\b(?P<verb>(?:take|takes|took|taking|pull|pulls|pulled|throw|throws|"
    rf"threw|kick|"
    rf"kicks|kicked|slip|slips|slipped|toss|tosses|tossed|get|gets|got|peel|peels|peeled|shake|shakes|shook|strip|"
    rf"strips|"
    rf"stripped) off|remove|removes|removed|(?:climb|climbs|climbed|step|steps|stepped|slip|slips|slipped|change|"
    rf"changes|"
    rf"changed|get|gets|got|wriggle|wriggles|wriggled) out of|lose|loses|lost|drop|drops|dropped|unbutton\w*|unzip\w*|"
    rf"untie\w*|hang up|hangs up|hung up)(?P<things> [^.!?;\"]+)", re.IGNORECASE)
_TAKE_X_OFF: Final = re.compile(
    rf"(?P<who>{_WHO})(?P<between>[^.!?\"]*?)\b(?P<verb>take|takes|took|pull|pulls|pulled|throw|throws|threw|kick|"
    rf"kicks|"
    rf"kicked|get|gets|got|has|had|shake|shakes|shook|with)(?P<things> (?:(?!\bon\b)[^.!?;\"])+?) off\b", re.IGNORECASE)
#: "the wind blew his hat away": it is gone all the same.
_GONE: Final = re.compile(
    rf"(?P<who>ID_\w)'s (?P<things>(?:{_WORD} )*(?:{_COLOUR} )?(?:{_THING}))\b (?:is|was|were|fell|falls|flew|flies|"
    rf"blew|"
    rf"blows|slips?|slipped|came|comes|got|gets|went|goes|floats?|floated)(?: (?:blown|gone|lost|torn|swept|taken))?"
    rf"(?P<off> (?:off|away|gone|lost|down|into|in|out|over)\b| *(?=[.,!?]|$| and))", re.IGNORECASE)
_BLOWN: Final = re.compile(
    rf"\b(?:blows?|blew|snatch(?:es|ed)|steals?|stole|knock(?:s|ed)|tears?|tore|takes?|took|grabs?|grabbed|swept|"
    rf"carried) "
    rf"(?:off )?(?P<who>ID_\w)'s (?P<things>(?:{_WORD} )*(?:{_COLOUR} )?(?:{_THING}))\b", re.IGNORECASE)
#: Somebody dresses somebody else: "ID_1 put the hat on ID_2's head", "gave ID_2 a scarf to wear".
_ONTO: Final = re.compile(
    r"\b(?:put|puts|place[sd]?|set|sets|tie[sd]?|wrap(?:s|ped)?|hang|hangs|hung|pull(?:s|ed)?|slip(?:s|ped)?|"
    r"drape[sd]?|"
    r"wound|winds?|pin(?:s|ned)?|stick|sticks|stuck|fasten(?:s|ed)?|buckle[sd]?)(?P<things> (?:(?!\b(?:off|on|"
    r"puts?)\b)[^.!?;\"])+?) "
    r"(?:on|onto|around|round|over|about|to|upon|up)(?: to)? (?P<who>ID_\w)(?P<part>'s (?:head|neck|shoulders|feet|"
    r"nose|"
    r"back|ears|waist|paws|hair|chest|belly|tail))?\b", re.IGNORECASE)
_DRESSES: Final = re.compile(
    r"\b(?:dress(?:es|ed)?|wrap(?:s|ped)?|tuck(?:s|ed)?|button(?:s|ed)?|zip(?:s|ped)?|help(?:s|ed)?|"
    r"bundle[sd]?)(?: up)? "
    r"(?P<who>ID_\w)(?: up)? (?:in|into)(?P<things> [^.!?;\"]+)", re.IGNORECASE)
_TO_WEAR: Final = re.compile(
    r"\b(?:gave|gives?|lends?|lent|hand(?:s|ed)) (?P<who>ID_\w)(?P<things> [^.!?;\"]+?) to (?:wear|put on)\b"
    r"|\b(?:crown(?:s|ed)) (?P<who2>ID_\w)\b(?P<things2> with [^.!?;\"]+)?", re.IGNORECASE)
#: "It", "them", "a red one": what was spoken of before.
_AGAIN: Final = re.compile(rf"^ (?:it|them|(?:a|the|another) (?:{_WORD} )*(?:(?P<colour>{_COLOUR}) )?one)\b(?! of\b)",
                           re.IGNORECASE)
#: "Off came the boots", "Coat off, and in they went".
_OFF_FIRST: Final = re.compile(rf"\boff (?:came|comes|come|went|go|goes|flew)(?P<things> [^.!?;,\"]+)"
                               rf"|^\W*(?P<things2>(?:{_WORD} )*(?:{_COLOUR} )?(?:{_THING})) off\b", re.IGNORECASE)
#: What is not done, or only wished for, changes nothing.
_NOT: Final = re.compile(r"\b(?:not|n't|never|nobody|without|instead of|forgets? to|forgot to|refuses? to|refused to|"
                         r"(?:want|hope)(?:s|ed)? to|going to|dream(?:s|ed|t) (?:of|that)|wish(?:es|ed)?|if|"
                         r"pretend\w*|wanted to buy|looks? for|"
                         r"looked for|too (?:small|big|hot) to|tries to|tried to|almost|nearly|used to|thinks? about|"
                         r"would like|no longer|would never|asked?|told|said|wondered)\b[^,;]*$", re.IGNORECASE)
_BACK: Final = re.compile(r"\b(?:back (?:in|into)|change[sd]? back|own clothes|usual clothes|normal clothes|"
                          r"everyday clothes|"
                          r"got dressed|gets dressed|get dressed|is dressed again)\b", re.IGNORECASE)
_OWN: Final = re.compile(rf"(?P<who>{_WHO})[^.!?\"]*?\b(?:(?:change[sd]?|changing|got|gets|slips?|slipped|climb(?:s|"
                         rf"ed)?) "
                         r"back into (?:(?:his|her|their|its|my|ID_\w's|the) )?(?:\w+ ){0,2}?(?:clothes|things|"
                         r"dress|outfit)"
                         r"|(?:put|puts) (?:(?:his|her|their|its|my|ID_\w's) )?(?:own |usual |normal |everyday |dry )?"
                         r"clothes (?:back )?on(?: again)?|(?:got|gets|get) dressed(?! up)(?: again)?|(?:into|in) "
                         r"(?:dry|fresh|clean|normal|usual|everyday) clothes)", re.IGNORECASE)
_ALL_OFF: Final = re.compile(r"\b(?:everything|all (?:of )?(?:it|them|that)|(?:wet|dirty|soaked|muddy) (?:clothes|"
                             r"things)|"
                             r"clothes|costume|disguise)\b", re.IGNORECASE)
#: A list of clothes goes on over these words, and ends at any others.
_LIST: Final = re.compile(r"^(?:,| and|, and|, then|&| with| plus)* *$", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Change:
    """What one person puts on or takes off at one place of a text."""

    at: int                                # where in the text it stands
    who: CharacterId
    field: str                             # "outfit", "headwear", "glasses", "accessories", or "" for all clothes
    value: str                             # a word of the vocabulary; "" for one that is taken off
    on: bool
    colour: str = ""
    pattern: str = ""


def changes_in(text: str, *, named: Sequence[CharacterId] = ()) -> tuple[Change, ...]:
    """Every change of clothes that a text with slots tells, in order. Speech in quotation marks tells none.

    `named` are the slots of the whole cast, for "everybody puts on boots".
    """
    quiet = re.sub(r'"[^"]*"?', lambda found: " " * len(found[0]), text)
    found: dict[tuple[int, CharacterId, str, str], Change] = {}
    taken: list[tuple[int, int]] = []

    def note(change: Change) -> None:
        found.setdefault((change.at, change.who, change.field, change.value), change)

    for sentence in re.finditer(r"[^.!?]+[.!?]*", quiet):
        said, base = sentence[0], sentence.start()
        for pattern, on in ((_ONTO, True), (_DRESSES, True), (_TO_WEAR, True), (_BLOWN, False), (_GONE, False)):
            for match in pattern.finditer(said):
                if _NOT.search(said[:match.start()]):
                    continue
                who = match["who"] or (match.groupdict().get("who2") or "")
                things = match["things"] or (match.groupdict().get("things2") or "")
                if pattern is _TO_WEAR and match["who2"]:
                    things = things or " a crown"
                lost = pattern is not _GONE or match["off"].strip() or re.search(r"\b(?:gone|lost|blown)\b", match[0])
                if not lost:
                    continue
                for item, place in _items(things, base + match.start("things" if match["things"] else 0), quiet,
                                          first=True):
                    note(_change(place, CharacterId(who), item, on=on))
                    taken.append((base + match.start(), base + match.end()))
        for match in _OFF_FIRST.finditer(said):
            doer = re.search(_WHO, said)
            part = "things" if match["things"] else "things2"
            for item, place in _items(f" {match[part].strip()}", base + match.start(part), quiet, first=True):
                for who in _people(doer[0]) if doer else ():
                    note(_change(place, who, item, on=False))
            taken.append((base + match.start(), base + match.end()))
        for match in _OWN.finditer(said):
            if not _NOT.search(said[:match.start()]):
                for who in _people(match["who"]):
                    note(Change(base + match.start(), who, "", "", on=False))
                taken.append((base + match.start(), base + match.end()))
        for pattern, on in ((_OFF, False), (_TAKE_X_OFF, False), (_ON, True), (_PUT_X_ON, True), (_INTO, True)):
            at = 0
            while (verb := pattern.search(said, at)) is not None:
                match = verb
                verb_at = base + match.start("verb")
                at = match.end("verb")
                # The one who does it is the last one named before the verb, not one of an earlier clause.
                who_text, between = _nearest_doer(said[:match.start("verb")])
                if not who_text or any(start <= verb_at < end for start, end in taken):
                    continue
                if _NOT.search(said[:match.start("verb")][-60:]) or not _does(between):
                    continue
                things = match["things"]
                if pattern in (_OFF, _TAKE_X_OFF) and _ALL_OFF.search(things[:40]) and not ITEM.match(things.strip()):
                    for who in _people(who_text):
                        note(Change(verb_at, who, "", "", on=False))
                    continue
                for item, place in _items(things, base + match.start("things"), quiet, first=True):
                    if on and item["whose"].startswith("ID_") and _people(item["whose"]) != _people(who_text) \
                            and match["verb"].casefold().startswith(("button", "zip")):
                        continue               # "buttoned up Ben's coat": Ben has it on already
                    for who in _people(who_text):
                        if item["whose"] and item["whose"].startswith("ID_") and who not in item["whose"] \
                                and pattern in (_OFF, _TAKE_X_OFF):
                            note(_change(place, CharacterId(item["whose"][:4]), item, on=on))
                        else:
                            note(_change(place, who, item, on=on))
        for match in re.finditer(r"\b(?:everybody|everyone|they all|all of them) (?:puts?|pulls?|pulled|wears?|"
                                 r"wore) on?"
                                 r"(?P<things>[^.!?;]+)", said, re.IGNORECASE):
            for item, place in _items(match["things"], base + match.start("things"), quiet, first=True):
                for who in named:
                    note(_change(place, who, item, on=True))
    return tuple(sorted(found.values(), key=lambda change: change.at))


def _people(words: str) -> tuple[CharacterId, ...]:
    return tuple(dict.fromkeys(CharacterId(who) for who in re.findall(r"ID_\w", words)))


def _nearest_doer(opening: str) -> tuple[str, str]:
    """Who does what the verb after `opening` says, and the words between: the last subject-like people named."""
    found = [match for match in re.finditer(_WHO + r"(?!'s|\w)", opening)]
    for match in reversed(found):
        before = opening[:match.start()].rstrip()
        # "ID_2 gave ID_1 a hat and put on": the one who gave goes on; an object is nobody's doer.
        if re.search(r"\b(?:to|with|for|at|by|from|beside|behind|of|gave|gives|hugs|hugged|helps|helped|and then|"
                     r"saw|sees|"
                     r"tells|told|asks|asked|kisses|kissed|showed|"
                     r"shows)$", before, re.IGNORECASE) and match is not found[0]:
            continue
        return match[0], opening[match.end():]
    return (found[0][0], opening[found[0].end():]) if found else ("", "")


def _does(between: str) -> bool:
    """Whether the words between somebody and a verb let the verb be theirs."""
    return not re.search(r"\b(?:sees?|saw|watch\w*|finds?|found|nobody|someone|somebody|the (?:wind|rain|sun|witch|man|"
                         r"woman|king|queen|doll|scarecrow|snowman))\b(?:(?! and )[^,])*$", between, re.IGNORECASE)


def _items(things: str, base: int, whole: str, *, first: bool) -> list[tuple[dict[str, str], int]]:
    """The clothes a list names, each with its place; with `first` the list must begin with one.

    "It" and "a red one" are what was spoken of last before, in the `whole` text in which the list stands at `base`.
    """
    items: list[tuple[dict[str, str], int]] = []
    at = 0
    if again := _AGAIN.match(things):
        earlier = [match for match in ITEM.finditer(whole[:base])]
        if not earlier:
            return []
        item = _item(earlier[-1])
        if again["colour"]:
            item["colour"] = _COLOUR_OF[again["colour"].casefold()]
        return [(item | {"whose": ""}, base)]
    for match in ITEM.finditer(things):
        gap = things[at:match.start()]
        if items and not _LIST.match(gap):
            break
        if not items and first and len(gap.split()) > 3:
            break
        items.append((_item(match), base + match.start()))
        at = match.end()
    return items


def _item(match: re.Match[str]) -> dict[str, str]:
    field, value = _NOUNS[match["noun"].casefold()]
    colour = (match["colour"] or match["colour2"] or "").casefold()
    return {"field": field, "value": value, "whose": match["whose"] or "", "colour": _COLOUR_OF.get(colour, ""),
            "pattern": PATTERN_WORDS.get((match["pattern"] or "").casefold(), "")}


def _change(at: int, who: CharacterId, item: Mapping[str, str], *, on: bool) -> Change:
    return Change(at, who, item["field"], item["value"], on, item["colour"], item["pattern"])


# --- what a model says in its plan -----------------------------------------------------------------

#: What a plan may say that somebody puts on or takes off, and the field and word of a Look it is.
WEARABLES: Final[Mapping[str, tuple[str, str]]] = {
    **{word: ("outfit", word) for word in OUTFITS}, **{word: ("headwear", word) for word in HEADWEAR if word != "none"},
    "glasses": ("glasses", "round"), "sunglasses": ("glasses", "sunglasses"),
    **{word: ("accessories", word) for word in ACCESSORIES},
}


def stated(who: CharacterId, puts_on: str, colour: str, takes_off: str) -> tuple[Change, ...]:
    """The changes a plan states for one person, in words of `WEARABLES`; "" for none."""
    said = []
    if takes_off in WEARABLES:
        said.append(Change(0, who, *WEARABLES[takes_off], on=False))
    if puts_on in WEARABLES:
        said.append(Change(0, who, *WEARABLES[puts_on], on=True, colour=colour if colour in COLOURS else ""))
    return tuple(said)


# --- what it does to a Look ------------------------------------------------------------------------

def wears(changes: Sequence[Change], worn: Worn, own: Look) -> Worn:
    """The fields of a Look that change for one person who wears `worn` over their `own` Look; "" gives back their own.

    Accessories are added to those at hand, three at most, the oldest leave first. What is taken off and is not worn
    changes nothing; what is their own and taken off becomes "none" where a Look can say so.
    """
    now, said = dict(worn), {}

    def put(**fields: str) -> None:
        now.update(fields)
        said.update(fields)

    for change in changes:
        if not change.field:
            put(**{field: "" for field, value in now.items() if value})
        elif change.field == "accessories":
            put(**_accessories(change, now, own))
        elif change.on:
            put(**{change.field: change.value})
            colour = _COLOUR_FIELD.get(change.field)
            if colour and change.colour:
                put(**{colour: change.colour})
            if change.field == "outfit":
                put(pattern=change.pattern or "plain")
        else:
            put(**_taken_off(change, now, own))
    before = dict(worn)
    return tuple((field, value) for field, value in said.items() if before.get(field, "") != value)


def _accessories(change: Change, now: Mapping[str, str], own: Look) -> dict[str, str]:
    have = [word for word in now["accessories"].split(", ") if word != "none"] if now.get("accessories") else [
        *own.accessories]
    if change.on:
        left = [*(word for word in have if word != change.value), change.value][-MOST_ACCESSORIES:]
        return {"accessories": ", ".join(left)} | ({"accessory_colour": change.colour} if change.colour else {})
    if change.value not in have:
        return {}
    left = [word for word in have if word != change.value]
    if tuple(left) == own.accessories:
        return {"accessories": "", "accessory_colour": ""}
    return {"accessories": ", ".join(left) or "none"}


def _taken_off(change: Change, now: Mapping[str, str], own: Look) -> dict[str, str]:
    held = now.get(change.field, "")
    if held and held != "none" and (held == change.value or change.field in ("headwear", "glasses")):
        said = {change.field: ""}
        colour = _COLOUR_FIELD.get(change.field)
        if colour and now.get(colour):
            said[colour] = ""
        if change.field == "outfit" and now.get("pattern"):
            said["pattern"] = ""
        return said
    if not held and change.field in ("headwear", "glasses") and getattr(own, change.field) != "none":
        return {change.field: "none"}          # their own hat: a head can be bare
    return {}
