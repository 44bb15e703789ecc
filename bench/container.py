"""The Dockerfile's steps, run in a clean folder where there is no container engine: `python -m bench.container`.

Its instructions are read, and those of the target for processors are carried out as far as an ordinary user can: COPY
from what .dockerignore lets through, RUN by a shell, ENV. The image's folders lie below a folder of their own; what
takes root (apt-get, useradd, chown) is left out and listed. Then what was installed is used: doctor, health, a story.
Standard library only.
"""

from __future__ import annotations

import argparse
import fnmatch
import json
import os
import re
import shlex
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
#: Folders of the image that are made here below a folder of their own.
FOLDERS = ("app", "venv", "data", "keys")
#: Commands that take root, or an image's own folders.
NOT_FOR_US = ("apt-get", "useradd", "chown", "rm -rf /var", "ln -s /usr")
#: What of this machine's environment a step sees: how to reach the network and pip's index.
KEPT = re.compile(r"(PIP_.*|.*_proxy|SSL_CERT_FILE|REQUESTS_CA_BUNDLE|LANG|TMPDIR)", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Instruction:
    """One line of a Dockerfile, continuations joined."""

    verb: str
    text: str
    line: int

    @property
    def flags(self) -> dict[str, str]:
        """`--from=build` and the like."""
        return dict(re.findall(r"(?:^|\s)--([\w-]+)=(\S+)", self.text))

    @property
    def words(self) -> list[str]:
        """What is said, without flags: a JSON list as a list, else split as a shell would."""
        bare = re.sub(r"(?:^|\s)--[\w-]+=\S+", "", self.text).strip()
        return json.loads(bare) if bare.startswith("[") else shlex.split(bare)


@dataclass(slots=True)
class Stage:
    """From one FROM to the next."""

    base: str
    name: str
    instructions: list[Instruction] = field(default_factory=list)

    def all(self, verb: str) -> list[Instruction]:
        """Every instruction of a kind."""
        return [each for each in self.instructions if each.verb == verb]


def read(text: str, **given: str) -> list[Stage]:
    """The stages of a Dockerfile; `given` are build arguments."""
    stages: list[Stage] = []
    arguments: dict[str, str] = {}
    pending, began = "", 0
    for number, line in enumerate(text.splitlines(), 1):
        if not pending and (not line.strip() or line.lstrip().startswith("#")):
            continue
        began = began if pending else number
        if line.rstrip().endswith("\\"):
            pending += line.rstrip()[:-1]
            continue
        verb, _, rest = (pending + line).strip().partition(" ")
        pending = ""
        verb, rest = verb.upper(), rest.strip()
        if verb == "ARG" and not stages:
            name, _, value = rest.partition("=")
            arguments[name] = given.get(name, value)
        elif verb == "FROM":
            for name, value in arguments.items():
                rest = rest.replace(f"${{{name}}}", value)
            base, _, name = re.sub(r"\s+as\s+", " AS ", rest, flags=re.IGNORECASE).partition(" AS ")
            stages.append(Stage(base.strip(), name.strip()))
        else:
            stages[-1].instructions.append(Instruction(verb, rest, began))
    return stages


def chain(stages: Sequence[Stage], stage: Stage) -> list[Stage]:
    """A stage and those it is built on, the first one first."""
    below = next((each for each in stages if each.name == stage.base), None)
    return [*(chain(stages, below) if below is not None else []), stage]


class Ignored:
    """What .dockerignore keeps out of a build."""

    def __init__(self, text: str) -> None:
        self._rules = [line.strip() for line in text.splitlines() if line.strip() and not line.startswith("#")]

    def __call__(self, path: str) -> bool:
        out = False
        parts = path.split("/")
        for rule in self._rules:
            wanted = rule.removeprefix("!")
            if wanted.startswith("**/"):
                hit = any(fnmatch.fnmatchcase(part, wanted[3:]) for part in parts)
            else:
                hit = any(fnmatch.fnmatchcase("/".join(parts[:count]), wanted) for count in range(1, len(parts) + 1))
            if hit:
                out = not rule.startswith("!")
        return out


class Workshop:
    """Carries out a target's steps below a folder."""

    def __init__(self, place: Path, *, keep_cache: bool) -> None:
        self.place = place
        self.left_out: list[str] = []
        self.env = {name: value for name, value in os.environ.items() if KEPT.fullmatch(name)}
        self.env |= {"HOME": str(place / "home"), "PATH": f"{Path(sys.executable).parent}:/usr/local/bin:/usr/bin:/bin"}
        self._keep_cache = keep_cache
        self._at = place
        self._done: dict[str, Path] = {}
        self._set: set[str] = set()        # what the stage at hand has put into the environment
        (place / "home").mkdir(parents=True)

    def here(self, text: str) -> str:
        """The image's folders, where they lie now."""
        return re.sub(rf"(?<![\w./-])/({'|'.join(FOLDERS)})\b", lambda found: f"{self.place}/{found[1]}", text)

    def build(self, stages: Sequence[Stage], name: str = "") -> None:
        """A target, those it copies from first. Raises `subprocess.CalledProcessError`."""
        target = next((each for each in stages if each.name == name), stages[-1])
        line = chain(stages, target)
        for other in dict.fromkeys(each.flags.get("from", "") for stage in line for each in stage.all("COPY")):
            if other:
                self.build(stages, other)
                aside = self.place / f".{other}"
                aside.mkdir()
                for folder in FOLDERS:         # a clean image begins; the paths stay what they were
                    if (self.place / folder).exists():
                        (self.place / folder).rename(aside / folder)
                self._done[other] = aside
                self.env = {name: value for name, value in self.env.items() if name not in self._set}
        self._set.clear()
        self._at = self.place
        for stage in line:
            print(f"FROM {stage.base}: what is in it is this machine's", flush=True)
            for each in stage.instructions:
                self._carry_out(each)

    def _carry_out(self, each: Instruction) -> None:
        began = time.monotonic()
        if each.verb == "RUN":
            self._run(each)
        elif each.verb == "COPY":
            self._copy(each)
        elif each.verb == "WORKDIR":
            self._at = Path(self.here(each.text))
            self._at.mkdir(parents=True, exist_ok=True)
        elif each.verb in ("ENV", "ARG"):
            for word in shlex.split(each.text):
                name, _, value = word.partition("=")
                if each.verb == "ARG" and (name in self.env or not value):
                    continue
                self.env[name] = self.here(value).replace("$PATH", self.env["PATH"])
                self._set.add(name)
        else:
            return
        print(f"{each.line:4} {each.verb} {each.text[:90]} ({time.monotonic() - began:.1f} s)", flush=True)

    def _run(self, each: Instruction) -> None:
        kept = []
        for part in (part.strip() for part in each.text.split("&&")):
            if part.startswith(NOT_FOR_US):
                self.left_out.append(f"line {each.line}: {part}")
            else:
                kept.append(part.replace(" --no-cache-dir", "") if self._keep_cache else part)
        if kept:
            subprocess.run(["bash", "-euc", self.here(" && ".join(kept))], cwd=self._at, env=self.env, check=True)

    def _copy(self, each: Instruction) -> None:
        *sources, target = each.words
        to = Path(self.here(target)) if target.startswith("/") else self._at / target
        other = each.flags.get("from")
        if other:
            for source in sources:
                # Links for copies: some gigabytes, and nobody writes into them here.
                shutil.copytree(self._done[other] / source.lstrip("/"), to, symlinks=True, dirs_exist_ok=True,
                                copy_function=os.link)
            return
        ignored = Ignored((ROOT / ".dockerignore").read_text("utf-8"))
        for source in sources:
            tree = [ROOT / source] if (ROOT / source).is_file() else sorted((ROOT / source).rglob("*"))
            for path in (path for path in tree if path.is_file()):
                name = path.relative_to(ROOT).as_posix()
                if ignored(name):
                    continue
                inside = path.relative_to(ROOT / source) if (ROOT / source).is_dir() else Path(path.name)
                copy = to / inside if (ROOT / source).is_dir() or target.endswith("/") else to
                copy.parent.mkdir(parents=True, exist_ok=True)
                shutil.copyfile(path, copy)

    def use(self, *words: str, also: Mapping[str, str] | None = None) -> subprocess.CompletedProcess[str]:
        """The entry point's command, as in the image."""
        return subprocess.run(words, cwd=self.place, env=self.env | (also or {}), check=False, text=True,
                              stdout=subprocess.PIPE, stderr=subprocess.STDOUT)


def main() -> int:
    """Build and use the target for processors; the figures and what was left out."""
    asked = argparse.ArgumentParser(description=__doc__)
    asked.add_argument("--place", type=Path, help="an empty folder to build in; without it, one that goes at the end")
    asked.add_argument("--keep-cache", action="store_true", help="pip may use what it has: less is compiled")
    chosen = asked.parse_args()
    began = time.monotonic()
    place = chosen.place or Path(tempfile.mkdtemp(prefix="storythread-image-"))
    shop = Workshop(place / "image", keep_cache=chosen.keep_cache)
    try:
        stages = read((ROOT / "Dockerfile").read_text("utf-8"), KIND="cpu")
        shop.build(stages)
        built_s = time.monotonic() - began
        final = chain(stages, stages[-1])
        entry = next(each for each in stages[-1].instructions if each.verb == "ENTRYPOINT").words
        if shutil.which(entry[0]) is None:
            shop.left_out.append(f"{entry[0]}, which is not on this machine")
        command = entry[entry.index("--") + 1:]
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            shop.env["STORYTHREAD_HEALTH__PORT"] = str(probe.getsockname()[1])
        doctor = shop.use(*command, "doctor", also={"DISCORD_TOKEN": "made.up.token"})
        print(doctor.stdout)
        script = place / "script.txt"
        script.write_text("Pim finds a lamp in the garden.\nPim flies home.\n", "utf-8")
        told = shop.use(*command, "play", "--script", str(script), "--character", "Pim=a small green dragon,it",
                        "--out", str(place / "told"))
        print(told.stdout[-1500:])
        panels = list((place / "told").rglob("*.png"))
        asleep = shop.use(*_health(final))
        scene = next(shop.place.glob("venv/lib/*/site-packages/bot/rehearsal/scenes/quiet_evening.toml"))
        bot = subprocess.Popen([*command, "rehearse", "--scene", str(scene), "--out", str(place / "evening")],
                               cwd=shop.place, env=shop.env, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        awake = shop.use(*_health(final))
        while awake.returncode and bot.poll() is None:
            time.sleep(0.5)
            awake = shop.use(*_health(final))
        evening = bot.wait(400)
        size = sum(path.lstat().st_size for path in (shop.place / "venv").rglob("*"))
        findings = {"doctor": doctor.returncode == 0, "a story of two pages": told.returncode == 0 and len(panels) >= 2,
                    "health while nobody runs is 1": asleep.returncode == 1,
                    "health while the bot runs is 0": awake.returncode == 0, "an evening's rehearsal": evening == 0}
        print(f"built in {built_s:.0f} s, used in {time.monotonic() - began - built_s:.0f} s; /venv is "
              f"{size / 2**20:.0f} MiB")
        for name, well in findings.items():
            print(f"{'well' if well else 'NOT WELL'}: {name}")
        for each in shop.left_out:
            print(f"not run: {each}")
        return 0 if all(findings.values()) else 1
    finally:
        if chosen.place is None:
            shutil.rmtree(place, ignore_errors=True)


def _health(stages: Sequence[Stage]) -> list[str]:
    """The command of HEALTHCHECK."""
    text = next(each.text for each in stages[-1].instructions if each.verb == "HEALTHCHECK")
    words: list[str] = json.loads(text.partition("CMD ")[2])
    return words


if __name__ == "__main__":
    raise SystemExit(main())
