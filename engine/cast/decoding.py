"""The child process that decodes untrusted pictures, and nothing else. Started by name: `engine.cast.decoding`.

It reads one photo (or, told so, the pictures of one character file, each after its length) from stdin and writes one
line of JSON to stdout, followed by raw pixels when all is good. Before it reads a byte it limits its own memory, time
and files, and gives up the network and every file where the system can (`confinement`). It opens Pillow's three wanted
formats only, and dies after one upload, so that whatever a hostile file does to a decoder ends here.
"""

from __future__ import annotations

import io
import json
import sys
import warnings
from collections.abc import Iterator
from typing import Any, BinaryIO

# Some of these Pillow would import when a file asks for them; by then there are no files any more.
from PIL import (  # noqa: F401
    ExifTags,
    Image,
    ImageFilter,
    ImageOps,
    ImageStat,
    JpegImagePlugin,
    MpoImagePlugin,
    PngImagePlugin,
    TiffImagePlugin,
    UnidentifiedImageError,
    WebPImagePlugin,
)

from engine.cast.confinement import confine

FORMATS = ("JPEG", "PNG", "WEBP")
#: Longer side to shorter side beyond which nothing useful is in the picture.
NARROWEST = 8.0
#: How the three formats begin: a file that begins so but cannot be opened is damaged, not of a wrong kind.
BEGINNINGS = (b"\xff\xd8\xff", b"\x89PNG\r\n\x1a\n", b"RIFF")


class Unusable(Exception):
    """Why this photo is refused: a reason key, and facts for its sentence."""

    def __init__(self, reason: str, **facts: object) -> None:
        super().__init__(reason)
        self.reason = reason
        self.facts = facts


def limit_process(memory_bytes: int, cpu_s: int) -> None:
    """Caps address space and processor time, and forbids writing files. Does nothing where the system cannot."""
    try:
        import resource
    except ImportError:                                     # no such limits on this system: the clock still holds
        return
    wanted = ((resource.RLIMIT_CPU, cpu_s), (resource.RLIMIT_FSIZE, 0), (resource.RLIMIT_CORE, 0),
              (resource.RLIMIT_AS, memory_bytes))
    for what, limit in wanted:
        try:
            resource.setrlimit(what, (limit, limit))
        except (ValueError, OSError):                       # a lower limit is already in force
            continue


