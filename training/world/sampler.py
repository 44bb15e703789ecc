"""Draws looks and briefs by chance, over the whole vocabulary, sensibly enough to be a picture-book page."""

from __future__ import annotations

import zlib
from collections.abc import Sequence
from dataclasses import replace
from random import Random

from engine import planning
from engine import vocabulary as words
from engine.nouns import CharacterId, Figure, Look, PanelBrief, PanelId, Place, Setting, SettingId, StoryId

#: One identity in this many is kept from training; so is one setting seed in this many.
HELD_OUT_EVERY = 10

_TINTS = tuple(word for word in words.COLOURS if word not in ("blond", "ginger"))
_HANDS_FREE = (
    "stands",
    "waves",
    "walks",
    "runs",
    "jumps",
    "dances",
    "sits",
    "kneels",
    "points",
    "cheers",
    "looks up",
    "looks",
    "thinks",
    "sings",
    "carries",
    "gives",
)
_FITTING = {
    "reads": ("book", "map", "letter"),
    "eats": ("apple", "cake"),
    "drinks": ("cup",),
    "gives": ("gift", "flower", "apple", "cake", "teddy", "balloon", "letter", "key", "star"),
    "carries": ("box", "basket", "gift", "bucket", "cake", "teddy"),
}
_LOOKING = ("looks", "points", "waves", "sings", "cheers", "stands")
_HOLDABLE = tuple(prop for prop in words.PROPS if prop not in words.STANDING_PROPS)
_STEEDS = ("bear", "dragon", "unicorn", "dog", "fox", "cat", "robot", "man", "woman", "grandfather")


def _identity(look: Look) -> str:
    """What makes two looks the same character for the split: kind, hair or fur, outfit and colours."""
    coat = f"{look.hair}/{look.hair_colour}/{look.skin}" if look.kind in words.PEOPLE else look.fur
    return f"{look.kind}|{coat}|{look.outfit}|{look.outfit_colour}|{look.pattern}|{look.pattern_colour}"


def is_held_out(look: Look) -> bool:
    """Whether this combination of kind, hair or fur, outfit and colours is kept from training."""
    return zlib.crc32(_identity(look).encode()) % HELD_OUT_EVERY == 0


def _any_look(rng: Random) -> Look:
    kind = rng.choice(words.KINDS)
    person = kind in words.PEOPLE
    old = kind in ("grandmother", "grandfather")
    pattern = rng.choice(words.PATTERNS[1:]) if rng.random() < 0.5 else "plain"
    outfit_colour = rng.choice(_TINTS)
    pattern_colour = rng.choice([tone for tone in _TINTS if tone != outfit_colour])
    accessories = tuple(sorted(rng.sample(words.ACCESSORIES, rng.choice((0, 0, 0, 1, 1, 2)))))
    headwear = rng.choice(words.HEADWEAR[1:]) if rng.random() < 0.34 else "none"
    if headwear == "hijab" and not (person and kind in ("girl", "woman", "grandmother")):
        headwear = "beanie"
    hair = rng.choice(words.HAIRSTYLES)
    if hair == "bald" and kind not in ("man", "grandfather", "baby") and rng.random() < 0.7:
        hair = "curly"
    outfits = words.OUTFITS[:-1] if person else (*words.OUTFITS, "bare", "bare")
    return Look(
        kind=kind,
        skin=rng.choice(tuple(words.SKINS)),
        fur=rng.choice(words.FUR_COLOURS),
        hair=hair,
        hair_colour=rng.choice(("grey", "white", "grey", "white", *words.HAIR_COLOURS))
        if old
        else rng.choice(words.HAIR_COLOURS),
        headwear=headwear,
        headwear_colour=rng.choice(_TINTS),
        glasses=rng.choice(words.GLASSES[1:]) if rng.random() < 0.22 else "none",
        beard=rng.choice(words.BEARDS[1:]) if kind in ("man", "grandfather") and rng.random() < 0.5 else "none",
        freckles=person and rng.random() < 0.15,
        outfit=rng.choice(outfits),
        outfit_colour=outfit_colour,
        pattern=pattern,
        pattern_colour=pattern_colour,
        trousers_colour=rng.choice(_TINTS),
        accessories=accessories,
        accessory_colour=rng.choice(_TINTS),
        wheelchair=rng.random() < 0.03,
        size=round(rng.uniform(0.86, 1.14), 2),
    )


def sample_look(rng: Random, held_out: bool = False) -> Look:
    """A look over the whole vocabulary, from the training share or, `held_out`, from the share kept back."""
    while True:
        look = _any_look(rng)
        if is_held_out(look) is held_out:
            return look


def sample_setting(rng: Random, held_out: bool = False) -> Setting:
    """A setting instance; held-out instances have seeds that training never draws."""
    kind = rng.choice(words.SETTINGS)
    seed = rng.getrandbits(27) * HELD_OUT_EVERY + (0 if held_out else rng.randrange(1, HELD_OUT_EVERY))
    return Setting(SettingId(f"setting-{seed:x}"), kind, f"the {kind}", seed)


