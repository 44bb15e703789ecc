"""The loopback's gateway: hello, identify, heartbeat, ready, dispatch, resume, and the ways it can break.

A session keeps its events by sequence number. When its socket drops, events wait there until the client
resumes; when the client closes with 1000 or identifies anew, the session is over.

Source: "Gateway" in Discord's developer documentation.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import secrets
import time
from collections import deque
from dataclasses import dataclass, field

from aiohttp import WSMsgType, web

from bot.rehearsal import payloads, permissions
from bot.rehearsal.record import Record
from bot.rehearsal.world import Channel, Guild, Message, Payload, World

GUILDS, GUILD_MESSAGES, GUILD_REACTIONS, GUILD_TYPING = 1 << 0, 1 << 9, 1 << 10, 1 << 11
DM_MESSAGES, DM_REACTIONS, DM_TYPING, MESSAGE_CONTENT = 1 << 12, 1 << 13, 1 << 14, 1 << 15
PRIVILEGED = (1 << 1) | (1 << 8)               # members and presences: this application does not have them
SENDS_A_MINUTE = 120


@dataclass(slots=True)
class Session:
    session_id: str
    intents: int
    shard: list[int] | None
    socket: web.WebSocketResponse | None
    sequence: int = 0
    events: deque[str] = field(default_factory=lambda: deque(maxlen=5000))
    first_kept: int = 1                        # sequence number of events[0]
    replaying: bool = False


class Gateway:
    """All sessions of the one bot."""

    def __init__(self, world: World, record: Record) -> None:
        self.world = world
        self.record = record
        self.sessions: dict[str, Session] = {}
        self.heartbeat_interval_ms = 41_250
        self.identifies = 0
        self.refuse_resume = False             # answer every resume with op 9
        self._dropped_here: set[int] = set()   # id() of sockets that the loopback itself cut

    @property
    def connected(self) -> bool:
        return any(s.socket is not None and not s.socket.closed for s in self.sessions.values())

    # --- one socket ------------------------------------------------------------------------------

    async def serve(self, request: web.Request) -> web.WebSocketResponse:
        """One connection, from hello to close."""
        socket = web.WebSocketResponse(max_msg_size=0, autoping=True)
        await socket.prepare(request)
        await self._send(socket, {"op": 10, "d": {"heartbeat_interval": self.heartbeat_interval_ms, "_trace": []}})
        session: Session | None = None
        sent: deque[float] = deque()
        async for message in socket:
            if message.type is not WSMsgType.TEXT:
                continue
            sent.append(time.monotonic())
            while sent and sent[0] < time.monotonic() - 60:
                sent.popleft()
            if len(sent) > SENDS_A_MINUTE:
                self.record.add("violation", what="more than 120 gateway sends in 60 s")
                await socket.close(code=4008, message=b"Rate limited")
                break
            payload = json.loads(message.data)
            op, data = payload.get("op"), payload.get("d")
            if op == 1:
                # discord.py notes the time of a beat after sending it: an answer within the same moment would be
                # measured from the beat before, and be logged as 41 s of delay.
                await asyncio.sleep(0.02)
                await self._send(socket, {"op": 11, "d": None})
            elif op == 2:
                session = await self._identify(socket, data)
            elif op == 6:
                session = await self._resume(socket, data)
            elif op == 8:
                await self._members(session, data)
            elif op in (3, 4):
                self.record.add("gateway", what="presence" if op == 3 else "voice state")
            else:
                await socket.close(code=4001, message=b"Unknown opcode")
        if session is not None and session.socket is socket:
            session.socket = None
            if socket.close_code in (1000, 1001) and id(socket) not in self._dropped_here:
                self.sessions.pop(session.session_id, None)
        self._dropped_here.discard(id(socket))
        self.record.add("gateway", what="disconnected", code=socket.close_code,
                        session=session.session_id if session else None)
        self.world.changed()
        return socket

    async def _identify(self, socket: web.WebSocketResponse, data: Payload) -> Session | None:
        self.identifies += 1
        intents = int(data.get("intents", 0))
        if str(data.get("token", "")).removeprefix("Bot ") != self.world.token:
            self.record.add("gateway", what="identify refused", code=4004)
            await socket.close(code=4004, message=b"Authentication failed.")
            return None
        if intents & PRIVILEGED or (intents & MESSAGE_CONTENT and not self.world.message_content):
            self.record.add("gateway", what="identify refused", code=4014, intents=intents)
            await socket.close(code=4014, message=b"Disallowed intent(s).")
            return None
        for old in [s for s in self.sessions.values() if s.socket is None or s.socket.closed]:
            del self.sessions[old.session_id]
        session = Session(secrets.token_hex(16), intents, data.get("shard"), socket)
        self.sessions[session.session_id] = session
        guilds = [g for g in self.world.guilds.values() if self.world.bot.user_id in g.members]
        ready: Payload = {
            "v": 10, "user": payloads.own_user(self.world.bot), "session_id": session.session_id,
            "resume_gateway_url": f"{self.world.base_url.replace('http', 'ws', 1)}/gateway",
            "guilds": [{"id": str(g.guild_id), "unavailable": True} for g in guilds],
            "application": {"id": str(self.world.app_id), "flags": (1 << 18) if self.world.message_content else 0},
            "private_channels": [], "relationships": [], "_trace": [],
        }
        if session.shard is not None:
            ready["shard"] = session.shard
        self.record.add("gateway", what="identify", session=session.session_id, intents=intents)
        await self._event(session, "READY", ready)
        if intents & GUILDS:
            for guild in guilds:
                await self._event(session, "GUILD_CREATE", payloads.guild_create(self.world, guild))
        self.world.changed()
        return session

    async def _resume(self, socket: web.WebSocketResponse, data: Payload) -> Session | None:
        session = self.sessions.get(str(data.get("session_id")))
        last = int(data.get("seq") or 0)
        wrong_token = str(data.get("token", "")).removeprefix("Bot ") != self.world.token
        if session is None or self.refuse_resume or wrong_token or last + 1 < session.first_kept:
            self.record.add("gateway", what="resume refused", session=data.get("session_id"))
            await self._send(socket, {"op": 9, "d": False})
            return None
        session.socket = socket
        missed = [text for offset, text in enumerate(session.events) if session.first_kept + offset > last]
        self.record.add("gateway", what="resumed", session=session.session_id, replayed=len(missed))
        for text in missed:
            await socket.send_str(text)
        await self._event(session, "RESUMED", {"_trace": []})
        self.world.changed()
        return session

    async def _members(self, session: Session | None, data: Payload) -> None:
        guild = self.world.guilds.get(int(data.get("guild_id", 0)))
        if session is None or guild is None:
            return
        wanted = {int(u) for u in data.get("user_ids") or ()}
        found = [payloads.member(guild, m, self.world.users[m.user_id]) for m in guild.members.values()
                 if not wanted or m.user_id in wanted]
        body: Payload = {"guild_id": str(guild.guild_id), "members": found, "chunk_index": 0, "chunk_count": 1,
                         "not_found": []}
        if "nonce" in data:
            body["nonce"] = data["nonce"]
        await self._event(session, "GUILD_MEMBERS_CHUNK", body)

    async def _send(self, socket: web.WebSocketResponse, payload: Payload) -> None:
        if not socket.closed:
            with contextlib.suppress(ConnectionError):     # it was killed, or hung up
                await socket.send_str(json.dumps(payload, ensure_ascii=False))

    async def _event(self, session: Session, name: str, body: Payload) -> None:
        session.sequence += 1
        if len(session.events) == session.events.maxlen:
            session.first_kept += 1
        text = json.dumps({"op": 0, "t": name, "s": session.sequence, "d": body}, ensure_ascii=False)
        session.events.append(text)
        if session.socket is not None and not session.socket.closed:
            try:
                await session.socket.send_str(text)
            except (ConnectionError, RuntimeError):
                session.socket = None          # kept in `events` for the resume

    # --- dispatch --------------------------------------------------------------------------------

    async def dispatch(self, name: str, body: Payload, *, intents: int = 0) -> bool:
        """Send an event to every session that asked for any of `intents` (0: everyone). False: nobody is there."""
        found = [s for s in self.sessions.values() if not intents or s.intents & intents]
        for session in found:
            await self._event(session, name, body)
        facts = {key: body[key] for key in ("id", "channel_id", "guild_id", "message_id") if key in body}
        self.record.add("gateway", what="dispatch", event=name, sessions=len(found), **facts)
        return bool(found)

    async def dispatch_message(self, name: str, message: Message) -> None:
        """MESSAGE_CREATE or MESSAGE_UPDATE, with words only for sessions that may read them."""
        world = self.world
        where = world.channels[message.channel_id]
        if message.only_for is not None:
            return                             # ephemeral messages do not travel over the gateway
        wanted = DM_MESSAGES if where.guild_id is None else GUILD_MESSAGES
        if where.guild_id is not None and not self._sees(where):
            return
        reached = 0
        for session in [s for s in self.sessions.values() if s.intents & wanted]:
            may_read = (where.guild_id is None or bool(session.intents & MESSAGE_CONTENT)
                        or message.author_id == world.bot.user_id or world.bot.user_id in message.mentions)
            await self._event(session, name, payloads.message_event(world, message, with_content=may_read))
            reached += 1
        self.record.add("gateway", what="dispatch", event=name, sessions=reached, id=str(message.message_id),
                        channel_id=str(message.channel_id))

    def _sees(self, where: Channel) -> bool:
        return bool(self.world.permissions_of(self.world.bot.user_id, where) & permissions.VIEW_CHANNEL)

    # --- breaking it -----------------------------------------------------------------------------

    async def drop(self, *, code: int | None = None) -> int:
        """Cut every socket: with a close code, or (None) by a TCP abort. Sessions stay resumable. Returns how many."""
        dropped = 0
        for session in self.sessions.values():
            socket = session.socket
            if socket is None or socket.closed:
                continue
            dropped += 1
            self.record.add("fault", what="gateway dropped", code=code)
            self._dropped_here.add(id(socket))
            session.socket = None
            if code is None:
                request = socket._req
                if request is not None and request.transport is not None:
                    request.transport.abort()
            else:
                await socket.close(code=code)
        return dropped

    async def ask_to_reconnect(self) -> None:
        """Op 7: the client is to reconnect and resume."""
        self.record.add("fault", what="op 7")
        for session in self.sessions.values():
            if session.socket is not None:
                await self._send(session.socket, {"op": 7, "d": None})

    async def invalidate(self, *, resumable: bool = False) -> None:
        """Op 9: the session is over (or, resumable, to be resumed)."""
        self.record.add("fault", what="op 9", resumable=resumable)
        for session in list(self.sessions.values()):
            if session.socket is not None:
                await self._send(session.socket, {"op": 9, "d": resumable})
            if not resumable:
                self.sessions.pop(session.session_id, None)

    async def replay(self, name: str) -> int:
        """Send the newest event of this name once more, as Discord does now and then. Returns to how many sessions."""
        sent = 0
        for session in self.sessions.values():
            text = next((text for text in reversed(session.events) if json.loads(text)["t"] == name), None)
            if text is not None and session.socket is not None and not session.socket.closed:
                self.record.add("fault", what="event replayed", event=name)
                await session.socket.send_str(text)
                sent += 1
        return sent

    async def lose_server(self, guild: Guild) -> None:
        """An outage: the server is there, but cannot be reached. (What REST says meanwhile is a matter of faults.)"""
        self.record.add("fault", what="server unavailable")
        await self.dispatch("GUILD_DELETE", {"id": str(guild.guild_id), "unavailable": True}, intents=GUILDS)

    async def find_server(self, guild: Guild) -> None:
        """It can be reached again; or the bot has been invited."""
        await self.dispatch("GUILD_CREATE", payloads.guild_create(self.world, guild), intents=GUILDS)

    async def send_away(self, guild: Guild) -> None:
        """The bot is kicked."""
        guild.members.pop(self.world.bot.user_id, None)
        self.record.add("fault", what="bot kicked")
        await self.dispatch("GUILD_DELETE", {"id": str(guild.guild_id)}, intents=GUILDS)

    async def close(self) -> None:
        """End every session, as when the server goes down."""
        for session in self.sessions.values():
            if session.socket is not None and not session.socket.closed:
                await session.socket.close(code=1001)
        await asyncio.sleep(0)
