"""Pointing discord.py at another Discord than discord.com: the loopback."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator

API_PATH = "/api/v10"


@contextlib.contextmanager
def redirect_discord(base_url: str) -> Iterator[None]:
    """Point discord.py at a loopback Discord, and back again afterwards. Enter before the client logs in."""
    import discord.asset
    import discord.gateway
    import discord.http
    import yarl

    before = (discord.http.Route.BASE, discord.gateway.DiscordWebSocket.DEFAULT_GATEWAY, discord.asset.Asset.BASE)
    discord.http.Route.BASE = f"{base_url}{API_PATH}"
    discord.gateway.DiscordWebSocket.DEFAULT_GATEWAY = yarl.URL(f"{base_url.replace('http', 'ws', 1)}/gateway")
    discord.asset.Asset.BASE = f"{base_url}/cdn"
    try:
        yield
    finally:
        (discord.http.Route.BASE, discord.gateway.DiscordWebSocket.DEFAULT_GATEWAY,
         discord.asset.Asset.BASE) = before