def _act(rng: Random, figures: list[Figure]) -> list[Figure]:
    """Gives everybody something to do; touching actions name a partner, who often answers them."""
    acted: dict[int, Figure] = {}
    order = list(range(len(figures)))
    rng.shuffle(order)
    for index in order:
        if index in acted:
            continue
        figure = replace(figures[index], mood=rng.choice(words.MOODS))
        neighbours = [other for other in (index - 1, index + 1) if 0 <= other < len(figures) and other not in acted]
        if neighbours and rng.random() < 0.36:
            action, partner = rng.choice(words.TOUCHING), rng.choice(neighbours)
            other = replace(figures[partner], mood=rng.choice(words.MOODS))
            if action == "rides":
                small, big = sorted((figure, other), key=lambda f: words.KIND_HEIGHTS[f.look.kind] * f.look.size)
                if big.look.kind not in _STEEDS or big.look.wheelchair or small.look.wheelchair:
                    action = "hugs"
                else:
                    rider = replace(small, action="rides", toward=big.character_id)
                    steed = replace(big, action=rng.choice(("stands", "walks", "runs", "stands")))
                    figure, other = (rider, steed) if small is figure else (steed, rider)
            if action == "gives":
                figure = replace(
                    figure,
                    action=action,
                    toward=other.character_id,
                    holding=rng.choice(_FITTING["gives"]) if rng.random() < 0.7 else "",
                )
                other = replace(
                    other, action=rng.choice(("stands", "cheers", "waves", "looks")), toward=figure.character_id
                )
            elif action in ("hugs", "holds hands"):
                figure = replace(figure, action=action, toward=other.character_id)
                answer = action if rng.random() < 0.7 else rng.choice(("stands", "cries", "cheers"))
                other = replace(other, action=answer, toward=figure.character_id)
            acted[index], acted[partner] = figure, other
            continue
        action = "stands" if rng.random() < 0.08 else rng.choice([a for a in words.ACTIONS if a not in words.TOUCHING])
        holding = ""
        if action in _FITTING:
            holding = rng.choice(_FITTING[action]) if rng.random() < 0.6 else ""
        elif action in _HANDS_FREE and rng.random() < 0.34:
            holding = rng.choice(_HOLDABLE)
        toward = None
        if action in _LOOKING and len(figures) > 1 and rng.random() < 0.4:
            toward = figures[rng.choice([other for other in range(len(figures)) if other != index])].character_id
        acted[index] = replace(figure, action=action, holding=holding, toward=toward)
    return [acted[index] for index in range(len(figures))]


def _jitter(rng: Random, figures: Sequence[Figure]) -> tuple[Figure, ...]:
    """Places a little off the planner's, those who touch moved as one; back to front again."""
    together = {figure.character_id for figure in figures if figure.action in words.TOUCHING}
    together |= {figure.toward for figure in figures if figure.action in words.TOUCHING and figure.toward is not None}
    shared_x, scale = rng.uniform(-0.04, 0.04), rng.uniform(0.93, 1.07)
    moved = []
    for figure in figures:
        place = figure.place
        alone = figure.character_id not in together
        x = place.x + shared_x + (rng.uniform(-0.03, 0.03) if alone else 0.0)
        y = place.y + (rng.uniform(-0.03, 0.02) if alone else 0.0)
        flip = place.flip != (alone and rng.random() < 0.08)
        moved.append(
            replace(
                figure,
                place=Place(round(min(0.94, max(0.06, x)), 4), round(y, 4), round(place.height * scale, 4), flip),
            )
        )
    return tuple(sorted(moved, key=lambda figure: figure.place.y + (1.0 if figure.action == "rides" else 0.0)))


def sample_brief(
    rng: Random, *, held_out: bool = False, looks: Sequence[Look] | None = None, count: int | None = None
) -> PanelBrief:
    """A brief over the whole vocabulary: none to four figures, one to three most often.

    `looks` are the characters to choose from (new ones are drawn otherwise), `count` fixes the number of figures.
    """
    setting = sample_setting(rng, held_out)
    number = count if count is not None else rng.choices((0, 1, 2, 3, 4), (6, 30, 32, 24, 8))[0]
    shot = "close" if rng.random() < (0.36 if number < 3 else 0.12) else "wide"
    if number == 0:
        shot = "wide"
    chosen = rng.sample(looks, number) if looks is not None else [sample_look(rng, held_out) for _ in range(number)]
    names = rng.sample(("Mia", "Tom", "Ada", "Ben", "Lea", "Sam", "Noor", "Finn", "Ivy", "Max"), number)
    figures = [
        Figure(CharacterId(f"c{index}"), names[index], look, Place(0.5, 0.92, 0.5)) for index, look in enumerate(chosen)
    ]
    seed = rng.getrandbits(31)
    placed = _jitter(rng, planning.place_figures(_act(rng, figures), shot=shot, seed=seed))
    props: tuple[tuple[str, Place], ...] = ()
    if number and rng.random() < 0.36:
        # the planner's own rule, so that training sees things where use puts them
        props = planning.place_props(rng.sample(words.PROPS, rng.choice((1, 1, 2))), placed, shot=shot, seed=seed)
    return PanelBrief(
        panel_id=PanelId(f"world-{seed:x}"),
        story_id=StoryId("world"),
        words="",
        figures=placed,
        setting=setting,
        time_of_day=rng.choices(words.TIMES, (50, 22, 28))[0],
        weather=rng.choices(words.WEATHERS, (61, 14, 14, 11))[0],
        shot=shot,
        style=rng.choices(words.STYLES, (40, 30, 30))[0],
        props=props,
    )
