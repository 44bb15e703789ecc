"""Interactions: the first answer within 3 seconds, follow-ups for 15 minutes, ephemeral messages, modals.

Source: "Receiving and Responding to Interactions" in Discord's developer documentation.
"""

from __future__ import annotations

import time

from bot.rehearsal import payloads, rules, writing
from bot.rehearsal.refusals import Refusal, invalid, unknown
from bot.rehearsal.rest import Answer, Api, Call, route
from bot.rehearsal.world import (
    AUTOCOMPLETE,
    COMMAND,
    COMPONENT,
    EPHEMERAL,
    LOADING,
    MODAL_SUBMIT,
    TOKEN_LIVES_S,
    Interaction,
    Message,
    Payload,
)

PONG, MESSAGE, THINKING, QUIET, UPDATE, CHOICES, MODAL = 1, 4, 5, 6, 7, 8, 9
USER_INSTALL_FOLLOWUPS = 5


@route("POST", "/interactions/{interaction_id}/{token}/callback", open_door=True)
async def answer_interaction(api: Api, call: Call) -> Answer:
    world = api.world
    item = world.interactions.get(call.number("interaction_id"))
    if item is None or item.token != call.params["token"]:
        raise unknown(10062)
    call.interaction = item
    late = time.monotonic() - item.sent > world.first_answer_s
    if item.answered is None and late:
        api.record.add("violation", what="late", interaction=str(item.interaction_id), label=item.label,
                       ms_since_interaction=item.ms_since_sent())
        raise unknown(10062)
    if item.answered is not None:
        raise Refusal(400, 40060)
    body = call.fields
    kind = int(body["type"])
    data: Payload = body.get("data") or {}
    call.facts["answer"] = {MESSAGE: "message", THINKING: "thinking", QUIET: "quiet", UPDATE: "update",
                            CHOICES: "choices", MODAL: "modal"}.get(kind, str(kind))
    if (kind == CHOICES) != (item.kind == AUTOCOMPLETE) or kind == PONG:
        raise invalid({"type": "This answer does not fit this interaction"})
    if kind in (QUIET, UPDATE) and item.message_id is None:
        raise invalid({"type": "There is no message to update"})
    if kind == MODAL and item.kind == MODAL_SUBMIT:
        raise invalid({"type": "A modal cannot be answered with a modal"})
    await _carry_out(api, call, item, kind, data)
    item.answered, item.answer_kind = time.monotonic(), kind
    world.changed()
    if call.query.get("with_response", "").lower() in ("1", "true"):
        return Answer(200, payloads.interaction_response(world, item))
    return Answer(204)


async def _carry_out(api: Api, call: Call, item: Interaction, kind: int, data: Payload) -> None:
    world = api.world
    channel = world.channels[item.channel_id]
    if kind in (MESSAGE, THINKING):
        hidden = bool((data.get("flags") or 0) & EPHEMERAL)
        message = writing.add(api, channel, world.bot.user_id, only_for=item.user_id if hidden else None,
                              interaction=item, flags=EPHEMERAL if hidden else 0)
        message.kind = (23 if item.data.get("type") == 3 else 20) if item.kind == COMMAND else 0
        if kind == THINKING:
            message.flags |= LOADING
            writing.note(api, message, "create")
        else:
            writing.write(api, call, message, data, creating=True)
        writing.place(api, channel, message)
        item.original_id = message.message_id
        await api.gateway.dispatch_message("MESSAGE_CREATE", message)
    elif kind in (QUIET, UPDATE):
        item.original_id = item.message_id
        if kind == UPDATE:
            clicked = world.messages[item.message_id or 0]
            if clicked.deleted:
                raise unknown(10008)
            writing.write(api, call, clicked, data, creating=False)
            await api.gateway.dispatch_message("MESSAGE_UPDATE", clicked)
    elif kind == CHOICES:
        item.choices = list(data.get("choices") or [])
        if len(item.choices) > 25:
            raise invalid({"data.choices": "Must be 25 or fewer in length."})
    elif kind == MODAL:
        rules.check_modal(data)
        item.modal = data


# --- the token's webhook ---------------------------------------------------------------------------

def _by_token(api: Api, call: Call) -> Interaction:
    item = api.world.interaction_by_token(call.params["token"])
    if item is None or call.number("app_id") != api.world.app_id:
        raise Refusal(404, 10015)
    call.interaction = item
    if time.monotonic() - item.sent > TOKEN_LIVES_S:
        raise Refusal(401, 50027)
    if item.answered is None:
        raise Refusal(404, 10015)
    return item


