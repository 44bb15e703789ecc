"""The loopback's REST side: one pipeline every request goes through, from fault to log line.

parse -> find the route -> fault -> authorise -> rate limit -> judge by Discord's description -> carry out
-> fault again (stored but lost) -> answer -> log. Routes register themselves in the `routes_*` modules.
"""

from __future__ import annotations

import asyncio
import hashlib
import json
import re
import socket
import struct
import time
from collections import deque
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any

from aiohttp import BodyPartReader, web

from bot.rehearsal.description import Description
from bot.rehearsal.faults import Fault, Faults
from bot.rehearsal.gateway import Gateway
from bot.rehearsal.record import Record
from bot.rehearsal.redirect import API_PATH
from bot.rehearsal.refusals import Refusal, unknown
from bot.rehearsal.world import Channel, Interaction, Message, Payload, World


@dataclass(slots=True)
class Upload:
    filename: str
    data: bytes


@dataclass(slots=True)
class Call:
    """One request, parsed."""

    method: str
    path: str
    params: dict[str, str]
    query: dict[str, str]
    body: Any                                  # parsed JSON, or None
    has_body: bool
    files: dict[int, Upload]
    headers: dict[str, str]
    interaction: Interaction | None = None     # found by the route, for the log
    facts: Payload = field(default_factory=dict)   # more for the log

    def number(self, name: str) -> int:
        """A path parameter that is an id."""
        text = self.params[name]
        if not text.isdigit():
            raise Refusal(400, 50035, where={name: f'Value "{text}" is not snowflake.'})
        return int(text)

    @property
    def fields(self) -> Payload:
        """The JSON body as an object."""
        return self.body if isinstance(self.body, dict) else {}


@dataclass(frozen=True, slots=True)
class Answer:
    status: int = 200
    body: Any = None


@dataclass(slots=True)
class Api:
    """What the routes work with."""

    world: World
    gateway: Gateway
    record: Record
    description: Description
    faults: Faults
    limits: Limits
    strict: bool = True                        # an invalid request is answered with 400
    check_answers: bool = False                # judge the loopback's own answers too

    # --- what several routes need ------------------------------------------------------------------

    def channel(self, call: Call, name: str = "channel_id") -> Channel:
        channel = self.world.channel(call.number(name))
        if channel is None:
            raise unknown(10003)
        return channel

    def message(self, call: Call, channel: Channel) -> Message:
        message = self.world.message(channel.channel_id, call.number("message_id"))
        if message is None or message.only_for is not None:
            raise unknown(10008)               # ephemeral messages are reached by their interaction only
        return message

    def need(self, channel: Channel, *bits: int) -> None:
        """Refuse unless the bot holds these permissions in the channel."""
        held = self.world.permissions_of(self.world.bot.user_id, channel)
        if not held:
            raise Refusal(403, 50001)
        if any(not held & bit for bit in bits):
            raise Refusal(403, 50013)


Handler = Callable[[Api, Call], Awaitable[Answer]]


@dataclass(frozen=True, slots=True)
class Route:
    method: str
    template: str
    pattern: re.Pattern[str]
    handler: Handler
    open_door: bool                            # carries its own token: no Authorization header needed


ROUTES: list[Route] = []


def route(method: str, template: str, *, open_door: bool = False) -> Callable[[Handler], Handler]:
    """Register a handler for a method and a path template such as `/channels/{channel_id}`."""
    pattern = re.compile("^" + re.sub(r"\{(\w+)\}", r"(?P<\1>[^/]+)", template) + "$")

    def keep(handler: Handler) -> Handler:
        ROUTES.append(Route(method, template, pattern, handler, open_door))
        ROUTES.sort(key=lambda known: known.template.count("{"))   # literal paths first
        return handler

    return keep


LIMITED = {("POST", "/channels/{channel_id}/messages"), ("PATCH", "/channels/{channel_id}/messages/{message_id}")}


