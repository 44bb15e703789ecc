"""A Discord of one's own: REST v10, gateway and CDN on a loopback socket, for the real client to talk to.

    async with Loopback(record_path=Path("messages.jsonl")) as discord_here:
        with redirect_discord(discord_here.base_url):
            await client.start(discord_here.world.token)

Nothing leaves the machine. The state is `world`, the log is `record`; faults are asked for through `faults` and
`gateway`. Requests are judged by Discord's published description where it can be found (see `description.py`).
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from aiohttp import web

from bot.rehearsal import avatars, rest, routes_application, routes_interactions, routes_messages, routes_places
from bot.rehearsal.description import Description
from bot.rehearsal.faults import Faults
from bot.rehearsal.gateway import Gateway
from bot.rehearsal.record import Record
from bot.rehearsal.redirect import API_PATH, redirect_discord
from bot.rehearsal.world import World

#: Importing these modules registers their routes.
ROUTE_MODULES = (routes_application, routes_interactions, routes_messages, routes_places)


class Loopback:
    """The server. `strict`: an invalid request is answered with 400, as well as logged.

    `check_answers` also judges the loopback's own answers (for its tests). `limits` switches Discord's message
    rate limits on. `description` is a path to the OpenAPI document, or None for the usual places.
    """

    def __init__(self, *, record_path: Path | None = None, strict: bool = True, check_answers: bool = False,
                 limits: bool = True, description: Path | None = None, app_name: str = "Storythread",
                 message_content: bool = True) -> None:
        self.world = World(app_name=app_name, message_content=message_content)
        self.record = Record(record_path)
        self.description = Description(description)
        self.faults = Faults()
        self.gateway = Gateway(self.world, self.record)
        self.limits = rest.Limits(on=limits)
        self.api = rest.Api(self.world, self.gateway, self.record, self.description, self.faults, self.limits,
                            strict=strict, check_answers=check_answers)
        self._runner: web.AppRunner | None = None
        if not self.description.on:
            self.record.add("note", what="validation off", why=self.description.why_off)

    @property
    def base_url(self) -> str:
        """`http://127.0.0.1:<port>`"""
        return self.world.base_url

    async def start(self, port: int = 0) -> Loopback:
        """Listen on 127.0.0.1; port 0 takes a free one."""
        app = web.Application(client_max_size=256 * 1024 * 1024)
        app.router.add_get("/gateway", self.gateway.serve)
        app.router.add_get("/gateway/", self.gateway.serve)
        app.router.add_get("/cdn/{tail:.*}", self._cdn)
        app.router.add_route("*", API_PATH + "/{tail:.*}", self._rest)
        self._runner = web.AppRunner(app, access_log=None, shutdown_timeout=1.0)
        await self._runner.setup()
        site = web.TCPSite(self._runner, "127.0.0.1", port)
        await site.start()
        address: Any = self._runner.addresses[0]
        self.world.base_url = f"http://127.0.0.1:{address[1]}"
        self.record.add("note", what="listening", address=self.world.base_url,
                        validation="on" if self.description.on else "off")
        return self

    async def stop(self) -> None:
        await self.gateway.close()
        if self._runner is not None:
            await self._runner.cleanup()
            self._runner = None
        self.record.close()

    async def __aenter__(self) -> Loopback:
        return await self.start()

    async def __aexit__(self, *_: object) -> None:
        await self.stop()

    # --- what the record says --------------------------------------------------------------------

    def violations(self) -> list[str]:
        """Every broken rule so far, one line each."""
        return [": ".join(str(line[key]) for key in ("what", "method", "path", "label", "problem") if line.get(key))
                for line in self.record.of("violation")]

    # --- doors -----------------------------------------------------------------------------------

    async def _rest(self, request: web.Request) -> web.StreamResponse:
        return await rest.serve(self.api, request)

    async def _cdn(self, request: web.Request) -> web.StreamResponse:
        """Attachments by id, avatars by hash, and Discord's default avatars."""
        parts = request.path.removeprefix("/cdn/").split("/")
        fault = self.faults.strike("GET", request.path, None)
        if fault is not None:
            self.record.add("fault", what=fault.doing, method="GET", path=request.path)
            if fault.doing == "status":
                return web.Response(status=fault.status)
            rest.cut(request, by_reset=True)
            return web.Response(status=500)
        found: tuple[bytes, str] | None = None
        if parts[0] in ("attachments", "ephemeral-attachments") and len(parts) == 4 and parts[2].isdigit():
            kept = self.world.attachments.get(int(parts[2]))
            if kept is not None and not kept.gone:
                found = kept.data, kept.content_type
        elif parts[0] == "avatars" and len(parts) == 3:
            person = self.world.users.get(int(parts[1])) if parts[1].isdigit() else None
            if person is not None and person.avatar is not None:
                found = person.avatar, "image/png"
        elif parts[:2] == ["embed", "avatars"]:
            found = avatars.lettered("?", sum(parts[2].encode())), "image/png"
        self.record.add("request", method="GET", path=request.path, status=200 if found else 404, valid=True)
        if found is None:
            return web.Response(status=404)
        return web.Response(body=found[0], content_type=found[1])


__all__ = ["ROUTE_MODULES", "Loopback", "redirect_discord"]
