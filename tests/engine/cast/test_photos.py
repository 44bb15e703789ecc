"""Uploads: what is read, what is refused and why, and that nothing but colours comes through."""

from __future__ import annotations

import asyncio
import io
import struct
import subprocess
import sys
import zlib
from pathlib import Path

import pytest
from PIL import Image, ImageDraw, PngImagePlugin

from engine.cast import photos
from engine.cast.photos import SafePhoto, open_photo
from engine.nouns import BadPhoto

MARKER = b"SECRET-PLACE-55.6761N"


def scene(width: int = 320, height: int = 240) -> Image.Image:
    """A picture with something in it: left half red, right half blue, with edges."""
    image = Image.new("RGB", (width, height), (40, 60, 220))
    draw = ImageDraw.Draw(image)
    draw.rectangle((0, 0, width // 2 - 1, height), fill=(220, 40, 40))
    for x in range(0, width, 16):
        draw.line((x, height // 2, x + 8, height // 2 + 20), fill=(250, 250, 250), width=2)
    return image


def saved(image: Image.Image, kind: str, **options: object) -> bytes:
    out = io.BytesIO()
    image.save(out, kind, **options)
    return out.getvalue()


async def refused(data: bytes, **limits: object) -> BadPhoto:
    with pytest.raises(BadPhoto) as caught:
        await open_photo(data, **limits)  # type: ignore[arg-type]
    return caught.value


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP"])
async def test_the_three_formats_are_read(kind: str) -> None:
    photo = await open_photo(saved(scene(), kind))
    assert (photo.width, photo.height) == (320, 240)
    assert len(photo.rgb) == 320 * 240 * 3
    red, _, blue = photo.image().getpixel((20, 20))  # type: ignore[misc]
    assert red > 190 and blue < 70
    assert photo.notes == ()


async def test_metadata_comments_and_tails_do_not_come_through() -> None:
    exif = Image.Exif()
    exif[0x010E] = MARKER.decode()
    info = PngImagePlugin.PngInfo()
    info.add_text("Comment", MARKER.decode())
    uploads = [saved(scene(), "JPEG", exif=exif, comment=MARKER) + MARKER, saved(scene(), "PNG", pnginfo=info),
               saved(scene(), "WEBP", exif=exif)]
    for data in uploads:
        assert MARKER in data
        photo = await open_photo(data)
        assert MARKER not in photo.rgb
        assert not photo.image().info and not photo.image().getexif()


async def test_the_orientation_is_applied() -> None:
    exif = Image.Exif()
    exif[0x0112] = 6                                        # turned a quarter: the left side goes up
    photo = await open_photo(saved(scene(), "JPEG", exif=exif))
    assert (photo.width, photo.height) == (240, 320)
    top, bottom = photo.image().getpixel((120, 10)), photo.image().getpixel((120, 310))
    assert top[0] > 190 and bottom[2] > 190  # type: ignore[index]


async def test_of_an_animation_the_first_frame_is_used_and_told() -> None:
    frames = [scene(), Image.new("RGB", (320, 240), (0, 255, 0))]
    for kind in ("WEBP", "PNG"):
        photo = await open_photo(saved(frames[0], kind, save_all=True, append_images=frames[1:]))
        assert photo.notes == ("photo_animated",)
        assert photo.image().getpixel((20, 20))[0] > 180  # type: ignore[index]


async def test_odd_modes_become_rgb() -> None:
    half = scene().convert("RGBA")
    half.putalpha(Image.new("L", half.size, 0))
    half.paste(scene().crop((0, 0, 160, 240)), (0, 0))
    photo = await open_photo(saved(half, "PNG"))
    assert photo.image().getpixel((310, 20)) == (255, 255, 255), "what shines through becomes white"
    grey16 = Image.new("I;16", (200, 200), 40000)
    grey16.paste(2000, (0, 0, 100, 200))
    photo = await open_photo(saved(grey16, "PNG"))
    assert photo.image().getpixel((150, 100)) == pytest.approx((155, 155, 155), abs=2)
    for image, kind in ((scene().convert("CMYK"), "JPEG"), (scene().convert("P"), "PNG"),
                        (scene().convert("L"), "JPEG"),
                        (scene().convert("1"), "PNG"), (scene().convert("LA"), "PNG")):
        assert (await open_photo(saved(image, kind))).width == 320


async def test_large_photos_come_out_small() -> None:
    photo = await open_photo(saved(scene(5000, 3000), "JPEG"))
    assert max(photo.width, photo.height) == 1024
    assert photo.width / photo.height == pytest.approx(5 / 3, rel=0.01)


def huge_png(width: int, height: int) -> bytes:
    """A small file that claims a huge size."""
    def chunk(kind: bytes, body: bytes) -> bytes:
        return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))

    head = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", zlib.compress(b"\0" * 1000)) + chunk(b"IEND",
        b"")


async def test_what_is_no_photo_is_refused_each_with_its_reason() -> None:
    good = saved(scene(), "JPEG")
    cases = {
        "photo_empty": [b""],
        "photo_wrong_kind": [b"hello, this is text", b"\0" * 4000, saved(scene(), "GIF"), saved(scene(), "TIFF"),
                             saved(scene(), "BMP"),
                             b"<svg xmlns='http://www.w3.org/2000/svg'/>", b"%PDF-1.7 ...",
                             b"<html>" + good, b"GIF89a" + good],
        "photo_unreadable": [b"\x89PNG\r\n\x1a\n" + b"\xff" * 200],
        "photo_truncated": [good[:30], good[:len(good) * 2 // 3]],
        "photo_too_many_pixels": [huge_png(30000, 30000), huge_png(9000, 9000)],
        "photo_too_small": [saved(Image.new("RGB", (30, 300)), "PNG")],
        "photo_too_narrow": [saved(Image.new("RGB", (3000, 100)), "PNG")],
        "photo_blank": [saved(Image.new("RGB", (200, 200), (250, 250, 250)), "PNG")],
        "photo_dark": [saved(Image.new("RGB", (200, 200), (3, 3, 4)), "PNG")],
    }
    for reason, uploads in cases.items():
        for data in uploads:
            assert (await refused(data)).reason == reason, (reason, data[:20])


async def test_the_sentences_get_their_facts() -> None:
    error = await refused(b"x" * 2048, limit_bytes=1024)
    assert error.reason == "photo_too_large" and "limit_mib" in error.facts


async def test_a_bomb_in_a_text_chunk_is_refused() -> None:
    bomb = b"Comment\0\0" + zlib.compress(b"A" * 80_000_000, 9)
    body = b"zTXt" + bomb
    good = saved(scene(), "PNG")
    at = good.index(b"IDAT") - 4
    data = good[:at] + struct.pack(">I", len(bomb)) + body + struct.pack(">I", zlib.crc32(body)) + good[at:]
    assert (await refused(data)).reason == "photo_unreadable"


async def test_memory_beyond_the_limit_is_a_refusal_and_no_crash() -> None:
    noisy = saved(scene(5000, 5000), "PNG")
    error = await refused(noisy, memory_bytes=120 * photos.MIB)
    assert error.reason in ("photo_too_many_pixels", "photo_unreadable")


async def test_a_photo_that_takes_too_long_is_given_up_and_its_child_is_gone() -> None:
    error = await refused(saved(scene(4000, 4000), "PNG"), limit_s=0.02)
    assert error.reason == "photo_too_slow"


async def test_cancelling_ends_the_child(monkeypatch: pytest.MonkeyPatch) -> None:
    children: list[asyncio.subprocess.Process] = []
    start = asyncio.create_subprocess_exec

    async def remember(*args: object, **options: object) -> asyncio.subprocess.Process:
        child = await start(*args, **options)  # type: ignore[arg-type]
        children.append(child)
        return child

    monkeypatch.setattr(asyncio, "create_subprocess_exec", remember)
    task = asyncio.create_task(open_photo(saved(scene(4000, 4000), "PNG")))
    async with asyncio.timeout(60):
        while not children:  # noqa: ASYNC110 - the child's start has no event to wait for
            await asyncio.sleep(0.005)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert children[0].returncode is not None


async def test_dim_and_soft_photos_are_used_and_told() -> None:
    from PIL import ImageFilter

    dim = await open_photo(saved(scene().point(lambda value: value // 4), "PNG"))
    assert "photo_dark" in dim.notes
    soft = await open_photo(saved(scene().filter(ImageFilter.GaussianBlur(9)), "PNG"))
    assert "photo_blurred" in soft.notes


def test_the_child_loads_neither_models_nor_discord() -> None:
    code = ("import sys, engine.cast.decoding\n"
            "unwanted = {'torch', 'discord', 'cv2', 'numpy', 'bot', 'transformers'}\n"
            "print(sorted(unwanted & {m.split('.')[0] for m in sys.modules}))")
    root = Path(__file__).resolve().parents[3]
    out = subprocess.run([sys.executable, "-c", code], cwd=root, capture_output=True, text=True, check=True)
    assert out.stdout.strip() == "[]"


def test_asking_for_photos_and_measuring_loads_no_torch_and_no_cv2() -> None:
    code = ("import sys, engine.cast.photos, engine.cast.measuring, engine.cast.casting\n"
            "print(sorted(m for m in sys.modules if m.split('.')[0] in ('torch', 'discord', 'cv2', 'bot')))")
    root = Path(__file__).resolve().parents[3]
    out = subprocess.run([sys.executable, "-c", code], cwd=root, capture_output=True, text=True, check=True)
    assert out.stdout.strip() == "[]"


def test_a_lying_child_is_not_believed() -> None:
    with pytest.raises(BadPhoto):
        photos._read(b'{"width": 9, "height": 9, "brightness": 99, "contrast": 50, "sharpness": 9, "notes": []}\nab', 0)
    with pytest.raises(BadPhoto) as caught:
        photos._read(b"", -24)
    assert caught.value.reason == "photo_too_slow"


async def test_every_pixel_comes_back() -> None:
    photo = await open_photo(saved(scene(), "PNG"))
    assert isinstance(photo, SafePhoto)
    assert photo.image().tobytes() == scene().tobytes()
