"""Fetches models from the model hub: pinned, resumable, every file checked. The only place that speaks to the hub.

What a repository holds is asked of `huggingface_hub`, and its own download function brings the bytes, with Range from
where they broke off. (Its `snapshot_download` begins a file anew in the next process: half of a text encoder of 8 GB is
too much to fetch twice.) A file is fetched beside its place, under its name with `.part`, and takes it once its hash is
the one the hub lists; its recipe, by which a model counts as pulled, is written last.
"""

from __future__ import annotations

import errno
import fnmatch
import hashlib
import json
import logging
import os
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path, PurePosixPath
from typing import Any

from filelock import FileLock, Timeout

from engine.models.shelf import FOLDER, RECIPE, files_of, folder_of
from engine.nouns import StudioFailed
from engine.pinned import damaged, hash_of, key_of, remember, remembered
from engine.settings import Settings
from engine.tiers import TIERS, Kind, Repository, Tier

#: Data, never programs: what else a pattern may match is left where it is.
HARMLESS = (".safetensors", ".gguf", ".json", ".txt", ".model", ".jinja")
#: Room that stays on the disk besides what is fetched.
ROOM_BYTES = 512 * 2**20
#: A file that came wrong is fetched so often in all.
TRIES = 2
#: Seconds the hub may take to say what a repository holds.
ANSWER_S = 30.0

OnBytes = Callable[[int], None]


@dataclass(frozen=True, slots=True)
class Wanted:
    """One file: where it comes from, where it goes, and what the hub says of it."""

    repo_id: str
    commit: str
    source: str                            # its path in the repository
    target: Path
    size: int
    sha256: str                            # "" for small files, which git keeps itself
    blob_id: str                           # git's own hash of it

    @property
    def part(self) -> Path:
        """Where it lies while it comes."""
        return self.target.with_name(f"{self.target.name}.part")

    @property
    def begun_bytes(self) -> int:
        """How much of it is there from last time."""
        return min(self.size, self.part.stat().st_size) if self.part.is_file() else 0


@dataclass(frozen=True, slots=True)
class Plan:
    """What a pull brings: every file of a model, those that are still to come, and what its licences are."""

    tier: Tier
    files: tuple[Wanted, ...]
    missing: tuple[Wanted, ...]
    licences: tuple[tuple[str, str], ...]  # each repository, and the licence that its own page names
    commits: tuple[tuple[str, str], ...]

    @property
    def whole_bytes(self) -> int:
        """Of everything that is still to come, what is begun included."""
        return sum(each.size for each in self.missing)

    @property
    def begun_bytes(self) -> int:
        """Of that, what is there from last time."""
        return sum(each.begun_bytes for each in self.missing)

    @property
    def agreement(self) -> str:
        """What the operator agrees to, in one line; another line is agreed to anew."""
        return "; ".join([self.tier.licence.name, *(f"{repo_id}: {licence}" for repo_id, licence in self.licences)])


# --- in the order of a pull ------------------------------------------------------------------------

def is_whole(settings: Settings, name: str) -> bool:
    """Whether a model is pulled, in the revisions that are wanted, and every file of it sound. Asks nobody."""
    known, files = remembered(settings), files_of(settings, name)
    other = any(settings.studio.revisions.get(each.repo_id, known.get(f"hub:{each.repo_id}")) !=
                known.get(f"hub:{each.repo_id}") for each in TIERS[name].repositories)
    return (bool(files) and not other and (folder_of(settings, name) / RECIPE).is_file()
            and not damaged(files, settings, anew=True))


def make_plan(settings: Settings, name: str, *, endpoint: str | None = None) -> Plan:
    """Ask the hub what a model consists of, in the revision that is pinned or, the first time, is there now.

    Raises `StudioFailed` with a plain sentence.
    """
    tier = TIERS.get(name)
    if tier is None:
        raise StudioFailed(f"There is no model called {name}: `storythread models list` names them all.")
    known = remembered(settings)
    folder, files, licences, commits = folder_of(settings, name), [], [], []
    for repository in tier.repositories:
        pin = settings.studio.revisions.get(repository.repo_id) or known.get(f"hub:{repository.repo_id}")
        with _told(repository.repo_id, name):
            info = _api(endpoint).model_info(repository.repo_id, revision=pin, files_metadata=True, timeout=ANSWER_S)
        if not info.sha:
            raise StudioFailed(f"The hub does not say which commit of {repository.repo_id} it has.")
        held = {each.rfilename: each for each in info.siblings or ()}
        for source, target in chosen(repository, list(held), name):
            one = held[source]
            files.append(Wanted(repository.repo_id, info.sha, source, folder / target, one.size or 0,
                                one.lfs.sha256 if one.lfs else "", one.blob_id or ""))
        card = info.card_data
        licences.append((repository.repo_id, str(card.get("license") or "not named") if card else "not named"))
        commits.append((repository.repo_id, info.sha))
    missing = []
    for each in files:
        if _was_another(each, known, key_of(each.target, settings)):
            raise StudioFailed(
                f"The hub now gives another {each.source} of {each.repo_id} than was pulled before, though the commit "
                f"is the same. Nothing was fetched. If you trust it, run `storythread models remove {name}` first.")
        if not each.target.is_file() or not _is_as_listed(each, each.target):
            missing.append(each)
    return Plan(tier, tuple(files), tuple(missing), tuple(licences), tuple(commits))


