"""How steady casting is: photos worsened in ten ways, and how often each field of the Look stays right.

    python -m bench.casting [FOLDER]                      # photos of FOLDER besides those of the rehearsal
    python -m bench.casting [FOLDER] --colours PICTURE    # colours of photo and avatar, and the avatars as a picture

What is right was written down by eye for each photo (`TRUTHS`): every word that a person looking at the photo would
accept. A photo that is not there is left out.
"""

from __future__ import annotations

import io
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFilter, ImageFont, ImageOps

from engine.cast.casting import draw_character_avatar
from engine.cast.colour import in_plain_light, to_lab
from engine.cast.decoding import quality_of
from engine.cast.measuring import measure_look
from engine.cast.photos import SafePhoto
from engine.vocabulary import COLOURS, SKINS

Array = NDArray[np.float32]
FONT = Path(__file__).resolve().parents[1] / "engine" / "book" / "fonts" / "StorythreadReading-Regular.ttf"
REHEARSAL = Path(__file__).resolve().parents[1] / "bot" / "rehearsal" / "scenes" / "photos"


@dataclass(frozen=True, slots=True)
class Truth:
    """A photo, who is on it as the person says, and what may be measured: field -> acceptable words."""

    kind: str
    fields: Mapping[str, tuple[str, ...]]


TRUTHS: Final[Mapping[str, Truth]] = {
    "man": Truth("man", {
        "skin": ("peach", "honey", "olive"), "hair": ("short", "spiky"), "hair_colour": ("black",),
        "beard": ("short", "moustache"), "glasses": ("none",), "headwear": ("none",), "outfit_colour": ("white",),
        "pattern": ("plain",)}),
    "woman": Truth("woman", {
        "skin": ("porcelain", "fair", "peach"), "hair": ("bun",), "hair_colour": ("black", "brown"),
        "beard": ("none",), "glasses": ("none",), "headwear": ("none",)}),
    "child": Truth("girl", {
        "skin": ("fair", "peach", "honey"), "hair": ("curly", "bob", "long"), "hair_colour": ("tan", "brown", "blond"),
        "glasses": ("none",), "headwear": ("bow",), "headwear_colour": ("yellow",),
        "outfit_colour": ("white", "grey", "lilac", "blue"), "pattern": ("flowers", "dots")}),
    "dog": Truth("dog", {"fur": ("black", "white")}),
    "astronaut": Truth("woman", {
        "skin": ("porcelain", "fair", "peach"), "hair": ("short", "bob"), "hair_colour": ("tan", "brown", "blond"),
        "beard": ("none",), "glasses": ("none",), "headwear": ("none",), "outfit_colour": ("orange",),
        "pattern": ("plain",)}),
    "chelsea": Truth("cat", {"fur": ("ginger", "orange", "tan")}),
}


def _tinted(*gains: float) -> Callable[[Image.Image], Image.Image]:
    def tint(image: Image.Image) -> Image.Image:
        pixels = np.asarray(image, np.float32) * np.array(gains, np.float32)
        return Image.fromarray(np.clip(pixels, 0, 255).astype(np.uint8))
    return tint


def _jpeg(quality: int) -> Callable[[Image.Image], Image.Image]:
    def squeeze(image: Image.Image) -> Image.Image:
        out = io.BytesIO()
        image.save(out, "JPEG", quality=quality)
        return Image.open(out).convert("RGB")
    return squeeze


def _cropped(image: Image.Image) -> Image.Image:
    width, height = image.size
    return image.crop((round(width * 0.06), round(height * 0.03), round(width * 0.95), round(height * 0.94)))


def _shadowed(image: Image.Image) -> Image.Image:
    """A shadow over the left half."""
    pixels = np.asarray(image, np.float32)
    fall = np.linspace(0.45, 1.0, image.width, dtype=np.float32)[None, :, None]
    return Image.fromarray((pixels * np.clip(fall, 0, 1)).astype(np.uint8))


def _noisy(image: Image.Image) -> Image.Image:
    pixels = np.asarray(image, np.float32)
    grain = np.random.default_rng(7).normal(0, 12, pixels.shape)
    return Image.fromarray(np.clip(pixels + grain, 0, 255).astype(np.uint8))


VARIANTS: Final[Mapping[str, Callable[[Image.Image], Image.Image]]] = {
    "as it is": lambda image: image,
    "warm light": _tinted(1.12, 1.0, 0.80),
    "cold light": _tinted(0.86, 0.98, 1.12),
    "darker": _tinted(0.55, 0.55, 0.55),
    "brighter": _tinted(1.25, 1.25, 1.25),
    "shadow": _shadowed,
    "blurred": lambda image: image.filter(ImageFilter.GaussianBlur(max(image.size) / 250)),
    "noise": _noisy,
    "JPEG 25": _jpeg(25),
    "cropped": _cropped,
    "300 px": lambda image: ImageOps.contain(image, (300, 300)),
    "mirrored": ImageOps.mirror,
}


def photos(folder: Path | None) -> dict[str, Image.Image]:
    """The photos that are here, by name, at most 1024 pixels long as uploads are."""
    found = {}
    for name in TRUTHS:
        for place in (REHEARSAL, folder):
            if place is not None and (place / f"{name}.jpg").is_file():
                image = Image.open(place / f"{name}.jpg").convert("RGB")
                image.thumbnail((1024, 1024))
                found[name] = image
    return found


def opened(image: Image.Image) -> SafePhoto:
    """As `open_photo` would hand it on, without the child process."""
    said = quality_of(image)
    return SafePhoto(image.tobytes(), image.width, image.height, said["brightness"], said["contrast"],
                     said["sharpness"])


