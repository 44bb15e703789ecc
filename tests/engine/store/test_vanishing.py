"""A line to PostgreSQL whose other end vanishes is found out at both ends: what TCP and the server are told of it."""

from __future__ import annotations

import asyncio
import socket
from typing import Any

import asyncpg
import pytest
from sqlalchemy import create_engine, text
from sqlalchemy.engine import make_url

from engine.store.line import LOST
from engine.store.postgres import ASKED, ASKED_EVERY_S, IDLE_FOR_S, VANISHED_S, blocking_url, connected

SHOWN = {"tcp_keepalives_idle": str(IDLE_FOR_S), "tcp_keepalives_interval": str(ASKED_EVERY_S),
         "tcp_keepalives_count": str(ASKED), "tcp_user_timeout": str(1000 * VANISHED_S),
         "idle_in_transaction_session_timeout": "1min"}


def plainly(shown: Any) -> str:
    """Versions of PostgreSQL show milliseconds with their unit, in seconds, or bare."""
    return str(shown).replace("15s", "15000").removesuffix("ms")


async def test_both_drivers_ask_and_have_the_server_ask(postgres_url: str) -> None:
    assert IDLE_FOR_S + ASKED * ASKED_EVERY_S <= VANISHED_S
    connection = await connected(postgres_url)
    for name, wanted in SHOWN.items():
        assert plainly(await connection.fetchval(f"SHOW {name}")) == wanted, name
    line = connection._transport.get_extra_info("socket")
    assert line.getsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE)
    if hasattr(socket, "TCP_KEEPIDLE"):
        assert line.getsockopt(socket.IPPROTO_TCP, socket.TCP_KEEPIDLE) == IDLE_FOR_S
        assert line.getsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT) == 1000 * VANISHED_S
    await connection.close()

    engine = create_engine(blocking_url(make_url(postgres_url)))
    with engine.connect() as blocking:
        for name, wanted in SHOWN.items():
            assert plainly(blocking.execute(text(f"SHOW {name}")).scalar()) == wanted, name
        ours = blocking.connection.driver_connection
        assert ours is not None and ours.info.get_parameters()["keepalives_idle"] == str(IDLE_FOR_S)
    engine.dispose()


async def test_a_transaction_that_nobody_goes_on_with_holds_up_nobody_for_ever(
        postgres_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(connected.__globals__["_SERVER"], "idle_in_transaction_session_timeout", 200)
    frozen = await connected(postgres_url)
    other = await asyncpg.connect(postgres_url)
    await other.execute("CREATE TABLE here (word text); INSERT INTO here VALUES ('one')")
    transaction = frozen.transaction()
    await transaction.start()
    await frozen.execute("UPDATE here SET word = 'two'")       # and then nothing more is heard of it
    await asyncio.wait_for(other.execute("UPDATE here SET word = 'three'"), 60)
    assert await other.fetchval("SELECT word FROM here") == "three"
    with pytest.raises(LOST):
        await frozen.execute("UPDATE here SET word = 'four'")
    frozen.terminate()
    await other.close()
