"""Whether anything personal of a rehearsal stands in its log.

    python -m bench.leaks SCENE FOLDER

FOLDER is what `storythread rehearse --scene SCENE --out FOLDER` left. Looked for is everything people wrote, chose or
uploaded in the scene, their names, and everything the bot said, by the loopback's own record; ids of attachments and
interactions, names of files, nonces. Exit code 1, and a line for each, where something is found.
"""

from __future__ import annotations

import json
import re
import sys
from pathlib import Path

from bot.rehearsal.scene import load_scene

#: Shorter texts stand everywhere.
SHORTEST = 5
#: Shorter sentences of the bot's may be anybody's.
SHORTEST_SENTENCE = 24
#: Options whose values are the bot's own words.
CHOICES = ("consent", "pronouns", "word", "order", "style", "sharing", "with", "language", "place", "rating",
           "who_may_start")


def personal(scene: Path, folder: Path) -> dict[str, str]:
    """Everything personal of a play, with what it is."""
    played = load_scene(scene)
    found: dict[str, str] = {}

    def add(what: str, text: str) -> None:
        text = " ".join(text.split())
        if len(text) >= SHORTEST:
            found[text] = what

    for step in played.steps:
        for act in (step, *step.together):
            for name, value in {**act.given, **(act.fill or {})}.items():
                if isinstance(value, str) and name not in CHOICES and value not in played.files:
                    add("what somebody wrote", value)
            if isinstance(act.write, str):
                add("a message", act.write)
    for name in played.files:
        add("a file's name", played.file(name).name)
    add("a server's name", played.server)
    for line in (folder / "messages.jsonl").read_text("utf-8").splitlines():
        record = json.loads(line)
        if record["kind"] == "message" and record.get("op") in ("create", "edit"):
            for text in (*record.get("texts", ()), *(alt or "" for alt in record.get("alt", ()))):
                for sentence in re.split(r"[.\n]", text):
                    if len(sentence.strip()) >= SHORTEST_SENTENCE:
                        add("prose or an answer", sentence)
            for attachment in record.get("attachments", ()):
                add("an attachment's id", str(attachment.get("id", "")))
                add("an attachment's name", str(attachment.get("name", "")))
        for key, what in (("interaction", "an interaction's id"), ("nonce", "a nonce"), ("token", "a token")):
            if record.get(key):
                add(what, str(record[key]))
    return found


def leaks(log: str, looked_for: dict[str, str], names: tuple[str, ...] = ()) -> list[str]:
    """What of it stands in a log, in whatever case; `names` as whole words, as they are written."""
    text = " ".join(log.split())
    folded = text.casefold()
    found = [f"{what}: {each}" for each, what in looked_for.items() if each.casefold() in folded]
    return found + [f"a name: {name}" for name in names if re.search(rf"(?<!\w){re.escape(name)}(?!\w)", text)]


def main(arguments: list[str]) -> int:
    """Look, and say."""
    scene, folder = Path(arguments[0]), Path(arguments[1])
    looked_for = personal(scene, folder)
    log = (folder / "bot.log").read_text("utf-8", "replace")
    found = leaks(log, looked_for, tuple(load_scene(scene).players))
    for each in found:
        print(each)
    print(f"{len(found)} of {len(looked_for)} personal texts and ids in {len(log.splitlines())} lines of log")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
