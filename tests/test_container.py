"""What the image and the compose files say, held against the repository: sources, commands, settings, names."""

from __future__ import annotations

import fnmatch
import json
import re
import subprocess
import tomllib
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
import typer
import yaml

from bench.container import Ignored, Stage, Workshop, chain, read
from bot.cli import app
from engine.doctor import configuration
from engine.settings import PREFIX, SettingsError, every_setting, load_settings

ROOT = Path(__file__).resolve().parents[1]
DOCKERFILE = (ROOT / "Dockerfile").read_text("utf-8")
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))
SETTINGS = {PREFIX + key.upper().replace(".", "__") for key, _ in every_setting()} | {"STORYTHREAD_SECRETS"}
CONDITIONS = ("service_started", "service_healthy", "service_completed_successfully")
#: What a service may say, of all that Compose knows.
SERVICE_KEYS = {"image", "build", "restart", "cap_drop", "security_opt", "command", "entrypoint", "environment",
                "secrets", "volumes", "networks", "ports", "stop_grace_period", "depends_on", "deploy", "healthcheck",
                "shm_size"}


def tracked(*below: str) -> list[str]:
    done = subprocess.run(["git", "ls-files", *below], cwd=ROOT, capture_output=True, text=True, check=True)
    return done.stdout.splitlines()


def parses(words: list[str]) -> None:
    """The real command line takes this, options and all. Nothing is run."""
    group: Any = typer.main.get_command(app)
    context = group.make_context("storythread", list(words[:1]) if not words[1:] else list(words))
    name, command, rest = group.resolve_command(context, list(words))
    assert command is not None
    command.make_context(name, rest, parent=context)


@pytest.fixture(params=["cpu", "cuda"])
def image(request: pytest.FixtureRequest) -> list[Stage]:
    return read(DOCKERFILE, KIND=request.param)


def everything(stages: list[Stage]) -> Iterator[Any]:
    """Every instruction that makes the last stage, those it copies from too."""
    line = chain(stages, stages[-1])
    for other in {each.flags["from"] for stage in line for each in stage.all("COPY") if "from" in each.flags}:
        yield from (each for stage in chain(stages, next(s for s in stages if s.name == other))
                    for each in stage.instructions)
    yield from (each for stage in line for each in stage.instructions)


# --- the image -------------------------------------------------------------------------------------

def test_what_is_copied_is_there_and_nothing_else_reaches_the_build(image: list[Stage]) -> None:
    ignored = Ignored((ROOT / ".dockerignore").read_text("utf-8"))
    sources = [source for each in everything(image) if each.verb == "COPY" and "from" not in each.flags
               for source in each.words[:-1]]
    assert {"bot", "engine", "prompts", "pyproject.toml", "constraints.txt"} <= set(sources)
    for source in sources:
        assert (ROOT / source).exists() and not ignored(source)
    for path in tracked():
        wanted = path.split("/")[0] in sources
        assert ignored(path) != wanted, path
    for path in ("secrets/discord_token", ".git/config", "build/x", "storythread.toml", "engine/__pycache__/x.pyc",
                 "tests/test_container.py", "home/master.key"):
        assert ignored(path)
    heavy = [path for path in tracked("bot", "engine", "prompts") if (ROOT / path).stat().st_size > 2**20]
    assert all(path.startswith("engine/mini/") for path in heavy), "no weights but the embedded ones"


def test_whatever_lies_in_a_package_is_installed_with_it() -> None:
    data = PROJECT["tool"]["setuptools"]["package-data"]
    assert PROJECT["tool"]["setuptools"]["packages"]["find"]["include"] == ["bot*", "engine*", "prompts*"]
    for path in tracked("bot", "engine", "prompts"):
        if path.endswith(".py"):
            continue
        folders = path.split("/")
        matched = any(
            fnmatch.fnmatchcase("/".join(folders[count:]), pattern)
            for package, patterns in data.items() for count in range(1, len(folders))
            if package in ("*", ".".join(folders[:count])) for pattern in patterns)
        shown = path.endswith(".png") and "/mini/" in path         # pictures of the model cards
        assert matched or shown, f"{path} stays behind: tool.setuptools.package-data"


def test_nobody_is_root_and_everything_that_is_run_exists(image: list[Stage]) -> None:
    last = image[-1]
    verbs = [each.verb for each in last.instructions]
    [user] = [each.text for each in last.all("USER")]
    assert user not in ("root", "0") and verbs.index("USER") < verbs.index("ENTRYPOINT")
    assert verbs.index("COPY") < verbs.index("USER"), "what is installed belongs to root: nobody changes it"
    made = " && ".join(each.text for each in last.all("RUN"))
    assert f"useradd --create-home --uid 10001 {user}" in made
    for volume in last.all("VOLUME")[0].words:
        top = "/" + volume.split("/")[1]
        assert re.search(rf"mkdir -p .*{volume}\b", made) and re.search(rf"chown -R {user} .*{top}\b", made)
    entry = last.all("ENTRYPOINT")[0].words
    assert entry == ["tini", "--", "storythread"] and "storythread" in PROJECT["project"]["scripts"]
    assert any("apt-get" in each.text and " tini" in each.text for stage in chain(image, last)
               for each in stage.all("RUN"))
    parses(last.all("CMD")[0].words)
    health = json.loads(last.all("HEALTHCHECK")[0].text.partition("CMD ")[2])
    assert health[0] == "storythread" and health[1:] == ["health"]
    parses(health[1:])


