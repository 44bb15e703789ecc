"""Somebody whom the bot's own prose brings in by name becomes a character too, and is in the pictures of that page."""

from __future__ import annotations

import asyncio
from dataclasses import replace

from engine.cast.casting import draw_character_avatar
from engine.meaning.newcomers import BORN, MOST_IN_STORY, character_of, names_of, newcomers_in
from engine.nouns import CastMember, Character, CharacterId, NotFound, Scene, StoryStep, TurnKind
from engine.ports import Library

#: A picture with so many has no room for one more.
MOST_IN_PICTURE = 5


async def bring_in(library: Library, scene: Scene, step: StoryStep) -> StoryStep:
    """The step with everybody in its pictures whom its prose brings in. They join the cast. Twice is as once."""
    if scene.turn.kind is TurnKind.ILLUSTRATE or not step.beats:
        return step
    known = names_of(scene.cast)
    beats = list(step.beats)
    for newcomer in newcomers_in(step.prose, known, by_writer=False):
        if newcomer.name.casefold() in scene.turn.text.casefold() or len(known) >= MOST_IN_STORY:
            continue                           # whom the turn brought in came with the turn
        character = character_of(newcomer, owner_id=scene.turn.owner_id, story=scene.story, turn_id=scene.turn.turn_id)
        png = await asyncio.to_thread(draw_character_avatar, character.look)
        avatar = await library.keep_picture(png, owner_id=character.owner_id)
        await library.save_character(replace(character, avatar=avatar))
        await library.add_to_cast(scene.story.story_id, character.character_id)
        first = min(len(beats) - 1, newcomer.start * len(beats) // max(1, len(step.prose)))
        for index in range(first, len(beats)):
            if len(beats[index].cast) < MOST_IN_PICTURE:
                beats[index] = replace(beats[index], cast=(*beats[index].cast, CastMember(character.character_id)))
    return replace(step, beats=tuple(beats))


async def joined(library: Library, scene: Scene, step: StoryStep) -> tuple[Scene, tuple[CharacterId, ...]]:
    """The scene with those in its cast who came in with this very step, and who they are."""
    there = {character.character_id for character in scene.cast}
    new: dict[CharacterId, Character] = {}
    for member in (member for beat in step.beats for member in beat.cast):
        who = member.character_id
        if who not in there and who not in new and who.startswith(f"{BORN}{scene.turn.turn_id}-"):
            try:
                new[who] = await library.character(who)
            except NotFound:                   # left out meanwhile
                continue
    return (replace(scene, cast=(*scene.cast, *new.values())) if new else scene), tuple(new)
