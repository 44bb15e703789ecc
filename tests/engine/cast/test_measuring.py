"""From words and photos to a Look."""

from __future__ import annotations

from dataclasses import fields
from pathlib import Path

import numpy as np
import pytest
from PIL import Image, ImageDraw

from engine import vocabulary
from engine.cast.casting import LOOK_CHOICES, choices_for, corrected, differences, draw_character_avatar, vary_look
from engine.cast.colour import hair_colour_of, nearest_colour, nearest_skin
from engine.cast.describing import read_kind, read_words
from engine.cast.measuring import look_from_words, measure_look
from engine.cast.photos import SafePhoto, open_photo
from engine.nouns import Look, Pronouns

REHEARSAL = Path(__file__).resolve().parents[3] / "bot" / "rehearsal" / "scenes" / "photos"
PHOTOS = Path(__file__).resolve().parents[4] / "shared" / "photos"
needs_photos = pytest.mark.skipif(not PHOTOS.is_dir(),
                                  reason="the real photos are kept beside the repository, and are not here")


# --- words -----------------------------------------------------------------------------------------

@pytest.mark.parametrize(("text", "expected"), [
    ("a girl with curly red hair and a green dress",
     {"kind": "girl", "hair": "curly", "hair_colour": "ginger", "outfit": "dress", "outfit_colour": "green"}),
    ("my grandma, grey bun, round glasses", {"kind": "grandmother", "hair": "bun", "hair_colour": "grey",
                                             "glasses": "round"}),
    ("toy rabbit, white, wearing a blue sweater", {"kind": "rabbit", "fur": "white", "outfit": "sweater",
                                                   "outfit_colour": "blue"}),
    ("brown dog with a red scarf", {"kind": "dog", "fur": "brown", "accessories": ("scarf",),
                                    "accessory_colour": "red"}),
    ("a boy with a teddy bear and striped pyjamas", {"kind": "boy", "outfit": "pyjamas", "pattern": "stripes"}),
    ("She wears a purple hijab and a teal robe",
     {"kind": "girl", "headwear": "hijab", "headwear_colour": "purple", "outfit": "robe", "outfit_colour": "teal"}),
    ("a man with a long white beard, no glasses", {"kind": "man", "beard": "long", "hair_colour": "white",
                                                   "glasses": "none"}),
    ("She has blue eyes and blonde hair in pigtails, freckles", {"kind": "girl", "hair": "pigtails",
                                                                 "hair_colour": "blond", "freckles": True}),
    ("my dad: dark skin, black hair, yellow raincoat, brown trousers",
     {"kind": "man", "skin": "brown", "hair_colour": "black", "outfit": "raincoat", "outfit_colour": "yellow",
      "trousers_colour": "brown"}),
    ("girl in a wheelchair with a red cap", {"kind": "girl", "wheelchair": True, "headwear": "cap",
                                             "headwear_colour": "red"}),
    ("en pige med langt lyst hår og rød kjole", {"kind": "girl", "hair": "long", "hair_colour": "blond",
                                                 "outfit": "dress", "outfit_colour": "red"}),
    ("min bamse, brun med blå trøje", {"kind": "bear", "fur": "brown", "outfit": "sweater", "outfit_colour": "blue"}),
    ("a small green dragon with wings", {"kind": "dragon", "fur": "green"}),
    ("farfar med skæg og kasket", {"kind": "grandfather", "beard": "short", "headwear": "cap"}),
    ("", {}),
])
def test_words_are_read(text: str, expected: dict[str, object]) -> None:
    assert read_words(text) == expected


@pytest.mark.parametrize(("text", "kind"), [
    ("girl with dragon pyjamas", "girl"), ("my uncle and his dog", "man"), ("a teacher, she is kind",
        "woman"), ("not a dog, a fox", "fox"),
    ("black and white cat", "cat"), ("hun er glad", "girl"), ("nothing known", None), ("farther away", None),
])
def test_who_it_is(text: str, kind: str | None) -> None:
    assert read_kind(text) == kind


