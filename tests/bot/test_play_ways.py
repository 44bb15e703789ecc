"""The other ways into a story at a terminal: a wish, its versions, a missing page, a whole text."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

from test_play import environment

TEXT = "Ada ran to the forest. She looked up.\n\nThen it began to rain."


def test_a_wish_a_gap_and_a_text_at_the_terminal(tmp_path: Path) -> None:
    (tmp_path / "text.md").write_text(TEXT, "utf-8")
    (tmp_path / "text.pdf").write_bytes(b"%PDF\0")
    lines = ["Ada", "I go to the garden.", "/change paint it like Picasso", "/change make it night", "/flip", "/fill",
             "I sleep.", "/fill 1", "/fill 9", f"/illustrate {tmp_path / 'text.pdf'}",
             f"/illustrate {tmp_path / 'text.md'}", "y", "/quit"]
    done = subprocess.run(
        [sys.executable, "-m", "bot.cli", "play", "--out", str(tmp_path / "out"), "--character",
         "Ada=a girl with red hair,she"], env=environment(tmp_path), text=True, capture_output=True, timeout=300,
        input="\n".join(lines) + "\n", check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    said = " ".join(done.stdout.split())
    for sentence in ("I did not understand: “picasso”", "There is no gap yet", "The story has 3 pages",
                     "That file is not plain text", "0 of 2 pictures are there", "1 of 2 pictures are there"):
        assert sentence in said, said
    report = json.loads((tmp_path / "out" / "report.json").read_text("utf-8"))
    assert [turn["kind"] for turn in report["turns"]] == ["write", "write", "fill", "write", "write"]
    book = (tmp_path / "out" / "book.html").read_text("utf-8")
    assert book.index("She looked up.") < book.index("Then it began to rain.")
    assert "Traceback" not in done.stdout + done.stderr
