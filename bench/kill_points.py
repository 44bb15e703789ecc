"""Kill points: the bot killed at every named boundary that is not a turn's own, and what a person then finds.

Redraws, undoing, questions, texts, registrations: each scene has somebody do the thing, the bot kill itself at the
boundary, start again, and that person go on as a person would, who has heard nothing or too much. `python -m
bench.kills --points` plays all of them after those of the turn.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections import defaultdict
from collections.abc import Awaitable, Callable, Mapping

from bench.company import Company
from bench.kills import Evening, open_turns, photo
from bot.rehearsal import judge
from bot.rehearsal.players import CannotDo, File, NotSeen, Player, label_of, readable
from bot.rehearsal.understudies import Understudies
from bot.rehearsal.world import Channel, Message
from engine import boundaries

Scene = Callable[[Evening, str], Awaitable[list[str]]]
PATIENCE_S = 120.0


async def killed_at(evening: Evening, point: str, deed: Callable[[], Awaitable[object]]) -> None:
    """Start the bot so that it kills itself at this boundary, do something until it has, and start it again.

    Raises `NotSeen` where the boundary was not passed.
    """
    troupe = evening.company.troupe
    assert isinstance(troupe, Understudies)
    await troupe.stop(politely=False)
    await troupe.start(crash={"point": point})

    async def insist() -> None:
        while True:                            # what cannot be done just now is done a moment later
            with contextlib.suppress(CannotDo, NotSeen, StopIteration):
                await deed()
            await asyncio.sleep(1.0)

    doing = asyncio.ensure_future(insist())
    try:
        code = await troupe.gone(PATIENCE_S)
    except TimeoutError as error:
        raise NotSeen(f"the boundary {point!r} was not passed") from error
    finally:
        doing.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await doing
    if code != -9:
        raise NotSeen(f"the bot ended by itself at {point!r} (exit code {code})")
    await troupe.start()


async def a_page(evening: Evening, place: Channel) -> int:
    """A turn, told in peace. Returns its id."""
    turn_id = None
    while turn_id is None:
        turn_id = await evening.write(place)
    await evening.company.page(turn_id, timeout_s=PATIENCE_S)
    return turn_id


def pictures_of(company: Company, player: Player, turn_id: int) -> list[Message]:
    """The messages that show a picture of this turn now."""
    return [message for message in player.seen()
            if (panel := judge.panel_in(company.world, message)) is not None and panel[0] == turn_id]


# --- scenes --------------------------------------------------------------------------------------------

async def redrawing(evening: Evening, point: str) -> list[str]:
    """A redraw that was begun is finished, in the same message."""
    company, place = evening.company, evening.threads[0]
    player, turn_id = company.player("Ada", place), await a_page(evening, place)
    [shown, *_] = pictures_of(company, player, turn_id)
    await killed_at(evening, point, lambda: player.click("Redraw", on=shown))

    def redrawn() -> bool | None:
        return True if any(seen.version == 2 and seen.message_id == shown.message_id
                           for each in company.told(turn_id)[turn_id].pictures.values() for seen in each) else None

    return [] if await company.world.until(redrawn, PATIENCE_S) else [f"{point}: the redraw never came"]


async def undoing(evening: Evening, point: str) -> list[str]:
    """A page is taken back with all its messages, or it is all there and can be taken back."""
    company, place = evening.company, evening.threads[0]
    player, turn_id = company.player("Ada", place), await a_page(evening, place)
    pages = pictures_of(company, player, turn_id)
    await killed_at(evening, point, lambda: player.click("Undo", on=pages[-1]))

    def gone() -> bool | None:
        return None if pictures_of(company, player, turn_id) else True

    if point == "put_right: started":          # nothing was promised: the person does it again
        with contextlib.suppress(CannotDo):
            await player.click("Undo", on=pages[-1])
    return [] if await company.world.until(gone, PATIENCE_S) else [f"{point}: a picture of the page still stands"]


async def asking(evening: Evening, point: str) -> list[str]:
    """Whoever wrote a turn that could mean two is answered by that turn, once, whatever they click how often."""
    company = evening.company
    if evening.pond is None:                   # a story with two of whom "she" can be said, and neither is the writer
        for name in ("Lily", "Anna"):
            await company.character("Dan", name, "a girl with black hair and a green dress")
        evening.pond = await company.story("The pond", ["Dan"])
    place = evening.pond
    player = company.player("Dan", place)
    place_name = point.replace(":", "").replace("_", " ")
    text = f"Lily and Anna ran to the lake at {place_name}. Then she fell in."
    answered = point in ("question answered", "question dropped")

    async def write() -> None:
        opened = await player.click("Take turn")
        await player.submit(opened, {"text": text})

    since = company.record.now_ms()

    async def answer() -> None:
        question = await player.see("who is", private=True, since_ms=since)
        await player.click("Anna", on=question)

    if answered:
        await write()
        await killed_at(evening, point, answer)
    else:
        await killed_at(evening, point, write)
        await write()
    if not answered:
        await answer()

    def told() -> list[Message]:
        return [message for message in player.seen() if message.only_for is None
                and all(part in readable(company.world, message) for part in (place_name, "writes"))]

    await company.world.until(lambda: True if told() else None, PATIENCE_S)
    await player.see(also=lambda message: judge.has_verb(message, "undo"), since_ms=since, timeout_s=PATIENCE_S)
    return [] if len(told()) == 1 else [f"{point}: the turn stands there {len(told())} times"]


async def illustrating(evening: Evening, point: str) -> list[str]:
    """A text that was kept is drawn, every page once; one that was not kept is still in the form."""
    company, place = evening.company, evening.threads[0]
    player = company.player("Ada", place)
    text = f"Mia ran to the park. She jumped.\n\nMia slept in the bedroom. ({point})"

    async def paste() -> None:
        opened = await player.command("/story illustrate")
        if opened.modal is not None:
            await player.submit(opened, {"text": text})

    async def look() -> Message:
        return await player.see("Page 1 of", private=True, timeout_s=PATIENCE_S, since_ms=since)

    async def draw() -> None:
        board = await look()
        await player.click(next(label_of(button) for button in _buttons(board) if label_of(button).startswith("Draw ")),
                           on=board)

    since = company.record.now_ms()
    if point in ("text kept", "text read"):
        await killed_at(evening, point, paste)
        since = company.record.now_ms()
        await paste()
    else:
        await paste()
        await look()
        await killed_at(evening, point, draw)
        if point == "illustrate: started" or point.startswith("hand over"):
            with contextlib.suppress(CannotDo, NotSeen, StopIteration):
                await draw()                   # a click that nobody answered is done again, and refused
    if point in ("text kept", "text read"):
        await draw()
    await player.see("text is illustrated", timeout_s=60, since_ms=since)
    gallery = await player.see("text in pictures", timeout_s=PATIENCE_S, since_ms=since)
    return [] if len(gallery.attachments) == 3 else [f"{point}: {len(gallery.attachments)} pictures, not 3"]


async def registering(evening: Evening, point: str) -> list[str]:
    """A character is there whole or not at all: done again, it is there once, and can be kept."""
    company = evening.company
    player, name = company.player("Parent 1"), f"Dog {evening.company.record.now_ms():.0f}"
    given = {"name": name, "pronouns": "it", "description": "a small brown dog",
             "photo": File("pet.png", photo(1), "image/png"), "consent": "not_a_person"}

    async def add() -> None:
        await player.command("/character add", **given)

    async def keep() -> None:
        shown = await player.see(f"Is this {name}?", private=True)
        await player.click("Keep", on=shown)

    if point == "avatar kept":
        await add()
        await player.see(f"Is this {name}?", private=True)
        await killed_at(evening, point, keep)
    else:
        await killed_at(evening, point, add)
    since = company.record.now_ms()
    await add()
    said = readable(company.world, await player.see(name, private=True, since_ms=since))
    if "is this" not in said:                  # it was kept: they look at it
        await player.command("/character show", name=name)
    if point != "avatar kept":
        await keep()
    await player.see(f"{name} is ready", private=True)
    since = company.record.now_ms()
    await player.command("/character list")
    listed = readable(company.world, await player.see("dog", private=True, since_ms=since)).count(name.casefold())
    return [] if listed == 1 else [f"{point}: {name} is listed {listed} times"]


SCENES: Mapping[str, Scene] = {
    **dict.fromkeys(boundaries.PAGES[:1], redrawing), **dict.fromkeys(boundaries.PAGES[1:], undoing),
    **dict.fromkeys(boundaries.QUESTIONS, asking), **dict.fromkeys(boundaries.TEXTS, illustrating),
    **dict.fromkeys(boundaries.REGISTRATION, registering)}


async def at_every_point(evening: Evening, points: Mapping[str, Scene] = SCENES) -> list[str]:
    """Play the scene of each boundary; what was wrong, in words."""
    found = []
    for point, scene in points.items():
        try:
            found += await scene(evening, point)
        except (NotSeen, CannotDo) as error:
            found.append(f"{point}: {error}")
        await evening.company.world.until(lambda: None if open_turns(evening.company, evening.tally) else True, 30)
    return found + said_twice(evening.company)


def said_twice(company: Company) -> list[str]:
    """Messages with the same mark (the component by which the bot finds them) that stand beside each other."""
    living: dict[tuple[str, int], set[str]] = defaultdict(set)
    where: dict[str, tuple[str, int]] = {}
    for line in company.record.lines:
        if line["kind"] != "message" or "id" not in line:
            continue
        if line["op"] == "create" and line.get("mark"):
            where[line["id"]] = line["channel"], line["mark"]
            living[where[line["id"]]].add(line["id"])
        elif line["op"] == "delete" and line["id"] in where:
            living[where[line["id"]]].discard(line["id"])
    return [f"the message marked {mark} stands {len(messages)} times"
            for (_, mark), messages in living.items() if len(messages) > 1]


def _buttons(message: Message) -> list[dict[str, object]]:
    from bot.rehearsal.players import buttons_of

    return buttons_of(message)
