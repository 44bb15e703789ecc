"""How each painter family is told what to paint. Pure; standard library only.

Mini's caption is a fixed order of vocabulary words, so that a small text encoder learns it quickly; the training
world words its scenes by this very function. Large models read English: who is on which image of the context, where
they stand and what they do.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping

from engine.nouns import CharacterId, Figure, Look, PanelBrief
from engine.vocabulary import PEOPLE

#: How each style is asked for in words.
STYLE_WORDS: Mapping[str, str] = {
    "flat": "flat colours with clean shapes", "crayon": "soft wax crayons on rough paper",
    "watercolour": "light watercolour on white paper"}

#: For whom a story of each rating is, in words.
RATING_WORDS: Mapping[str, str] = {
    "toddler": "for very small children, friendly and gentle", "family": "for the whole family, warm and lively",
    "teen": "for young people, expressive and rich in detail"}


def _tenth(fraction: float) -> int:
    """0 to 9: which tenth of the panel's width."""
    return min(9, max(0, int(fraction * 10)))


def _mini_figure(figure: Figure, brief: PanelBrief) -> str:
    words = [f"at {_tenth(figure.place.x)}", figure.look.kind, figure.action, figure.mood]
    if figure.holding:
        words.append(f"with {figure.holding}")
    partner = next((other for other in brief.figures if other.character_id == figure.toward), None)
    if partner is not None and partner is not figure:
        words.append(f"to {_tenth(partner.place.x)}")
    return " ".join(words)


def mini_caption(brief: PanelBrief) -> str:
    """A brief as mini's text encoder reads it: style, shot, setting, light; then each figure from left to right."""
    parts = [" ".join((brief.style, brief.shot, brief.setting.kind, brief.time_of_day, brief.weather))]
    parts += [_mini_figure(figure, brief) for figure in sorted(brief.figures, key=lambda figure: figure.place.x)]
    parts += [f"at {_tenth(place.x)} {prop}" for prop, place in brief.props]
    return " . ".join(parts)


def klein_prompt(brief: PanelBrief, images: Mapping[CharacterId, int], before: int | None = None) -> str:
    """A brief in English for a model with pictures in its context.

    Image 1 is the rough; `images` says who is on which, `before` which one is the frame before. What a figure looks
    like is left to its picture, except where it has none.
    """
    parts = [f"A page of a picture book {RATING_WORDS.get(brief.rating, RATING_WORDS['toddler'])}, "
             f"{STYLE_WORDS.get(brief.style, brief.style)}. Image 1 is a rough sketch: keep its composition and paint "
             f"it well."]
    named = {figure.character_id: figure for figure in brief.figures}
    parts += [f"Image {number} shows {named[who].name}, the {named[who].look.kind}."
              for who, number in sorted(images.items(), key=lambda item: item[1]) if who in named]
    if before is not None:
        parts.append(f"Image {before} is an earlier page: keep its style.")
    parts.append(f"The place: {_setting_words(brief)}.")
    parts += [_figure_words(figure, brief, images.get(figure.character_id))
              for figure in sorted(brief.figures, key=lambda figure: figure.place.x)]
    if len(brief.figures) > 1:
        parts.append(f"Exactly {len(brief.figures)} characters, each with their own face, hair and clothes.")
    elif not brief.figures:
        parts.append("Nobody is there.")
    if brief.words:
        parts.append(f"It shows: {' '.join(brief.words.split())}")
    return " ".join(parts)


def avatar_prompt(look: Look, *, style: str, photos: int) -> str:
    """An avatar in English for a model with pictures in its context: image 1 is the doll, the photos follow."""
    last = photos + 1
    shown = "" if photos < 1 else "Image 2 is a photo" if photos == 1 else f"Images 2 to {last} are photos"
    parts = [f"A drawing for a picture book, {STYLE_WORDS.get(style, style)}: one {look.kind} alone, standing, the "
             f"whole figure from head to feet, on plain white paper with nothing around. Image 1 is a rough sketch: "
             f"keep its pose and its clothes."]
    if shown:
        parts.append(f"{shown} of this very {look.kind}: keep face, colours, hair and build, but draw them, and leave "
                     f"out everything behind.")
    if look.words:
        parts.append(f"In their own words: {' '.join(look.words.split())}")
    return " ".join(parts)


def _setting_words(brief: PanelBrief) -> str:
    weather = "" if brief.weather == "clear" else f", {brief.weather}"
    props = "".join(f", a {prop}" for prop, _ in brief.props)
    return f"{brief.setting.kind}, {brief.time_of_day}{weather}, {brief.shot} shot{props}"


def _where(figure: Figure) -> str:
    return "on the left" if figure.place.x < 0.36 else "on the right" if figure.place.x > 0.64 else "in the middle"


def _figure_words(figure: Figure, brief: PanelBrief, image: int | None) -> str:
    where = _where(figure)
    look = figure.look
    who = (figure.name if image is not None
           else f"{figure.name} is a {look.kind} in a {look.outfit_colour} {look.outfit}")
    worn = ", ".join(_worn_words(figure))
    doing = f"{figure.action}, {figure.mood}" + (f", with a {figure.holding}" if figure.holding else "")
    partner = next((other.name for other in brief.figures if other.character_id == figure.toward), "")
    return f"{who}, {where}: {doing}{f', with {partner}' if partner else ''}{f', wearing {worn}' if worn else ''}."


