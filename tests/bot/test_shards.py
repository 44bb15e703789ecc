"""Of several shards each compares its own servers at start: what another one knows of is not taken for left."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from playhouse import Playhouse

from engine.nouns import OwnerId, ServerId, Story, StoryId, VenueId


async def test_only_servers_of_its_own_are_compared(house: Playhouse, monkeypatch: pytest.MonkeyPatch) -> None:
    shards = 3
    # before there is anything to compare: the bot's own look at its servers, begun at on_ready, may still be under way
    monkeypatch.setattr(house.bot, "shard_count", shards)
    monkeypatch.setattr(house.bot, "shard_id", shards - 1)
    left = [ServerId(str((number << 22) + 77)) for number in range(6)]         # the bot is on none of these any more
    for number, server_id in enumerate(left):
        story = Story(StoryId(f"s{number}"), VenueId(f"9{number}"), server_id, OwnerId("1"), "A")
        await house.library.save_story(story)
    cog: Any = house.bot.get_cog("Privacy")
    await cog._compare()
    noted = await house.library.departures(datetime.now(UTC) + timedelta(days=1))
    assert set(noted) == {server_id for server_id in left if (int(server_id) >> 22) % shards == shards - 1}
