"""The application itself: who it is, where its gateway is, and its slash commands."""

from __future__ import annotations

from bot.rehearsal import payloads, rules
from bot.rehearsal.refusals import Refusal, unknown
from bot.rehearsal.rest import Answer, Api, Call, route
from bot.rehearsal.world import Payload

DAILY_CREATES = 200


@route("GET", "/oauth2/applications/@me")
async def oauth_application(api: Api, call: Call) -> Answer:
    return Answer(200, payloads.application(api.world))


@route("GET", "/applications/@me")
async def application(api: Api, call: Call) -> Answer:
    return Answer(200, payloads.application(api.world))


@route("GET", "/gateway", open_door=True)
async def gateway(api: Api, call: Call) -> Answer:
    return Answer(200, {"url": _gateway_url(api)})


@route("GET", "/gateway/bot")
async def gateway_bot(api: Api, call: Call) -> Answer:
    return Answer(200, {
        "url": _gateway_url(api), "shards": 1,
        "session_start_limit": {"total": 1000, "remaining": max(0, 1000 - api.gateway.identifies),
                                "reset_after": 86_400_000, "max_concurrency": 1}})


def _gateway_url(api: Api) -> str:
    return f"{api.world.base_url.replace('http', 'ws', 1)}/gateway"


# --- commands: guild 0 is "everywhere" ---------------------------------------------------------------

def _shelf(api: Api, call: Call) -> tuple[int, dict[int, Payload]]:
    if call.number("app_id") != api.world.app_id:
        raise Refusal(403, 50001)
    guild_id = call.number("guild_id") if "guild_id" in call.params else 0
    return guild_id, api.world.commands.setdefault(guild_id, {})


def _count_creates(api: Api, new: int) -> None:
    api.world.commands_created += new
    if api.world.commands_created > DAILY_CREATES:
        raise Refusal(400, 30034)


def _register(api: Api, guild_id: int, shelf: dict[int, Payload], asked: Payload) -> Payload:
    """Put one command on its shelf; the same name and type keeps its id."""
    key = (asked.get("type") or 1, asked["name"])
    known = next((c for c in shelf.values() if (c["type"], c["name"]) == key), None)
    command_id = int(known["id"]) if known else api.world.new_id()
    if known is None:
        _count_creates(api, 1)
    shelf[command_id] = payloads.command(api.world, asked, command_id=command_id, guild_id=guild_id)
    return shelf[command_id]


async def _list(api: Api, call: Call) -> Answer:
    return Answer(200, list(_shelf(api, call)[1].values()))


async def _overwrite(api: Api, call: Call) -> Answer:
    guild_id, shelf = _shelf(api, call)
    rules.check_commands(call.body)
    before = dict(shelf)
    kept = {int(_register(api, guild_id, shelf, asked)["id"]) for asked in call.body}
    for command_id in before:
        if command_id not in kept:
            del shelf[command_id]
    call.facts["commands"] = len(kept)
    return Answer(200, [shelf[command_id] for command_id in kept])


async def _create(api: Api, call: Call) -> Answer:
    guild_id, shelf = _shelf(api, call)
    rules.check_commands([call.fields])
    before = len(shelf)
    made = _register(api, guild_id, shelf, call.fields)
    return Answer(201 if len(shelf) > before else 200, made)


async def _get(api: Api, call: Call) -> Answer:
    found = _shelf(api, call)[1].get(call.number("command_id"))
    if found is None:
        raise unknown(10063)
    return Answer(200, found)


async def _edit(api: Api, call: Call) -> Answer:
    guild_id, shelf = _shelf(api, call)
    found = shelf.get(call.number("command_id"))
    if found is None:
        raise unknown(10063)
    merged = {**found, **call.fields}
    rules.check_commands([merged])
    shelf[int(found["id"])] = payloads.command(api.world, merged, command_id=int(found["id"]), guild_id=guild_id)
    return Answer(200, shelf[int(found["id"])])


async def _delete(api: Api, call: Call) -> Answer:
    if _shelf(api, call)[1].pop(call.number("command_id"), None) is None:
        raise unknown(10063)
    return Answer(204)


for _base in ("/applications/{app_id}/commands", "/applications/{app_id}/guilds/{guild_id}/commands"):
    route("GET", _base)(_list)
    route("PUT", _base)(_overwrite)
    route("POST", _base)(_create)
    route("GET", _base + "/{command_id}")(_get)
    route("PATCH", _base + "/{command_id}")(_edit)
    route("DELETE", _base + "/{command_id}")(_delete)
