"""Hostile uploads: a catalogue of bad photos and thousands of mutations of good and bad ones, each to the real child.

    python -m bench.uploads --mutations 5000 --seed 1

For each: a photo or a refusal with a known reason, in time, within its memory; afterwards no file was written, no
process and no open file is left. Prints the seed, what became of them, the slowest and the largest. Exit code 1 when
one of them did something else.
"""

from __future__ import annotations

import argparse
import asyncio
import io
import os
import random
import resource
import struct
import sys
import tempfile
import time
import zlib
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from PIL import Image, ImageCms, ImageDraw, PngImagePlugin

from engine.cast.photos import MIB, open_photo
from engine.nouns import BadPhoto

#: Put into every place for metadata that the three formats have.
MARKER = b"SEEDED-55.6761N-12.5683E-nobody-should-see"
#: Every reason a photo can be refused for (`engine.cast.photos.open_photo`).
REASONS = frozenset({
    "photo_empty", "photo_too_large", "photo_wrong_kind", "photo_unreadable", "photo_truncated",
    "photo_too_many_pixels", "photo_too_small", "photo_too_narrow", "photo_too_slow", "photo_dark", "photo_blank"})
MEMORY_BYTES = 1024 * MIB
LIMIT_S = 15.0


# --- photos with everything in them ----------------------------------------------------------------

def scene(width: int = 240, height: int = 200) -> Image.Image:
    """A picture with something to see in it."""
    image = Image.merge("RGB", [Image.linear_gradient("L").resize((width, height)).rotate(turn)
                                for turn in (0, 90, 180)])
    draw = ImageDraw.Draw(image)
    for x in range(0, width, 12):
        draw.line((x, height // 2, x + 8, height // 2 + 20), fill=(250, 250, 250), width=2)
    return image


def seeded(kind: str, image: Image.Image | None = None) -> bytes:
    """A photo of `kind` (JPEG, PNG, WEBP) that carries `MARKER` as EXIF, GPS, XMP, ICC profile, IPTC, comment, tail."""
    image = image or scene()
    exif, mark = Image.Exif(), MARKER.decode()
    exif[0x010E], exif[0x013B], exif[0x9286] = mark, mark, b"ASCII\0\0\0" + MARKER      # description, artist, comment
    gps = exif.get_ifd(0x8825)
    gps.update({1: "N", 2: (55.0, 40.0, 33.96), 3: "E", 4: (12.0, 34.0, 5.88), 27: MARKER})
    exif[0x8825] = gps
    profile = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes() + MARKER
    profile = profile[:24] + bytes(12) + profile[36:]       # without the date, so that the same seed is the same file
    xmp = b'<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF>' + MARKER + b"</rdf:RDF></x:xmpmeta>"
    out = io.BytesIO()
    if kind == "JPEG":
        image.save(out, kind, exif=exif, icc_profile=profile, xmp=xmp, comment=MARKER, quality=90)
        data = out.getvalue()
        iptc = b"Photoshop 3.0\x008BIM\x04\x04\0\0" + struct.pack(">I", len(MARKER) + 5) + b"\x1c\x02\x78" + \
            struct.pack(">H", len(MARKER)) + MARKER + b"\0"
        data = data[:2] + b"\xff\xed" + struct.pack(">H", len(iptc) + 2) + iptc + data[2:]
    elif kind == "PNG":
        texts = PngImagePlugin.PngInfo()
        texts.add_text("Comment", mark)
        texts.add_text("Author", mark, zip=True)
        texts.add_itxt("XML:com.adobe.xmp", xmp.decode())
        texts.add(b"stRy", MARKER, after_idat=True)
        image.save(out, kind, exif=exif, icc_profile=profile, pnginfo=texts)
        data = out.getvalue()
    else:
        image.save(out, kind, exif=exif, icc_profile=profile, xmp=xmp, quality=90)
        data = out.getvalue()
    return data + b"PK\x03\x04" + MARKER


def _chunk(kind: bytes, body: bytes) -> bytes:
    return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))


def _png(width: int, height: int, *more: bytes, colour: int = 2, depth: int = 8) -> bytes:
    head = struct.pack(">IIBBBBB", width, height, depth, colour, 0, 0, 0)
    return b"".join([b"\x89PNG\r\n\x1a\n", _chunk(b"IHDR", head), *more,
                     _chunk(b"IDAT", zlib.compress(b"\0" * 4000)), _chunk(b"IEND", b"")])


def _saved(image: Image.Image, kind: str, **how: object) -> bytes:
    out = io.BytesIO()
    image.save(out, kind, **how)  # type: ignore[arg-type]
    return out.getvalue()


