"""From safe pixels and words to a Look: what several photos show, what words say, and what is usual for the rest.

Nothing is guessed from a face about who somebody is: whether a girl, a boy or a grown-up is meant is read from
words and pronouns. Colours are compared in CIELAB. OpenCV is imported when the first photo is measured.
"""

from __future__ import annotations

import hashlib
import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Final

from engine.cast.colour import dominant, in_plain_light, nearest_colour, to_lab, tones_of
from engine.cast.describing import read_words
from engine.cast.faces import Face as Face
from engine.cast.faces import cat_face, likely_meant, working_size
from engine.cast.faces import face_crop as face_crop
from engine.cast.faces import faces_of as faces_of
from engine.cast.faces import find_faces as find_faces
from engine.cast.person import look_of_person, person_without_face
from engine.nouns import Look, Pronouns
from engine.vocabulary import CREATURES, FUR_COLOURS, KINDS, PEOPLE, SKINS

if TYPE_CHECKING:
    from engine.cast.colour import Array
    from engine.cast.photos import SafePhoto

#: What creatures wear and are coloured when nobody says.
USUAL_FUR: Final[Mapping[str, tuple[str, ...]]] = {
    "bear": ("brown", "tan", "cream"), "rabbit": ("white", "grey", "tan"), "cat": ("orange", "grey", "black", "cream"),
    "dog": ("tan", "brown", "white", "black"), "fox": ("ginger", "orange"), "mouse": ("grey", "tan", "white"),
    "dragon": ("green", "purple", "red", "teal"), "robot": ("grey", "teal", "yellow"), "unicorn": ("white", "pink",
        "lilac"),
    "penguin": ("black", "blue"),
}
#: Below this width a face is measured, and the person is told that a nearer photo would help.
SMALL_FACE_PX: Final = 56
_CLOTHES: Final = ("red", "orange", "yellow", "green", "teal", "blue", "purple", "pink", "mint", "lilac")


@dataclass(frozen=True, slots=True)
class Casting:
    """A measured Look, what the person should be told about it, and how good each photo was."""

    look: Look
    findings: tuple[str, ...] = ()         # reason keys: no_face, several_faces, kind_guessed, photo_dark, ...
    quality: tuple[float, ...] = ()        # per photo, 0 (useless) to 1 (good)
    each: tuple[tuple[str, ...], ...] = ()    # per photo, what is to be said of it


@dataclass(frozen=True, slots=True)
class _Seen:
    """What one photo showed: fields of a Look with how sure each is, 0 to 1."""

    fields: Mapping[str, tuple[Any, float]]
    faces: int
    quality: float
    notes: tuple[str, ...] = ()


# --- words only ------------------------------------------------------------------------------------

def look_from_words(description: str, pronouns: Pronouns = Pronouns.ANY) -> Look:
    """A Look for a character without photos: what the words say, the rest chosen by them, the same every time."""
    said = read_words(description)
    dice = _dice(description.strip().casefold().encode())
    kind = said.get("kind") or _kind_of_pronouns(pronouns, dice)
    return _completed(said, {}, kind, description, dice)


def _dice(seed: bytes) -> random.Random:
    return random.Random(int.from_bytes(hashlib.sha256(seed).digest()[:8], "big"))


def _kind_of_pronouns(pronouns: Pronouns, dice: random.Random) -> str:
    if pronouns is Pronouns.SHE:
        return "girl"
    if pronouns is Pronouns.HE:
        return "boy"
    if pronouns is Pronouns.IT:
        return dice.choice(("bear", "rabbit", "robot", "dragon", "cat", "dog"))
    return dice.choice(("girl", "boy"))