def measure(folder: Path | None) -> dict[tuple[str, str, str], tuple[str, bool]]:
    """(photo, variant, field) -> (what was measured, whether it is right)."""
    seen = {}
    for name, image in photos(folder).items():
        truth = TRUTHS[name]
        for variant, worsen in VARIANTS.items():
            look = measure_look([opened(worsen(image))], "", kind=truth.kind).look
            for field, right in truth.fields.items():
                value = str(getattr(look, field))
                seen[name, variant, field] = value, value in right
    return seen


# --- colours of the photo against those of the avatar ---------------------------------------------

#: Where each colour lies in each photo, as fractions of it (left, top, right, bottom): picked by eye.
PLACES: Final[Mapping[str, Mapping[str, tuple[float, float, float, float]]]] = {
    "man": {"skin": (0.35, 0.36, 0.41, 0.41), "hair": (0.36, 0.06, 0.58, 0.12), "top": (0.20, 0.75, 0.80, 0.95)},
    "woman": {"skin": (0.30, 0.56, 0.38, 0.63), "hair": (0.40, 0.04, 0.56, 0.14)},
    "child": {"skin": (0.45, 0.40, 0.50, 0.44), "hair": (0.28, 0.38, 0.40, 0.50), "top": (0.25, 0.80, 0.60, 0.95)},
    "dog": {"fur": (0.48, 0.22, 0.54, 0.30)},
    "astronaut": {"skin": (0.41, 0.19, 0.44, 0.22), "hair": (0.39, 0.06, 0.51, 0.10), "top": (0.20, 0.58, 0.34, 0.80)},
    "chelsea": {"fur": (0.36, 0.22, 0.58, 0.36)},
}


def region(pixels: Array, place: tuple[float, float, float, float]) -> Array:
    """The median CIELAB tone of one place of a photo (height x width x 3)."""
    height, width = pixels.shape[:2]
    left, top, right, bottom = place
    part = pixels[round(top * height):round(bottom * height), round(left * width):round(right * width)]
    tone: Array = np.median(part.reshape(-1, 3), axis=0)
    return tone


def swatch(word: str) -> Array:
    """The CIELAB tone a word is drawn in."""
    code = SKINS.get(word) or COLOURS[word]
    tone: Array = to_lab(np.array([[[int(code[at:at + 2], 16) for at in (1, 3, 5)]]], np.uint8))[0, 0]
    return tone


def compare(folder: Path | None, out: Path) -> None:
    """Prints how far the avatars' colours are from the photos', and draws the avatars with both beside them."""
    found = photos(folder)
    sheet = Image.new("RGB", (250 * len(found), 420), (251, 246, 236))
    draw = ImageDraw.Draw(sheet)
    font = ImageFont.truetype(FONT, 20)
    print("| photo | | chosen | distance, as photographed | distance, in plain light |\n|---|---|---|---|---|")
    for column, (name, image) in enumerate(found.items()):
        truth, photo = TRUTHS[name], opened(image)
        look = measure_look([photo], "", kind=truth.kind).look
        avatar = Image.open(io.BytesIO(draw_character_avatar(look)))
        sheet.paste(avatar, (250 * column + (250 - avatar.width) // 2, 20 + 260 - avatar.height), avatar)
        draw.text((250 * column + 125, 300), name, (62, 48, 44), font, anchor="mm")
        rgb = np.asarray(image)
        words = {"skin": look.skin, "hair": look.hair_colour, "top": look.outfit_colour, "fur": look.fur}
        for row, (what, place) in enumerate(PLACES[name].items()):
            word = words[what]
            seen, lit = (region(to_lab(pixels), place) for pixels in (rgb, in_plain_light(rgb)))
            print(f"| {name} | {what} | {word} | {np.linalg.norm(seen - swatch(word)):.0f} | "
                  f"{np.linalg.norm(lit - swatch(word)):.0f} |")
            x, y = 250 * column + 60, 322 + 30 * row
            draw.rectangle((x, y, x + 36, y + 24), _rgb(lit))
            draw.rectangle((x + 36, y, x + 72, y + 24), _rgb(swatch(word)))
            draw.text((x + 82, y + 12), f"{what}: {word}", (62, 48, 44), ImageFont.truetype(FONT, 15), anchor="lm")
    sheet.save(out, optimize=True)


def _rgb(lab: Array) -> tuple[int, int, int]:
    import cv2

    red, green, blue = (round(float(value) * 255) for value in np.clip(
        cv2.cvtColor(np.array([[lab]], np.float32), cv2.COLOR_LAB2RGB)[0, 0], 0, 1))
    return red, green, blue


def main() -> None:
    arguments = sys.argv[1:]
    if "--colours" in arguments:
        at = arguments.index("--colours")
        out = Path(arguments[at + 1])
        del arguments[at:at + 2]
        compare(Path(arguments[0]) if arguments else None, out)
        return
    seen = measure(Path(arguments[0]) if arguments else None)
    fields = list(dict.fromkeys(field for _, _, field in seen))
    print("| | " + " | ".join(fields) + " | all |")
    print("|---" * (len(fields) + 2) + "|")
    for variant in VARIANTS:
        row = []
        for field in [*fields, None]:
            right = [good for (_, how, what), (_, good) in seen.items() if how == variant and field in (what, None)]
            row.append(f"{sum(right)}/{len(right)}")
        print(f"| {variant} | " + " | ".join(row) + " |")
    right = [good for _, good in seen.values()]
    print(f"\n{sum(right)} of {len(right)}: {100 * sum(right) / len(right):.1f} %")
    for (name, variant, field), (value, good) in seen.items():
        if not good:
            print(f"- {name}, {variant}: {field} {value}")


if __name__ == "__main__":
    main()