def is_agreed(settings: Settings, plan: Plan) -> bool:
    """Whether the operator agreed to these very terms before."""
    return remembered(settings).get(f"agreed:{plan.tier.name}") == plan.agreement


def agree(settings: Settings, plan: Plan) -> None:
    """The operator agrees; asked no more."""
    remember(settings, {f"agreed:{plan.tier.name}": plan.agreement})


def need_room(settings: Settings, plan: Plan) -> None:
    """Raises `StudioFailed` when what is to come does not fit on the disk."""
    there = next(folder for folder in (settings.home, *settings.home.parents) if folder.exists())
    needed, free = plan.whole_bytes - plan.begun_bytes, shutil.disk_usage(there).free
    if free < needed + ROOM_BYTES:
        raise StudioFailed(f"{plan.tier.name} needs {needed / 1e9:.1f} GB more at {settings.home}, where "
                           f"{free / 1e9:.1f} GB are free: make room, or name another data folder.")


def fetch(settings: Settings, plan: Plan, on_bytes: OnBytes, *, endpoint: str | None = None) -> None:
    """Bring everything that is missing; `on_bytes` hears how many came, what was begun before included.

    Cut short anywhere, the next pull goes on from there. Raises `StudioFailed` with a plain sentence.
    """
    lock = settings.home / FOLDER / ".pulling.lock"
    lock.parent.mkdir(parents=True, exist_ok=True)
    try:
        with FileLock(lock, timeout=0):
            _fetch(settings, plan, on_bytes, endpoint)
    except Timeout:
        raise StudioFailed("Another `storythread models pull` is at work in this data folder.") from None


def _fetch(settings: Settings, plan: Plan, on_bytes: OnBytes, endpoint: str | None) -> None:
    name, folder = plan.tier.name, folder_of(settings, plan.tier.name)
    recipe = folder / RECIPE
    # From here on it is this revision that counts, also when the hub goes on meanwhile.
    remember(settings, {f"hub:{repo_id}": commit for repo_id, commit in plan.commits})
    if plan.missing:
        recipe.unlink(missing_ok=True)     # not whole until everything is
    for wanted in plan.missing:
        wanted.target.parent.mkdir(parents=True, exist_ok=True)
        wanted.target.unlink(missing_ok=True)
        for _ in range(TRIES):
            with _told(wanted.repo_id, name, wanted.source):
                _bring(wanted, on_bytes, endpoint)
            if _is_as_listed(wanted, wanted.part):
                break
            wanted.part.unlink(missing_ok=True)
            on_bytes(-wanted.size)
        else:
            raise StudioFailed(f"{wanted.source} of {wanted.repo_id} came damaged {TRIES} times: what arrives is not "
                               "what the hub lists. Try again later, or look at what stands between.")
        wanted.part.replace(wanted.target)
    now = {key_of(each.target, settings): hash_of(each.target) for each in plan.files}
    gone = [path for path in files_of(settings, name) if key_of(path, settings) not in now]
    for path in gone:                      # of the revision before
        path.unlink(missing_ok=True)
    remember(settings, now, forget=[key_of(path, settings) for path in gone])
    said: dict[str, Any] = {"tier": name, **plan.tier.recipe, "revision": plan.commits[0][1][:12]}
    if plan.tier.kind is Kind.WRITER:
        names = [each.target.name for each in plan.files]
        for each in names:
            said["projector" if each.startswith("mmproj") else "model"] = each
    beside = recipe.with_name(f"{RECIPE}.part")
    beside.write_text(json.dumps(said, indent=1) + "\n", "utf-8")
    beside.replace(recipe)


# --- its parts -------------------------------------------------------------------------------------

def chosen(repository: Repository, held: list[str], name: str) -> list[tuple[str, str]]:
    """Which of the files a repository holds are wanted, each with its path below the model's folder.

    Raises `StudioFailed` when one is not there, or would lie outside. Pure.
    """
    found: dict[str, str] = {}
    for patterns in repository.files:
        for pattern in patterns.split("|"):
            fits = [path for path in sorted(held) if fnmatch.fnmatchcase(path, pattern) and path.endswith(HARMLESS)
                    and (pattern.startswith("mmproj") or not path.startswith("mmproj"))]
            if fits:
                break
        else:
            if patterns.startswith("mmproj"):          # a writer that does not see is one all the same
                continue
            raise StudioFailed(f"The repository {repository.repo_id} holds no {pattern}, which {name} needs.")
        # Several files of one kind make one model; of one kind of GGUF, one is a model.
        for path in fits[:1] if pattern.endswith(".gguf") else fits:
            pure = PurePosixPath(path)
            if pure.is_absolute() or ".." in pure.parts or "\\" in path or ":" in path:
                raise StudioFailed(f"The repository {repository.repo_id} names a file outside its own folder.")
            kept = pure.name.replace(repository.renamed, "") if repository.renamed else pure.name
            found[path] = (PurePosixPath(repository.into) / pure.with_name(kept)).as_posix()
    return list(found.items())