def test_every_word_list_leads_into_the_vocabulary() -> None:
    from engine.cast import describing

    for table, words in ((describing.KIND_WORDS, vocabulary.KINDS), (describing.COLOUR_WORDS, vocabulary.COLOURS),
                         (describing.HAIR_WORDS, vocabulary.HAIRSTYLES), (describing.HAIR_LENGTHS,
                             vocabulary.HAIRSTYLES),
                         (describing.HEADWEAR_WORDS, vocabulary.HEADWEAR), (describing.GLASSES_WORDS,
                             vocabulary.GLASSES),
                         (describing.BEARD_WORDS, vocabulary.BEARDS), (describing.OUTFIT_WORDS, vocabulary.OUTFITS),
                         (describing.PATTERN_WORDS, vocabulary.PATTERNS), (describing.ACCESSORY_WORDS,
                             vocabulary.ACCESSORIES),
                         (describing.SKIN_WORDS, vocabulary.SKINS)):
        assert set(table.values()) <= set(words)


def in_vocabulary(look: Look) -> None:
    for name, choices in LOOK_CHOICES.items():
        value = getattr(look, name)
        values = value if isinstance(value, tuple) else (value,)
        assert {str(each) for each in values} <= set(choices), (name, value)


def test_words_alone_make_a_look_the_same_every_time() -> None:
    one = look_from_words("a brave knight with a blue cape", Pronouns.HE)
    assert one == look_from_words("a brave knight with a blue cape", Pronouns.HE)
    assert one.kind == "man" and one.accessories == ("cape",) and one.accessory_colour == "blue"
    looks = [look_from_words(f"friend {i}", pronouns) for i in range(30) for pronouns in Pronouns]
    for look in looks:
        in_vocabulary(look)
    assert {look_from_words(f"friend {i}", Pronouns.SHE).kind for i in range(9)} == {"girl"}
    assert {look_from_words(f"friend {i}", Pronouns.HE).kind for i in range(9)} == {"boy"}
    assert {look_from_words(f"it {i}", Pronouns.IT).kind for i in range(30)} <= set(vocabulary.CREATURES)
    assert len(set(looks)) > 60, "characters nobody described should not all look alike"


@pytest.mark.parametrize("text", ["", "\u202e\u200b", "🦊" * 50, "x" * 5000, "red red red red",
                                  "with with and no no not a", "'; drop table"])
def test_odd_words_still_make_a_look(text: str) -> None:
    look = look_from_words(text, Pronouns.ANY)
    in_vocabulary(look)
    assert len(look.words) <= 300


# --- colours ---------------------------------------------------------------------------------------

def lab(code: str) -> np.ndarray:
    import cv2

    rgb = np.array([[[int(code[i:i + 2], 16) for i in (1, 3, 5)]]], np.float32) / 255
    return cv2.cvtColor(rgb, cv2.COLOR_RGB2LAB)[0, 0]


@pytest.mark.parametrize("name", tuple(vocabulary.COLOURS))
def test_a_named_colour_is_read_as_itself(name: str) -> None:
    assert nearest_colour(lab(vocabulary.COLOURS[name])) == name


@pytest.mark.parametrize("name", tuple(vocabulary.SKINS))
def test_a_named_skin_is_read_as_itself_also_in_dimmer_light(name: str) -> None:
    tone = lab(vocabulary.SKINS[name])
    assert nearest_skin(tone) == name
    names = list(vocabulary.SKINS)
    assert abs(names.index(nearest_skin(tone * 0.93)) - names.index(name)) <= 1


@pytest.mark.parametrize(("code", "name"), [("#1C1A1B", "black"), ("#3F2A20", "brown"), ("#D9BC84", "blond"),
                                            ("#B5562A", "ginger"),
                                            ("#A8A8A8", "grey"), ("#EEEEEC", "white"), ("#E884B0",
                                                "pink"), ("#8C6A48", "tan")])
def test_hair_colours(code: str, name: str) -> None:
    assert hair_colour_of(lab(code)) == name


# --- photos ----------------------------------------------------------------------------------------

