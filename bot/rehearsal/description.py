"""Discord's own OpenAPI description as a judge: is this request, or this answer, one that Discord documents?

The description (OpenAPI 3.1, MIT licence) is read from `STORYTHREAD_DISCORD_OPENAPI`, or from
`../shared/discord-openapi.json` beside the project. Where neither is there nothing is judged, and `Description.why_off`
says so; the same when `jsonschema` is not installed.

What the description does not say (40 components, unique custom ids, the 3 seconds) is in `rules.py`.
"""

from __future__ import annotations

import json
import os
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import quote, unquote

ROOT = "urn:discord"
DEFAULT_PLACE = Path(__file__).resolve().parents[2].parent / "shared" / "discord-openapi.json"


@dataclass(frozen=True, slots=True)
class Operation:
    """One documented operation: the method and path template, and where its schemas are."""

    method: str
    template: str
    pattern: re.Pattern[str]
    spec: dict[str, Any]
    parameters: tuple[dict[str, Any], ...]

    @property
    def pointer(self) -> str:
        return f"{ROOT}#/paths/{quote(self.template.replace('~', '~0').replace('/', '~1'))}/{self.method}"


class Description:
    """Judges requests and answers. Every method returns problems as plain lines; an empty list is a pass."""

    def __init__(self, path: Path | None = None) -> None:
        self.why_off = ""
        self._operations: list[Operation] = []
        self._validators: dict[str, Any] = {}
        place = path or Path(os.environ.get("STORYTHREAD_DISCORD_OPENAPI") or DEFAULT_PLACE)
        if not place.is_file():
            self.why_off = "Discord's OpenAPI description is not here: requests are not validated against it"
            return
        try:
            import jsonschema.validators
            import referencing
            import referencing.jsonschema
        except ImportError:
            self.why_off = "jsonschema is not installed: requests are not validated against Discord's description"
            return
        document = json.loads(place.read_text(encoding="utf-8"))
        self._document = document
        resource = referencing.jsonschema.DRAFT202012.create_resource(document)
        self._registry: Any = referencing.Registry().with_resource(ROOT, resource)
        strict = jsonschema.Draft202012Validator
        told_apart = {name: _by_kind(document, strict.VALIDATORS[name]) for name in ("oneOf", "anyOf")}
        told_apart["$ref"] = _straight_to(document)
        self._for_answers: Any = jsonschema.validators.extend(strict, told_apart)
        self._for_requests: Any = jsonschema.validators.extend(
            strict, {**told_apart, "type": _lenient_type(strict.VALIDATORS["type"])})
        for template, methods in document["paths"].items():
            pattern = re.compile("^" + re.sub(r"\\\{[^}]+\\\}", "([^/]+)", re.escape(template)) + "$")
            shared = methods.get("parameters", [])
            for method, spec in methods.items():
                if method != "parameters":
                    self._operations.append(Operation(
                        method, template, pattern, spec, tuple([*shared, *spec.get("parameters", [])])))
        # Literal paths before templates: /users/@me is not a user id.
        self._operations.sort(key=lambda operation: operation.template.count("{"))

    @property
    def on(self) -> bool:
        return not self.why_off

    def find(self, method: str, path: str) -> Operation | None:
        """The documented operation for a method and a path, or None."""
        for operation in self._operations:
            if operation.method == method.lower() and operation.pattern.match(path):
                return operation
        return None

    def judge_request(self, method: str, path: str, query: dict[str, str], body: Any, *, has_body: bool) -> list[str]:
        """What is wrong with a request, by Discord's description."""
        if not self.on:
            return []
        operation = self.find(method, path)
        if operation is None:
            return [f"{method} {path} is not in Discord's description"]
        problems = self._judge_parameters(operation, path, query)
        if has_body:
            if "requestBody" not in operation.spec:
                return [*problems, "a body where none is documented"] if body else problems
            problems += self._judge(f"{operation.pointer}/requestBody/content/application~1json/schema",
                                    body, kind=self._for_requests)
        elif operation.spec.get("requestBody", {}).get("required"):
            problems.append("no body where one is required")
        return problems

    def judge_answer(self, method: str, path: str, status: int, body: Any) -> list[str]:
        """What is wrong with an answer of the loopback itself, by Discord's description."""
        operation = self.find(method, path) if self.on else None
        if operation is None:
            return []
        responses = operation.spec["responses"]
        if str(status) in responses:
            found, key = responses[str(status)], str(status)
        elif 400 <= status < 500 and "4XX" in responses:
            found, key = responses["4XX"], "4XX"
        else:
            return [f"answer {status} is not documented"] if status < 500 else []
        if "$ref" in found:
            pointer = f"{ROOT}{found['$ref']}"
            found = self._document["components"]["responses"][found["$ref"].rsplit("/", 1)[-1]]
        else:
            pointer = f"{operation.pointer}/responses/{key}"
        if "application/json" not in found.get("content", {}):
            return [f"answer {status} carries a body where none is documented"] if body is not None else []
        return self._judge(f"{pointer}/content/application~1json/schema", body, kind=self._for_answers)

    def _judge_parameters(self, operation: Operation, path: str, query: dict[str, str]) -> list[str]:
        problems = []
        match = operation.pattern.match(path)
        names = re.findall(r"\{([^}]+)\}", operation.template)
        values = dict(zip(names, match.groups() if match else (), strict=False))
        documented = set()
        for parameter in operation.parameters:
            name, place = parameter["name"], parameter["in"]
            given = values.get(name) if place == "path" else query.get(name)
            if place == "query":
                documented.add(name)
            if given is None:
                if parameter.get("required"):
                    problems.append(f"{place} parameter {name} is missing")
                continue
            position = [*operation.parameters].index(parameter)
            key = f"{operation.method} {operation.template} {position}"
            problems += [f"{name}: {line}" for line in
                         self._judge_schema(key, parameter["schema"], _coerced(given, parameter["schema"]),
                                            kind=self._for_requests)]
        return problems + [f"query parameter {name} is not documented" for name in query if name not in documented]

    def _judge(self, pointer: str, body: Any, *, kind: Any) -> list[str]:
        return self._judge_schema(pointer, {"$ref": pointer}, body, kind=kind)

    def _judge_schema(self, key: str, schema: dict[str, Any], body: Any, *, kind: Any) -> list[str]:
        validator = self._validators.get(key)
        if validator is None:
            if "$ref" in schema and not schema["$ref"].startswith(ROOT):
                schema = {"$ref": ROOT + schema["$ref"]}
            validator = self._validators[key] = kind(schema, registry=self._registry)
        if validator.is_valid(body):
            return []
        return [_plain(error) for error in list(validator.iter_errors(body))[:4]]