def _completed(said: Mapping[str, Any], measured: Mapping[str, Any], kind: str, description: str,
               dice: random.Random) -> Look:
    """Words before measurements before what is usual for the kind."""
    person = kind in PEOPLE
    grey = kind in ("grandmother", "grandfather")
    styles = {"girl": ("bob", "long", "ponytail", "pigtails", "curly", "braids"), "boy": ("short", "curly", "spiky"),
              "woman": ("long", "bob", "bun", "curly", "ponytail"), "man": ("short", "curly", "short"),
              "grandmother": ("bun", "curly", "bob"), "grandfather": ("short", "bald"), "baby": ("bald", "short",
                  "curly")}
    top = dice.choice(_CLOTHES)
    skins = tuple(SKINS)
    if said.get("hair_colour", measured.get("hair_colour")) in ("ginger", "blond", "tan"):
        skins = skins[:5]
    skin = said.get("skin", measured.get("skin")) or dice.choice(skins)
    natural = ("black", "black", "brown") if skin in ("olive", "caramel", "brown", "deep") else \
        ("black", "brown", "brown", "tan", "blond", "ginger")
    usual: dict[str, Any] = {
        "skin": skin, "fur": dice.choice(USUAL_FUR.get(kind, ("brown",))),
        "hair": dice.choice(styles.get(kind, ("short",))),
        "hair_colour": dice.choice(("grey", "white") if grey else natural),
        "outfit": dice.choice({"baby": ("overalls", "pyjamas")}.get(kind, ("t-shirt", "sweater", "overalls"))) if person
        else "bare" if kind in ("dog", "cat", "dragon", "robot", "unicorn",
                                "penguin") else dice.choice(("t-shirt", "sweater", "overalls")),
        "outfit_colour": top, "pattern": dice.choice(("plain", "plain", "stripes", "dots")) if person else "plain",
        "pattern_colour": "white", "trousers_colour": dice.choice(("navy", "brown", "grey", "blue")),
        "accessory_colour": dice.choice([c for c in ("red", "yellow", "teal", "purple") if c != top]),
        "headwear_colour": dice.choice([c for c in ("red", "yellow", "teal", "purple") if c != top]),
        "glasses": "round" if grey and dice.random() < 0.5 else "none",
    }
    if "outfit_colour" in measured:                         # a top was seen
        usual.update(outfit=dice.choice(("t-shirt", "sweater")), pattern="plain")
    fields = {**usual, **measured, **said, "kind": kind, "words": description.strip()[:300]}
    if fields.get("outfit") == "bare" and "outfit" not in said and ({"outfit_colour", "pattern"} & set(said)):
        fields["outfit"] = "sweater"                        # clothes of a colour were spoken of: it wears some
    if fields["outfit"] == "bare":
        fields["pattern"] = said.get("pattern", "plain")
    if fields["pattern_colour"] == fields["outfit_colour"]:
        fields["pattern_colour"] = "navy"
    return Look(**fields)


# --- photos ----------------------------------------------------------------------------------------

def measure_look(photos: Sequence[SafePhoto], description: str = "", *, kind: str | None = None,
                 pronouns: Pronouns = Pronouns.ANY, chosen: Mapping[int, int] = MappingProxyType({}),
                 described: Mapping[str, Any] = MappingProxyType({})) -> Casting:
    """What 1 to 5 photos of one character show, overridden by what the words say.

    `described` are fields that a witness saw (`engine.cast.witness`): they go before what is measured.
    `chosen` says of a photo with several faces (by its number, from 0) which of `faces_of` is meant. `kind` is a word
    of KINDS when the person chose one; else the words, else the pronouns, else a guess that the findings own up to.
    Takes about 0.1 s a photo; call it in a thread. Without photos it is `look_from_words`.
    """
    said = read_words(description)
    known = kind if kind in KINDS else said.get("kind")
    said.pop("kind", None)
    creature = known in CREATURES if known else None
    seen = [_measure(photo, creature, chosen.get(number)) for number, photo in enumerate(photos)]
    faces = [each.faces for each in seen]
    told = [(*photo.notes, *(each.notes if creature is not True else ())) for photo, each in zip(photos, seen,
        strict=True)]
    findings = list(dict.fromkeys(note for notes in told for note in notes if note != "no_face" or not any(faces)))
    dice = _dice(b"".join(photo.rgb for photo in photos) + description.encode())
    if known is None:
        if seen and not any(faces):
            known = next((str(each.fields["kind"][0]) for each in seen if "kind" in each.fields), None)
            if known is None:
                known = _kind_of_pronouns(pronouns, dice) if pronouns in (Pronouns.SHE, Pronouns.HE) else "dog"
        else:
            known = _kind_of_pronouns(pronouns, dice) if pronouns is not Pronouns.IT else "girl"
        if pronouns not in (Pronouns.SHE, Pronouns.HE) or known in CREATURES:
            findings.append("kind_guessed")
    measured = {**_agreed(seen), **described}
    measured.pop("kind", None)
    if known in CREATURES:
        measured = {name: value for name, value in measured.items() if name in ("fur", "outfit")}
        measured.setdefault("outfit", "bare")
    else:
        measured.pop("fur", None)
        if known != "man" and known != "grandfather":
            measured.pop("beard", None)                     # a shadow under a chin is not one
        if measured.get("hair") == "bald" and known in ("girl", "woman", "grandmother"):
            measured.pop("hair")
    if seen:
        measured.setdefault("pattern", "plain")             # nobody made up dots for a shirt that was not seen
    return Casting(_completed(said, measured, known, description, dice), tuple(findings),
                   tuple(round(e.quality, 3) for e in seen), tuple(told))