def plush(fur: str, wall: str) -> SafePhoto:
    """A toy before a wall: no face of a person anywhere."""
    image = Image.new("RGB", (400, 400), wall)
    draw = ImageDraw.Draw(image)
    draw.ellipse((110, 170, 290, 390), fill=fur)
    draw.ellipse((130, 60, 270, 200), fill=fur)
    for x in (140, 260):
        draw.ellipse((x - 28, 40, x + 28, 96), fill=fur)
    for x in (175, 225):
        draw.ellipse((x - 7, 115, x + 7, 129), fill="#201818")
    return SafePhoto(image.tobytes(), 400, 400, 120.0, 60.0, 9.0)


@pytest.mark.parametrize(("fur", "name"), [("#7A4B2B", "brown"), ("#F6F4EF", "white"), ("#9098A3", "grey"),
                                           ("#F38FB1", "pink"), ("#2B2A30", "black")])
def test_a_toys_colour_is_measured(fur: str, name: str) -> None:
    casting = measure_look([plush(fur, "#3FA35B")], "my teddy")
    assert casting.look.kind == "bear" and casting.look.fur == name
    assert casting.findings == ()


def test_words_override_what_was_measured() -> None:
    casting = measure_look([plush("#7A4B2B", "#3FA35B")], "a white toy rabbit in a red dress with glasses")
    look = casting.look
    assert (look.kind, look.fur, look.outfit, look.outfit_colour, look.glasses) == ("rabbit", "white", "dress", "red",
        "round")


def test_a_photo_without_a_face_is_told() -> None:
    casting = measure_look([plush("#7A4B2B", "#3FA35B")], "")
    assert "no_face" in casting.findings and "kind_guessed" in casting.findings
    in_vocabulary(casting.look)
    person = measure_look([plush("#7A4B2B", "#3FA35B")], "", kind="girl")
    assert person.look.kind == "girl" and "no_face" in person.findings
    assert len(person.quality) == 1 and 0 <= person.quality[0] <= 1


@needs_photos
async def test_real_people_and_a_real_dog() -> None:
    async def opened(name: str) -> SafePhoto:
        return await open_photo((PHOTOS / f"{name}.jpg").read_bytes())

    man = measure_look([await opened("man")], "", kind="man")
    assert man.findings == ()
    assert man.look.hair in ("short", "spiky"), "short, and brushed up"
    assert (man.look.hair_colour, man.look.outfit_colour, man.look.glasses) == ("black", "white", "none")
    assert man.look.skin in ("peach", "honey", "olive") and man.look.beard == "short"

    woman = measure_look([await opened("woman")], "", pronouns=Pronouns.SHE, kind="woman")
    assert (woman.look.hair, woman.look.glasses, woman.look.beard) == ("bun", "none", "none")
    assert woman.look.hair_colour in ("black", "brown") and woman.look.skin in ("porcelain", "fair", "peach")

    child = measure_look([await opened("child")], "", pronouns=Pronouns.SHE)
    assert child.look.kind == "girl" and child.look.hair_colour in ("tan", "brown",
                                                                    "blond") and child.look.hair in ("curly", "bob",
                                                                        "long")
    assert child.look.skin in ("fair", "peach", "honey")

    dog = measure_look([await opened("dog")], "my dog")
    assert dog.look.kind == "dog" and dog.look.fur in ("black", "white") and dog.findings == ()

    both = measure_look([await opened("man"), await opened("man")], "", kind="man")
    assert both.look == man.look or differences(both.look, man.look), "several photos vote together"
    assert both.look.hair_colour == "black" and len(both.quality) == 2


async def test_the_photos_of_the_rehearsal() -> None:
    """Two photos anybody has: a portrait of an astronaut in orange, and a ginger tabby in half profile."""
    astronaut = await open_photo((REHEARSAL / "astronaut.jpg").read_bytes())
    casting = measure_look([astronaut], "", pronouns=Pronouns.SHE)
    look = casting.look
    assert casting.findings == () and look.kind == "girl"
    assert (look.hair, look.hair_colour, look.outfit_colour, look.glasses, look.beard) == (
        "short", "tan", "orange", "none", "none")
    assert look.skin in ("porcelain", "fair")
    assert measure_look([astronaut], "", pronouns=Pronouns.HE).look.kind == "boy"
    assert measure_look([astronaut], "my aunt").look.kind == "woman"
    assert measure_look([astronaut], "", pronouns=Pronouns.SHE) == casting, "the same photo gives the same look"
    cat = await open_photo((REHEARSAL / "chelsea.jpg").read_bytes())
    measured = measure_look([cat], "my cat")
    assert measured.look.kind == "cat" and measured.look.fur in ("tan", "ginger", "brown")
    assert measure_look([cat], "an orange cat").look.fur == "orange"
    assert "no_face" in measure_look([cat], "").findings


