"""Characters as files: what is packed comes back, and whatever else is sent is refused plainly."""

from __future__ import annotations

import io
import json
import pickle
import struct
import zipfile
import zlib
from collections.abc import Callable
from dataclasses import fields, replace
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from engine.cast.casting import draw_character_avatar
from engine.cast.travel import FILE_BYTES, PICTURE_BYTES, REFERENCES, Traveller, TravellingPicture, pack, unpack
from engine.nouns import Look, Pronouns, Refused

LOOK = Look(kind="girl", hair="curly", hair_colour="ginger", freckles=True, accessories=("scarf",), size=1.1,
            words="curly red hair")


def png(size: tuple[int, int] = (40, 60), colour: str = "#cc884480") -> bytes:
    out = io.BytesIO()
    Image.new("RGBA", size, colour).save(out, "PNG")
    return out.getvalue()


def safetensors(tensors: dict[str, Any] | None = None, data: bytes = bytes(16)) -> bytes:
    header = json.dumps(tensors if tensors is not None else {
        "down.weight": {"dtype": "F32", "shape": [2, 2], "data_offsets": [0, 16]}}).encode()
    return len(header).to_bytes(8, "little") + header + data


def mia(**changes: Any) -> Traveller:
    return replace(Traveller(
        "Mia", Pronouns.SHE, LOOK, "a girl\nwith red hair", ("Mimi", "Mie"), "daughter", True, True,
        draw_character_avatar(LOOK), (TravellingPicture(png(), "waves", "happy", (("outfit", "raincoat"),)),)),
        **changes)


def pixels(data: bytes | None) -> tuple[str, tuple[int, int], bytes]:
    assert data is not None
    image = Image.open(io.BytesIO(data))
    return image.mode, image.size, image.tobytes()


async def test_what_is_packed_comes_back() -> None:
    packed = pack(mia(adapter=safetensors()))
    assert packed == pack(mia(adapter=safetensors())), "the same character is the same file"
    back = await unpack(packed)
    assert replace(back, avatar=None, references=()) == replace(
        mia(adapter=safetensors()), avatar=None, references=())
    assert pixels(back.avatar) == pixels(mia().avatar)
    assert [(p.action, p.mood, p.worn) for p in back.references] == [("waves", "happy", (("outfit", "raincoat"),))]
    assert pixels(back.references[0].png) == pixels(png())
    assert pack(replace(back, avatar=None, references=())) == pack(
        mia(avatar=None, references=(), adapter=safetensors()))


async def test_a_character_without_pictures_travels_too() -> None:
    plain = Traveller("Pim", Pronouns.IT, Look(kind="dragon", outfit="bare"))
    assert await unpack(pack(plain)) == plain


async def test_any_zip_program_shows_what_is_inside_and_nothing_else() -> None:
    with zipfile.ZipFile(io.BytesIO(pack(mia()))) as archive:
        assert archive.namelist() == ["character.json", "avatar.png", "references/01.png"]
        said = json.loads(archive.read("character.json"))
        assert {entry.date_time for entry in archive.infolist()} == {(1980, 1, 1, 0, 0, 0)}
    assert said["look"].keys() == {field.name for field in fields(Look)}
    assert not {"owner", "owner_id", "server_id", "character_id", "consent"} & said.keys()


async def test_references_that_do_not_fit_stay_at_home() -> None:
    import os

    noise = Image.frombytes("RGBA", (256, 256), os.urandom(256 * 256 * 4))
    out = io.BytesIO()
    noise.save(out, "PNG")
    many = mia(references=tuple(TravellingPicture(out.getvalue()) for _ in range(30)))
    packed = pack(many, limit_bytes=2_000_000)
    assert len(packed) <= 2_000_000
    assert 1 <= len((await unpack(packed)).references) <= 7
    assert len((await unpack(pack(many))).references) == REFERENCES


async def test_pictures_are_rebuilt_from_their_pixels() -> None:
    from PIL import PngImagePlugin

    info = PngImagePlugin.PngInfo()
    info.add_text("Comment", "taken at home")
    out = io.BytesIO()
    Image.new("RGBA", (30, 30), "#336699ff").save(out, "PNG", pnginfo=info)
    back = await unpack(pack(mia(avatar=out.getvalue() + b"and a tail taken at home")))
    assert back.avatar is not None and b"taken at home" not in back.avatar
    assert pixels(back.avatar) == pixels(out.getvalue())


# --- hostile files ---------------------------------------------------------------------------------

def zipped(entries: list[tuple[str | zipfile.ZipInfo, bytes]], **options: Any) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", **options) as archive:
        for name, content in entries:
            archive.writestr(name, content)
    return out.getvalue()


