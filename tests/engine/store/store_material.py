"""Made-up stories to keep: two people, two characters, as many turns as are wanted."""

from pathlib import Path

from sqlalchemy import update

from engine.nouns import (
    Beat,
    Box,
    CastMember,
    Character,
    Figure,
    Look,
    Member,
    Panel,
    PanelBrief,
    PanelState,
    Place,
    Plate,
    Pronouns,
    Setting,
    Story,
    StoryStep,
    Turn,
    TurnState,
)
from engine.settings import load_settings
from engine.store.sealing import owned


def settings_in(folder: Path, **given):
    """Settings of a house of its own below `folder`."""
    return load_settings(home=folder / "home", master_key_file=folder / "keys" / "master.key", **given)


ANN, BEN = "111", "222"
MIA = Character("c-mia", ANN, "Mia", Pronouns.SHE, Look(kind="girl", hair="braids", accessories=("cape",)))
BOO = Character("c-boo", BEN, "Boo", Pronouns.IT, Look(kind="bear", fur="mint", size=1.1))
BEDROOM = Setting("s1:room", "bedroom", "Mia's bedroom", 7)


def story_of(owner=ANN, story_id="s1", **changes):
    return Story(story_id, "venue-" + story_id, "server", owner, "The lantern", **changes)


def turn_in(story_id="s1", number=1, owner=ANN, author="Ann", text="We look for the lantern."):
    return Turn(f"{story_id}-t{number}", story_id, owner, author, text)


def step_for(turn, parent=None, **changes):
    beat = Beat(f"Mia hugs Boo ({turn.turn_id})", (CastMember("c-mia", "hugs", toward="c-boo"), CastMember("c-boo")),
                "bedroom", "Mia's bedroom")
    return StoryStep(f"{turn.turn_id}-step", turn.story_id, turn.turn_id, f"Mia found Boo. {turn.turn_id}", (beat,),
                     parent, **changes)


def brief_for(step, index=0, setting=BEDROOM):
    figures = (Figure("c-boo", "Boo", BOO.look, Place(0.7, 0.9, 0.5), toward="c-mia"),
               Figure("c-mia", "Mia", MIA.look, Place(0.3, 0.9, 0.5), "hugs", "happy", "lantern", "c-boo"))
    return PanelBrief(f"{step.step_id}.{index}", step.story_id, "Mia hugs Boo", figures, setting,
                      props=(("bed", Place(0.5, 0.6, 0.3)),))


BOXES = (("c-mia", Box(0.1, 0.4, 0.5, 0.9)), ("c-boo", Box(0.5, 0.4, 0.9, 0.9)))


async def tell(library, count=1, *, story_id="s1", owner=ANN, first=1, parent=None, setting=BEDROOM):
    """Play `count` turns into a story: a step, a setting, a plate and one drawn panel each. Returns the steps."""
    told = []
    for number in range(first, first + count):
        turn = turn_in(story_id, number, owner)
        await library.accept_turn(turn)
        await library.scene(turn.turn_id)
        step = step_for(turn, parent)
        await library.save_step(step)
        await library.save_setting(story_id, setting)
        plate = await library.keep_picture(b"plate " + step.step_id.encode(), owner_id=owner)
        await library.save_plate(story_id, Plate(setting.setting_id, "day", "clear", "flat", plate))
        picture = await library.keep_picture(b"panel " + step.step_id.encode(), owner_id=owner)
        under = await library.keep_picture(b"under " + step.step_id.encode(), owner_id=owner)
        await library.save_panel(Panel(f"{step.step_id}.0", step.step_id, 0, brief_for(step, setting=setting),
                                       PanelState.DONE, picture, under, BOXES, seed=2**31 - 1, painter="mini@1",
                                       message_id=f"m{number}", alt_text="Mia hugs Boo"))
        await library.close_turn(turn.turn_id, TurnState.DONE)
        parent = step.step_id
        told.append(step)
    return told


async def write_only(library, count):
    """Turns and steps without pictures: for what only reads the words."""
    told = []
    for number in range(1, count + 1):
        turn = turn_in(number=number)
        await library.accept_turn(turn)
        told.append(step_for(turn, told[-1].step_id if told else None))
        await library.save_step(told[-1])
        await library.close_turn(turn.turn_id, TurnState.DONE)
    return told


async def rewrite(library, table, owner, where, **values):
    """Change rows behind the library's back, sealed as belonging to `owner`."""
    async with library._alone() as session:
        key = await library._key(session, owner)
        await session.execute(update(table).where(where).values(**owned(table, values, key)))


async def furnish(library, owner=ANN):
    """A story with two people and two characters."""
    await library.save_story(story_of(owner))
    for character in (MIA, BOO):
        await library.save_character(character)
        await library.add_to_cast("s1", character.character_id)
    await library.save_member("s1", Member(ANN, "Ann", 0, "c-mia"))
    await library.save_member("s1", Member(BEN, "Ben", 1, "c-boo"))
    return story_of(owner)

