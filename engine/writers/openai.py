"""Any OpenAI-compatible server (llama-server, vLLM, a hosted one): prose streamed, then a plan bound by a schema."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from typing import Any, Final

import httpx

from engine.meaning.reader import Mention
from engine.nouns import Beat, CharacterId, Scene, StoryStep, StudioFailed
from engine.writers.mini import _seed
from engine.writers.naming import Slots, clean_text
from engine.writers.reading import settled
from engine.writers.telling import (
    clean_prose,
    finish,
    given,
    messages,
    plan_message,
    plan_schema,
    read_plan,
    read_who,
    rival_slots,
    who_message,
    who_schema,
)

PROSE_TOKENS: Final = 300
PLAN_TOKENS: Final = 1200
#: A model may think aloud before it answers.
WHO_TOKENS: Final = 400
TRIES: Final = 3
MAX_SLOTS: Final = 9
#: Ways to bind an answer to a schema, best known first; a server that refuses one is asked the next way.
BINDINGS: Final = ("response_format", "structured_outputs", "words_alone")


class OpenAIWriter:
    """Goes on with a story with a model behind an OpenAI-compatible server."""

    def __init__(self, base_url: str, *, model: str = "", key: str = "", timeout_s: float = 120.0) -> None:
        """`base_url` ends before `/chat/completions`. Nothing is asked of the server yet."""
        self._url = f"{base_url.rstrip('/')}/chat/completions"
        headers = {"Authorization": f"Bearer {key}"} if key else {}
        self._client = httpx.Client(headers=headers, timeout=httpx.Timeout(timeout_s, connect=10.0))
        self._model = model
        self._binding = 0                  # index into BINDINGS of what this server understands
        self.name = model or base_url

    def close(self) -> None:
        self._client.close()

    def write(self, scene: Scene, *, seed: int, on_text: Callable[[str], None]) -> StoryStep:
        """One step. Raises `StudioFailed` when the server cannot be reached or says nothing of use."""
        slots = Slots.of(scene, limit=MAX_SLOTS)
        if not slots.members:
            raise StudioFailed("a story needs somebody in it", reason="studio_failed")
        scene = settled(scene, lambda place: self._who(scene, slots, place, seed))
        talk = messages(scene, slots)
        prose = given(scene) or self._prose(talk, seed, on_text)
        talk += [{"role": "assistant", "content": clean_text(prose)}, plan_message(scene, slots)]
        return finish(scene, slots, prose, self._plan(talk, slots, scene.max_panels, seed))

    def _prose(self, talk: list[dict[str, str]], seed: int, on_text: Callable[[str], None]) -> str:
        for attempt in range(TRIES):
            raw = shown = ""
            for chunk in self._stream(talk, seed=_seed(seed, "prose", attempt), max_tokens=PROSE_TOKENS,
                                      temperature=0.8):
                raw += chunk
                grown = clean_prose(raw)
                if grown != shown:
                    shown = grown
                    on_text(shown)
            if len(shown.split()) >= 4:
                return shown
        raise StudioFailed("the writer had nothing to say", reason="studio_failed")

    def _plan(self, talk: list[dict[str, str]], slots: Slots, max_panels: int, seed: int) -> tuple[Beat, ...] | None:
        schema = plan_schema(slots.ids, max_panels)
        attempt = 0
        while attempt < TRIES:
            try:
                text = "".join(self._stream(talk, seed=_seed(seed, "plan", attempt), max_tokens=PLAN_TOKENS,
                                            temperature=0.3, **self._bound(schema)))
            except _NotUnderstood:
                self._binding += 1
                continue
            attempt += 1
            try:
                return read_plan(text, slots, max_panels)
            except ValueError:
                continue
        return None

    def _who(self, scene: Scene, slots: Slots, place: Mention, seed: int) -> CharacterId | None:
        """Who is meant where the rules leave it open: one of those it can be, or None."""
        those = rival_slots(slots, place)
        while len(those) > 1:
            try:
                text = "".join(self._stream(
                    who_message(scene, slots, place), seed=_seed(seed, "who", place.start), max_tokens=WHO_TOKENS,
                    temperature=0.0, **self._bound(who_schema(those), "who")))
            except _NotUnderstood:
                self._binding += 1
                continue
            return read_who(text, slots, those)
        return None

    def _bound(self, schema: dict[str, Any], name: str = "plan") -> dict[str, Any]:
        match BINDINGS[self._binding]:
            case "response_format":
                return {"response_format": {"type": "json_schema",
                                            "json_schema": {"name": name, "strict": True, "schema": schema}}}
            case "structured_outputs":     # vLLM's own parameter
                return {"structured_outputs": {"json": schema}}
            case _:
                return {}

    def _stream(self, talk: list[dict[str, str]], **asked: Any) -> Iterator[str]:
        """Text as it comes. Leaving the iterator closes the connection, which stops the server's work."""
        body: dict[str, Any] = {"messages": talk, "stream": True, **asked}
        if self._model:
            body["model"] = self._model
        bound = bool(asked.keys() & {"response_format", "structured_outputs"})
        try:
            with self._client.stream("POST", self._url, json=body) as answer:
                if answer.status_code in (400, 422) and bound:
                    raise _NotUnderstood
                if answer.status_code >= 400:
                    answer.read()
                    raise StudioFailed(f"the writer's server answered {answer.status_code}: {answer.text[:200]}",
                                       reason="studio_failed")
                for line in answer.iter_lines():
                    data = line.removeprefix("data:").strip()
                    if not line.startswith("data:") or not data:
                        continue
                    if data == "[DONE]":
                        return
                    event = json.loads(data)
                    if "error" in event:
                        raise StudioFailed(f"the writer's server failed: {str(event['error'])[:200]}",
                                           reason="studio_failed")
                    for choice in event.get("choices", [])[:1]:
                        text = (choice.get("delta") or {}).get("content")
                        if text:
                            yield text
        except httpx.HTTPError as error:
            raise StudioFailed(f"the writer's server cannot be reached: {error!r}", reason="studio_failed") from error
        except (ValueError, AttributeError, TypeError) as error:
            raise StudioFailed(f"the writer's server does not speak as expected: {error!r}",
                               reason="studio_failed") from error


class _NotUnderstood(Exception):
    """The server refused this way of binding its answer."""