def sheet(**changes: Any) -> dict[str, Any]:
    """character.json of a good file without pictures, with changes; None takes a key away."""
    with zipfile.ZipFile(io.BytesIO(pack(mia(avatar=None, references=())))) as archive:
        said: dict[str, Any] = json.loads(archive.read("character.json"))
    said.update(changes)
    return {key: value for key, value in said.items() if value is not ...}


def saying(raw: bytes | None = None, **changes: Any) -> bytes:
    return zipped([("character.json", raw if raw is not None else json.dumps(sheet(**changes)).encode())])


def looking(**changes: Any) -> bytes:
    return saying(look={**sheet()["look"], **changes})


def beside(name: str | zipfile.ZipInfo, content: bytes = b"hello") -> bytes:
    """A good character.json with something else beside it."""
    return zipped([("character.json", json.dumps(sheet()).encode()), (name, content)])


def entry(name: str, *, mode: int = 0, extra: bytes = b"", comment: bytes = b"") -> zipfile.ZipInfo:
    made = zipfile.ZipInfo(name)
    made.external_attr, made.extra, made.comment = mode << 16, extra, comment
    return made


def patched(data: bytes, old: bytes, new: bytes, count: int = -1) -> bytes:
    assert old in data and len(old) == len(new)
    return data.replace(old, new, count)


def with_avatar(content: bytes) -> bytes:
    return zipped([("character.json", json.dumps(sheet(avatar="avatar.png")).encode()), ("avatar.png", content)])


def with_adapter(content: bytes) -> bytes:
    return zipped([("character.json", json.dumps(sheet(adapter="adapter.safetensors")).encode()),
                   ("adapter.safetensors", content)])


def encrypted() -> bytes:
    data = bytearray(saying())
    data[6] |= 1                                            # the flag in the local header ...
    data[data.index(b"PK\x01\x02") + 8] |= 1                # ... and in the directory
    return bytes(data)


def two_directories() -> bytes:
    """The local header names one file, the directory another: two readers would see two archives."""
    data = bytearray(beside("avatar.png", png()))
    at = data.index(b"avatar.png")
    data[at:at + 10] = b"avatar.exe"
    return bytes(data)


def overlapping() -> bytes:
    """Both directory entries point at the same bytes: the trick of the densest zip bombs."""
    data = bytearray(beside("character.jsoN", json.dumps(sheet()).encode()))
    second = data.rindex(b"PK\x01\x02")
    data[second + 42:second + 46] = struct.pack("<L", 0)
    return bytes(data)


def bomb(size: int = 30 * 2**20) -> bytes:
    return zipped([("character.json", b" " * size)], compression=zipfile.ZIP_DEFLATED)


def lying_bomb() -> bytes:
    """Says it unpacks to a kilobyte and unpacks to thirty megabytes."""
    data = bytearray(bomb())
    for at in (22, data.index(b"PK\x01\x02") + 24):
        data[at:at + 4] = struct.pack("<L", 1024)
    return bytes(data)


def nested_bomb() -> bytes:
    return beside("references/01.png", bomb())


def many_entries(count: int) -> bytes:
    return zipped([("character.json", json.dumps(sheet()).encode()),
                   *((f"references/{number:02}.png", b"") for number in range(count))])


def png_bomb() -> bytes:
    """A few kilobytes that decode to 400 megapixels."""
    def chunk(kind: bytes, body: bytes) -> bytes:
        return struct.pack(">L", len(body)) + kind + body + struct.pack(">L", zlib.crc32(kind + body))
    packer = zlib.compressobj(9)
    rows = b"".join(packer.compress(bytes(20_001)) for _ in range(200)) + packer.flush()
    return (b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", struct.pack(">2L5B", 20_000, 20_000, 8, 0, 0, 0, 0))
            + chunk(b"IDAT", rows) + chunk(b"IEND", b""))


def apng_bomb() -> bytes:
    out = io.BytesIO()
    frames = [Image.new("RGBA", (64, 64), (number, 0, 0, 255)) for number in range(200)]
    frames[0].save(out, "PNG", save_all=True, append_images=frames[1:], duration=10)
    return out.getvalue()


def jpeg() -> bytes:
    out = io.BytesIO()
    Image.new("RGB", (64, 64), "red").save(out, "JPEG")
    return out.getvalue()


class _Pickled:
    def __reduce__(self) -> tuple[Any, ...]:
        return (print, ("somebody else's code ran",))


def references(**changes: Any) -> bytes:
    said = {"file": "references/01.png", "action": "stands", "mood": "calm", "worn": [], **changes}
    return zipped([("character.json", json.dumps(sheet(references=[said])).encode()), ("references/01.png", png())])


