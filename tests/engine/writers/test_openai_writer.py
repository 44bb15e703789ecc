"""The writer for OpenAI-compatible servers, against a local server that really streams."""

from __future__ import annotations

import asyncio
import json
import threading
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from aiohttp import web

from engine.nouns import Cancelled, Scene, StudioFailed
from engine.settings import load_settings
from engine.writers import open_writer
from engine.writers.openai import OpenAIWriter

PROSE = "The ball rolled into the tall grass. Bo sniffed at it and laughed."
PLAN = {
    "panels": [
        {
            "shows": "Mia points at the ball.",
            "place": "meadow",
            "place_name": "",
            "time": "day",
            "weather": "clear",
            "shot": "wide",
            "cast": [
                {"id": "ID_1", "action": "points", "mood": "happy", "holding": "", "toward": "ID_2"},
                {"id": "ID_2", "action": "looks", "mood": "happy", "holding": "", "toward": ""},
            ],
            "props": [],
        }
    ]
}


class Server:
    """A chat completions server in its own thread. `plans` are its answers to requests for a plan, in order."""

    def __init__(self) -> None:
        self.requests: list[dict[str, Any]] = []
        self.headers: list[dict[str, str]] = []
        self.plans: list[str] = []
        self.meant = '{"meant":"nobody"}'
        self.refuses: set[str] = set()
        self.status = 200
        self.endless = False
        self.dropped = threading.Event()
        self._ready = threading.Event()
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._run)
        self._thread.start()
        assert self._ready.wait(60)

    def _run(self) -> None:
        asyncio.set_event_loop(self._loop)

        async def start() -> web.AppRunner:
            app = web.Application()
            app.router.add_post("/v1/chat/completions", self.answer)
            runner = web.AppRunner(app)
            await runner.setup()
            site = web.TCPSite(runner, "127.0.0.1", 0)
            await site.start()
            self.url = f"http://127.0.0.1:{runner.addresses[0][1]}/v1"
            self._ready.set()
            return runner

        runner = self._loop.run_until_complete(start())
        self._loop.run_forever()
        self._loop.run_until_complete(runner.cleanup())
        self._loop.close()

    def close(self) -> None:
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(60)

    async def answer(self, request: web.Request) -> web.StreamResponse:
        body = await request.json()
        self.requests.append(body)
        self.headers.append(dict(request.headers))
        if self.status != 200:
            return web.json_response({"error": "no"}, status=self.status)
        if self.refuses & set(body):
            return web.json_response({"error": "unknown field"}, status=400)
        planning = len(body["messages"]) > 2
        asked = len(body["messages"]) == 1
        text = self.meant if asked else (self.plans.pop(0) if self.plans else json.dumps(PLAN)) if planning else PROSE
        response = web.StreamResponse(headers={"Content-Type": "text/event-stream"})
        await response.prepare(request)
        try:
            for start in range(0, len(text), 9):
                chunk = {"choices": [{"index": 0, "delta": {"content": text[start : start + 9]}}]}
                await response.write(f"data: {json.dumps(chunk)}\n\n".encode())
                await asyncio.sleep(0.002)
            while self.endless:
                await response.write(b": more is to come\n\n")
                await asyncio.sleep(0.002)
            await response.write(b'data: {"choices": [], "usage": {}}\n\ndata: [DONE]\n\n')
            await response.write_eof()
        except ConnectionError:
            self.dropped.set()
        return response


@pytest.fixture
def server() -> Iterator[Server]:
    running = Server()
    yield running
    running.close()


@pytest.fixture
def writer(server: Server) -> Iterator[OpenAIWriter]:
    opened = OpenAIWriter(server.url, model="some-model", key="secret", timeout_s=60)
    yield opened
    opened.close()


def test_a_step_streams_and_is_planned(server: Server, writer: OpenAIWriter, scene: Callable[..., Scene]) -> None:
    said: list[str] = []
    step = writer.write(scene("Mia throws the ball to Bo."), seed=4, on_text=said.append)
    assert step.prose == PROSE and said[-1] == PROSE and len(said) > 5
    assert all(PROSE.startswith(part) for part in said)
    [beat] = step.beats
    assert beat.setting_kind == "meadow" and [member.character_id for member in beat.cast] == ["char-mia", "char-bo"]
    assert beat.cast[0].toward == "char-bo" and beat.words == "Mia points at the ball."
    prose, plan = server.requests
    assert prose["stream"] and prose["model"] == "some-model" and "response_format" not in prose
    assert plan["response_format"]["json_schema"]["strict"] and plan["messages"][2] == {
        "role": "assistant",
        "content": PROSE,
    }
    assert server.headers[0]["Authorization"] == "Bearer secret"
    ids = plan["response_format"]["json_schema"]["schema"]["properties"]["panels"]["items"]["properties"]["cast"][
        "items"
    ]
    assert ids["properties"]["id"]["enum"] == ["ID_1", "ID_2", "ID_3"]