def catalogue() -> dict[str, bytes]:
    """Bad and odd uploads by name."""
    image = scene()
    jpeg, png, webp = (seeded(kind) for kind in ("JPEG", "PNG", "WEBP"))
    see_through = image.convert("RGBA")
    see_through.putalpha(Image.linear_gradient("L").resize(image.size))
    zeros = zlib.compress(b"\0" * (64 * MIB), 9)
    return {
        "jpeg": jpeg, "png": png, "webp": webp,
        "nothing": b"", "zero bytes": b"\0" * 4000, "text": b"hello there", "svg": b"<svg onload='alert(1)'/>",
        "html before jpeg": b"<html><script>1</script>" + jpeg, "gif before jpeg": b"GIF89a" + jpeg,
        "tiff named jpg": _saved(image, "TIFF"), "bmp": _saved(image, "BMP"), "gif": _saved(image, "GIF"),
        "ico": _saved(image, "ICO"), "pdf": b"%PDF-1.7\n%\xe2\xe3", "eps": b"%!PS-Adobe-3.0 EPSF-3.0\n",
        "half a jpeg": jpeg[:len(jpeg) // 2], "half a png": png[:len(png) // 2], "half a webp": webp[:len(webp) // 2],
        "a head alone": jpeg[:24], "huge header": _png(2**31 - 1, 2**31 - 1), "gigapixels": _png(60000, 60000),
        "between the limits": _png(12000, 12000), "just below the limit": _png(8000, 4999), "no pixels": _png(0, 0),
        "strange depth": _png(64, 64, depth=7), "strange colours": _png(64, 64, colour=9),
        "ztxt bomb": _png(200, 200, _chunk(b"zTXt", b"Comment\0\0" + zeros)),
        "icc bomb": _png(200, 200, _chunk(b"iCCP", b"x\0\0" + zeros)),
        "itxt bomb": _png(200, 200, _chunk(b"iTXt", b"k\0\1\0\0\0" + zeros)),
        "many chunks": _png(200, 200, *[_chunk(b"tEXt", b"a\0b")] * 20000),
        "cmyk": _saved(image.convert("CMYK"), "JPEG"), "grey 16": _saved(Image.new("I;16", (200, 200), 40000), "PNG"),
        "palette": _saved(image.convert("P"), "PNG"), "bits": _saved(image.convert("1"), "PNG"),
        "see-through": _saved(see_through, "PNG"), "see-through webp": _saved(see_through, "WEBP"),
        "animated png": _saved(image, "PNG", save_all=True, append_images=[image.rotate(90)] * 30),
        "animated webp": _saved(image, "WEBP", save_all=True, append_images=[image.rotate(90)] * 30),
        "a thread": _saved(image.resize((3000, 70)), "PNG"), "a dot": _saved(image.resize((8, 8)), "PNG"),
        "black": _saved(Image.new("RGB", (200, 200)), "PNG"),
        "white": _saved(Image.new("RGB", (200, 200), "white"), "PNG"),
        "progressive": _saved(image, "JPEG", progressive=True), "two jpegs in one": _saved(
            image, "MPO", save_all=True, append_images=[image]),
    }


# --- mutations -------------------------------------------------------------------------------------

def mutated(data: bytes, other: bytes, dice: random.Random) -> bytes:
    """One upload a little or much changed: bits, runs, lengths, pieces moved, doubled, lost or from another file."""
    made = bytearray(data)
    for _ in range(dice.choice((1, 1, 1, 2, 3, 8, 40))):
        if not made:
            break
        at = dice.randrange(len(made))
        # Headers decide what a decoder does: a good part of the changes goes there.
        at = dice.randrange(min(len(made), 256)) if dice.random() < 0.3 else at
        length = dice.choice((1, 2, 4, 8, 64, 512))
        match dice.randrange(8):
            case 0:
                made[at] ^= 1 << dice.randrange(8)
            case 1:
                made[at] = dice.choice((0, 1, 0x7F, 0x80, 0xFE, 0xFF, dice.randrange(256)))
            case 2:
                made[at:at + 4] = struct.pack(dice.choice(("<I", ">I")), dice.choice(
                    (0, 1, 0x7FFFFFFF, 0x80000000, 0xFFFFFFFF, 0xFFFF, 65536, dice.randrange(2**32))))
            case 3:
                del made[at:at + length]
            case 4:
                made[at:at] = made[at:at + length]
            case 5:
                start = dice.randrange(max(1, len(other)))
                made[at:at] = other[start:start + length]
            case 6:
                made[at:at + length] = dice.randbytes(length)
            case 7:
                del made[dice.randrange(len(made)):]
    return _with_right_sums(bytes(made)) if dice.random() < 0.6 else bytes(made)


def _with_right_sums(data: bytes) -> bytes:
    """A PNG's chunks with checksums that fit, so that what was changed is decoded and not turned away for its sum."""
    if not data.startswith(b"\x89PNG\r\n\x1a\n"):
        return data
    made, at = bytearray(data[:8]), 8
    while at + 12 <= len(data):
        length = int.from_bytes(data[at:at + 4], "big")
        if at + 12 + length > len(data):
            break
        made += _chunk(data[at + 4:at + 8], data[at + 8:at + 8 + length])
        at += 12 + length
    return bytes(made) + data[at:]


def mutations(count: int, seed: int) -> Iterator[tuple[str, bytes]]:
    """`count` uploads, each with the name of what it began as; the same seed gives the same ones."""
    dice, known = random.Random(seed), catalogue()
    names = [name for name, data in known.items() if 0 < len(data) < 2 * MIB]
    for _ in range(count):
        name, other = dice.choice(names), dice.choice(names)
        yield name, mutated(known[name], known[other], dice)


# --- judging ---------------------------------------------------------------------------------------

@dataclass(slots=True)
class Outcome:
    """What became of a campaign."""

    photos: int = 0
    refused: Counter[str] = field(default_factory=Counter)
    wrong: list[str] = field(default_factory=list)
    slowest: tuple[float, str] = (0.0, "")
    children_mib: float = 0.0

    def faults(self) -> list[str]:
        """What should not have happened."""
        found = list(self.wrong)
        if self.refused["photo_too_slow"]:
            found.append(f"{self.refused['photo_too_slow']} ran into the clock")
        return found


async def judge(uploads: Mapping[str, bytes] | Iterator[tuple[str, bytes]], *, at_once: int = 2) -> Outcome:
    """Give every upload to the real child process, and look at everything it may have left behind."""
    outcome = Outcome()
    items = iter(uploads.items() if isinstance(uploads, Mapping) else uploads)
    with tempfile.TemporaryDirectory() as nowhere:
        before = _left_behind(Path(nowhere))

        async def work() -> None:
            for number, (name, data) in enumerate(items):
                started = time.monotonic()
                try:
                    photo = await open_photo(data, memory_bytes=MEMORY_BYTES, limit_s=LIMIT_S)
                    outcome.photos += 1
                    if MARKER in photo.rgb or photo.image().info:
                        outcome.wrong.append(f"{name} ({number}): metadata came through")
                except BadPhoto as refusal:
                    outcome.refused[refusal.reason] += 1
                    if refusal.reason not in REASONS:
                        outcome.wrong.append(f"{name} ({number}): refused as {refusal.reason}")
                except Exception as error:
                    outcome.wrong.append(f"{name} ({number}): {type(error).__name__}")
                outcome.slowest = max(outcome.slowest, (time.monotonic() - started, name))

        old, os.environ["TMPDIR"] = os.environ.get("TMPDIR"), nowhere
        try:
            await asyncio.gather(*(work() for _ in range(at_once)))
        finally:
            os.environ.pop("TMPDIR") if old is None else os.environ.__setitem__("TMPDIR", old)
        if (after := _left_behind(Path(nowhere))) != before:
            outcome.wrong.append(f"left behind: {before} before, {after} after (files, open files, children)")
    outcome.children_mib = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1024
    return outcome


def _left_behind(folder: Path) -> tuple[int, int, int]:
    children = Path(f"/proc/self/task/{os.getpid()}/children")
    return (sum(1 for _ in folder.rglob("*")), len(list(Path("/proc/self/fd").iterdir())),
            len(children.read_text().split()) if children.exists() else 0)


def main() -> int:
    """The command."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--mutations", type=int, default=5000)
    parser.add_argument("--seed", type=int, default=1)
    asked = parser.parse_args()
    started = time.monotonic()
    known = asyncio.run(judge(catalogue()))
    many = asyncio.run(judge(mutations(asked.mutations, asked.seed)))
    for title, outcome in (("catalogue", known), (f"mutations, seed {asked.seed}", many)):
        print(f"{title}: {outcome.photos} photos, {sum(outcome.refused.values())} refused "
              f"({', '.join(f'{reason} {count}' for reason, count in outcome.refused.most_common())})")
        print(f"  slowest {outcome.slowest[0]:.2f} s ({outcome.slowest[1]}), largest child "
              f"{outcome.children_mib:.0f} MiB of {MEMORY_BYTES // MIB}")
        for fault in outcome.faults():
            print(f"  WRONG: {fault}")
    print(f"{time.monotonic() - started:.0f} s")
    return 1 if known.faults() or many.faults() else 0


if __name__ == "__main__":
    sys.exit(main())
