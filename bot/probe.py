"""Asking the bot or worker that runs here how it goes: quickly, so that a container can ask every minute."""

from __future__ import annotations

import http.client

from engine.settings import Settings

#: Seconds whoever is asked may take.
ASKED_S = 8.0
#: What stands for "any address" when asking oneself.
ANYWHERE = {"0.0.0.0": "127.0.0.1", "::": "::1"}


def ask(settings: Settings, page: str = "/healthz") -> tuple[bool, str]:
    """Ask the process that runs here; whether it is well, and what it said, in a word or two."""
    port = settings.health.port
    if port is None:
        return False, "health.port is not set, so there is nobody to ask"
    host = ANYWHERE.get(settings.health.host, settings.health.host)
    connection = http.client.HTTPConnection(host, port, timeout=ASKED_S)
    try:
        connection.request("GET", page)
        answer = connection.getresponse()
        return answer.status == 200, answer.read(4096).decode("utf-8", "replace").strip()
    except (OSError, http.client.HTTPException) as error:
        return False, f"nobody answers at {host}:{port} ({type(error).__name__})"
    finally:
        connection.close()
