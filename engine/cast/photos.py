"""Photos people upload, made safe: decoded in a limited child process, rebuilt from pixels, metadata gone."""

from __future__ import annotations

import asyncio
import io
import json
import os
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from engine.nouns import BadPhoto

if TYPE_CHECKING:
    from PIL import Image

MIB = 1024 * 1024
#: Below these a photo shows nothing that could be measured (see `decoding.quality_of` for the units).
DARKEST, FLATTEST = 14.0, 4.0
#: Below these it is used, and the person is told that a better one would help.
DIM, SOFT = 45.0, 2.6
#: In pixels of the shorter side.
SMALL = 160
#: Where the child finds this package.
_ROOT = str(Path(__file__).resolve().parents[2])


@dataclass(frozen=True, slots=True)
class SafePhoto:
    """Fresh RGB pixels of one upload: upright, at most 1024 pixels long, without anything else of the file."""

    rgb: bytes                             # height x width x 3
    width: int
    height: int
    brightness: float                      # mean, 0 to 255
    contrast: float                        # standard deviation of the brightness
    sharpness: float                       # spread of the Laplacian at 512 pixels
    notes: tuple[str, ...] = ()            # keys worth telling: photo_animated, _dark, _blurred, _small_note

    def image(self) -> Image.Image:
        """The pixels as a Pillow image."""
        from PIL import Image

        return Image.frombytes("RGB", (self.width, self.height), self.rgb)


async def open_photo(data: bytes, *, limit_bytes: int = 25 * MIB, max_pixels: int = 40_000_000, longest_px: int = 1024,
                     shortest_px: int = 64, memory_bytes: int = 1024 * MIB, limit_s: float = 15.0) -> SafePhoto:
    """Decode an upload in a child process that may use `memory_bytes` and `limit_s` seconds, and no more.

    JPEG, PNG and WebP are read; of an animation the first frame. Raises `BadPhoto` whose reason is one of
    photo_empty, photo_too_large, photo_wrong_kind, photo_unreadable, photo_truncated, photo_too_many_pixels,
    photo_too_small, photo_too_narrow, photo_too_slow, photo_dark, photo_blank. Cancelling ends the child.
    """
    if not data:
        raise BadPhoto(reason="photo_empty")
    if len(data) > limit_bytes:
        raise BadPhoto(reason="photo_too_large", limit_mib=limit_bytes // MIB)
    limits = {"memory_bytes": memory_bytes, "cpu_s": max(1, round(limit_s)), "max_pixels": max_pixels,
              "longest_px": longest_px, "shortest_px": shortest_px}
    return _read(*await _decoded(data, limits, limit_s))


async def open_pictures(pictures: Sequence[bytes], *, longest_px: int = 1024, shortest_px: int = 8,
                        memory_bytes: int = 1024 * MIB, limit_s: float = 15.0) -> list[bytes]:
    """PNGs of a character file, decoded together in one child under the limits of photos, as fresh RGBA PNGs.

    Raises `BadPhoto` for the first that is no PNG, moves, or is larger than `longest_px` or smaller than `shortest_px`.
    """
    if not pictures:
        return []
    limits = {"cutouts": 1, "memory_bytes": memory_bytes, "cpu_s": max(1, round(limit_s)),
              "max_pixels": longest_px * longest_px, "longest_px": longest_px, "shortest_px": shortest_px}
    framed = b"".join(len(png).to_bytes(8, "big") + png for png in pictures)
    answer, status = await _decoded(framed, limits, limit_s)
    return await asyncio.to_thread(_read_cutouts, answer, status, len(pictures), longest_px)


async def _decoded(data: bytes, limits: dict[str, int], limit_s: float) -> tuple[bytes, int | None]:
    """What the limited child answers, and its exit status. Raises `BadPhoto` when it takes too long."""
    # the child gets no secrets: only what Python needs to start and to find this package
    wanted = ("PATH", "LD_LIBRARY_PATH", "SYSTEMROOT", "LANG")
    environment = {name: os.environ[name] for name in wanted if name in os.environ} | {"PYTHONPATH": _ROOT}
    child = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "engine.cast.decoding", json.dumps(limits), cwd=_ROOT, env=environment,
        stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.DEVNULL)
    try:
        answer, _ = await asyncio.wait_for(child.communicate(data), limit_s)
    except TimeoutError:
        raise BadPhoto(reason="photo_too_slow") from None
    finally:
        if child.returncode is None:
            child.kill()
            await child.wait()
    return answer, child.returncode


def _read_cutouts(answer: bytes, status: int | None, count: int, longest_px: int) -> list[bytes]:
    from PIL import Image

    head, _, pixels = answer.partition(b"\n")
    if status != 0 or not head:
        raise BadPhoto(reason="photo_unreadable")
    said = json.loads(head)
    if "reason" in said:
        raise BadPhoto(reason=said["reason"], **said["facts"])
    sizes = [(int(width), int(height)) for width, height in said["sizes"]]
    if len(sizes) != count or any(max(size) > longest_px for size in sizes) \
            or sum(width * height * 4 for width, height in sizes) != len(pixels):
        raise BadPhoto(reason="photo_unreadable")
    fresh, at = [], 0
    for width, height in sizes:
        end = at + width * height * 4
        out = io.BytesIO()
        Image.frombytes("RGBA", (width, height), pixels[at:end]).save(out, "PNG")
        fresh.append(out.getvalue())
        at = end
    return fresh


def _read(answer: bytes, status: int | None) -> SafePhoto:
    """The child's answer, believed only where it fits. Raises `BadPhoto`."""
    head, _, pixels = answer.partition(b"\n")
    if status != 0 or not head:
        # SIGXCPU and SIGKILL are what the processor limit ends with
        raise BadPhoto(reason="photo_too_slow" if status in (-24, -9) else "photo_unreadable")
    said = json.loads(head)
    if "reason" in said:
        raise BadPhoto(reason=said["reason"], **said["facts"])
    width, height = int(said["width"]), int(said["height"])
    if len(pixels) != width * height * 3:
        raise BadPhoto(reason="photo_unreadable")
    brightness, contrast, sharpness = (float(said[name]) for name in ("brightness", "contrast", "sharpness"))
    if contrast < FLATTEST:
        raise BadPhoto(reason="photo_dark" if brightness < DIM else "photo_blank")
    if brightness < DARKEST:
        raise BadPhoto(reason="photo_dark")
    notes = [str(note) for note in said["notes"]]
    if brightness < DIM:
        notes.append("photo_dark")
    if sharpness < SOFT:
        notes.append("photo_blurred")
    if min(width, height) < SMALL:
        notes.append("photo_small_note")
    return SafePhoto(pixels, width, height, brightness, contrast, sharpness, tuple(notes))
