"""`make mini`: parts in order, each in its own process; what is done is skipped, what fails stops the rest."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from training import everything
from training.ledger import draw_all_curves

SCRIPT = """
import sys
from pathlib import Path

def main():
    folder, word = Path(sys.argv[1]), sys.argv[2]
    with (folder / "told").open("a") as out:
        out.write(word + chr(10))
    print("saying", word)
    if (folder / f"no-{word}").exists():
        raise SystemExit("no paper")
"""


@pytest.fixture
def troupe(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with a module whose command line writes down what it is told."""
    (tmp_path / "teller_of_tests.py").write_text(SCRIPT)
    monkeypatch.syspath_prepend(str(tmp_path))
    return tmp_path


def part(folder: Path, word: str) -> everything.Part:
    return everything.Part(f"part {word}", "teller_of_tests", (str(folder), word), lambda: 0.5)


def told(folder: Path) -> list[str]:
    return (folder / "told").read_text().split()


def test_parts_run_in_order_and_once(troupe: Path) -> None:
    wanted = [part(troupe, "one"), part(troupe, "two")]
    assert everything.run(wanted, troupe / "runs", show=False) and told(troupe) == ["one", "two"]
    assert everything.run(wanted, troupe / "runs", show=False) and told(troupe) == ["one", "two"]
    log = (troupe / "runs" / "part-one.log").read_text()
    assert "python -m teller_of_tests" in log and "saying one" in log
    other = everything.Part("part one", "teller_of_tests", (str(troupe), "uno"), lambda: 0.5)
    assert everything.run([other], troupe / "runs", show=False) and told(troupe)[-1] == "uno"   # another command


def test_a_part_that_fails_is_told_and_tried_again_next_time(troupe: Path, capfd: pytest.CaptureFixture[str]) -> None:
    (troupe / "no-one").touch()
    wanted = [part(troupe, "one"), part(troupe, "two")]
    assert not everything.run(wanted, troupe / "runs")
    assert told(troupe) == ["one"] and "no paper" in capfd.readouterr().out
    (troupe / "no-one").unlink()
    assert everything.run(wanted, troupe / "runs", show=False) and told(troupe) == ["one", "one", "two"]


def test_every_part_reads_what_an_earlier_one_writes(tmp_path: Path) -> None:
    made = everything.parts(tmp_path / "runs", tmp_path / "mini", scale=1.0, threads=2)
    assert [each.model for each in made] == sorted((each.model for each in made), key=[
        "world", "autoencoder", "painter", "likeness", "writer"].index)
    assert [each.name for each in made if "export" in each.name] == ["painter export", "likeness export",
                                                                    "writer export"]
    assert all(each.share() == 0.0 for each in made)
    folder = tmp_path / "runs" / "likeness"
    folder.mkdir(parents=True)
    (folder / "log.jsonl").write_text('{"step": 3, "minutes": 36.5}\n{"step": 4, "min')
    shares = {each.name: each.share() for each in made}
    assert shares["likeness"] == pytest.approx(36.5 / everything.MINUTES["likeness"])


def test_an_unknown_part_is_said(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        everything.main(["--only", "orchestra"])
    assert "there is no part orchestra" in capsys.readouterr().err


def test_the_page_of_curves_collects_all_runs(tmp_path: Path) -> None:
    for name, log in (("painter", "log.jsonl"), ("writer", "curve.jsonl")):
        (tmp_path / name).mkdir()
        (tmp_path / name / log).write_text("".join(f'{{"step": {step}, "loss": {1 / step}}}\n' for step in (1, 2, 4)))
    with (tmp_path / "painter" / "log.jsonl").open("a") as log:
        log.write('{"step": 5, "lo')
    (tmp_path / "painter" / "samples").mkdir()
    (tmp_path / "painter" / "samples" / "000004.png").touch()
    (tmp_path / "done").mkdir()
    (tmp_path / "done" / "world.json").write_text('{"command": "", "seconds": 7}')
    page = draw_all_curves(tmp_path).read_text()
    assert page.count("<polyline") == 2 and "loss: 0.25" in page and "world (7 s)" in page
    assert 'src="painter/samples/000004.png"' in page


@pytest.mark.skipif(not os.environ.get("TRAIN_EVERYTHING"), reason="a minute of two cores: TRAIN_EVERYTHING=1 asks")
def test_everything_from_nothing_at_toy_size(tmp_path: Path) -> None:
    tiny = ["--scale", "0.0005", "--runs", str(tmp_path / "runs"), "--out", str(tmp_path / "mini")]
    assert everything.main(tiny) == 0
    from engine.painters.likeness import MiniLikeness
    from engine.painters.unet import UNetPainter
    from engine.writers.mini import MiniWriter
    assert UNetPainter(tmp_path / "mini" / "painter").size_px == 256
    assert MiniLikeness(tmp_path / "mini" / "likeness").name.startswith("mini-likeness@")
    MiniWriter(tmp_path / "mini" / "writer" / "writer.gguf").close()
    spent = {path.stem: json.loads(path.read_text())["seconds"] for path in (tmp_path / "runs" / "done").iterdir()}
    assert everything.main(tiny) == 0                            # all done: nothing is trained again
    assert spent == {path.stem: json.loads(path.read_text())["seconds"]
                     for path in (tmp_path / "runs" / "done").iterdir()}
