"""A scene on its way: every step acted out by its players, watched, and checked for what should be seen."""

from __future__ import annotations

import asyncio
import io
import time
from typing import Any

from rich.console import Console
from rich.markup import escape
from rich.status import Status

from bot.rehearsal import avatars, judge, permissions
from bot.rehearsal.loopback import Loopback
from bot.rehearsal.players import CannotDo, File, NotSeen, Player, readable, words_of
from bot.rehearsal.scene import Act, Answer, Repeated, Scene, SceneError, Step
from bot.rehearsal.troupe import Troupe
from bot.rehearsal.world import Channel, Interaction, Message, Role, User

QUIET_S = 1.5                              # nothing happened for so long: all is done
SEES_WITHIN_S = 60.0
PAGE_WITHIN_S = 240.0
PATIENCE_S = 30.0                          # for a button or menu to appear
REACTION_S = 0.6                           # nobody clicks in the moment a picture appears


class Play:
    """A scene on its way, step by step."""

    def __init__(self, scene: Scene, loopback: Loopback, troupe: Troupe, console: Console) -> None:
        self.scene, self.loopback, self.world = scene, loopback, loopback.world
        self.troupe, self.console = troupe, console
        self.failures: list[str] = []
        self.players: dict[str, Player] = {}
        self._status: Status | None = None
        self.stage: Channel | None = None
        self._acted = (0.0, 0)                 # when the last act began, and an id from that moment
        self._set()

    def _set(self) -> None:
        """Put up the server and the people."""
        world = self.world
        guild = world.add_guild(self.scene.server, locale=self.scene.locale) if self.scene.server else None
        self.stage = world.add_channel(guild, self.scene.channel) if guild else None
        for name, spec in self.scene.players.items():
            person = world.add_user(name, locale=spec.locale, avatar=self._avatar(name, spec.avatar))
            place = world.dm_with(person)
            if guild is not None:
                member = world.join(guild, person)
                if spec.manages:
                    role = next((r for r in guild.roles.values() if r.name == "Keepers"), None)
                    if role is None:
                        role = Role(world.new_id(), "Keepers", permissions.MANAGE_GUILD | permissions.MANAGE_THREADS
                                    | permissions.MANAGE_MESSAGES)
                        guild.roles[role.role_id] = role
                    member.roles.append(role.role_id)
            where = place if spec.place == "dm" or self.stage is None else self.stage
            self.players[name] = Player(self.loopback, person, where)

    def _avatar(self, name: str, wanted: str) -> bytes | None:
        if not wanted:
            return None
        if wanted in self.scene.files:
            return square(self.scene.file(wanted).data)
        try:
            return avatars.lettered(name[:1].upper(), 0, wanted)
        except ValueError as error:
            raise SceneError(f"{wanted!r} is neither a file of the scene nor a colour") from error

    async def perform(self) -> None:
        """Play every step; the first that fails ends the play."""
        with self.console.status("") as status:
            self._status = status
            self.loopback.record.listeners.append(self._watch)
            try:
                for number, step in enumerate(self.scene.steps, 1):
                    try:
                        await self._step(step)
                    except (CannotDo, NotSeen, SceneError) as error:
                        self.failures.append(f"step {number} ({describe(step)}): {error}")
                        return
                await self._quiet(30.0)
                self._final()
            finally:
                self.loopback.record.listeners.remove(self._watch)
                self._status = None

    def _watch(self, line: dict[str, Any]) -> None:
        """Tell whoever watches what just happened."""
        if self._status is None or line["kind"] != "message" or line["op"] not in ("create", "edit"):
            return
        for attachment in line["attachments"]:
            match = judge.PANEL_FILE.match(attachment["name"])
            if match and match["stage"] == "step":
                self._status.update(escape(" ".join(line["texts"]) or "drawing"))
            elif match:
                alt = next((alt for alt in line["alt"] if alt), "")
                self.console.print(f"   🖼  [green]{escape(attachment['name'])}[/green] {escape(short(alt, 90))}")
        if line["op"] == "create" and line["author"] == self.world.app_name and not line["attachments"]:
            text = " ".join([line["content"], *line["texts"]]).replace("\n", " ").strip()
            if text:
                only = f" [dim](only {escape(line['only_for'])} sees this)[/dim]" if line["only_for"] else ""
                self.console.print(f"   📖 {escape(short(text, 150))}{only}")

    async def _step(self, step: Step) -> None:
        record = self.loopback.record
        since_ms, first_id = record.now_ms(), self.world.new_id()
        if step.together or (step.verb and not step.look) or step.fill is not None:
            self._acted = since_ms, first_id
        elif not step.pause_s:
            since_ms, first_id = self._acted   # only looks or waits: for what came of the act before
        if step.note:
            self.console.print(f"[italic]{escape(step.note)}[/italic]")
        if step.restart:
            await self._restart(step.restart)
        elif step.together:
            await asyncio.gather(*(self._act(act) for act in step.together))
        elif step.pause_s:
            await asyncio.sleep(step.pause_s)
        elif step.verb or step.fill is not None:
            try:
                await self._act(step)
            except CannotDo as refusal:
                if not step.cannot or step.cannot.casefold() not in str(refusal).casefold():
                    raise
                self.console.print(f"   [dim]Discord says no: {escape(str(refusal))}[/dim]")
            else:
                if step.cannot:
                    raise CannotDo(f"Discord let them, though it should not ({step.cannot!r})")
        player = self.players[self.scene.person_of(step)]
        for text in [step.sees] if isinstance(step.sees, str) else step.sees:
            if text:
                await player.see(text, since_ms=-1.0 if step.look else since_ms, private=step.private,
                                 timeout_s=step.within_s or SEES_WITHIN_S)
        if step.drawing:
            await self._await_drawing(player, first_id, step.within_s or SEES_WITHIN_S)
        if step.page:
            if step.verb or step.fill is not None:
                self._refused(player, since_ms)
            await self._await_page(player, first_id, since_ms, step.within_s or PAGE_WITHIN_S)
        if step.pages is not None:
            await self._quiet(step.within_s or PAGE_WITHIN_S)
            made = {turn for m in player.seen() if (turn := judge.page_of(self.world, m)) and turn > first_id}
            if len(made) != step.pages:
                raise NotSeen(f"{len(made)} new pages, not {step.pages}")
        for text in [step.sees_not] if isinstance(step.sees_not, str) else step.sees_not:
            if text and any(text.casefold() in readable(self.world, m) for p in self.players.values() for m in p.seen()
                            if m.history[-1].at_ms >= since_ms):
                raise NotSeen(f"somebody saw {text!r}")
        if step.goes_to:
            await self._go(player, step)

    async def _act(self, act: Act) -> None:
        name = self.scene.person_of(act)
        player = self.players[name]
        self.console.print(f"[cyan]{escape(name)}[/cyan]: {escape(describe(act))}")
        item: Interaction | None = None
        if act.command:
            offered = act.offered if isinstance(act, Step) else []
            for option, typed in act.type.items():
                choices = await player.suggestions(act.command, option, typed)
                names = [choice["name"] for choice in choices]
                if missing := [wanted for wanted in offered if wanted not in names]:
                    raise NotSeen(f"autocomplete offered {names}, without {missing}")
            item = await player.command(act.command, **{key: self._one(value) for key, value in act.given.items()})
        elif act.click:
            item = await player.click(act.click, saying=act.on, patience_s=PATIENCE_S)
        elif act.choose is not None:
            values = [act.choose] if isinstance(act.choose, str) else act.choose
            await player.choose(act.menu, *values, patience_s=PATIENCE_S)
            return
        elif act.write:
            await player.write(str(self._one(act.write)))
            return
        if act.fill is not None:
            opened = item or player.form
            if opened is None:
                raise CannotDo("there is no form to fill in")
            sent = await player.submit(opened, {key: self._many(value) for key, value in act.fill.items()})
            if sent.answered is None:
                raise NotSeen(f"{sent.label} was not answered in 3 seconds")
        elif item is not None and act.verb in ("command", "click") and item.answered is None:
            raise NotSeen(f"{item.label} was not answered in 3 seconds")

    def _one(self, value: Answer) -> str | int | bool | File | User:
        if isinstance(value, str):
            if value in self.scene.files:
                return self.scene.file(value)
            if value.startswith("@") and value[1:] in self.players:
                return self.players[value[1:]].person
            return value
        if isinstance(value, Repeated):
            return value.repeat * value.times
        if isinstance(value, list):
            raise SceneError(f"a command's option takes one value, not {value}")
        return value

    def _many(self, value: Answer) -> Any:
        if isinstance(value, list):
            return [self._one(each) for each in value]
        return self._one(value)

    async def _go(self, player: Player, step: Step) -> None:
        """Walk to another place; a thread is the newest one that is open in the server's channel."""
        movers = [player] if step.who else list(self.players.values())
        for mover in movers:
            if step.goes_to == "dm":
                mover.place = self.world.dm_with(mover.person)
            elif self.stage is None:
                raise SceneError("this scene has no server to go to")
            elif step.goes_to == "server":
                mover.place = self.stage
            else:
                thread = await self.world.until(self._newest_thread, step.within_s or SEES_WITHIN_S)
                if thread is None:
                    raise NotSeen("there is no thread to go to")
                if mover.person.user_id not in thread.thread_members:
                    thread.thread_members.append(mover.person.user_id)
                mover.place = thread

    def _newest_thread(self) -> Channel | None:
        threads = self.world.threads_of(self.stage.channel_id) if self.stage else []
        return threads[-1] if threads else None

    async def _await_drawing(self, player: Player, first_id: int, within_s: float) -> None:
        """Wait until a place for a panel of the act is there, or its picture."""

        def look() -> Message | None:
            return next((m for m in reversed(player.seen()) if m.message_id > first_id and (
                judge.panel_in(self.world, m) is not None or "comes here" in readable(self.world, m)
                or "kommer her" in readable(self.world, m))), None)

        if await self.world.until(look, within_s) is None:
            raise NotSeen(f"no picture was begun in {within_s:g} s")

    async def _await_page(self, player: Player, first_id: int, since_ms: float, within_s: float) -> None:
        """Wait until a new page, or a redrawn panel, is finished."""

        def look() -> str | None:
            for message in reversed(player.seen()):
                if message.history[-1].at_ms < since_ms:
                    continue
                turn = judge.page_of(self.world, message)
                if turn is not None and turn > first_id:
                    return "page"
                if judge.has_verb(message, "retry") or (
                        judge.has_verb(message, "redraw") and judge.panel_in(self.world, message) is None):
                    return "failed: " + words_of(message)
                if message.message_id < first_id and self._redrawn(message, since_ms):
                    return "redrawn"
            return None

        found = await self.world.until(look, within_s)
        if found is None:
            raise NotSeen(f"no page came in {within_s:g} s")
        if found.startswith("failed"):
            raise NotSeen(found)
        await asyncio.sleep(REACTION_S)

    @staticmethod
    def _refused(player: Player, since_ms: float) -> None:
        """Raise `NotSeen` when the act that should bring a page was answered in private: then none will come."""
        told = player.answer_to(player.last) if player.last else None
        if told is not None and told.only_for is not None and told.history[-1].at_ms >= since_ms and not told.loading:
            raise NotSeen(f"no page will come; {player.name} was told: {words_of(told)}")

    def _redrawn(self, message: Message, since_ms: float) -> bool:
        panel = judge.panel_in(self.world, message)
        name = self.world.attachments[message.attachments[0]].filename if panel else ""
        match = judge.PANEL_FILE.match(name)
        return bool(match and match["stage"] == "v" and message.history[-1].at_ms >= since_ms)

    async def _quiet(self, timeout_s: float) -> None:
        """Wait until nothing has been written for a moment and no picture is half drawn."""
        deadline = time.monotonic() + timeout_s
        while time.monotonic() < deadline:
            last = max((line["ms"] for line in self.loopback.record.lines if line["kind"] in ("message", "player")),
                       default=0.0)
            if self.loopback.record.now_ms() - last > QUIET_S * 1000 and not self._half_drawn():
                return
            await asyncio.sleep(0.2)
        raise NotSeen(f"it did not become quiet in {timeout_s:g} s")

    def _half_drawn(self) -> bool:
        return any((panel := judge.panel_in(self.world, m)) is not None and not panel[2]
                   for m in self.world.messages.values() if not m.deleted)

    async def _restart(self, how: str) -> None:
        self.console.print("[magenta]the bot is killed and started again[/magenta]" if how == "kill"
                           else "[magenta]the bot is stopped and started again[/magenta]")
        self.loopback.record.add("note", what=f"restart: {how}")
        code = await self.troupe.stop(politely=how != "kill")
        if how != "kill" and code != 0:
            self.failures.append(f"the bot did not stop politely (exit code {code})")
        await self.troupe.start()

    def _final(self) -> None:
        """What the scene expects of its end."""
        expect = self.scene.expect
        for seen, wanted in ((True, expect.sees), (False, expect.sees_not)):
            for name, texts in wanted.items():
                screen = "\n".join(readable(self.world, m) for m in self.players[name].seen())
                for text in texts:
                    if (text.casefold() in screen) != seen:
                        self.failures.append(f"at the end {name} {'does not see' if seen else 'sees'} {text!r}")