def _agreed(seen: Sequence[_Seen]) -> dict[str, Any]:
    """Per field the value with the most certainty over all photos."""
    votes: dict[str, dict[Any, float]] = {}
    for each in seen:
        for name, (value, sure) in each.fields.items():
            tally = votes.setdefault(name, {})
            tally[value] = tally.get(value, 0.0) + sure * (0.3 + each.quality)
    return {name: max(tally, key=lambda value: tally[value]) for name, tally in votes.items()}


def _measure(photo: SafePhoto, creature: bool | None, chosen: int | None) -> _Seen:
    """One photo. `creature` is None where nobody said whether this is a person; `chosen` counts faces from the left."""
    rgb, scale = working_size(photo)
    quality = _quality(photo)
    lit = in_plain_light(rgb)
    faces = [] if creature else find_faces(lit)
    lab = to_lab(lit)
    if creature or not faces:
        fields: dict[str, tuple[Any, float]] = {}
        if creature is None and cat_face(rgb):
            fields["kind"] = ("cat", 1.0)
        fields.update(_fur(lab))
        if creature is False:
            fields.update(person_without_face(lab))
        return _Seen(fields, 0, quality, ("no_face",))
    meant = sorted(likely_meant(faces), key=lambda face: face.x)
    face = meant[chosen] if chosen is not None and 0 <= chosen < len(meant) else faces[0]
    notes = ["several_faces"] if len(meant) > 1 and chosen is None else []
    if face.width / scale < SMALL_FACE_PX:
        notes.append("face_small")
    # who is small in the picture is measured worse
    return _Seen(look_of_person(lab, face), 1 if chosen is not None else len(meant),
                 quality * min(1.0, face.width / scale / (2 * SMALL_FACE_PX)), tuple(notes))


def _quality(photo: SafePhoto) -> float:
    """0 to 1 by light, sharpness and size."""
    light = min(1.0, photo.brightness / 80) * min(1.0, (255 - photo.brightness) / 40)
    return light * min(1.0, photo.sharpness / 6) * min(1.0, min(photo.width, photo.height) / 300)


# --- pets and toys ---------------------------------------------------------------------------------

def _fur(lab: Array) -> dict[str, tuple[Any, float]]:
    """The coat's colour: the largest tone in the middle that is not the tone around it."""
    import numpy as np

    height, width = lab.shape[:2]
    frame = np.concatenate([lab[:height // 14].reshape(-1, 3), lab[:height * 2 // 3, :width // 16].reshape(-1, 3),
                            lab[:height * 2 // 3, -(width // 16):].reshape(-1, 3)])
    around = [tone for tone, share in tones_of(frame, 3) if share > 0.2]
    rows, columns = np.mgrid[0:height, 0:width].astype(np.float32)
    far = np.hypot((columns / width - 0.5) / 0.42, (rows / height - 0.56) / 0.46)
    inside = lab[far < 1]
    kept = np.ones(len(inside), bool)
    for tone in around:
        kept &= np.linalg.norm(inside - tone, axis=1) > 14
    if kept.mean() < 0.12:
        kept[:] = True                                      # it fills the photo, frame and all
    tone, share = dominant(inside[kept])
    return {"fur": (nearest_colour(tone, FUR_COLOURS), share)}


def settled(look: Look) -> frozenset[str]:
    """The fields of a look that its words settled."""
    return frozenset(read_words(look.words))


def with_words(look: Look, description: str) -> Look:
    """The look with what the words say put in."""
    return replace(look, **read_words(description), words=description.strip()[:300])

