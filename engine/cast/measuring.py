"""From safe pixels and words to a Look: the face, and the colours of skin, hair, fur and clothes.

Nothing is guessed from a face about who somebody is: whether a girl, a boy or a grown-up is meant is read from
words and pronouns. Colours are compared in CIELAB. OpenCV is imported when the first photo is measured.
"""

from __future__ import annotations

import hashlib
import random
import threading
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Final

from engine.cast.describing import read_words
from engine.nouns import Look, Pronouns
from engine.vocabulary import COLOURS, CREATURES, FUR_COLOURS, KINDS, PEOPLE, SKINS

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from engine.cast.photos import SafePhoto

    Array = NDArray[np.float32]
    Mask = NDArray[np.bool_]

#: What creatures wear and are coloured when nobody says.
USUAL_FUR: Final[Mapping[str, tuple[str, ...]]] = {
    "bear": ("brown", "tan", "cream"), "rabbit": ("white", "grey", "tan"), "cat": ("orange", "grey", "black", "cream"),
    "dog": ("tan", "brown", "white", "black"), "fox": ("ginger", "orange"), "mouse": ("grey", "tan", "white"),
    "dragon": ("green", "purple", "red", "teal"), "robot": ("grey", "teal", "yellow"), "unicorn": ("white", "pink",
        "lilac"),
    "penguin": ("black", "blue"),
}
#: What cloth is called where the nearest word is one for hair: orange in the shade is as dark as ginger.
_CLOTH: Final[Mapping[str, str]] = {"ginger": "orange", "blond": "cream"}
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


def faces_of(photo: SafePhoto) -> list[Face]:
    """The faces of a photo that may be meant, from left to right, in its own pixels; small ones far behind are not."""
    rgb, scale = _working_size(photo)
    faces = find_faces(_lit(rgb))
    return [Face(round(face.x / scale), round(face.y / scale), round(face.width / scale), round(face.height / scale),
                 face.facing) for face in sorted(_meant(faces), key=lambda face: face.x)]


def face_crop(photo: SafePhoto, face: Face, *, size_px: int = 160) -> bytes:
    """A face with what is around it, as a small square PNG: for its owner to say who is meant, and for nobody else."""
    import io

    from PIL import Image

    middle_x, middle_y, reach = face.x + face.width / 2, face.y + face.height / 2, 0.9 * max(face.width, face.height)
    left, top, side = round(middle_x - reach), round(middle_y - reach), round(2 * reach)
    out = io.BytesIO()
    crop = photo.image().crop((left, top, left + side, top + side))
    crop.resize((size_px, size_px), Image.Resampling.LANCZOS).save(out, "PNG")
    return out.getvalue()


def _meant(faces: Sequence[Face]) -> list[Face]:
    """Faces large enough to be whom a photo is of."""
    largest = max((face.width for face in faces), default=0)
    return [face for face in faces if face.width > 0.55 * largest]


def _working_size(photo: SafePhoto) -> tuple[NDArray[np.uint8], float]:
    """The pixels at most 640 long, and what they were scaled by."""
    import cv2
    import numpy as np

    rgb = np.frombuffer(photo.rgb, np.uint8).reshape(photo.height, photo.width, 3)
    scale = min(1.0, 640 / max(photo.width, photo.height))
    if scale < 1:
        rgb = cv2.resize(rgb, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)
    return rgb, scale


def _measure(photo: SafePhoto, creature: bool | None, chosen: int | None) -> _Seen:
    """One photo. `creature` is None where nobody said whether this is a person; `chosen` counts faces from the left."""
    rgb, scale = _working_size(photo)
    quality = _quality(photo)
    lit = _lit(rgb)
    faces = [] if creature else find_faces(lit)
    lab = _lab(lit)
    if creature or not faces:
        fields: dict[str, tuple[Any, float]] = {}
        if creature is None and _cat_face(rgb):
            fields["kind"] = ("cat", 1.0)
        fields.update(_fur(lab))
        if creature is False:
            fields.update(_person_without_face(lab))
        return _Seen(fields, 0, quality, ("no_face",))
    meant = sorted(_meant(faces), key=lambda face: face.x)
    face = meant[chosen] if chosen is not None and 0 <= chosen < len(meant) else faces[0]
    notes = ["several_faces"] if len(meant) > 1 and chosen is None else []
    if face.width / scale < SMALL_FACE_PX:
        notes.append("face_small")
    # who is small in the picture is measured worse
    return _Seen(_person(lab, face), 1 if chosen is not None else len(meant),
                 quality * min(1.0, face.width / scale / (2 * SMALL_FACE_PX)), tuple(notes))