@needs_photos
async def test_two_people_in_one_photo_are_told() -> None:
    one = (await open_photo((PHOTOS / "man.jpg").read_bytes())).image().resize((400, 600))
    two = (await open_photo((PHOTOS / "woman.jpg").read_bytes())).image().resize((480, 600))
    side = Image.new("RGB", (880, 600))
    side.paste(one, (0, 0))
    side.paste(two, (400, 0))
    casting = measure_look([SafePhoto(side.tobytes(), 880, 600, 120.0, 50.0, 9.0)], "")
    assert "several_faces" in casting.findings


@needs_photos
async def test_glasses_are_seen() -> None:
    from engine.cast.faces import find_faces

    image = (await open_photo((PHOTOS / "man.jpg").read_bytes())).image()
    face = find_faces(np.asarray(image))[0]
    draw = ImageDraw.Draw(image)
    for at in (0.31, 0.69):
        cx, cy, r = face.x + at * face.width, face.y + 0.40 * face.height, 0.15 * face.width
        draw.ellipse((cx - r, cy - r, cx + r, cy + r), outline=(20, 18, 20), width=max(3, face.width // 40))
    y = face.y + 0.38 * face.height
    draw.line((face.x + 0.45 * face.width, y, face.x + 0.55 * face.width, y), fill=(20, 18, 20),
              width=max(3, face.width // 36))
    photo = SafePhoto(image.tobytes(), image.width, image.height, 120.0, 50.0, 9.0)
    assert measure_look([photo], "", kind="man").look.glasses == "round"


# --- menus and trying again ------------------------------------------------------------------------

def test_menus_hold_every_field_and_no_more_than_a_menu_can() -> None:
    assert set(LOOK_CHOICES) == {f.name for f in fields(Look)} - {"words"}
    assert all(1 < len(choices) <= 25 for choices in LOOK_CHOICES.values())
    assert "fur" not in choices_for(Look(kind="girl")) and "skin" not in choices_for(Look(kind="bear"))


def test_every_choice_can_be_chosen() -> None:
    for name, choices in LOOK_CHOICES.items():
        for choice in choices:
            value = getattr(corrected(Look(), name, choice), name)
            assert value == (choice,) or str(value) == choice
    assert corrected(Look(), "accessories", ("scarf", "cape")).accessories == ("scarf", "cape")
    for name, choice in (("kind", "walrus"), ("hair", ("bob", "long")), ("freckles", "perhaps")):
        with pytest.raises(ValueError):
            corrected(Look(), name, choice)


@pytest.mark.parametrize("text", ["", "a dog", "girl with curly red hair, green striped dress",
                                  "grandpa with a cap and a blue sweater",
                                  "pale girl with long brown hair, plain red dress, blue trousers, tall"])
def test_trying_again_gives_another_look_that_keeps_the_words(text: str) -> None:
    look = look_from_words(text, Pronouns.SHE)
    seen = set()
    for seed in range(12):
        varied = vary_look(look, seed)
        assert varied != look and varied == vary_look(look, seed)
        in_vocabulary(varied)
        assert varied.kind == look.kind
        now = {f.name: getattr(varied, f.name) for f in fields(Look)}
        assert read_words(text).items() <= now.items() or "tall" in text
        seen.add(varied)
    assert len(seen) > 1 or "plain red dress" in text


def test_the_avatar_is_a_png_with_a_clear_background() -> None:
    import io

    png = draw_character_avatar(Look(kind="fox", fur="ginger"))
    image = Image.open(io.BytesIO(png))
    assert image.format == "PNG" and image.mode == "RGBA" and 200 <= image.height <= 330
    assert image.getpixel((0, 0))[3] == 0  # type: ignore[index]
    assert len(png) < 60_000