def _worn_words(figure: Figure) -> list[str]:
    """What a figure wears otherwise than on its own picture."""
    look, changed = figure.look, {field for field, _ in figure.worn}
    words = []
    if changed & {"outfit", "outfit_colour"} and look.outfit != "bare":
        words.append(f"a {look.outfit_colour} {look.outfit}")
    if changed & {"headwear", "headwear_colour"} and look.headwear != "none":
        words.append(f"a {look.headwear_colour} {look.headwear}")
    if "glasses" in changed and look.glasses != "none":
        words.append(f"{look.glasses} glasses")
    if changed & {"accessories", "accessory_colour"}:
        words += [f"a {look.accessory_colour} {each}" for each in look.accessories]
    return words


#: What a CLIP model is asked to leave out, where it is guided away from anything.
CLIP_AVOIDS = "text, watermark, photograph, deformed, extra limbs, extra people, frightening"


def clip_prompt(brief: PanelBrief, reads: Callable[[str], bool]) -> str:
    """A brief for a model that reads with CLIP: 77 tokens and no more, of which the first count most.

    `reads` says whether a text can be read to its end. The cast comes first, by what they look like, since a name says
    nothing to CLIP; what matters less is left out bit by bit until the rest can be read, the cast itself never: at the
    last it is counted.
    """
    text = ""
    for detail, setting, sentence in CLIP_SHORTER:
        text = _clip_words(brief, detail, setting, sentence)
        if reads(text):
            break
    return text


def clip_avatar_prompt(look: Look, style: str, reads: Callable[[str], bool]) -> str:
    """An avatar for a model that reads with CLIP; with fewer of the looks where all of them would not be read."""
    def text(*, whole: bool) -> str:
        return (f"one {_clip_looks(look, whole=whole)}, alone, whole figure standing, plain white paper, "
                f"children's picture book illustration, {STYLE_WORDS.get(style, style)}")

    return text(whole=True) if reads(text(whole=True)) else text(whole=False)


#: How much is said, most first: of each figure (4 looks, 3 main colour, 2 place and doing, 1 doing, 0 counted), of the
#: setting (2 with light, props and style, 1 with style, 0 alone), and whether the sentence is added.
CLIP_SHORTER = ((4, 2, True), (4, 2, False), (3, 2, False), (3, 1, False), (2, 1, False), (1, 1, False), (1, 0, False),
                (0, 0, False))


def _clip_words(brief: PanelBrief, detail: int, setting: int, sentence: bool) -> str:
    figures = sorted(brief.figures, key=lambda figure: figure.place.x)
    if detail:
        cast = ", ".join(_clip_figure(figure, brief, detail) for figure in figures)
    else:
        counts = Counter(figure.look.kind for figure in figures)
        cast = ", ".join(f"{count} {kind}" for kind, count in counts.items())
    style = f"children's picture book illustration, {STYLE_WORDS.get(brief.style, brief.style)}"
    where = {2: f"{_setting_words(brief)}, {style}", 1: f"{brief.setting.kind}, {brief.time_of_day}, {style}",
             0: brief.setting.kind}[setting]
    parts = [cast, where] if figures else [f"empty scenery, nobody there, {where}"]
    if sentence and brief.words:
        parts.append(" ".join(brief.words.split()))
    return ", ".join(parts)


def _clip_figure(figure: Figure, brief: PanelBrief, detail: int) -> str:
    look = figure.look
    if detail == 1:
        return f"a {look.kind} who {figure.action}"
    partner = next((other for other in brief.figures if other.character_id == figure.toward), None)
    doing = f"who {figure.action}" + (f" with a {figure.holding}" if figure.holding else "") + (
        f" the {partner.look.kind}" if partner is not None and partner is not figure else "")
    if detail == 2:
        return f"{_where(figure)} a {look.kind} {doing}"
    who = _clip_looks(look, whole=detail == 4)
    return f"{_where(figure)} a {figure.mood} {who} {doing}"


def _clip_looks(look: Look, *, whole: bool) -> str:
    """Somebody's appearance as CLIP knows the words: the kind and what is most seen of it, or all of it."""
    person = look.kind in PEOPLE
    worn = "" if look.outfit == "bare" else f"{look.outfit_colour} {look.outfit}"
    if not whole:
        return f"{look.kind} in {worn}" if person and worn else f"{look.fur} {look.kind}"
    with_ = []
    if person:
        with_.append(f"{look.skin} skin")
        covered = look.headwear in ("hijab", "headscarf")
        if not covered:
            with_.append("no hair" if look.hair == "bald" else f"{look.hair} {look.hair_colour} hair")
    if look.headwear != "none":
        with_.append(f"{look.headwear_colour} {look.headwear}")
    if look.glasses != "none":
        with_.append("sunglasses" if look.glasses == "sunglasses" else f"{look.glasses} glasses")
    if look.beard != "none":
        with_.append("moustache" if look.beard == "moustache" else f"{look.beard} beard")
    if look.freckles:
        with_.append("freckles")
    if worn:
        with_.append(worn if look.pattern == "plain" else f"{worn} with {look.pattern}")
    with_ += look.accessories
    if look.wheelchair:
        with_.append("wheelchair")
    kind = look.kind if person else f"{look.fur} {look.kind}"
    return f"{kind} with {' and '.join(with_)}" if with_ else kind


def names_in_order(brief: PanelBrief) -> list[str]:
    """The cast's names from left to right, as a reader sees them."""
    return [figure.name for figure in sorted(brief.figures, key=lambda figure: figure.place.x)]