def _quality(photo: SafePhoto) -> float:
    """0 to 1 by light, sharpness and size."""
    light = min(1.0, photo.brightness / 80) * min(1.0, (255 - photo.brightness) / 40)
    return light * min(1.0, photo.sharpness / 6) * min(1.0, min(photo.width, photo.height) / 300)


# OpenCV's detectors are not safe to use from two threads at once
_lock = threading.Lock()


@lru_cache(maxsize=8)
def _cascade(name: str) -> Any:
    import cv2

    return cv2.CascadeClassifier(str(Path(cv2.__file__).parent / "data" / f"haarcascade_{name}.xml"))


@dataclass(frozen=True, slots=True)
class Face:
    """A face's box in pixels. `facing` is 1 for a profile that looks right, -1 for left, 0 for a face to us."""

    x: int
    y: int
    width: int
    height: int
    facing: int = 0


def find_faces(rgb: NDArray[np.uint8]) -> list[Face]:
    """Faces, the largest first; profiles only where no face looks at the camera."""
    import cv2

    grey = cv2.equalizeHist(cv2.cvtColor(rgb, cv2.COLOR_RGB2GRAY))
    # a face is found as well in a small picture, in a quarter of the time
    scale = min(1.0, 400 / max(grey.shape))
    grey = cv2.resize(grey, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)
    least = max(22, min(grey.shape) // 9)
    with _lock:
        frontal = _cascade("frontalface_alt2").detectMultiScale(grey, 1.08, 5, minSize=(least, least))
        found = [Face(*(int(v) for v in box)) for box in frontal]
        if not found:
            profile = _cascade("profileface")                # it knows faces that look left
            left = profile.detectMultiScale(grey, 1.08, 4, minSize=(least, least))
            right = profile.detectMultiScale(cv2.flip(grey, 1), 1.08, 4, minSize=(least, least))
            found = [Face(int(x), int(y), int(w), int(h), -1) for x, y, w, h in left]
            found += [Face(grey.shape[1] - int(x) - int(w), int(y), int(w), int(h), 1) for x, y, w, h in right]
    found = [Face(round(f.x / scale), round(f.y / scale), round(f.width / scale), round(f.height / scale), f.facing)
             for f in found]
    if any(face.facing for face in found):
        lab = _lab(rgb)
        found = [face for face in found if _skin_share(lab, face) > 0.35]
    return sorted(found, key=lambda face: -face.width)


def _cat_face(rgb: NDArray[np.uint8]) -> bool:
    import cv2

    grey = cv2.equalizeHist(cv2.cvtColor(rgb, cv2.COLOR_RGB2GRAY))
    least = max(32, min(grey.shape) // 5)
    with _lock:
        return len(_cascade("frontalcatface_extended").detectMultiScale(grey, 1.06, 4, minSize=(least, least))) > 0


# --- colour ----------------------------------------------------------------------------------------

def _lab(rgb: NDArray[Any]) -> Array:
    """CIELAB, lightness 0 to 100, a and b about -100 to 100: (height, width, 3)."""
    import cv2
    import numpy as np

    out: Array = cv2.cvtColor(np.asarray(rgb, np.float32) / 255.0, cv2.COLOR_RGB2LAB)
    return out


#: How bright the brightest hundredth of a photo is made, in CIELAB lightness, and by what at most.
_BRIGHT, _MOST_LIGHT = 84.0, 1.9
#: (brightest - faintest channel) / brightest of a pixel above which its colour is its own.
COLOURFUL: Final = 0.5


def _lit(rgb: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """The photo as in plain daylight: the light's own colour taken out, and brighter where it is dark.

    Grey edge (van de Weijer, Gevers and Gijsenij, "Edge-Based Color Constancy", 2007): the differences between
    neighbours average to the colour of the light. A pink wall has none, so it is left pink. Green and magenta light is
    rarer than green meadows: of that only half is believed.
    """
    import cv2
    import numpy as np

    scale = min(1.0, 400 / max(rgb.shape))
    small = cv2.resize(rgb, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA).astype(np.float32)
    small = cv2.GaussianBlur(small, (0, 0), 2)
    differences = np.hypot(cv2.Sobel(small, cv2.CV_32F, 1, 0), cv2.Sobel(small, cv2.CV_32F, 0, 1))
    # what has a strong colour of its own says nothing of the light: a flag, a lawn, a red tie
    brightest, faintest = small.max(axis=2), small.min(axis=2)
    edges = differences[(brightest < 250) & (brightest - faintest < COLOURFUL * brightest)]
    # a drawing, or a toy before a bare wall, has too few differences to tell the light from the things
    sure = float(np.clip(((differences.mean(axis=2) > 4).mean() - 0.12) / 0.15, 0, 1))
    if not len(edges) or sure == 0:
        return rgb
    light = edges.mean(axis=0) / edges.mean()
    gains = np.clip(np.array([1 / light[0], light[1] ** -0.5, 1 / light[2]]), 0.75, 1.35)
    gains = gains / gains.mean()
    # a little off is the scene's own colours; a lamp's or a shadow's light is off by much
    strength = float(np.clip((np.abs(np.log(gains)).max() - 0.05) / 0.05, 0, 1))
    gains = gains ** (sure * strength)
    lightest = float(np.percentile(_lab(np.clip(small * gains, 0, 255))[..., 0], 99))
    exposure = min(_MOST_LIGHT, max(1.0, _BRIGHT / max(1.0, lightest))) ** sure
    out: NDArray[np.uint8] = np.clip(rgb * (gains * exposure), 0, 255).astype(np.uint8)
    return out


@lru_cache(maxsize=8)
def _swatches(names: tuple[str, ...], skins: bool = False) -> Array:
    import numpy as np

    table = SKINS if skins else COLOURS
    rgb = np.array([[[int(table[n][i:i + 2], 16) for i in (1, 3, 5)] for n in names]], np.uint8)
    out: Array = _lab(rgb)[0]
    return out


def nearest_colour(tone: Array, names: tuple[str, ...] = tuple(COLOURS)) -> str:
    """The colour word nearest to a CIELAB tone. Lightness counts less than hue: cloth lies in shadow, fur shines."""
    import numpy as np

    lightness, chroma = float(tone[0]), float(np.hypot(tone[1], tone[2]))
    if chroma < 11:                                         # no hue to speak of: black, grey, white
        word = "black" if lightness < 31 else "grey" if lightness < 68 else "white"
        if word in names:
            return word
    difference = (_swatches(names) - tone) * np.array([0.62, 1.0, 1.0], np.float32)
    distances = np.linalg.norm(difference, axis=1)
    if chroma > 20:                                         # a coloured thing is not called grey, white or black
        for i, name in enumerate(names):
            if name in ("grey", "white", "black"):
                distances[i] += 30
    return names[int(distances.argmin())]


def nearest_skin(tone: Array) -> str:
    """The skin word nearest to a CIELAB tone.

    By lightness, and by chroma over lightness: that ratio grows from porcelain to deep, and a darker exposure
    leaves it as it is.
    """
    import numpy as np

    names = tuple(SKINS)
    swatches = _swatches(names, True)
    ratios = np.hypot(swatches[:, 1], swatches[:, 2]) / swatches[:, 0]
    ratio = np.hypot(tone[1], tone[2]) / max(1.0, float(tone[0]))
    return names[int((0.6 * np.abs(swatches[:, 0] - tone[0]) + 60 * np.abs(ratios - ratio)).argmin())]


def hair_colour_of(tone: Array) -> str:
    """The hair colour word for a CIELAB tone, by lightness and chroma: dark hair keeps little of its hue."""
    import numpy as np

    lightness, a, b = (float(v) for v in tone)
    chroma = float(np.hypot(a, b))
    hue = float(np.degrees(np.arctan2(b, a))) % 360
    if chroma > 24 and lightness > 20 and (hue < 25 or hue > 110):
        return nearest_colour(tone, ("red", "pink", "blue", "purple", "teal"))
    if lightness < 13 or (lightness < 22 and chroma < 9) or (lightness < 27 and chroma < 6):
        return "black"
    if chroma < 8.5:
        return "white" if lightness > 72 else "grey" if lightness > 38 else "black"
    if chroma > 30 and hue < 62 and lightness > 30:
        return "ginger"
    if lightness < 41:
        return "brown"
    return "tan" if lightness < 57 else "blond"


def _skin_like(lab: Array, tone: Array, within: float) -> Mask:
    import numpy as np

    difference = (lab - tone) * np.array([0.5, 1.0, 1.0], np.float32)
    out: Mask = np.linalg.norm(difference, axis=-1) < within
    return out


def _skin_share(lab: Array, face: Face) -> float:
    """The share of a box in the hues skin has."""
    import numpy as np

    x, y, w, h = face.x, face.y, face.width, face.height
    part = lab[y + h // 5:y + h, x + w // 5:x + w - w // 5]
    hue = np.degrees(np.arctan2(part[..., 2], part[..., 1]))
    return float(((hue > 18) & (hue < 82) & (np.hypot(part[..., 1], part[..., 2]) > 9) & (part[..., 0] > 18)).mean())


def _crop(lab: Array, left: float, top: float, right: float, bottom: float) -> Array:
    height, width = lab.shape[:2]
    return lab[max(0, int(top)):max(0, min(height, int(bottom))), max(0, int(left)):max(0, min(width, int(right)))]


# --- people ----------------------------------------------------------------------------------------

def _person(lab: Array, face: Face) -> dict[str, tuple[Any, float]]:
    """Skin, hair, beard, glasses and clothes around one face."""
    import numpy as np

    x, y, w, h = face.x, face.y, face.width, face.height
    out: dict[str, tuple[Any, float]] = {}
    cheeks = np.concatenate([
        _crop(lab, x + 0.20 * w, y + 0.52 * h, x + 0.36 * w, y + 0.70 * h).reshape(-1, 3),
        _crop(lab, x + 0.64 * w, y + 0.52 * h, x + 0.80 * w, y + 0.70 * h).reshape(-1, 3),
        _crop(lab, x + 0.38 * w, y + 0.20 * h, x + 0.62 * w, y + 0.30 * h).reshape(-1, 3)])
    # the lighter half: shadow and fringe are not skin
    skin = np.median(cheeks[cheeks[:, 0] >= np.median(cheeks[:, 0])], axis=0).astype(np.float32)
    low, high = np.percentile(cheeks[:, 0], (50, 85))       # and what shines is lighter than it is
    out["skin"] = (nearest_skin(np.median(cheeks[(cheeks[:, 0] >= low) & (cheeks[:, 0] <= high)], axis=0)), 1.0)

    background = _background(lab)
    box = (x, y, w, h)
    if face.facing:                                         # a profile's box holds the face: the head is behind it
        box = x, y, w, h = (x - w if face.facing > 0 else x, y - h // 4, 2 * w, 3 * h // 2)
    out.update(_hair(lab, box, skin, background, profile=bool(face.facing)))
    turned = face.facing or ("turned" in out and -int(out.pop("turned")[0]))
    if not turned:
        out.update(_beard(lab, box, skin))
        out.update(_glasses(lab, box, skin))
    elif not face.facing:
        x, y, w, h = (x - 3 * w // 4 if turned > 0 else x, y - h // 5, 7 * w // 4, 3 * h // 2)

    out.update(_clothes(lab, (x, y, w, h), skin, np.median(cheeks, axis=0), background))
    if not face.facing or "hair_colour" in out:
        out.update(_bow(lab, box, skin, background))
    return out


def _clothes(lab: Array, box: tuple[int, int, int, int], skin: Array, cheek: Array,
             background: Array | None) -> dict[str, tuple[Any, float]]:
    """Colour and pattern of what is worn below a face."""
    import numpy as np

    x, y, w, h = box
    part = _crop(lab, x - 0.70 * w, y + 1.55 * h, x + 1.70 * w, y + 3.0 * h)
    if part.size < 900:
        return {}
    cloth = ~(_skin_like(part, skin, 15) | _skin_like(part, cheek, 15))
    if background is not None:
        # the wall beside narrow shoulders; a shirt of the wall's colour is still seen in the middle
        sides = np.ones(part.shape[:2], bool)
        sides[:, part.shape[1] // 4:3 * part.shape[1] // 4] = False
        cloth &= ~(sides & (np.linalg.norm(part - background, axis=2) < 10))
    if cloth.mean() < 0.28:
        return {}
    tone, share = _dominant(part[cloth])
    if float(np.hypot(tone[1], tone[2])) < 11:              # white in folds is grey: its lighter half says which it is
        near = part[cloth & _skin_like(part, tone, 14)]
        tone = np.array([np.percentile(near[:, 0], 75) if len(near) else tone[0], tone[1], tone[2]], np.float32)
    colour = nearest_colour(tone)
    out: dict[str, tuple[Any, float]] = {"outfit_colour": (_CLOTH.get(colour, colour), share)}
    return {**out, **_pattern(part, cloth, tone)}


def _pattern(part: Array, cloth: Mask, tone: Array) -> dict[str, tuple[Any, float]]:
    """Stripes, checks, dots or flowers on cloth, by how often its colours change along and across."""
    import cv2
    import numpy as np

    scale = 96 / max(part.shape[:2])
    size = max(8, round(part.shape[1] * scale)), max(8, round(part.shape[0] * scale))
    small = cv2.resize(np.ascontiguousarray(part), size, interpolation=cv2.INTER_AREA)
    mask = cv2.resize(cloth.astype(np.uint8), size, interpolation=cv2.INTER_NEAREST) > 0
    # folds and shadows change the lightness a little, patterns the hue or the lightness much
    far = np.linalg.norm((small - tone) * np.array([0.45, 1, 1], np.float32), axis=2) > 17
    far = cv2.medianBlur((far & mask).astype(np.uint8), 3) > 0
    share = float(far[mask].mean()) if mask.any() else 0.0
    if not 0.10 < share < 0.72:
        return {"pattern": ("plain", 0.5)}
    both = mask[:, 1:] & mask[:, :-1], mask[1:] & mask[:-1]
    along = float((far[:, 1:] != far[:, :-1])[both[0]].mean())      # changes from left to right
    down = float((far[1:] != far[:-1])[both[1]].mean())             # and from top to bottom
    if max(along, down) < 0.035:
        return {"pattern": ("plain", 0.5)}                           # a jacket, a bib, an arm: areas, no pattern
    others = _tones(small[far], 3)
    hues = [other for other, part_of in others if part_of > 0.15 and float(np.hypot(other[1], other[2])) > 14]
    many = any(float(np.linalg.norm((one - two)[1:])) > 30 for one in hues for two in hues)
    word = "flowers" if many else "stripes" if max(along, down) > 3.2 * min(along, down) else \
        "checks" if share > 0.42 else "dots"
    colour = nearest_colour(others[0][0])
    return {"pattern": (word, 0.5), "pattern_colour": (_CLOTH.get(colour, colour), 0.5)}


def _bow(lab: Array, box: tuple[int, int, int, int], skin: Array,
         background: Array | None) -> dict[str, tuple[Any, float]]:
    """A bow: one small patch of a strong colour in the hair, of a hue that neither hair, skin nor wall has."""
    import cv2
    import numpy as np

    x, y, w, h = box
    left, top = max(0, round(x - 0.35 * w)), max(0, round(y - 0.45 * h))
    part = np.ascontiguousarray(_crop(lab, left, top, x + 1.35 * w, y + 0.45 * h))
    if part.size < 3000:
        return {}
    chroma = np.hypot(part[..., 1], part[..., 2])
    strong = (chroma > 38) & (part[..., 0] > 30) & ~_skin_like(part, skin, 22)
    if background is not None:
        strong &= np.linalg.norm(part - background, axis=2) > 25
    strong = cv2.morphologyEx(strong.astype(np.uint8), cv2.MORPH_OPEN, np.ones((3, 3), np.uint8))
    count, labels, stats, _ = cv2.connectedComponentsWithStats(strong)
    found = []
    for number in range(1, count):
        at_x, at_y, wide, high, area = (int(v) for v in stats[number])
        inside = at_x > 1 and at_y > 1 and at_x + wide < part.shape[1] - 1 and at_y + high < part.shape[0] - 1
        if inside and 0.008 < area / (w * h) < 0.10 and area > 0.30 * wide * high and max(wide, high) < 0.6 * w:
            found.append((area, number))
    if not found or sum(area for area, _ in found) > 2.5 * max(found)[0]:
        return {}                                            # nothing, or a wall of many colours
    blob = labels == max(found)[1]
    around = cv2.dilate(blob.astype(np.uint8), np.ones((9, 9), np.uint8)).astype(bool) & ~blob
    # hair lies around it: darker, and of less colour
    hair = (chroma < 34) & (part[..., 0] < float(part[blob][:, 0].mean()) - 4)
    if float(hair[around].mean()) < 0.45:
        return {}
    patch = part[blob]
    light = patch[patch[:, 0] >= np.median(patch[:, 0])]          # its folds lie in shadow
    colour = nearest_colour(np.median(light, axis=0))
    return {"headwear": ("bow", 0.6), "headwear_colour": (_CLOTH.get(colour, colour), 0.6)}


def _background(lab: Array) -> Array | None:
    """The tone of the upper corners where both agree, else None."""
    import numpy as np

    height, width = lab.shape[:2]
    left = lab[:height // 3, :max(2, width // 16)].reshape(-1, 3)
    right = lab[:height // 3, -max(2, width // 16):].reshape(-1, 3)
    one, two = np.median(left, axis=0), np.median(right, axis=0)
    if float(np.linalg.norm(one - two)) > 16 or float(np.std(np.concatenate([left, right])[:, 0])) > 18:
        return None
    out: Array = ((one + two) / 2).astype(np.float32)
    return out


def _hair(lab: Array, box: tuple[int, int, int, int], skin: Array, background: Array | None, *,
          profile: bool) -> dict[str, tuple[Any, float]]:
    """Style and colour of the hair around a face; "turned" is where the back of a half turned head lies."""
    import numpy as np

    x, y, w, h = box
    crown = _crop(lab, x + 0.12 * w, y - 0.30 * h, x + 0.88 * w, y + 0.10 * h).reshape(-1, 3)
    if len(crown) < 150:
        return {}
    kept = ~_skin_like(crown, skin, 13)
    # hair is hardly ever lighter than the skin below it by much, but for white hair, which lies on the head itself
    light = crown[:, 0] >= skin[0] + 16
    line = _crop(lab, x + 0.20 * w, y - 0.12 * h, x + 0.80 * w, y + 0.06 * h).reshape(-1, 3)
    pale = 0.5 * float(np.hypot(skin[1], skin[2]))
    white = (line[:, 0] >= skin[0] + 10) & (np.hypot(line[:, 1], line[:, 2]) < pale)
    if background is not None:
        white &= np.linalg.norm(line - background, axis=1) > 13
    if white.mean() > 0.35:
        light &= np.hypot(crown[:, 1], crown[:, 2]) >= pale
    kept &= ~light
    if background is not None:
        kept &= np.linalg.norm(crown - background, axis=1) > 13
    share = float(kept.mean())
    if share < 0.14:
        return {"hair": ("bald", 0.6)}
    tone, _ = _dominant(crown[kept])
    del crown, kept
    out: dict[str, tuple[Any, float]] = {"hair_colour": (hair_colour_of(tone), min(1.0, share * 1.5))}

    def hairy(left: float, top: float, right: float, bottom: float) -> float:
        part = _crop(lab, left, top, right, bottom).reshape(-1, 3)
        if len(part) < 60:
            return 0.0
        like = np.linalg.norm((part - tone) * np.array([0.8, 1, 1], np.float32), axis=1) < 15
        if float(np.linalg.norm(tone - skin)) > 20:
            like &= ~_skin_like(part, skin, 9)
        if background is not None:
            like &= np.linalg.norm(part - background, axis=1) > 10
        return float(like.mean())

    # a head half turned away shows its hair on one side only, and the face's box is on the other: take it all in
    behind = [hairy(x - 0.75 * w, y - 0.10 * h, x - 0.05 * w, y + 0.70 * h),
              hairy(x + 1.05 * w, y - 0.10 * h, x + 1.75 * w, y + 0.70 * h)]
    if not profile and max(behind) > 0.45 and min(behind) < 0.15:
        out["turned"] = (-1 if behind[0] > behind[1] else 1, 1.0)
        x, w = (x - 3 * w // 4 if behind[0] > behind[1] else x), 7 * w // 4
        y, h = y - h // 5, 3 * h // 2
    low = min(hairy(x - 0.25 * w, y + 1.02 * h, x + 0.12 * w, y + 1.45 * h), 1.0)
    low = max(low, hairy(x + 0.88 * w, y + 1.02 * h, x + 1.25 * w, y + 1.45 * h))
    sides = (hairy(x - 0.20 * w, y + 0.45 * h, x + 0.02 * w, y + 0.95 * h) + hairy(x + 0.98 * w, y + 0.45 * h,
        x + 1.20 * w, y + 0.95 * h)) / 2
    above = hairy(x + 0.30 * w, y - 0.62 * h, x + 0.70 * w, y - 0.38 * h)
    # a bun is narrow, hair that is brushed up is as wide as the head
    beside = (hairy(x - 0.05 * w, y - 0.56 * h, x + 0.26 * w, y - 0.34 * h) + hairy(x + 0.74 * w, y - 0.56 * h,
        x + 1.05 * w, y - 0.34 * h)) / 2
    room = y > 0.42 * h                                     # cut off above, nobody can say
    wide = (hairy(x - 0.42 * w, y - 0.10 * h, x - 0.16 * w, y + 0.40 * h) + hairy(x + 1.16 * w, y - 0.10 * h,
        x + 1.42 * w, y + 0.40 * h)) / 2
    if profile or "turned" in out:
        out["hair"] = ("long" if low > 0.5 else "curly" if _curls(lab, (x, y, w, h), tone) else "bob", 0.5)
    elif low > 0.42 and sides > 0.25:
        out["hair"] = ("long", 0.8)
    elif wide > 0.55 and above > 0.5:
        out["hair"] = ("afro", 0.6)
    elif above > 0.55 and beside < 0.08 and sides < 0.45 and room:
        out["hair"] = ("bun", 0.6)
    elif above > 0.50 and sides < 0.30 and room:
        out["hair"] = ("spiky", 0.5)
    elif sides > 0.42 or (low > 0.30 and sides > 0.15):    # dark shoulders are no hair
        out["hair"] = ("curly" if wide > 0.3 else "bob", 0.6)
    else:
        out["hair"] = ("short", 0.6)
    return out


def _curls(lab: Array, box: tuple[int, int, int, int], tone: Array) -> bool:
    """Curls break the light up: the fine structure of lightness in the hair is strong."""
    import cv2
    import numpy as np

    x, y, w, h = box
    part = np.ascontiguousarray(_crop(lab, x, y, x + w, y + h))
    if part.size < 900:
        return False
    light = part[..., 0]
    fine = np.abs(light - cv2.GaussianBlur(light, (0, 0), max(1.0, w / 60)))
    like = np.linalg.norm((part - tone) * np.array([0.4, 1, 1], np.float32), axis=2) < 15
    return bool(like.any()) and float(fine[like].mean()) > 2.6


def _beard(lab: Array, box: tuple[int, int, int, int], skin: Array) -> dict[str, tuple[Any, float]]:
    """Darker and less even than the cheeks, on the chin and along both jaws."""
    import numpy as np

    x, y, w, h = box
    chin = _crop(lab, x + 0.38 * w, y + 0.93 * h, x + 0.62 * w, y + 1.04 * h)[..., 0]
    jaws = [_crop(lab, x + 0.20 * w, y + 0.80 * h, x + 0.30 * w, y + 0.95 * h)[..., 0],
            _crop(lab, x + 0.70 * w, y + 0.80 * h, x + 0.80 * w, y + 0.95 * h)[..., 0]]
    lip = _crop(lab, x + 0.40 * w, y + 0.66 * h, x + 0.60 * w, y + 0.72 * h)[..., 0]
    if min(part.size for part in (chin, *jaws, lip)) < 8:
        return {}
    dark = [float(skin[0]) - float(np.median(part)) for part in (chin, *jaws, lip)]
    rough = float(np.std(chin))
    if dark[0] > 20 and sum(each > 14 for each in dark[1:3]) >= 1 and rough > 3:
        return {"beard": ("short", 0.7)}
    if dark[3] > 20 and dark[0] < 10:
        return {"beard": ("moustache", 0.5)}
    return {"beard": ("none", 0.5)}


def _glasses(lab: Array, box: tuple[int, int, int, int], skin: Array) -> dict[str, tuple[Any, float]]:
    """A frame crosses the bridge of the nose and runs below both eyes; sunglasses are one dark band."""
    import cv2
    import numpy as np

    x, y, w, h = box
    face = cv2.resize(np.ascontiguousarray(_crop(lab, x, y, x + w, y + h)[..., 0]), (128, 128),
                      interpolation=cv2.INTER_AREA)
    eyes = face[42:64, 22:54], face[42:64, 74:106]
    if all(float((eye < float(skin[0]) * 0.45).mean()) > 0.72 for eye in eyes):
        return {"glasses": ("sunglasses", 0.7)}
    edges = np.abs(cv2.Sobel(face, cv2.CV_32F, 0, 1, ksize=3))
    strong = 0.75 * float(skin[0])
    bridge = float((edges[40:66, 60:68].max(axis=0) > strong).mean())
    below = float(((edges[60:82, 26:50].max(axis=0) > strong).mean() + (edges[60:82,
        78:102].max(axis=0) > strong).mean()) / 2)
    if bridge > 0.6 and below > 0.55:
        return {"glasses": ("round", 0.6)}
    return {"glasses": ("none", 0.5)}


def _person_without_face(lab: Array) -> dict[str, tuple[Any, float]]:
    """Somebody whose face was not found: skin by its hues in the middle of the photo."""
    import numpy as np

    height, width = lab.shape[:2]
    middle = lab[height // 6:height * 5 // 6, width // 5:width * 4 // 5].reshape(-1, 3)
    hue = np.degrees(np.arctan2(middle[:, 2], middle[:, 1]))
    chroma = np.hypot(middle[:, 1], middle[:, 2])
    skin = middle[(hue > 28) & (hue < 74) & (chroma > 11) & (chroma < 42) & (middle[:, 0] > 25)]
    if len(skin) < 0.05 * len(middle):
        return {}
    tone, share = _dominant(skin[skin[:, 0] >= np.percentile(skin[:, 0], 35)])
    return {"skin": (nearest_skin(tone), 0.5 * share)}


# --- pets and toys ---------------------------------------------------------------------------------

def _fur(lab: Array) -> dict[str, tuple[Any, float]]:
    """The coat's colour: the largest tone in the middle that is not the tone around it."""
    import numpy as np

    height, width = lab.shape[:2]
    frame = np.concatenate([lab[:height // 14].reshape(-1, 3), lab[:height * 2 // 3, :width // 16].reshape(-1, 3),
                            lab[:height * 2 // 3, -(width // 16):].reshape(-1, 3)])
    around = [tone for tone, share in _tones(frame, 3) if share > 0.2]
    rows, columns = np.mgrid[0:height, 0:width].astype(np.float32)
    far = np.hypot((columns / width - 0.5) / 0.42, (rows / height - 0.56) / 0.46)
    inside = lab[far < 1]
    kept = np.ones(len(inside), bool)
    for tone in around:
        kept &= np.linalg.norm(inside - tone, axis=1) > 14
    if kept.mean() < 0.12:
        kept[:] = True                                      # it fills the photo, frame and all
    tone, share = _dominant(inside[kept])
    return {"fur": (nearest_colour(tone, FUR_COLOURS), share)}


def _tones(pixels: Array, count: int) -> list[tuple[Array, float]]:
    """The main tones of some pixels with their shares, largest first. k-means, always the same."""
    import cv2
    import numpy as np

    sample = np.ascontiguousarray(pixels[::max(1, len(pixels) // 4000)], np.float32)
    count = min(count, len(sample))
    with _lock:
        cv2.setRNGSeed(7)
        _, labels, centres = cv2.kmeans(sample, count, None, (cv2.TERM_CRITERIA_EPS + cv2.TERM_CRITERIA_MAX_ITER, 20,
                                                              0.5), 2,
                                        cv2.KMEANS_PP_CENTERS)
    shares = np.bincount(labels.ravel(), minlength=count) / len(sample)
    order = np.argsort(-shares)
    return [(centres[i], float(shares[i])) for i in order]


def _dominant(pixels: Array) -> tuple[Array, float]:
    """The largest tone, near tones counted together, and its share."""
    import numpy as np

    tones = _tones(pixels, 5)
    best: tuple[Array, float] = tones[0]
    for tone, _ in tones:
        near = [(t, s) for t, s in tones if float(np.linalg.norm((t - tone) * np.array([0.6, 1, 1], np.float32))) < 14]
        share = sum(s for _, s in near)
        if share > best[1] + 1e-6:
            best = (np.sum([t * s for t, s in near], axis=0) / share, share)
    return best


def settled(look: Look) -> frozenset[str]:
    """The fields of a look that its words settled."""
    return frozenset(read_words(look.words))


def with_words(look: Look, description: str) -> Look:
    """The look with what the words say put in."""
    return replace(look, **read_words(description), words=description.strip()[:300])