class Limits:
    """Discord's rate limit of message writes in a channel: `per` requests of a kind in `window_s` seconds."""

    def __init__(self, *, per: int = 5, window_s: float = 5.0, on: bool = True) -> None:
        self.per, self.window_s, self.on = per, window_s, on
        self._seen: dict[str, deque[float]] = {}
        self.hits = 0

    def headers(self, method: str, template: str, params: dict[str, str]) -> dict[str, str]:
        """Count this request. Returns the rate limit headers; raises a 429 `Refusal` when there were too many."""
        if not self.on or (method, template) not in LIMITED:
            return {}
        key = f"{method} {params['channel_id']}"
        seen = self._seen.setdefault(key, deque())
        moment = time.monotonic()
        while seen and seen[0] <= moment - self.window_s:
            seen.popleft()
        over = len(seen) >= self.per
        if not over:
            seen.append(moment)
        reset_s = max(0.0, self.window_s - (moment - seen[0]))
        bucket = hashlib.md5(f"{method} {template}".encode(), usedforsecurity=False).hexdigest()
        headers = {
            "X-RateLimit-Limit": str(self.per), "X-RateLimit-Remaining": str(self.per - len(seen)),
            "X-RateLimit-Reset": f"{time.time() + reset_s:.3f}", "X-RateLimit-Reset-After": f"{reset_s:.3f}",
            "X-RateLimit-Bucket": bucket}
        if over:
            self.hits += 1
            raise TooMany(reset_s, headers)
        return headers


class TooMany(Refusal):
    """429, the way Discord itself says it: with `Via`, `retry_after` and whether it is global."""

    def __init__(self, retry_after_s: float, headers: dict[str, str] | None = None, *,
                 everywhere: bool = False) -> None:
        super().__init__(429, 0, message="You are being rate limited.",
                         headers={"Via": "1.1 loopback", "Retry-After": f"{retry_after_s:.3f}", **(headers or {})})
        self.retry_after_s = retry_after_s
        self.everywhere = everywhere

    def body(self) -> Payload:
        return {"message": str(self), "code": 0, "retry_after": round(self.retry_after_s, 3), "global": self.everywhere}


async def parse(request: web.Request, path: str) -> Call:
    """Read a request: JSON, or multipart with `payload_json` and `files[n]`."""
    body: Any = None
    has_body = False
    files: dict[int, Upload] = {}
    kind = request.content_type
    if kind == "multipart/form-data":
        has_body, body = True, {}
        reader = await request.multipart()
        async for part in reader:
            if not isinstance(part, BodyPartReader):
                continue
            name = part.name or ""
            data = bytes(await part.read(decode=False))
            if name == "payload_json":
                body = json.loads(data)
            elif match := re.fullmatch(r"files\[(\d+)\]", name):
                files[int(match[1])] = Upload(part.filename or "unknown", data)
    else:
        raw = await request.read()
        if raw:
            has_body = True
            try:
                body = json.loads(raw)
            except ValueError as error:
                raise Refusal(400, 50109, message="The request body contains invalid JSON.") from error
    return Call(request.method, path, {}, dict(request.query), body, has_body, files, dict(request.headers))


def find_route(call: Call) -> Route:
    """The route for a call, its path parameters filled in."""
    for known in ROUTES:
        if known.method == call.method and (match := known.pattern.match(call.path)):
            call.params = match.groupdict()
            return known
    raise Refusal(404, 0, message="404: Not Found")


