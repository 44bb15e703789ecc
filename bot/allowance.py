"""How much a person, and a server, may still ask for: counted before anything is promised, and when it is free again.

Counted by who asked and where: a redraw counts for whoever wished it. Places painted without people count for nobody.
An operator's limits for a server hold whatever the server decides; it can allow itself less.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from engine.nouns import OwnerId, Refused, Story

if TYPE_CHECKING:
    from bot.app import StoryBot


async def need_place(bot: StoryBot, story: Story, owner_id: OwnerId) -> None:
    """Raise `Refused` when this person, or everybody on the server together, has as many turns waiting as may be."""
    own_most = bot.settings.limits.queue_per_owner
    server_most = bot.settings.limits.queue_per_server
    if story.server_id:
        server_most = min(server_most, (await bot.library.server_settings(story.server_id)).server_queue)
    own, server = await bot.library.turns_waiting(owner_id, story.server_id)
    if own >= own_most:
        raise Refused(reason="turns_waiting", limit=own_most, seconds=await _until_one_is_done(bot, owner_id))
    if server >= server_most:
        raise Refused(reason="server_turns_waiting", limit=server_most, seconds=await _until_one_is_done(bot))


async def need_pictures(bot: StoryBot, story: Story, owner_id: OwnerId) -> None:
    """Raise `Refused` when this person, or the server, has had its pictures for today."""
    left, limit, whose = await pictures_left(bot, story, owner_id)
    if left <= 0:
        raise Refused(reason=whose, limit=limit, when=tomorrow())


async def pictures_left(bot: StoryBot, story: Story, owner_id: OwnerId) -> tuple[int, int, str]:
    """Pictures this person can still have here today, the limit that says so, and the key of its sentence."""
    limits = bot.settings.limits
    daily, server_daily = limits.daily_panels, limits.server_daily_panels
    if story.server_id:
        decided = await bot.library.server_settings(story.server_id)
        daily, server_daily = decided.daily_panels, min(server_daily, decided.server_panels)
    left = max(0, daily - await bot.library.panels_today(owner_id))
    if story.server_id:
        there = max(0, server_daily - await bot.library.server_panels_today(story.server_id))
        if there < left:
            return there, server_daily, "server_quota_reached"
    return left, daily, "quota_reached"


def tomorrow() -> str:
    """When the next day's pictures begin, as Discord shows it to each person in their own words: "in 5 hours"."""
    midnight = datetime.now(UTC).replace(hour=0, minute=0, second=0, microsecond=0) + timedelta(days=1)
    return f"<t:{int(midnight.timestamp())}:R>"


async def _until_one_is_done(bot: StoryBot, owner_id: OwnerId | None = None) -> int:
    """Whole seconds until the first waiting turn, of this person or of anybody, should be over."""
    waiting = await bot.library.open_turns()
    before = next((place for place, turn in enumerate(waiting, 1) if owner_id in (None, turn.owner_id)), 1)
    return max(1, round(bot.runner.wait_s(before)))
