"""PostgreSQL by its address, for both drivers: what the address says of TLS holds, and a dead line is noticed.

An address says the same to asyncpg (the library, the lines) as to psycopg (DBOS, what is done in a thread), in libpq's
words: `?sslmode=verify-full&sslrootcert=/keys/root.crt`. SQLAlchemy hands them to asyncpg as arguments, which it does
not know; its own reading of an address does. Whoever vanishes without a word, the server or its client, is found out by
TCP's own asking within `VANISHED_S`, and a transaction that nobody goes on with is ended by the server after `IDLE_S`.
"""

from __future__ import annotations

import contextlib
import socket
from collections.abc import Callable
from typing import Any

import asyncpg
from sqlalchemy.engine import URL, make_url
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine

from engine.nouns import StoreUnusable

#: Seconds after which either end lets go of a connection whose other end has vanished.
VANISHED_S = 15
#: The same in TCP's terms: seconds without a sound, between two askings, and how many go unanswered.
IDLE_FOR_S, ASKED_EVERY_S, ASKED = 5, 3, 3
#: Seconds a transaction may be open without a statement: a worker that stops in one holds up whoever takes over.
IDLE_S = 60
#: Seconds to come up.
PATIENCE_S = 10.0

_SERVER = {"tcp_keepalives_idle": IDLE_FOR_S, "tcp_keepalives_interval": ASKED_EVERY_S, "tcp_keepalives_count": ASKED,
           "tcp_user_timeout": 1000 * VANISHED_S, "idle_in_transaction_session_timeout": 1000 * IDLE_S}
_CLIENT = {"keepalives_idle": IDLE_FOR_S, "keepalives_interval": ASKED_EVERY_S, "keepalives_count": ASKED,
           "tcp_user_timeout": 1000 * VANISHED_S, "connect_timeout": round(PATIENCE_S)}
#: What libpq keeps to itself and asyncpg would hand on to the server, which knows no such settings.
_LIBPQ_ALONE = ("keepalives", *_CLIENT, "channel_binding", "gssencmode", "sslcompression", "sslsni", "require_auth",
                "fallback_application_name", "load_balance_hosts")


def asynchronous_engine(url: URL, **options: Any) -> AsyncEngine:
    """SQLAlchemy's engine over asyncpg. Who cannot connect is told so by `StoreUnusable`. `options` are its own."""

    async def connect() -> asyncpg.Connection:
        try:
            return await connected(url)
        except (OSError, TimeoutError, asyncpg.PostgresError, asyncpg.InterfaceError) as error:
            # SQLAlchemy makes errors of its own of what a statement raises, not of this.
            raise StoreUnusable(f"the database cannot be reached: {str(error) or type(error).__name__}") from error

    return create_async_engine(url, async_creator=connect, **options)


def blocking_url(url: URL) -> URL:
    """The same database for psycopg: what the address itself says goes before ours."""
    settings = " ".join(f"-c {name}={value}" for name, value in _SERVER.items())
    given = url.query.get("options", "")
    options = f"{settings} {given if isinstance(given, str) else ' '.join(given)}".strip()
    query = {**{name: str(value) for name, value in _CLIENT.items()}, **url.query, "options": options}
    return url.set(drivername="postgresql+psycopg", query=query)


async def connected(url: URL | str, *, timeout_s: float = PATIENCE_S, **options: Any) -> asyncpg.Connection:
    """A connection of asyncpg's. `options` are those of `asyncpg.connect`. Raises `OSError` or asyncpg's errors."""
    plain = make_url(url).set(drivername="postgresql").difference_update_query(_LIBPQ_ALONE)
    return await asyncpg.connect(
        plain.render_as_string(hide_password=False), timeout=timeout_s, connection_class=_Connection,
        server_settings={"application_name": "storythread", **{name: str(value) for name, value in _SERVER.items()}},
        **options)


class _Connection(asyncpg.Connection):  # type: ignore[misc]  # asyncpg says nothing of its types
    """One that asks whether the server is still there, as libpq does when told to."""

    __slots__ = ()

    def __init__(self, protocol: Any, transport: Any, *rest: Any) -> None:
        super().__init__(protocol, transport, *rest)
        line = transport.get_extra_info("socket")
        if line is not None and line.family in (socket.AF_INET, socket.AF_INET6):
            _keep_asking(line.setsockopt)


def _keep_asking(decide: Callable[[int, int, int], None]) -> None:
    decide(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
    for name, value in (("TCP_KEEPIDLE", IDLE_FOR_S), ("TCP_KEEPINTVL", ASKED_EVERY_S), ("TCP_KEEPCNT", ASKED),
                        ("TCP_USER_TIMEOUT", 1000 * VANISHED_S)):
        with contextlib.suppress(AttributeError, OSError):     # not every system has them all
            decide(socket.IPPROTO_TCP, getattr(socket, name), value)
