"""Faults on request: rules that make the loopback answer wrongly, late, or not at all.

A rule matches requests by method and path and works a given number of times. What it does is one of:

- `status`: answer with this status and code; the request is not carried out
- `reset`: cut the connection with a TCP reset before the request is carried out
- `disconnect`: close the connection without an answer, before the request is carried out
- `stored_but_lost`: carry the request out, then reset the connection: the bot never hears of it
- `delay`: wait, for `delay_s` or until `release` is set, then go on as usual
- `limit`: 429 with a `Via` header and `retry_after`, as Discord's own rate limit answers
- `ban`: 429 without a `Via` header, as Cloudflare answers
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Literal

Doing = Literal["status", "reset", "disconnect", "stored_but_lost", "delay", "limit", "ban"]


@dataclass(slots=True)
class Fault:
    """One rule. `path` is a regular expression searched in the path, "" matches all; `method` "" matches all."""

    doing: Doing
    method: str = ""
    path: str = ""
    times: int = 1                             # how often it strikes; -1: always
    skip: int = 0                              # matching requests let through first
    status: int = 500
    code: int = 0
    message: str = ""
    delay_s: float = 0.0
    release: asyncio.Event | None = None
    retry_after_s: float = 0.1
    global_limit: bool = False
    when: Callable[[dict[str, Any] | list[Any] | None], bool] | None = None   # looks at the JSON body
    struck: int = field(default=0, init=False)

    def matches(self, method: str, path: str, body: Any) -> bool:
        """True when this rule strikes now; counts skips and strikes."""
        if self.times == 0 or (self.method and self.method != method) or not re.search(self.path, path):
            return False
        if self.when is not None and not self.when(body):
            return False
        if self.skip > 0:
            self.skip -= 1
            return False
        if self.times > 0:
            self.times -= 1
        self.struck += 1
        return True


class Faults:
    """The rules in force, first match strikes."""

    def __init__(self) -> None:
        self.rules: list[Fault] = []

    def add(self, fault: Fault) -> Fault:
        self.rules.append(fault)
        return fault

    def strike(self, method: str, path: str, body: Any) -> Fault | None:
        return next((rule for rule in self.rules if rule.matches(method, path, body)), None)

    def clear(self) -> None:
        self.rules.clear()