def test_a_server_that_knows_another_binding(server: Server, writer: OpenAIWriter, scene: Callable[..., Scene]) -> None:
    server.refuses = {"response_format"}
    assert writer.write(scene(), seed=1, on_text=lambda _: None).beats
    assert "structured_outputs" in server.requests[-1]
    server.refuses = {"response_format", "structured_outputs"}
    assert writer.write(scene(), seed=1, on_text=lambda _: None).beats
    assert not {"response_format", "structured_outputs"} & set(server.requests[-1])


def test_a_bad_plan_is_asked_for_again_and_then_made_by_rules(
    server: Server, writer: OpenAIWriter, scene: Callable[..., Scene]
) -> None:
    server.plans = ["sorry, no", json.dumps(PLAN)]
    assert writer.write(scene(), seed=1, on_text=lambda _: None).beats[0].setting_kind == "meadow"
    seeds = [request["seed"] for request in server.requests[1:]]
    assert len(set(seeds)) == 2
    server.plans = ["no", "no", "no"]
    step = writer.write(scene("Grandma Rose and Mia walk to the castle."), seed=1, on_text=lambda _: None)
    assert step.beats[0].setting_kind == "castle"
    assert {"char-rose", "char-mia"} <= {member.character_id for member in step.beats[0].cast}


def test_cancelling_hangs_up(server: Server, writer: OpenAIWriter, scene: Callable[..., Scene]) -> None:
    def stop(_: str) -> None:
        raise Cancelled

    server.endless = True
    with pytest.raises(Cancelled):
        writer.write(scene(), seed=1, on_text=stop)
    assert server.dropped.wait(60)
    server.endless = False
    assert len(server.requests) == 1
    assert writer.write(scene(), seed=1, on_text=lambda _: None).prose == PROSE


@pytest.mark.parametrize("status", [401, 404, 500])
def test_a_server_that_refuses(server: Server, writer: OpenAIWriter, scene: Callable[..., Scene], status: int) -> None:
    server.status = status
    with pytest.raises(StudioFailed):
        writer.write(scene(), seed=1, on_text=lambda _: None)


def test_a_server_that_is_not_there(scene: Callable[..., Scene]) -> None:
    writer = OpenAIWriter("http://127.0.0.1:9", timeout_s=2)
    with pytest.raises(StudioFailed):
        writer.write(scene(), seed=1, on_text=lambda _: None)
    writer.close()


def test_settings_name_a_server(server: Server, tmp_path: Any) -> None:
    settings = load_settings(home=tmp_path)
    for address in (server.url, f"openai:{server.url}"):
        opened = open_writer(
            settings.model_copy(
                update={"studio": settings.studio.model_copy(update={"writer": address, "writer_model": "m"})}
            )
        )
        assert isinstance(opened, OpenAIWriter) and opened.name == "m"
        opened.close()


OPEN = "Mia and Grandma Rose ran to Bo. Then she fell over."


def test_what_the_rules_leave_open_is_asked_with_the_answers_bound(
    server: Server, writer: OpenAIWriter, scene: Callable[..., Scene]
) -> None:
    server.meant = '{"meant":"ID_3"}'
    writer.write(scene(OPEN, owner="ben"), seed=1, on_text=lambda _: None)
    who, prose, _ = server.requests
    schema = who["response_format"]["json_schema"]["schema"]
    assert schema["properties"]["meant"]["enum"] == ["ID_1", "ID_3", "nobody"]
    assert "Then [she] fell over." in who["messages"][0]["content"]
    assert '\\"she\\" is Grandma Rose' in prose["messages"][1]["content"]


@pytest.mark.parametrize("answer", ['{"meant":"nobody"}', '{"meant":"ID_2"}', "Rose, I think", '{"meant":7}'])
def test_no_answer_and_a_wrong_one_leave_it_to_the_rules(
    server: Server, writer: OpenAIWriter, scene: Callable[..., Scene], answer: str
) -> None:
    server.meant = answer
    assert writer.write(scene(OPEN, owner="ben"), seed=1, on_text=lambda _: None).beats
    assert "who is meant" not in server.requests[1]["messages"][1]["content"]


def test_what_is_clear_is_not_asked(server: Server, writer: OpenAIWriter, scene: Callable[..., Scene]) -> None:
    writer.write(scene("Mia waves to Grandma Rose. She jumps.", owner="ben"), seed=1, on_text=lambda _: None)
    assert len(server.requests) == 2