def describe(act: Act) -> str:
    """An act in words."""
    parts = []
    if act.command:
        options = " ".join(f"{key}={short(str(value), 60)!r}" for key, value in act.given.items())
        parts.append(f"{act.command} {options}".strip())
    if act.click:
        parts.append(f"clicks {act.click}")
    if act.choose is not None:
        parts.append(f"chooses {act.choose}")
    if act.write:
        parts.append(f"writes {short(_said(act.write), 110)!r}")
    if act.fill is not None:
        parts.append("fills in " + ", ".join(f"{k}: {short(_said(v), 90)!r}" for k, v in act.fill.items()))
    if act.look:
        parts.append("looks")
    if isinstance(act, Step):
        if act.together:
            parts.append("at once: " + "; ".join(describe(each) for each in act.together))
        if act.restart:
            parts.append(f"restart ({act.restart})")
        if act.goes_to:
            parts.append(f"goes to the {act.goes_to}")
        if act.page and not parts:
            parts.append("waits for the page")
    return ", ".join(parts) or "-"


def _said(value: Answer) -> str:
    return f"{value.repeat} ... ({value.times} times)" if isinstance(value, Repeated) else str(value)


def short(text: str, characters: int) -> str:
    text = " ".join(text.split())
    return text if len(text) <= characters else text[: characters - 1].rstrip() + "…"


def square(data: bytes) -> bytes:
    """The middle of a picture as a 128-pixel avatar, PNG."""
    from PIL import Image, ImageOps

    with Image.open(io.BytesIO(data)) as opened:
        picture = ImageOps.fit(opened.convert("RGB"), (128, 128), centering=(0.5, 0.25))
    buffer = io.BytesIO()
    picture.save(buffer, "PNG")
    return buffer.getvalue()