def _reached(api: Api, call: Call, item: Interaction, message_id: int | None) -> Message:
    message = api.world.messages.get(message_id or 0)
    reachable = {item.original_id, item.message_id, *item.followups}
    if message is None or message.deleted or message.message_id not in reachable:
        raise unknown(10008)
    call.facts["message"] = str(message.message_id)
    return message


@route("POST", "/webhooks/{app_id}/{token}", open_door=True)
async def follow_up(api: Api, call: Call) -> Answer:
    """A further message. The first one after "is thinking" takes that message's place."""
    world = api.world
    item = _by_token(api, call)
    channel = world.channels[item.channel_id]
    original = world.messages.get(item.original_id or 0)
    if original is not None and original.loading and item.answer_kind == THINKING:
        writing.write(api, call, original, call.fields, creating=False)
        original.edited_at = None
        await api.gateway.dispatch_message("MESSAGE_UPDATE", original)
        return Answer(200, payloads.message(world, original))
    guild = world.guilds.get(item.guild_id or 0)
    if guild is not None and world.bot.user_id not in guild.members and len(item.followups) >= USER_INSTALL_FOLLOWUPS:
        raise Refusal(400, 40094, message="Maximum number of follow-up messages reached")
    hidden = bool((call.fields.get("flags") or 0) & EPHEMERAL)
    message = writing.add(api, channel, world.bot.user_id, only_for=item.user_id if hidden else None,
                          interaction=item, flags=EPHEMERAL if hidden else 0)
    if original is not None:
        message.kind = 19
        message.reference = {"type": 0, "channel_id": str(channel.channel_id), "message_id": str(original.message_id)}
    writing.write(api, call, message, call.fields, creating=True)
    writing.place(api, channel, message)
    item.followups.append(message.message_id)
    call.facts["message"] = str(message.message_id)
    await api.gateway.dispatch_message("MESSAGE_CREATE", message)
    return Answer(200, payloads.message(world, message))


@route("GET", "/webhooks/{app_id}/{token}/messages/@original", open_door=True)
async def get_original(api: Api, call: Call) -> Answer:
    item = _by_token(api, call)
    return Answer(200, payloads.message(api.world, _reached(api, call, item, item.original_id)))


@route("PATCH", "/webhooks/{app_id}/{token}/messages/@original", open_door=True)
async def edit_original(api: Api, call: Call) -> Answer:
    item = _by_token(api, call)
    return await _edit(api, call, _reached(api, call, item, item.original_id))


@route("DELETE", "/webhooks/{app_id}/{token}/messages/@original", open_door=True)
async def delete_original(api: Api, call: Call) -> Answer:
    item = _by_token(api, call)
    message = _reached(api, call, item, item.original_id)
    await writing.delete(api, api.world.channels[message.channel_id], message)
    return Answer(204)


@route("GET", "/webhooks/{app_id}/{token}/messages/{message_id}", open_door=True)
async def get_follow_up(api: Api, call: Call) -> Answer:
    item = _by_token(api, call)
    return Answer(200, payloads.message(api.world, _reached(api, call, item, call.number("message_id"))))


@route("PATCH", "/webhooks/{app_id}/{token}/messages/{message_id}", open_door=True)
async def edit_follow_up(api: Api, call: Call) -> Answer:
    item = _by_token(api, call)
    return await _edit(api, call, _reached(api, call, item, call.number("message_id")))


@route("DELETE", "/webhooks/{app_id}/{token}/messages/{message_id}", open_door=True)
async def delete_follow_up(api: Api, call: Call) -> Answer:
    item = _by_token(api, call)
    message = _reached(api, call, item, call.number("message_id"))
    await writing.delete(api, api.world.channels[message.channel_id], message)
    return Answer(204)


async def _edit(api: Api, call: Call, message: Message) -> Answer:
    if api.world.channels[message.channel_id].archived:
        raise Refusal(400, 50083)
    was_thinking = message.loading
    writing.write(api, call, message, call.fields, creating=False)
    if was_thinking:
        message.edited_at = None
    await api.gateway.dispatch_message("MESSAGE_UPDATE", message)
    return Answer(200, payloads.message(api.world, message))


__all__ = ["COMPONENT", "answer_interaction", "follow_up"]