async def serve(api: Api, request: web.Request) -> web.StreamResponse:
    """The pipeline, for one request."""
    started = time.monotonic()
    path = request.path.removeprefix(API_PATH)
    call: Call | None = None
    problems: list[str] = []
    headers: dict[str, str] = {}
    lost = ""
    fault: Fault | None = None
    try:
        try:
            call = await parse(request, path)
        except ConnectionError:                # whoever asked was killed in the middle of asking
            api.record.add("note", what="half a request", method=request.method, path=without_token(path))
            return web.Response(status=400)    # never arrives
        # A fault comes from in front of the application: it strikes before anything is looked at.
        fault = api.faults.strike(call.method, call.path, call.body)
        if fault is not None:
            api.record.add("fault", what=fault.doing, method=call.method, path=path)
            lost = await _strike(fault)
        if lost in ("", "after"):
            known = find_route(call)
            if not known.open_door and call.headers.get("Authorization") != f"Bot {api.world.token}":
                raise Refusal(401, 0, message="401: Unauthorized")
            headers = api.limits.headers(call.method, known.template, call.params)
            problems = api.description.judge_request(call.method, path, call.query, call.body, has_body=call.has_body)
            if problems and api.strict:
                raise Refusal(400, 50035, where={"": "; ".join(problems)[:1500]})
            answer = await known.handler(api, call)
        else:
            answer = Answer(0)
    except Refusal as refusal:
        answer = Answer(refusal.status, refusal.body())
        headers = {**headers, **refusal.headers}
        if refusal.status == 400 and not problems and refusal.code == 50035:
            problems = [f"{where or 'body'}: {what}" for where, what in refusal.where.items()]
    if api.check_answers and fault is None and 200 <= answer.status < 500 and api.description.on:
        for line in api.description.judge_answer(request.method, path, answer.status, answer.body):
            api.record.add("violation", what="the loopback's own answer", method=request.method, path=path,
                           status=answer.status, problem=line)
    _log(api, request, call, answer, problems, lost, started)
    api.world.changed()
    if lost:
        cut(request, by_reset=lost != "quietly")
        return web.Response(status=500)        # never arrives
    if answer.body is None:
        return web.Response(status=answer.status, headers=headers)
    return web.Response(status=answer.status, headers=headers, content_type="application/json",
                        body=json.dumps(answer.body, ensure_ascii=False).encode())


async def _strike(fault: Fault) -> str:
    """Do what a fault does before the request is carried out. Returns "", "before", "after" or "quietly"."""
    if fault.doing == "delay":
        await (fault.release.wait() if fault.release is not None else asyncio.sleep(fault.delay_s))
        return ""
    if fault.doing == "status":
        raise Refusal(fault.status, fault.code, message=fault.message)
    if fault.doing == "limit":
        raise TooMany(fault.retry_after_s, everywhere=fault.global_limit)
    if fault.doing == "ban":
        raise Refusal(429, 0, message="error code: 1015")
    return {"reset": "before", "stored_but_lost": "after", "disconnect": "quietly"}[fault.doing]


def cut(request: web.Request, *, by_reset: bool) -> None:
    """Drop a connection: with a TCP reset (the client sees errno 104) or just closed."""
    transport = request.transport
    if transport is None:
        return
    if by_reset:
        raw = transport.get_extra_info("socket")
        if raw is not None:
            raw.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    transport.abort()


def without_token(path: str) -> str:
    """An interaction's path without its long token; the interaction's id stands in the log line."""
    return re.sub(r"^/(interactions|webhooks)/(\d+)/[^/]+", r"/\1/\2/{token}", path)


def _log(api: Api, request: web.Request, call: Call | None, answer: Answer, problems: list[str], lost: str,
         started: float) -> None:
    facts: Payload = {
        "method": request.method, "path": without_token(request.path.removeprefix(API_PATH)), "status": answer.status,
        "valid": (not problems) if api.description.on or problems else None,
        "took_ms": round((time.monotonic() - started) * 1000, 1)}
    if problems:
        facts["problems"] = problems
        api.record.add("violation", what="request", method=facts["method"], path=facts["path"], problem=problems[0])
    if lost:
        facts["lost"] = lost
    if call is not None:
        facts.update(call.facts)
        if call.files:
            facts["files"] = {upload.filename: len(upload.data) for upload in call.files.values()}
        if call.interaction is not None:
            facts["interaction"] = str(call.interaction.interaction_id)
            facts["ms_since_interaction"] = call.interaction.ms_since_sent()
    api.record.add("request", **facts)