def _coerced(given: str, schema: dict[str, Any]) -> Any:
    """A query or path value as the type its schema wants."""
    wanted = schema.get("type")
    wanted = wanted if isinstance(wanted, list) else [wanted]
    if "boolean" in wanted and given.lower() in ("0", "1", "true", "false"):
        return given.lower() in ("1", "true")
    if "integer" in wanted and given.lstrip("-").isdigit():
        return int(given)
    return given


def _lenient_type(strict: Any) -> Any:
    """The `type` keyword, except that Discord takes an id as an integer too, though its description wants strings."""

    def check(validator: Any, types: Any, instance: Any, schema: dict[str, Any]) -> Any:
        if schema.get("format") == "snowflake" and isinstance(instance, int) and not isinstance(instance, bool):
            return
        yield from strict(validator, types, instance, schema)

    return check


def _straight_to(document: dict[str, Any]) -> Any:
    """The `$ref` keyword for a document whose references all stay inside it: found once, then remembered."""
    found: dict[str, Any] = {}

    def check(validator: Any, reference: str, instance: Any, schema: dict[str, Any]) -> Any:
        if reference not in found:
            node: Any = document
            for part in unquote(reference.partition("#")[2]).split("/")[1:]:
                node = node[part.replace("~1", "/").replace("~0", "~")]
            found[reference] = node
        yield from validator.descend(instance, found[reference])

    return check


def _by_kind(document: dict[str, Any], strict: Any) -> Any:
    """`oneOf` and `anyOf`, the alternatives told apart by the instance's `type` where each names its own.

    Discord's components and interaction answers are such unions. Trying every alternative at every level costs tens
    of milliseconds a message and blames the wrong one; looking at `type` first costs little and blames the right one.
    """
    kinds: dict[str, frozenset[int] | None] = {}

    def kinds_of(pointer: str) -> frozenset[int] | None:
        if pointer not in kinds:
            schema = document["components"]["schemas"].get(pointer.rsplit("/", 1)[-1], {})
            named = schema.get("properties", {}).get("type", {})
            values = named.get("enum") or ([named["const"]] if "const" in named else None)
            kinds[pointer] = frozenset(values) if values and all(isinstance(v, int) for v in values) else None
        return kinds[pointer]

    def check(validator: Any, alternatives: Any, instance: Any, schema: dict[str, Any]) -> Any:
        if isinstance(instance, dict) and isinstance(instance.get("type"), int):
            named = [(item, kinds_of(item["$ref"])) for item in alternatives if "$ref" in item]
            if named and all(values is not None for _, values in named):
                meant = [item for item, values in named if values is not None and instance["type"] in values]
                if len(meant) == 1:
                    yield from validator.descend(instance, meant[0])
                    return
        yield from strict(validator, alternatives, instance, schema)

    return check


def _plain(error: Any) -> str:
    """A schema error as one line. Of several alternatives the one whose `type` fits is meant."""
    while error.context:
        alternatives: dict[Any, list[Any]] = {}
        for cause in error.context:
            alternatives.setdefault(cause.relative_schema_path[0], []).append(cause)

        def misfit(causes: list[Any]) -> tuple[bool, int]:
            wrong_kind = any(list(cause.relative_path) == ["type"] or cause.validator == "type" for cause in causes)
            return wrong_kind, len(causes)

        error = min(alternatives.values(), key=misfit)[0]
    where = ".".join(str(part) for part in error.absolute_path) or "body"
    return f"{where}: {error.message[:300]}"