def decode(data: bytes, *, max_pixels: int, longest_px: int, shortest_px: int) -> tuple[Image.Image, dict[str, Any]]:
    """The photo as fresh RGB pixels at most `longest_px` long, upright, without metadata; and what was noticed.

    Raises `Unusable`.
    """
    Image.MAX_IMAGE_PIXELS = max_pixels
    warnings.simplefilter("error", Image.DecompressionBombWarning)
    try:
        image: Image.Image = Image.open(io.BytesIO(data), formats=FORMATS)
        notes = []
        width, height = image.size
        if width * height > max_pixels:
            raise Unusable("photo_too_many_pixels", limit_mp=max_pixels // 1_000_000)
        if min(width, height) < shortest_px:
            raise Unusable("photo_too_small", limit_px=shortest_px)
        if max(width, height) > NARROWEST * min(width, height):
            raise Unusable("photo_too_narrow")
        if getattr(image, "n_frames", 1) > 1:
            notes.append("photo_animated")
            image.seek(0)
        image.draft("RGB", (longest_px, longest_px))        # a JPEG can be decoded small at once
        image.load()
        image = ImageOps.exif_transpose(image)
        image = _to_rgb(image)
    except (Image.DecompressionBombError, Image.DecompressionBombWarning):
        raise Unusable("photo_too_many_pixels", limit_mp=max_pixels // 1_000_000) from None
    except UnidentifiedImageError:
        begins = any(data.startswith(beginning) for beginning in BEGINNINGS)
        raise Unusable("photo_unreadable" if begins else "photo_wrong_kind") from None
    except OSError as error:
        raise Unusable("photo_truncated" if "truncated" in str(error).lower() else "photo_unreadable") from None
    if max(image.size) > longest_px:
        image.thumbnail((longest_px, longest_px), Image.Resampling.LANCZOS, reducing_gap=2.0)
    # fresh pixels: nothing of the file but its colours goes on
    fresh = Image.frombytes("RGB", image.size, image.tobytes())
    return fresh, {"notes": notes, **quality_of(fresh)}


def decode_cutout(data: bytes, *, longest_px: int, shortest_px: int) -> Image.Image:
    """One picture of a character file as fresh RGBA pixels: a PNG that stands still. Raises `Unusable`."""
    Image.MAX_IMAGE_PIXELS = longest_px * longest_px
    warnings.simplefilter("error", Image.DecompressionBombWarning)
    try:
        image: Image.Image = Image.open(io.BytesIO(data), formats=("PNG",))
        if max(image.size) > longest_px:
            raise Unusable("photo_too_many_pixels", limit_mp=max(1, longest_px * longest_px // 1_000_000))
        if min(image.size) < shortest_px:
            raise Unusable("photo_too_small", limit_px=shortest_px)
        if getattr(image, "n_frames", 1) > 1:
            raise Unusable("photo_animated")
        image.load()
        image = image.convert("RGBA")
    except (Image.DecompressionBombError, Image.DecompressionBombWarning):
        raise Unusable("photo_too_many_pixels", limit_mp=max(1, longest_px * longest_px // 1_000_000)) from None
    except UnidentifiedImageError:
        raise Unusable("photo_wrong_kind") from None
    except OSError:
        raise Unusable("photo_unreadable") from None
    return Image.frombytes("RGBA", image.size, image.tobytes())


def _to_rgb(image: Image.Image) -> Image.Image:
    """Any mode the three formats can have, as RGB; what shines through becomes white."""
    if image.mode in ("I;16", "I;16B", "I;16L", "I"):
        return image.convert("I").point(lambda value: value / 257).convert("L").convert("RGB")
    if image.mode in ("RGBA", "LA", "PA", "RGBa", "La") or "transparency" in image.info:
        image = image.convert("RGBA")
        paper = Image.new("RGBA", image.size, (255, 255, 255, 255))
        return Image.alpha_composite(paper, image).convert("RGB")
    return image.convert("RGB")


def quality_of(image: Image.Image) -> dict[str, float]:
    """Brightness and contrast, 0 to 255, and sharpness: the spread of the Laplacian at 512 pixels."""
    grey = image.convert("L")
    grey.thumbnail((512, 512))
    stat = ImageStat.Stat(grey)
    laplacian = grey.filter(ImageFilter.Kernel((3, 3), (0, 1, 0, 1, -4, 1, 0, 1, 0), scale=1, offset=128))
    width, height = laplacian.size
    sharp = ImageStat.Stat(laplacian.crop((1, 1, width - 1, height - 1))).stddev[0]
    return {"brightness": stat.mean[0], "contrast": stat.stddev[0], "sharpness": sharp}


def main(stdin: BinaryIO, stdout: BinaryIO, limits: dict[str, int]) -> int:
    """Reads one upload, answers, returns the exit status."""
    limit_process(limits["memory_bytes"], limits["cpu_s"])
    Image.init()
    confine()
    pixels = b""
    try:
        if limits.get("cutouts"):
            images = [decode_cutout(data, longest_px=limits["longest_px"], shortest_px=limits["shortest_px"])
                      for data in _each(stdin)]
            pixels = b"".join(image.tobytes() for image in images)
            answer: dict[str, Any] = {"sizes": [image.size for image in images]}
        else:
            image, said = decode(stdin.read(), max_pixels=limits["max_pixels"], longest_px=limits["longest_px"],
                                 shortest_px=limits["shortest_px"])
            pixels = image.tobytes()
            answer = {"width": image.width, "height": image.height, **said}
    except Unusable as unusable:
        answer = {"reason": unusable.reason, "facts": unusable.facts}
    except MemoryError:
        answer = {"reason": "photo_too_many_pixels", "facts": {"limit_mp": limits["max_pixels"] // 1_000_000}}
    except Exception as error:                              # decoders raise what they like: this is the edge for it
        answer = {"reason": "photo_unreadable", "facts": {"error": type(error).__name__}}
    stdout.write(json.dumps(answer).encode() + b"\n" + pixels)
    stdout.flush()
    return 0


def _each(stdin: BinaryIO) -> Iterator[bytes]:
    """Pictures, each after its length in eight bytes."""
    while length := stdin.read(8):
        yield stdin.read(int.from_bytes(length, "big"))


if __name__ == "__main__":
    sys.exit(main(sys.stdin.buffer, sys.stdout.buffer, json.loads(sys.argv[1])))
