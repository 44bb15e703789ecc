"""Words as they were meant, however they are spelled: one text, and the few ways it may have to be read.

Letters of other alphabets that look like ours, marks above and below letters, invisible characters, digits and signs
for letters, letters drawn out or set apart. Pure; standard library only.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Final

#: Letters that look like ours and are another's, beyond what NFKC and taking marks off make equal. Unicode's
#: confusables (https://www.unicode.org/reports/tr39/) has many more; these are those a keyboard or a web page gives.
_LOOKALIKES: Final = {
    **dict(zip("авгеёзіїјкмнорстухѕԁԛԝһӏьҽұүҡ", "abreeziijkmhopctyxsdqwhlbeyyk", strict=True)),
    **dict(zip("αβεηικνορτυχωγϲϳ", "abenikvoptuxwycj", strict=True)),
    **dict(zip("ɑɐɓɔɖɗəɛɡɠɦɨɩɪɫɭɱɯɲɳɵʀʂʈʉʋʏʐᴀʙᴄᴅᴇꜰɢʜᴊᴋʟᴍɴᴏᴘꜱᴛᴜᴠᴡᴢ",
               "aabcddeegghiiillmmnnorstuvyzabcdefghjklmnopstuvwz", strict=True)),
    **dict(zip("օսոցհյ", "ounghj", strict=True)),
    "ı": "i", "ł": "l", "đ": "d", "ħ": "h", "ŧ": "t", "ð": "d", "þ": "th", "œ": "oe", "ƒ": "f",
    "ß": "ss",
}
#: Signs for letters. The second reading of a sign that may be two is in `_OTHER_SIGNS`.
_SIGNS: Final[Mapping[str, str]] = {
    "0": "o", "1": "i", "3": "e", "4": "a", "5": "s", "7": "t", "8": "b", "9": "g", "@": "a", "$": "s", "!": "i",
    "|": "l", "€": "e", "+": "t", "£": "e", "¡": "i"}
_OTHER_SIGNS: Final[Mapping[str, str]] = {**_SIGNS, "1": "l", "|": "i", "!": "l", "0": "ø"}
_INVISIBLE: Final = frozenset("\u034f\u115f\u1160\u17b4\u17b5\u180e\u2800\u3164\uffa0")
_APART: Final = re.compile(r"[\s\-._~/\\·•,:;'’`^+=]+")
_MASKS: Final = "*#%?"
#: Ways one text is read, at most.
READINGS: Final = 6


def folded(text: str) -> str:
    """Small letters a to z, æ and ø, digits and signs: NFKC, no marks, nothing invisible, no lookalikes."""
    text = "".join(_badge(one) for one in text)
    text = unicodedata.normalize("NFKC", text).casefold()
    out = []
    for one in unicodedata.normalize("NFD", text):
        kind = unicodedata.category(one)
        if kind in ("Mn", "Me", "Cf", "Cs", "Co", "Cn") or one in _INVISIBLE:
            continue
        out.append("\n" if one in "\n\r" else " " if kind in ("Cc", "Zl", "Zp", "Zs") else _LOOKALIKES.get(one, one))
    return "".join(out)


def _badge(one: str) -> str:
    """A letter on a coloured ground, as emoji have them."""
    for first, last in ((0x1F150, 0x1F169), (0x1F170, 0x1F189), (0x1F1E6, 0x1F1FF)):
        if first <= ord(one) <= last:
            return chr(ord(one) - first + ord("a"))
    return one


def readings(text: str, guesses: Callable[[str], Iterable[str]] = lambda masked: ()) -> list[str]:
    """The ways a text can be read, each as folded words with single spaces around them: " the knight k ".

    The first is the plain one. `guesses(pattern)` gives words for one with letters hidden ("k.lled", a dot a letter).
    """
    groups = [[_ways(chunk, guesses) for chunk in _chunks(part)] for part in re.split(r"\s{2,}|\n", folded(text))]
    most = min(READINGS, max((len(ways) for group in groups for ways in group), default=1))
    found: dict[str, None] = {}
    for index in range(most):
        # wide gaps are kept until letters that stand apart are put together: they are where words end
        spoken = "  ".join(" ".join(ways[min(index, len(ways) - 1)] for ways in group) for group in groups if group)
        for line in (spoken, *_joined(spoken)):
            found.setdefault(f" {' '.join(line.split())} ")
    return list(found)


def _chunks(text: str) -> Iterator[str]:
    for chunk in text.split():
        bare = chunk.strip(".,;:!?\"'()[]{}<>“”„«»‘’…—–-*_~`|")
        if bare:
            # a word may begin with a sign that stands for a letter: $ex
            yield bare


def _ways(chunk: str, guesses: Callable[[str], Iterable[str]]) -> list[str]:
    """How one piece between spaces may be read, the plain way first."""
    ways = [_words(chunk)]
    if re.search("[a-zæø]", chunk):
        if "ø" in chunk or "æ" in chunk:       # Danish letters, or English ones dressed up
            ways.append(_words(chunk.replace("ø", "o").replace("æ", "ae")))
        if any(sign in chunk for sign in _SIGNS):
            ways += [_words("".join(signs.get(one, one) for one in chunk)) for signs in (_SIGNS, _OTHER_SIGNS)]
        if any(mask in chunk for mask in _MASKS) and len(chunk) >= 4:
            pattern = "".join("." if one in _MASKS else one if one.isalnum() else "" for one in chunk)
            ways += list(guesses(pattern))
        inner = _APART.sub("", chunk)
        if inner != chunk and inner.isalpha():
            ways.append(inner)                 # mur-dered, mur.dered
    for way in list(ways):
        if re.search(r"([a-z])\1\1", way):
            ways += [re.sub(r"([a-z])\1{2,}", r"\1", way), re.sub(r"([a-z])\1{2,}", r"\1\1", way)]
        elif re.search(r"([a-z])\1", way) and way != ways[0]:
            ways.append(re.sub(r"([a-z])\1+", r"\1", way))
    return list(dict.fromkeys(ways))[:READINGS]


def _words(chunk: str) -> str:
    """Letters and digits of a piece, a space where something else stood: "ben's" is "ben s"."""
    return " ".join(re.findall(r"[^\W_]+", chunk.replace("'", "").replace("’", "")
                               if re.search(r"n['’]t$", chunk) else chunk)) or "-"


def _joined(line: str) -> Iterator[str]:
    """The line with letters that stand alone put together: "i k i l l him" is also "ikill him" and "i kill him"."""
    runs = list(re.finditer(r"(?:(?<= )|^)(?:[^\W_] ){2,}[^\W_](?= |$)", line))
    if not runs:
        return

    def together(cut_first: bool, cut_last: bool, signs: Mapping[str, str]) -> str:
        out, at = "", 0
        for run in runs:
            letters = run[0].split(" ")
            first = [letters.pop(0)] if cut_first and len(letters) > 3 else []
            last = [letters.pop()] if cut_last and len(letters) > 3 else []
            out += line[at:run.start()] + " ".join([*first, "".join(signs.get(one, one) for one in letters), *last])
            at = run.end()
        return out + line[at:]

    mixed = any(re.search(r"\d", run[0]) and re.search("[a-z]", run[0]) for run in runs)
    for signs in ({}, _SIGNS, _OTHER_SIGNS) if mixed else ({},):
        for cut_first, cut_last in ((False, False), (True, False), (False, True)):
            yield together(cut_first, cut_last, signs)
