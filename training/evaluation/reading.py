"""From captions to planned panels by the engine's own rules: who is meant, who is there, where it plays.

Names become slots (`engine.writers.naming`), pronouns are resolved (`engine.meaning.pronouns`), the rules behind
every writer plan the picture (`engine.writers.correct.plan_by_rules`), the planner lays it out. No model takes part,
so that what is measured is the reading and the painting, not the mini writer's prose.
"""

from __future__ import annotations

from collections.abc import Sequence

from engine.meaning.pronouns import Focus, resolve
from engine.nouns import Beat, CharacterId, PanelBrief, Setting
from engine.writers.correct import plan_by_rules
from engine.writers.mini_text import slot
from engine.writers.naming import Slots, clean_name, clean_text
from training.evaluation.stories import HeldOutStory, brief_of


def read_captions(story: HeldOutStory, captions: Sequence[str]) -> list[Beat]:
    """One beat a caption, with character ids; each is read knowing only those before it."""
    slots = Slots(tuple((slot(number), character, clean_name(character.name))
                        for number, character in enumerate(story.cast, 1)))
    classes: dict[CharacterId, str] = {slot_id: character.pronouns.value for slot_id, character, _ in slots.members}
    focus: Focus | None = None
    here: Beat | None = None
    beats = []
    for caption in captions:
        resolved = resolve(slots.hide(clean_text(caption)), classes, focus=focus)
        focus = resolved.focus
        here = plan_by_rules(turn=resolved.text, prose="", author=None, here=here, slots=slots.ids,
                             first_person=False)[0]
        beats += slots.show_beats([here])
    return beats


def briefs_of(story: HeldOutStory, beats: Sequence[Beat]) -> list[PanelBrief]:
    """The briefs of a story's beats, one panel each."""
    known: list[Setting] = []
    return [brief_of(story.story, index, beat, story.by_id, known) for index, beat in enumerate(beats)]


def planned(story: HeldOutStory, captions: Sequence[str]) -> list[PanelBrief]:
    """The briefs of a story's captions, as the engine would paint them."""
    return briefs_of(story, read_captions(story, captions))