HOSTILE: dict[str, tuple[Callable[[], bytes], str]] = {
    # no character file at all
    "empty": (lambda: b"", "not_one"),
    "a photo": (jpeg, "not_one"),
    "words": (lambda: b"name = Mia", "not_one"),
    "an empty zip": (lambda: zipped([]), "not_one"),
    "a zip of something else": (lambda: zipped([("readme.txt", b"hello")]), "not_one"),
    "another format": (lambda: saying(format="someone-elses-character"), "not_one"),
    "a pickle": (lambda: pickle.dumps(_Pickled()), "not_one"),
    # too much
    "eleven megabytes": (lambda: beside("avatar.png", bytes(FILE_BYTES + 1)), "too_large"),
    "a zip bomb": (bomb, "too_much"),
    "a zip bomb that lies about its size": (lying_bomb, "damaged"),
    "a zip in a zip": (nested_bomb, "strange"),
    "overlapping entries": (overlapping, "strange"),
    "thousands of entries": (lambda: many_entries(3000), "too_much"),
    "more references than there may be": (lambda: many_entries(REFERENCES + 4), "too_much"),
    "a picture of five megabytes": (lambda: zipped(
        [("character.json", json.dumps(sheet(avatar="avatar.png")).encode()), ("avatar.png", bytes(PICTURE_BYTES + 1))],
        compression=zipfile.ZIP_DEFLATED), "too_much"),
    "a long list of nicknames": (lambda: saying(nicknames=["M"] * 1000), "words"),
    # names and kinds of entries
    "an absolute path": (lambda: beside("/etc/cron.d/mia"), "strange"),
    "a path that climbs out": (lambda: beside("references/../../01.png"), "strange"),
    "a windows path": (lambda: beside("C:\\mia.png"), "strange"),
    "a folder": (lambda: beside("references/", b""), "strange"),
    "a symbolic link": (lambda: beside(entry("avatar.png", mode=0o120777), b"/etc/passwd"), "strange"),
    "a device": (lambda: beside(entry("avatar.png", mode=0o020666)), "strange"),
    "a name in control characters": (lambda: beside("avatar\x1b[2J.png"), "strange"),
    "a very long name": (lambda: beside("references/" + "0" * 5000 + ".png"), "too_much"),
    "a name without letters": (lambda: beside("\u202egnp.ratava"), "strange"),
    "a program": (lambda: beside("avatar.exe", b"MZ"), "strange"),
    "two names that differ in case": (lambda: beside("Character.json", b"{}"), "strange"),
    "an extra field": (lambda: beside(entry("avatar.png", extra=struct.pack("<2H4s", 0x5455, 4, b"time"))), "strange"),
    "a comment in the directory": (lambda: beside(entry("avatar.png", comment=b"hello")), "strange"),
    "a picture it does not speak of": (lambda: beside("avatar.png", png()), "strange"),
    # structure
    "encrypted": (encrypted, "locked"),
    "cut off": (lambda: pack(mia())[:-400], "damaged"),
    "cut off in its end": (lambda: pack(mia())[:-3], "damaged"),
    "something before it": (lambda: b"GIF89a" + saying(), "not_one"),
    "another zip before it": (lambda: saying() + saying(name="Leo"), "strange"),
    "something behind it": (lambda: saying() + b"<script>", "damaged"),
    "a comment that hides a page": (lambda: patched(saying(), b"PK\x05\x06", b"PK\x05\x06")[:-2] + b"\x08\x00<script>",
                                    "damaged"),
    "header and directory disagree": (two_directories, "strange"),
    "a wrong checksum": (lambda: patched(saying(), b'"Mia"', b'"Pia"'), "damaged"),
    "an unusual way of packing": (lambda: zipped([("character.json", json.dumps(sheet()).encode())],
                                                 compression=zipfile.ZIP_BZIP2), "strange"),
    # character.json
    "no JSON": (lambda: saying(b"name: Mia"), "damaged"),
    "a list": (lambda: saying(b"[]"), "damaged"),
    "another alphabet's bytes": (lambda: saying(json.dumps(sheet()).encode("utf-16")), "damaged"),
    "deep JSON": (lambda: saying(b'{"look":' + b"[" * 30_000 + b"]" * 30_000 + b"}"), "damaged"),
    "NaN": (lambda: saying(patched(json.dumps(sheet()).encode(), b'"size": 1.1', b'"size": NaN')), "damaged"),
    "infinity": (lambda: looking(size=float("1e999")), "damaged"),
    "a number of a million digits": (lambda: saying(b'{"version": ' + b"9" * 60_000 + b"}"), "damaged"),
    "the same key twice": (lambda: saying(b'{"name": "Mia", ' + json.dumps(sheet()).encode()[1:]), "damaged"),
    "a newer version": (lambda: saying(version=2), "newer"),
    "a newer version with more in it": (lambda: zipped([
        ("character.json", json.dumps({"format": "storythread-character", "version": 7}).encode()),
        ("voice.ogg", b"OggS")]), "newer"),
    "a version that is no number": (lambda: saying(version=True), "words"),
    "a field nobody knows": (lambda: saying(on_load="run"), "strange"),
    "no name": (lambda: saying(name=...), "words"),
    "a long name": (lambda: saying(name="M" * 81), "words"),
    "a name that turns the line round": (lambda: saying(name="\u202eaiM"), "words"),
    "half a letter": (lambda: saying(name="\ud800Mia"), "words"),
    "a name that is a number": (lambda: saying(name=7), "words"),
    "a bell in the words": (lambda: saying(description="ding\x07"), "words"),
    "unknown pronouns": (lambda: saying(pronouns="admin"), "words"),
    "consent as text": (lambda: saying(from_photo="no"), "words"),
    "a kind nobody can draw": (lambda: looking(kind="walrus"), "words"),
    "a colour nobody has": (lambda: looking(outfit_colour="octarine"), "words"),
    "a look with a field too few": (lambda: saying(look={"kind": "girl"}), "words"),
    "a look with a field too many": (lambda: looking(tail="long"), "words"),
    "a giant": (lambda: looking(size=40.0), "words"),
    "a hundred scarves": (lambda: looking(accessories=["scarf"] * 100), "words"),
    "freckles as a number": (lambda: looking(freckles=1), "words"),
    "an avatar elsewhere": (lambda: saying(avatar="../avatar.png"), "words"),
    "an avatar that is not there": (lambda: saying(avatar="avatar.png"), "strange"),
    "an address as a reference": (lambda: references(file="https://example.org/01.png"), "words"),
    "a reference doing what nobody can": (lambda: references(action="explodes"), "words"),
    "a reference wearing what nobody can": (lambda: references(worn=[["outfit", "armour"]]), "words"),
    "a reference that changes who it is": (lambda: references(worn=[["kind", "dog"]]), "words"),
    # pictures
    "a JPEG for a PNG": (lambda: with_avatar(jpeg()), "picture"),
    "a picture cut off": (lambda: with_avatar(png()[:-30]), "picture"),
    "a picture of one pixel": (lambda: with_avatar(png((1, 1))), "picture"),
    "a picture that is too large": (lambda: with_avatar(png((1500, 20))), "picture"),
    "a PNG bomb": (lambda: with_avatar(png_bomb()), "picture"),
    "a moving picture of 200 frames": (lambda: with_avatar(apng_bomb()), "picture"),
    "no picture at all": (lambda: with_avatar(b""), "picture"),
    "a page in a picture's place": (lambda: with_avatar(b"<svg onload=alert(1)>"), "picture"),
    # adapters
    "a pickle for an adapter": (lambda: with_adapter(pickle.dumps(_Pickled())), "adapter"),
    "a zipped checkpoint for an adapter": (lambda: with_adapter(zipped([("data.pkl", pickle.dumps(_Pickled()))])),
                                           "adapter"),
    "a header longer than its file": (lambda: with_adapter((2**40).to_bytes(8, "little") + b"{}"), "adapter"),
    "tensors that overlap": (lambda: with_adapter(safetensors({
        "a": {"dtype": "F32", "shape": [4], "data_offsets": [0, 16]},
        "b": {"dtype": "F32", "shape": [2], "data_offsets": [8, 16]}})), "adapter"),
    "a tensor of the wrong size": (lambda: with_adapter(safetensors({
        "a": {"dtype": "F32", "shape": [2**39, 2**39], "data_offsets": [0, 16]}})), "adapter"),
    "a type nobody knows": (lambda: with_adapter(safetensors({
        "a": {"dtype": "OBJECT", "shape": [4], "data_offsets": [0, 16]}})), "adapter"),
    "an adapter with a tail": (lambda: with_adapter(safetensors(data=bytes(20))), "adapter"),
}


@pytest.mark.parametrize("name", HOSTILE)
async def test_hostile_files_are_refused(name: str) -> None:
    from bot.wording import SENTENCES

    make, why = HOSTILE[name]
    with pytest.raises(Refused) as caught:
        await unpack(make())
    assert caught.value.reason == f"character_file_{why}"
    for sentences in SENTENCES.values():
        assert sentences[caught.value.reason].format(**caught.value.facts)


def test_the_page_about_the_format_names_every_field() -> None:
    page = (Path(__file__).resolve().parents[3] / "docs" / "character_file.md").read_text("utf-8")
    for key in (*sheet(), *(field.name for field in fields(Look))):
        assert f"`{key}`" in page, key
    example = page.split("```json")[1].split("```")[0]
    assert json.loads(example)["format"] == "storythread-character"
