"""What others wrote: pinned, at or above the versions that are safe, under licences somebody looked at, no pickles."""

from __future__ import annotations

import re
import subprocess
import sys
import tomllib
from importlib.metadata import distribution, version
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name
from packaging.version import Version

ROOT = Path(__file__).resolve().parents[1]
#: Below these, faults are known that an upload or a checkpoint can use.
FLOORS = {"pillow": "12.3", "transformers": "5.3", "diffusers": "0.38"}
PICKLES = (".bin", ".ckpt", ".joblib", ".pickle", ".pkl", ".pt", ".pth")


def pinned() -> dict[str, str]:
    lines = (ROOT / "constraints.txt").read_text("utf-8").splitlines()
    return {str(canonicalize_name(name)): number for line in lines
            for name, _, number in [line.partition("==")] if number}


def asked_for() -> list[Requirement]:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    return [Requirement(each) for each in project["dependencies"]]


def needed() -> set[str]:
    """Every distribution that the program needs, dependencies of dependencies too; development tools are not."""
    found: set[str] = set()
    waiting = [(str(canonicalize_name(each.name)), set(each.extras)) for each in asked_for()]
    while waiting:
        name, extras = waiting.pop()
        if name in found and not extras:
            continue
        found.add(name)
        for line in distribution(name).requires or ():
            part = Requirement(line)
            wanted = part.marker is None or any(part.marker.evaluate({"extra": extra}) for extra in ("", *extras))
            other = str(canonicalize_name(part.name))
            if wanted and (other not in found):
                waiting.append((other, set(part.extras)))
    return found


def listed() -> dict[str, str]:
    rows = re.findall(r"^\| ([\w.-]+) \| (.+) \|$", (ROOT / "docs" / "licences.md").read_text("utf-8"), re.MULTILINE)
    return {str(canonicalize_name(name)): licence for name, licence in rows if name != "package"}


@pytest.mark.parametrize("name", FLOORS)
def test_versions_with_known_faults_cannot_be_installed(name: str) -> None:
    [asked] = [each for each in asked_for() if each.name == name]
    assert not asked.specifier.contains("0.1") and asked.specifier.contains(version(name))
    assert {str(each) for each in asked.specifier} == {f">={FLOORS[name]}"}
    assert Version(version(name)) >= Version(FLOORS[name])


def test_everything_the_program_needs_is_pinned_and_installed_so() -> None:
    pins = pinned()
    assert needed() - set(pins) <= {"setuptools"}, "pinned in constraints.txt"
    for name in needed() & set(pins):
        assert version(name) == pins[name] or version(name).startswith(f"{pins[name]}+"), name


def test_every_licence_is_listed_and_none_binds_what_is_built_with_it() -> None:
    licences = listed()
    assert set(licences) == set(pinned()), "write docs/licences.md anew: .ci/licences > docs/licences.md"
    unclear = [name for name in licences if re.search("not declared|not installed", licences[name])]
    assert unclear == []
    # The GPL would; the LGPL's libraries are used as they come. Both are fine in tools of ours that nobody is given.
    binding = [name for name in needed() if name in licences
               and re.search(r"\bGPL|General Public", licences[name].replace("Lesser General Public", ""))]
    assert binding == []


def test_weights_are_data_and_no_programs() -> None:
    listing = subprocess.run(["git", "ls-files"], cwd=ROOT, capture_output=True, text=True, check=True)
    tracked = listing.stdout.split("\n")
    assert [name for name in tracked if name.endswith(PICKLES)] == []
    weights = [name for name in tracked if name.startswith("engine/mini/") and name.endswith((".safetensors", ".gguf"))]
    assert len(weights) >= 5
    for path in (ROOT / "engine").rglob("*.py"):
        source = path.read_text("utf-8")
        assert not re.search(r"trust_remote_code=True|\bpickle\.loads?\(|torch\.load\(", source), path
        for call in re.findall(r"\.from_pretrained\((?:[^()]|\([^()]*\))*\)", source):
            if "tokenizer" not in call.lower():
                assert "use_safetensors=True" in call or "local_files_only=True" in call, (path, call)


def test_a_painter_of_pickles_is_not_opened(tmp_path: Path) -> None:
    import torch

    sys.path.insert(0, str(ROOT / "tests" / "engine" / "painters"))
    from tiny_unet import save_painter

    from engine.nouns import StudioFailed
    from engine.painters.unet import UNetPainter

    folder = save_painter(tmp_path / "toy")
    UNetPainter(folder)                    # the control
    for weights in list(folder.rglob("*.safetensors")):
        from safetensors.torch import load_file

        torch.save(load_file(weights), weights.with_suffix(".bin"))
        weights.unlink()
    with pytest.raises(StudioFailed, match="cannot be opened"):
        UNetPainter(folder)
