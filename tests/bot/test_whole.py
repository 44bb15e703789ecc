"""One whole short story, through the real bot process and real sockets: what people saw, and what memory kept."""

from __future__ import annotations

import io
from pathlib import Path

from PIL import Image
from playhouse import pixels

from bench.company import open_company, settle
from bot.rehearsal import judge
from bot.rehearsal.players import File, readable, words_of
from bot.rehearsal.scene import SHIPPED
from engine.labels import read_label
from engine.nouns import MessageId, PanelId, PanelState, StepId, TurnState, VenueId
from engine.settings import load_settings
from engine.store import open_library


def drawn(png: bytes) -> tuple[str | None, tuple[int, int]]:
    """Format and size of a picture that can be opened to its last pixel."""
    with Image.open(io.BytesIO(png)) as picture:
        picture.load()
        return picture.format, picture.size


async def test_a_short_story_from_first_photo_to_last_undo(tmp_path: Path, patient_discord: None) -> None:
    async with open_company(tmp_path, ["Ada", "Bo"]) as company:
        world = company.world
        # A character from a photo, one from words.
        ada = company.player("Ada")
        await ada.command("/character add", name="Ellie", pronouns="she/her", description="a woman in an orange suit",
                          photo=File.read(SHIPPED / "photos" / "astronaut.jpg"), consent="It is an adult who agreed")
        await ada.see("Is this Ellie?", private=True)
        await ada.click("Keep")
        await ada.see("Ellie is ready", private=True)
        await company.character("Bo", "Ginger", "an orange cat", "it")

        # A story by two, one after the other; what they write tries to call people.
        thread = await company.story("The lantern", ["Ada", "Bo"], order="in_order")
        ada, bo = company.player("Ada", thread), company.player("Bo", thread)
        first = await company.send_turn(ada, "Ellie sits in the garden at night and sees a lantern.")
        await company.page(first)
        second = await company.send_turn(bo, f"@everyone <@{ada.person.user_id}> Ginger runs to Ellie's lantern.")
        page = await company.page(second)
        third = (await ada.click("Next page")).interaction_id
        last = await company.page(third)

        # The second page's picture once more; the third page taken back, and then the story goes on.
        await bo.click("Redraw", on=page)
        assert await world.until(lambda: any(
            seen.version == 2 for each in company.told(second)[second].pictures.values() for seen in each) or None, 60)
        assert (await bo.click("Undo", on=last)).answer_kind in (6, 7)
        await bo.see("took this page back")
        fourth = await company.send_turn(ada, "Ellie and Ginger wave to the moon.")
        await company.page(fourth)
        await settle(4.0)                      # nobody sees a turn being closed; it comes just after the picture
        assert await company.troupe.stop() == 0

    # --- what people saw, by the loopback's own log ------------------------------------------------
    turns = [first, second, third, fourth]
    told = company.told(*turns)
    assert [fault for turn_id in turns for fault in told[turn_id].faults(thread.channel_id)] == []
    found = judge.find(company.record, acknowledged_within_s=1.0, pings_expected=0)
    assert found.failures == []
    assert found.pages == 4 and found.rate_limited == 0
    messages = [number for turn_id in turns for number in [*told[turn_id].quoted, *told[turn_id].messages]]
    assert messages == sorted(messages), "words, prose and panels of one turn, then the next"
    assert any("everyone" in words_of(world.messages[number]) for number in told[second].quoted), "shown, but harmless"
    for turn_id in turns:
        for seen in (seen for each in told[turn_id].pictures.values() for seen in each):
            assert 10 <= len(seen.alt) <= 1024
    unasked = [message for message in map(world.messages.__getitem__, thread.messages)
               if message.interaction_id is None and message.message_id not in messages]
    assert [readable(world, message).splitlines()[0][:11] for message in unasked] == ["the lantern"], "the roster alone"
    public = [number for number in company.channel.messages if world.messages[number].only_for is None]
    assert len(public) == 1, "in the channel everybody sees the answer to /story start, nothing else"
    assert all(judge.panel_in(world, world.messages[number]) is None for number in told[third].messages), "undone"

    # --- what memory kept --------------------------------------------------------------------------
    library = await open_library(load_settings(**company.settings))
    try:
        story = await library.story_at(VenueId(str(thread.channel_id)))
        assert story is not None and story.head == StepId(f"{fourth}-step")
        assert await library.open_turns() == []
        steps = await library.steps(story.story_id)
        assert [step.turn_id for step in steps] == [str(first), str(second), str(fourth)]
        assert (await library.step(steps[-1].step_id)).parent == steps[1].step_id, "the page before the one taken back"
        for step in steps:
            assert step.prose in told[int(step.turn_id)].words.replace("\\", ""), "kept as it was said"
        panels = await library.panels(story.story_id)
        assert {panel.step_id for panel in panels} == {step.step_id for step in steps}
        shown = {PanelId(f"{turn_id}-step.{index}"): (MessageId(str(numbers[0])), told[turn_id].pictures[index][-1])
                 for turn_id in turns for index, numbers in told[turn_id].places.items()}
        for panel in panels:
            message_id, seen = shown[panel.panel_id]
            assert panel.state is PanelState.DONE and panel.message_id == message_id and panel.version == seen.version
            assert panel.picture is not None and panel.underdrawing is not None
            posted = world.attachments[world.messages[seen.message_id].attachments[0]].data
            assert pixels(await library.picture(panel.picture)) == pixels(posted), "what is remembered was shown"
            label = read_label(posted)
            assert label and (label["state"], label["painter"]) == ("Valid", panel.painter)
            assert drawn(await library.picture(panel.underdrawing)) == ("PNG", (256, 256))
            assert [character for character, _ in panel.boxes] == [
                figure.character_id for figure in panel.brief.figures], "everybody has a box"
            assert all(0 <= box.left < box.right <= 1 and 0 <= box.top < box.bottom <= 1 for _, box in panel.boxes)
            brief = panel.brief
            plate = await library.plate(brief.setting.setting_id, brief.time_of_day, brief.weather, brief.style)
            assert plate is not None and drawn(await library.picture(plate.picture))[0] == "PNG"
        assert any(panel.version == 2 for panel in panels), "the redrawn one"
        frames = await library.frames(story.story_id)
        assert [frame.panel_id for frame in frames] == [panel.panel_id for panel in reversed(panels)]
        assert not any(frame.panel_id.startswith(f"{third}-") for frame in frames), "memory follows undo"
        assert (await library.turn(steps[0].turn_id)).state is TurnState.DONE
        cast = {character.name: character for character in await library.cast(story.story_id)}
        assert set(cast) == {"Ellie", "Ginger"} and cast["Ellie"].from_photo and not cast["Ginger"].from_photo
    finally:
        await library.close()