def _was_another(wanted: Wanted, known: dict[str, str], key: str) -> bool:
    """Whether this commit once had another file in this place."""
    return (known.get(f"hub:{wanted.repo_id}") == wanted.commit and bool(wanted.sha256) and key in known
            and known[key] != wanted.sha256)


class _Told:
    """What huggingface_hub's download tells its progress to: bytes, and nothing drawn."""

    def __init__(self, on_bytes: OnBytes, **_: Any) -> None:
        self.update = on_bytes

    def __enter__(self) -> _Told:
        return self

    def __exit__(self, *_: object) -> None:
        """Nothing to close."""


def _bring(wanted: Wanted, on_bytes: OnBytes, endpoint: str | None) -> None:
    """One file into its `.part`, from where that ends."""
    from huggingface_hub import get_token, hf_hub_url
    from huggingface_hub.file_download import http_get

    if wanted.part.is_file() and wanted.part.stat().st_size > wanted.size:
        wanted.part.unlink()
    begun = wanted.begun_bytes
    on_bytes(begun)
    url = hf_hub_url(wanted.repo_id, wanted.source, revision=wanted.commit, endpoint=endpoint)
    # As it is, so that a range of it is a range of the file.
    headers = {"User-Agent": "storythread", "Accept-Encoding": "identity",
               **({"Authorization": f"Bearer {token}"} if (token := get_token()) else {})}
    with wanted.part.open("ab") as out:
        http_get(url, out, resume_size=begun, headers=headers, expected_size=wanted.size,
                 tqdm_class=partial(_Told, on_bytes))  # type: ignore[arg-type]


def _is_as_listed(wanted: Wanted, path: Path) -> bool:
    """Whether a file is what the hub lists: by its sha256, or by git's hash of it where that is all there is."""
    if path.stat().st_size != wanted.size:
        return False
    if wanted.sha256:
        return hash_of(path) == wanted.sha256
    digest = hashlib.sha1(b"blob %d\0" % wanted.size, usedforsecurity=False)
    digest.update(path.read_bytes())
    return digest.hexdigest() == wanted.blob_id


def _api(endpoint: str | None) -> Any:
    os.environ.setdefault("HF_HUB_DISABLE_TELEMETRY", "1")     # read when it is imported
    from huggingface_hub import HfApi

    logging.getLogger("huggingface_hub").setLevel(logging.ERROR)   # its warnings quote addresses; ours are sentences
    return HfApi(endpoint=endpoint, library_name="storythread")


@contextmanager
def _told(repo_id: str, name: str, source: str = "") -> Iterator[None]:
    """Whatever goes wrong at the hub or on the way becomes a plain sentence."""
    import httpx2
    from huggingface_hub import constants
    from huggingface_hub.errors import (
        EntryNotFoundError,
        GatedRepoError,
        HfHubHTTPError,
        OfflineModeIsEnabled,
        RepositoryNotFoundError,
        RevisionNotFoundError,
    )

    kept = " What has come is kept: the same command goes on from there."
    try:
        yield
    except GatedRepoError:
        raise StudioFailed(f"{repo_id} is only given to who agreed to its terms there: do so at "
                           f"{constants.ENDPOINT}/{repo_id}, make a token, and put it in HF_TOKEN.") from None
    except RepositoryNotFoundError:
        raise StudioFailed(f"The hub has no repository {repo_id}, or not for everybody.") from None
    except RevisionNotFoundError:
        raise StudioFailed(f"{repo_id} no longer has the commit that is pinned. `storythread models remove {name}` "
                           "forgets it, and a new pull takes what is there now.") from None
    except EntryNotFoundError:
        raise StudioFailed(f"{repo_id} no longer holds {source or 'what is wanted'}.") from None
    except OfflineModeIsEnabled:
        raise StudioFailed("HF_HUB_OFFLINE is set, so the hub is not asked: unset it for this command.") from None
    except HfHubHTTPError as error:
        raise StudioFailed(f"The hub answered {error.response.status_code} for {repo_id}: try again later.{kept}"
                           ) from None
    except httpx2.TransportError:
        raise StudioFailed(f"The model hub cannot be reached: is this machine online?{kept}") from None
    except OSError as error:
        if error.errno == errno.ENOSPC:
            raise StudioFailed(f"The disk is full.{kept}") from None
        if error.errno is None:            # huggingface_hub: fewer bytes came than were announced
            raise StudioFailed(f"The download of {source} broke off.{kept}") from None
        raise StudioFailed(f"The system says: {error.strerror}.{kept}") from None