def test_what_the_image_sets_are_settings(image: list[Stage], monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    words = [word for each in image[-1].all("ENV") for word in re.findall(r'(\w+)=("[^"]*"|\S+)', each.text)]
    ours = {name: value for name, value in words if name.startswith(PREFIX)}
    assert set(ours) <= SETTINGS and len(ours) >= 4
    for name, value in ours.items():
        monkeypatch.setenv(name, value)
    settings = load_settings()
    assert [str(settings.health.port)] == image[-1].all("EXPOSE")[0].words
    assert settings.health.host == "0.0.0.0" and settings.master_key_file not in settings.home.parents
    assert settings.home not in settings.master_key_file.parents
    assert configuration(settings).ok
    assert "HF_HUB_OFFLINE" not in dict(words), "models pull would be refused; the models' process sets it itself"


def test_each_kind_is_built_for_its_machine() -> None:
    for kind, wanted, base in (("cpu", False, "python:"), ("cuda", True, "nvidia/cuda:")):
        stages = read(DOCKERFILE, KIND=kind, CUDA="12.8.1")
        instructions = list(everything(stages))
        arguments = " ".join(each.text for each in instructions if each.verb == "ENV")
        assert ("-DGGML_CUDA=ON" in arguments) is wanted and "-DGGML_NATIVE=OFF" in arguments
        assert chain(stages, stages[-1])[0].base.startswith(base) and "$" not in chain(stages, stages[-1])[0].base
        installs = [each.text for each in instructions if "pip install" in each.text]
        assert any("--constraint constraints.txt" in each for each in installs)
        assert sum("apt-get install" in each.text for each in instructions) == 2
        assert all("--no-install-recommends" in each.text for each in instructions if "apt-get install" in each.text)


def test_steps_are_carried_out_below_a_folder_of_their_own(tmp_path: Path) -> None:
    shop = Workshop(tmp_path / "image", keep_cache=False)
    shop.build(read("""
FROM nothing AS build
WORKDIR /app
ARG COLOUR=
ARG GREETING=hello
COPY pyproject.toml ./
COPY prompts prompts
ENV NAME=there WHERE=/data
RUN apt-get update && mkdir -p /venv && echo "$GREETING $NAME $WHERE" > /venv/said \\
    && useradd somebody

FROM nothing
COPY --from=build /venv /venv
RUN test ! -e /app && echo "${NAME:-nobody}" > /venv/after
"""))
    said = (shop.place / "venv" / "said").read_text()
    assert said == f"hello there {shop.place}/data\n", "paths are below the folder"
    assert (shop.place / "venv" / "after").read_text() == "nobody\n", "a stage has an environment of its own"
    assert shop.left_out == ["line 9: apt-get update", "line 9: useradd somebody"]
    aside = shop.place / ".build" / "app"
    assert (aside / "pyproject.toml").is_file() and (aside / "prompts").is_dir()
    with pytest.raises(subprocess.CalledProcessError):
        Workshop(tmp_path / "other", keep_cache=False).build(read("FROM nothing\nRUN false && true"))


# --- compose ---------------------------------------------------------------------------------------

def composed(*names: str) -> dict[str, Any]:
    """The files, one over the other, as Compose lays them."""
    def over(below: Any, above: Any) -> Any:
        if isinstance(below, Mapping) and isinstance(above, Mapping):
            return {**below, **{key: over(below.get(key), value) for key, value in above.items()}}
        return above

    whole: dict[str, Any] = {}
    for name in names:
        whole = over(whole, yaml.safe_load((ROOT / name).read_text("utf-8")))
    return whole


@pytest.fixture(params=[("compose.yaml",), ("compose.yaml", "compose.gpu.yaml")], ids=["cpu", "gpu"])
def compose(request: pytest.FixtureRequest) -> dict[str, Any]:
    return composed(*request.param)


def test_every_name_that_is_used_is_declared(compose: dict[str, Any]) -> None:
    assert {key for key in compose if not key.startswith("x-")} == {"name", "services", "networks", "volumes",
                                                                    "secrets"}
    services, used = compose["services"], {"networks": set(), "volumes": set(), "secrets": set()}
    ours = {name for name, each in services.items() if "build" in each}
    for name, service in services.items():
        assert set(service) <= SERVICE_KEYS, name
        assert not service["image"].endswith(":latest") and ":" in service["image"]
        assert service["restart"] in ("unless-stopped", "on-failure")
        used["networks"] |= set(service["networks"])
        used["secrets"] |= set(service.get("secrets", ()))
        used["volumes"] |= {each.partition(":")[0] for each in service.get("volumes", ())}
        for other, how in service.get("depends_on", {}).items():
            assert how["condition"] in CONDITIONS and other in services
            if how["condition"] == "service_healthy":
                assert "healthcheck" in services[other] or other in ours, "the image brings one"
            if how["condition"] == "service_completed_successfully":
                assert services[other]["restart"] == "on-failure"
        secrets = {f"/run/secrets/{each}" for each in service.get("secrets", ())}
        said = [*map(str, service.get("environment", {}).values()), *map(str, service.get("command", ()))]
        for path in re.findall(r"/run/secrets/\w+", " ".join(said)):
            assert path in secrets, f"{name} names {path}"
    for kind, names in used.items():
        assert names == set(compose[kind]), kind
    for name, secret in compose["secrets"].items():
        assert secret["file"].startswith("./secrets/"), name
    assert "secrets/" in (ROOT / ".gitignore").read_text("utf-8").splitlines()


def test_only_the_bot_reaches_the_world_and_nothing_is_open_to_it(compose: dict[str, Any]) -> None:
    assert compose["networks"]["inside"]["internal"] is True
    outside = [name for name, service in compose["services"].items() if service["networks"] != ["inside"]]
    assert outside == ["bot"]
    for service in compose["services"].values():
        assert all(port.startswith("127.0.0.1:") for port in service.get("ports", ()))
    port = read(DOCKERFILE, KIND="cpu")[-1].all("EXPOSE")[0].text
    assert compose["services"]["bot"]["ports"] == [f"127.0.0.1:{port}:{port}"]
    assert all(":ro" in each for each in compose["services"]["worker"]["volumes"]), "a worker changes nothing of ours"


def test_every_command_and_every_variable_is_real(
        compose: dict[str, Any], monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    images = {stage.name for stage in read(DOCKERFILE)}
    for name, service in compose["services"].items():
        if "build" not in service:
            continue
        assert f"tools-{service['build']['args']['KIND']}" in images
        assert service["image"] == f"storythread:{service['build']['args']['KIND']}"
        if "entrypoint" in service:
            compile(service["entrypoint"][-1], name, "exec")
            continue
        parses(service["command"])
        environment = service["environment"]
        assert {each for each in environment if each.startswith(PREFIX)} <= SETTINGS
        assert {each for each in environment if not each.startswith(PREFIX)} <= {
            "AWS_ENDPOINT_URL", "AWS_DEFAULT_REGION", "AWS_SHARED_CREDENTIALS_FILE"}
        secrets = tmp_path / name
        secrets.mkdir()
        given = {"storythread_database_url": "postgresql://storythread:word@postgres/storythread",
                 "storythread_discord__token": "made.up.token"}
        for secret in service["secrets"]:
            (secrets / secret).write_text(given.get(secret, "[default]") + "\n", "utf-8")
        with monkeypatch.context() as patch:
            for variable, value in environment.items():
                patch.setenv(variable, str(value))
            patch.setenv("STORYTHREAD_SECRETS", str(secrets))
            patch.setenv("STORYTHREAD_HOME", str(tmp_path / "home"))
            settings = load_settings()
        assert settings.database_url == "postgresql+asyncpg://storythread:word@postgres/storythread"
        if name == "bot":
            assert settings.discord.token is not None
            assert settings.discord.token.get_secret_value() == "made.up.token"
            assert settings.studio.where == "workers" and settings.pictures_url == "s3://storythread/pictures"
            assert f"makedirs('{settings.pictures_url.split('/')[2]}'" in str(
                compose["services"]["bucket-made"]["entrypoint"])


def test_a_folder_of_secrets_that_is_not_there_is_told(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("STORYTHREAD_SECRETS", str(tmp_path / "nowhere"))
    with pytest.raises(SettingsError, match=r"There is no folder .*nowhere, which STORYTHREAD_SECRETS names"):
        load_settings(home=tmp_path)


def test_workers_on_cards_lie_over_workers_on_processors() -> None:
    below, above = composed("compose.yaml"), yaml.safe_load((ROOT / "compose.gpu.yaml").read_text("utf-8"))
    assert set(above) == {"services"} and set(above["services"]) <= set(below["services"])
    worker = composed("compose.yaml", "compose.gpu.yaml")["services"]["worker"]
    [card] = worker["deploy"]["resources"]["reservations"]["devices"]
    assert card["driver"] == "nvidia" and card["capabilities"] == ["gpu"] and worker["command"] == ["worker"]
