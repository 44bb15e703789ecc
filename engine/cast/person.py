"""What a photo shows of a person: skin, hair, beard, glasses, clothes and a bow, measured around one face.

Each field comes with how sure it is, 0 to 1. Boxes are (x, y, width, height) in pixels; pictures are CIELAB (H, W, 3).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Final

from engine.cast.colour import (
    crop,
    dominant,
    hair_colour_of,
    nearest_colour,
    nearest_skin,
    skin_like,
    tones_of,
)
from engine.cast.faces import Face

if TYPE_CHECKING:
    from engine.cast.colour import Array, Mask

#: What cloth is called where the nearest word is one for hair: orange in the shade is as dark as ginger.
_CLOTH: Final[Mapping[str, str]] = {"ginger": "orange", "blond": "cream"}


def look_of_person(lab: Array, face: Face) -> dict[str, tuple[Any, float]]:
    """Skin, hair, beard, glasses and clothes around one face."""
    import numpy as np

    x, y, w, h = face.x, face.y, face.width, face.height
    out: dict[str, tuple[Any, float]] = {}
    cheeks = np.concatenate([
        crop(lab, x + 0.20 * w, y + 0.52 * h, x + 0.36 * w, y + 0.70 * h).reshape(-1, 3),
        crop(lab, x + 0.64 * w, y + 0.52 * h, x + 0.80 * w, y + 0.70 * h).reshape(-1, 3),
        crop(lab, x + 0.38 * w, y + 0.20 * h, x + 0.62 * w, y + 0.30 * h).reshape(-1, 3)])
    # the lighter half: shadow and fringe are not skin
    skin = np.median(cheeks[cheeks[:, 0] >= np.median(cheeks[:, 0])], axis=0).astype(np.float32)
    low, high = np.percentile(cheeks[:, 0], (50, 85))       # and what shines is lighter than it is
    out["skin"] = (nearest_skin(np.median(cheeks[(cheeks[:, 0] >= low) & (cheeks[:, 0] <= high)], axis=0)), 1.0)

    background = background_of(lab)
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
    part = crop(lab, x - 0.70 * w, y + 1.55 * h, x + 1.70 * w, y + 3.0 * h)
    if part.size < 900:
        return {}
    cloth = ~(skin_like(part, skin, 15) | skin_like(part, cheek, 15))
    if background is not None:
        # the wall beside narrow shoulders; a shirt of the wall's colour is still seen in the middle
        sides = np.ones(part.shape[:2], bool)
        sides[:, part.shape[1] // 4:3 * part.shape[1] // 4] = False
        cloth &= ~(sides & (np.linalg.norm(part - background, axis=2) < 10))
    if cloth.mean() < 0.28:
        return {}
    tone, share = dominant(part[cloth])
    if float(np.hypot(tone[1], tone[2])) < 11:              # white in folds is grey: its lighter half says which it is
        near = part[cloth & skin_like(part, tone, 14)]
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
    # a collar, a tie, a badge lie in one place; a pattern is all over
    cells = [(mask[top:top + size[1] // 4 + 1, left:left + size[0] // 4 + 1],
              far[top:top + size[1] // 4 + 1, left:left + size[0] // 4 + 1])
             for top in range(0, size[1], size[1] // 4 + 1) for left in range(0, size[0], size[0] // 4 + 1)]
    patterned = [0.05 < float(inside[part_of].mean()) < 0.75 for part_of, inside in cells
                 if float(part_of.mean()) > 0.3]
    if not patterned or sum(patterned) < 0.7 * len(patterned):
        return {"pattern": ("plain", 0.5)}
    others = tones_of(small[far], 3)
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
    part = np.ascontiguousarray(crop(lab, left, top, x + 1.35 * w, y + 0.45 * h))
    if part.size < 3000:
        return {}
    chroma = np.hypot(part[..., 1], part[..., 2])
    strong = (chroma > 38) & (part[..., 0] > 30) & ~skin_like(part, skin, 22)
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


def background_of(lab: Array) -> Array | None:
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
    crown = crop(lab, x + 0.12 * w, y - 0.30 * h, x + 0.88 * w, y + 0.10 * h).reshape(-1, 3)
    if len(crown) < 150:
        return {}
    kept = ~skin_like(crown, skin, 13)
    # hair is hardly ever lighter than the skin below it by much, but for white hair, which lies on the head itself
    light = crown[:, 0] >= skin[0] + 16
    line = crop(lab, x + 0.20 * w, y - 0.12 * h, x + 0.80 * w, y + 0.06 * h).reshape(-1, 3)
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
    tone = _above_forehead(lab, box, skin, background)
    if tone is None:
        tone, _ = dominant(crown[kept])
    del crown, kept
    out: dict[str, tuple[Any, float]] = {"hair_colour": (hair_colour_of(tone), min(1.0, share * 1.5))}

    def hairy(left: float, top: float, right: float, bottom: float) -> float:
        part = crop(lab, left, top, right, bottom).reshape(-1, 3)
        if len(part) < 60:
            return 0.0
        like = np.linalg.norm((part - tone) * np.array([0.8, 1, 1], np.float32), axis=1) < 15
        if float(np.linalg.norm(tone - skin)) > 20:
            like &= ~skin_like(part, skin, 9)
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
    beside_cheeks = (hairy(x - 0.20 * w, y + 0.45 * h, x + 0.02 * w, y + 0.95 * h),
                     hairy(x + 0.98 * w, y + 0.45 * h, x + 1.20 * w, y + 0.95 * h))
    sides = sum(beside_cheeks) / 2
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
    # dark shoulders are no hair, and a curtain is behind one side
    elif sides > 0.42 or (low > 0.42 and min(beside_cheeks) > 0.15):
        out["hair"] = ("curly" if wide > 0.3 else "bob", 0.6)
    else:
        out["hair"] = ("short", 0.6)
    return out


def _above_forehead(lab: Array, box: tuple[int, int, int, int], skin: Array, background: Array | None) -> Array | None:
    """The tone of what lies on the forehead: going up each column, the first that is no skin, a tenth of a face deep.

    A curtain, a flag or a lamp behind a head is above it too, and is no hair. None where no forehead is seen.
    """
    import numpy as np

    x, y, w, h = box
    part = crop(lab, x + 0.22 * w, y - 0.35 * h, x + 0.78 * w, y + 0.22 * h)[::-1]       # from the forehead up
    deep, least = max(3, round(0.10 * h)), max(2, round(0.03 * h))
    if len(part) < deep + 3 * least or part.shape[1] < 8:
        return None
    hues, chroma = np.arctan2(part[..., 2], part[..., 1]), np.hypot(part[..., 1], part[..., 2])
    # a forehead in shadow keeps its hue and its share of colour
    shaded = (np.abs(hues - np.arctan2(skin[2], skin[1])) < 0.45) & (chroma > 0.75 * np.hypot(skin[1], skin[2])) & \
        (part[..., 0] > 0.4 * skin[0])
    bare = skin_like(part, skin, 16) | shaded                                              # (H, W)
    found = []
    for column in range(part.shape[1]):
        rows = bare[:, column]
        if not rows[:2 * least].any():
            continue                                        # a fringe covers it
        starts = int(np.flatnonzero(rows[:2 * least])[-1])
        ends = next((row for row in range(starts, len(rows) - deep) if not rows[row:row + least].any()), None)
        if ends is not None:
            found.append(part[ends + 1:ends + 1 + deep, column])
    if len(found) < 0.4 * part.shape[1]:
        return None
    seen = np.concatenate(found)
    if background is not None:
        hair = seen[np.linalg.norm(seen - background, axis=1) > 13]
        if len(hair) < 0.35 * len(seen):
            return None
        seen = hair
    tone = dominant(seen)[0]
    hue, colour = float(np.arctan2(tone[2], tone[1])), float(np.hypot(tone[1], tone[2]))
    like_skin = abs(hue - float(np.arctan2(skin[2], skin[1]))) < 0.45 and colour > 0.7 * np.hypot(skin[1], skin[2])
    # the forehead still, or something behind it in a colour hair seldom has: the crown as a whole knows better
    return None if like_skin or (colour > 24 and not 0.44 < hue < 1.92) else tone


def _curls(lab: Array, box: tuple[int, int, int, int], tone: Array) -> bool:
    """Curls break the light up: the fine structure of lightness in the hair is strong."""
    import cv2
    import numpy as np

    x, y, w, h = box
    part = np.ascontiguousarray(crop(lab, x, y, x + w, y + h))
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
    chin = crop(lab, x + 0.38 * w, y + 0.93 * h, x + 0.62 * w, y + 1.04 * h)[..., 0]
    jaws = [crop(lab, x + 0.20 * w, y + 0.80 * h, x + 0.30 * w, y + 0.95 * h)[..., 0],
            crop(lab, x + 0.70 * w, y + 0.80 * h, x + 0.80 * w, y + 0.95 * h)[..., 0]]
    lip = crop(lab, x + 0.40 * w, y + 0.66 * h, x + 0.60 * w, y + 0.72 * h)[..., 0]
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
    face = cv2.resize(np.ascontiguousarray(crop(lab, x, y, x + w, y + h)[..., 0]), (128, 128),
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


def person_without_face(lab: Array) -> dict[str, tuple[Any, float]]:
    """Somebody whose face was not found: skin by its hues in the middle of the photo."""
    import numpy as np

    height, width = lab.shape[:2]
    middle = lab[height // 6:height * 5 // 6, width // 5:width * 4 // 5].reshape(-1, 3)
    hue = np.degrees(np.arctan2(middle[:, 2], middle[:, 1]))
    chroma = np.hypot(middle[:, 1], middle[:, 2])
    skin = middle[(hue > 28) & (hue < 74) & (chroma > 11) & (chroma < 42) & (middle[:, 0] > 25)]
    if len(skin) < 0.05 * len(middle):
        return {}
    tone, share = dominant(skin[skin[:, 0] >= np.percentile(skin[:, 0], 35)])
    return {"skin": (nearest_skin(tone), 0.5 * share)}
