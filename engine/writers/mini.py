"""The embedded writer: a few million parameters in GGUF, run by llama.cpp in this process.

It reads and writes the notation of `mini_text`. Because a page takes it a tenth of a second, it may write the same
page a few times and keep the best by rules: it takes up what the person wrote, spells every word, says nothing
twice. Blocking, one call at a time.
"""

from __future__ import annotations

import difflib
import hashlib
import random
import re
from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Final

from engine.nouns import Beat, CharacterId, Scene, StepId, StoryStep, StudioFailed, TurnKind
from engine.vocabulary import SETTINGS, SHOTS, TIMES, WEATHERS
from engine.ways.filling import bridge
from engine.writers.agreement import agreeing, strays
from engine.writers.correct import correct, picture_words, plan_by_rules, present, sentences, spoken_of, tidy
from engine.writers.lexicon import content_words, named_place, words_of
from engine.writers.mini_checks import contradictions, nonsense
from engine.writers.mini_reading import PageReader
from engine.writers.mini_text import (
    CONTROLS,
    MAX_CAST,
    PLAN,
    SAY,
    Segment,
    at_segments,
    cast_segments,
    parse_plan,
    plan_grammar,
    plan_segments,
    say_segments,
    turn_segments,
    unspaced,
)
from engine.writers.naming import Slots, clean_text
from engine.writers.opening import open_llama
from engine.writers.reading import dress, hidden_turn, people_of
from engine.writers.things import Things
from engine.writers.told import as_said, doings

MINI_GGUF: Final = Path(__file__).parent.parent / "mini" / "writer" / "writer.gguf"
#: The GGUF key that says a model reads this notation, and the words it knows how to spell.
NOTATION_KEY: Final = "storythread.notation"
NOTATION: Final = "mini-3"
WORDS_KEY: Final = "storythread.words"
NOUNS_KEY: Final = "storythread.nouns"
ADJECTIVES_KEY: Final = "storythread.adjectives"

CONTEXT: Final = 512
PROMPT_TOKENS: Final = 260
TURN_TOKENS: Final = 100
PROSE_TOKENS: Final = 100
PLAN_TOKENS: Final = 130
MAX_WORDS: Final = 80
#: So many pages back a story is read.
RECENT: Final = 6
PROSE_TRIES: Final = 10
PLAN_TRIES: Final = 3
#: A page this good by `_merit` is taken at once.
GOOD_ENOUGH: Final = 3.0
#: Temperature of the first try; each further one is a little freer.
COOLEST: Final = 0.3

#: The last resort, when no page of the model can be shown: {A} acts, {n} is what the turn is about.
LAST_RESORT: Final = (
    '{A} looked at the {n} with big eyes. "What a day," said {A}. And the story went on.',
    '"The {n}!" said {A}. {A} thought about it for a while and smiled.',
    'So it was, with the {n} and all. {A} took a deep breath and went on.',
)
LAST_RESORT_END: Final = ("{A} smiled and was glad. It had been a wonderful day. The end.",)


@dataclass(frozen=True, slots=True)
class _Page:
    """One try at the prose, in slots, and how good it is by the rules."""

    prose: str
    merit: float


class MiniWriter:
    """Goes on with a story in simple, warm English."""

    def __init__(self, path: Path = MINI_GGUF, *, threads: int = 0) -> None:
        """Load the model (about 0.1 s). Raises `StudioFailed` when the file is missing or not this notation."""
        if not path.is_file():
            raise StudioFailed(f"there is no writer at {path}", reason="studio_failed")
        self._llama: Any = open_llama(path, n_ctx=CONTEXT, n_batch=CONTEXT, n_threads=threads or None,
                                      n_threads_batch=threads or None, verbose=False)
        if self._llama.metadata.get(NOTATION_KEY) != NOTATION:
            raise StudioFailed(f"{path} does not read the mini writer's notation", reason="studio_failed")
        self._words = frozenset(str(self._llama.metadata.get(WORDS_KEY, "")).split())
        listed = str(self._llama.metadata.get(NOUNS_KEY, "")).split()
        self._nouns = {noun: sort for noun, _, sort in (one.partition("/") for one in listed)}
        self._adjectives = tuple(str(self._llama.metadata.get(ADJECTIVES_KEY, "")).split())
        self.name = f"mini-writer@{hashlib.sha256(path.read_bytes()).hexdigest()[:8]}"
        #: How often words or plan had to come from the rules alone since this writer was opened.
        self.last_resorts = 0
        self.rule_plans = 0

    def close(self) -> None:
        self._llama.close()

    def write(self, scene: Scene, *, seed: int, on_text: Callable[[str], None]) -> StoryStep:
        """One step; the same scene and seed give the same step."""
        # 1. Put the scene into the notation, with slots for names
        slots = Slots.of(scene)
        if scene.turn.kind is TurnKind.FILL:
            return _between(scene, seed=seed, on_text=on_text)
        if not slots.members:
            raise StudioFailed("a story needs somebody in it", reason="studio_failed")
        if scene.turn.kind is TurnKind.ILLUSTRATE:
            return self._pictured(scene, slots, seed=seed)
        prompt, turn_text, here, things = self._prompt(scene, slots)
        author = slots.author_slot(scene)
        # 2. Write a few pages, keep the best
        self._llama.reset()                # nothing of an earlier story, so that a seed decides alone
        prose = self._prose(scene, slots, things, prompt, turn_text, author, here, seed)
        # 3. Say it, as it would have been written
        shown = slots.show(prose)
        for grown in _growing(shown):
            on_text(grown)
        # 4. Plan the pictures under the grammar, and let the rules agree
        beats = self._plan(scene, slots, things, prompt, prose, turn_text, author, here, seed)
        beats = dress(beats, scene, slots, turn_text=turn_text, prose=prose)
        beats = tuple(replace(beat, words=picture_words(beat)) for beat in beats)
        return StoryStep(StepId(f"{scene.turn.turn_id}-step"), scene.story.story_id, scene.turn.turn_id, shown,
                         slots.show_beats(beats), parent=scene.story.head,
                         closes_story=scene.turn.kind is TurnKind.END)

    def plan_of(self, scene: Scene, prose: str, *, seed: int) -> tuple[Beat, ...]:
        """The pictures this writer plans for a page that somebody else wrote."""
        slots = Slots.of(scene)
        prompt, turn_text, here, things = self._prompt(scene, slots)
        self._llama.reset()
        beats = self._plan(scene, slots, things, prompt, slots.hide(clean_text(prose)), turn_text,
                           slots.author_slot(scene), here, seed)
        return slots.show_beats(dress(beats, scene, slots, turn_text=turn_text, prose=slots.hide(clean_text(prose))))

    def _pictured(self, scene: Scene, slots: Slots, *, seed: int) -> StoryStep:
        """A page of a text that is there: its words as they stand, read as a turn is, and the picture of them."""
        as_turn = replace(scene, turn=replace(scene.turn, kind=TurnKind.WRITE))
        prompt, text, here, things = self._prompt(as_turn, slots)
        self._llama.reset()
        author = slots.author_slot(scene)
        first_person = bool(re.search(r"\b(?:I|I'm|me|my|we)\b", text)) and not _quoted_only(text)
        plain = plan_by_rules(turn="", prose=text, author=author, here=here, slots=slots.ids,
                              first_person=first_person)[0]
        beats = self._plan(scene, slots, things, prompt, text, text, author, here, seed)
        beats = tuple(_as_told(beat, plain, doings(text)) for beat in beats[:scene.max_panels])
        beats = dress(beats, scene, slots, turn_text=text, prose=text)
        beats = tuple(replace(beat, words=picture_words(beat)) for beat in beats)
        return StoryStep(StepId(f"{scene.turn.turn_id}-step"), scene.story.story_id, scene.turn.turn_id,
                         scene.turn.text, slots.show_beats(beats), parent=scene.story.head)

    # --- the prompt --------------------------------------------------------------------------------

    def _tokens(self, segments: Sequence[Segment]) -> list[int]:
        tokens: list[int] = []
        for sort, text in segments:
            tokens += [CONTROLS.index(text)] if sort == "control" else self._llama.tokenize(
                text.encode(), add_bos=False, special=False)
        return tokens

    def _prompt(self, scene: Scene, slots: Slots) -> tuple[list[int], str, Beat | None, Things]:
        """Tokens up to and with `<say>`, the turn with slots for names and pronouns, the last beat drawn before, the
        things at hand."""
        author = slots.author_slot(scene) or ""
        by_name = {member.name: slots.slot_of(member.character_id) for member in scene.members}
        owners = {member.name: member.owner_id for member in scene.members}
        reader = PageReader({slot: character.pronouns.value for slot, character, _ in slots.members}, self._nouns,
                            self._adjectives, people_of(scene, slots))
        turns: list[str] = []
        for past in scene.past:
            recent = len(scene.past) - len(turns) <= RECENT
            text = self._fitted(slots.hide(clean_text(past.text)), 40) if recent else ""
            turns.append(reader.turn(text, by_name.get(past.author), owners.get(past.author, ""))
                         if recent else "")
            if recent:
                reader.prose(slots.hide(clean_text(past.prose)))
        turn_text = reader.turn(self._fitted(hidden_turn(scene, slots)), slots.author_slot(scene),
                                scene.turn.owner_id)
        things = reader.things
        head = self._tokens(cast_segments((slot, character.look.kind, character.pronouns.value)
                                          for slot, character, _ in slots.members))
        last = self._tokens([*turn_segments(scene.turn.kind.value, author, things.hide(turn_text)), ("control", SAY)])
        pages: list[list[int]] = []
        room = PROMPT_TOKENS - len(head) - len(last) - 8
        first = len(scene.past)
        for index in range(len(scene.past) - 1, max(-1, len(scene.past) - 1 - RECENT), -1):
            past = scene.past[index]
            text = turns[index]
            page = self._tokens([
                *turn_segments("write" if text else "next_page", (by_name.get(past.author) or "") if text else "",
                               things.hide(text)),
                *say_segments(things.hide(slots.hide(clean_text(past.prose)))),
                *plan_segments(_drawable(slots.hide_beats(past.beats)))])
            if len(page) > room:
                break
            room -= len(page)
            pages.insert(0, page)
            first = index
        beats = [beat for past in scene.past for beat in _drawable(slots.hide_beats(past.beats))]
        before = [beat for past in scene.past[:first] for beat in _drawable(slots.hide_beats(past.beats))]
        here = beats[-1] if beats else None
        start = before[-1] if before else None
        if not scene.past and scene.settings and scene.settings[-1].kind in SETTINGS:
            place = scene.settings[-1]     # a story that starts from a known place
            here = start = Beat("", (), place.kind, slots.hide(place.name))
        tokens = [*head, *self._tokens(at_segments(start)), *(one for page in pages for one in page), *last]
        return tokens, turn_text, here, things

    def _fitted(self, text: str, tokens: int = TURN_TOKENS) -> str:
        """The last sentences of a long text, as many as the model can read."""
        kept = ""
        for part in reversed(re.split(r"(?<=[.!?]) +", text)):
            longer = f"{part} {kept}".strip()
            if len(self._tokens([("text", longer)])) > tokens:
                break
            kept = longer
        if kept or not text:
            return kept
        words = text.split()
        while words and len(self._tokens([("text", " ".join(words))])) > tokens:
            words = words[len(words) // 4 + 1:]
        return " ".join(words)

    # --- the prose ---------------------------------------------------------------------------------

    def _prose(self, scene: Scene, slots: Slots, things: Things, prompt: list[int], turn_text: str,
               author: CharacterId | None, here: Beat | None, seed: int) -> str:
        known = self._words | set(words_of(turn_text)) | {word for noun in things.known for word in noun.split()}
        said = []
        for past in scene.past[-8:]:
            text = slots.hide(clean_text(past.prose))
            said += [part.casefold() for part in sentences(text)]
            known |= set(words_of(text)) | set(words_of(past.text))
        pronouns = {str(slot): character.pronouns.value for slot, character, _ in slots.members}
        best: _Page | None = None
        for attempt in range(PROSE_TRIES):
            text = self._generate(prompt, PROSE_TOKENS, seed=_seed(seed, "prose", attempt),
                                  temperature=COOLEST + 0.05 * attempt)
            told = things.show(unspaced(text))
            if told is None:               # it speaks of a thing that is not there
                continue
            text = agreeing(_spelled(told, known, content_words(turn_text)), pronouns)
            page = self._judged(text, scene, slots, turn_text, author, here, known, said)
            if page is not None:
                faults = [*contradictions(things.hide(text), things.hide(turn_text), here),
                          *nonsense(things.hide(text), things.hide(turn_text))]
                page = replace(page, merit=page.merit - 2.0 * len(faults))
            if page is not None and (best is None or page.merit > best.merit):
                best = page
            if best is not None and best.merit >= GOOD_ENOUGH:
                break
        if best is not None:
            return best.prose
        self.last_resorts += 1
        chance = random.Random(_seed(seed, "last resort", 0))
        who = next(iter([*present(turn_text), *([author] if author else []), *slots.ids]))
        about = content_words(turn_text)
        endings = LAST_RESORT_END if scene.turn.kind is TurnKind.END else LAST_RESORT
        filled = [one.replace("{A}", who).replace("{n}", about[-1] if about else "day") for one in endings]
        fresh = [one for one in filled if not {part.casefold() for part in sentences(one)} & set(said)]
        return chance.choice(fresh or filled)

    def _judged(self, text: str, scene: Scene, slots: Slots, turn_text: str, author: CharacterId | None,
                here: Beat | None, known: frozenset[str] | set[str], said: list[str]) -> _Page | None:
        """None for a page that must not be shown; else the page with its merit."""
        closing = scene.turn.kind is TurnKind.END
        if closing and text and not re.search(r"\b(the end|ever after|good night)\b", text.casefold()):
            text = f"{text} The end."
        # What it said a few pages ago it need not say again.
        parts = [part for part in sentences(text) if part.casefold() not in said or len(part.split()) <= 3]
        dropped = len(sentences(text)) - len(parts)
        text = " ".join(parts)
        low = [part.casefold() for part in parts]
        words = text.split()
        if not 4 <= len(words) <= MAX_WORDS or text[-1] not in '.!?"' or text.count('"') % 2 or "\ufffd" in text:
            return None
        if len(set(low)) < len(low):
            return None                    # says the same thing twice
        grams = [tuple(words[index:index + 4]) for index in range(len(words) - 3)]
        if len(set(grams)) < len(grams) - 1 or not set(spoken_of(text)) <= set(slots.ids):
            return None
        about = content_words(turn_text)
        stems = {_stem(word) for word in words_of(text)}
        taken_up = sum(_stem(word) in stems for word in about)
        misspelt = sum(word not in known and _stem(word) not in known for word in words_of(text))
        # Whoever the turn names goes on acting; where it names nobody, its writer's own character may.
        expected = set(spoken_of(turn_text)) or ({author} if author else set())
        at_hand = expected | ({member.character_id for member in here.cast} if here else set())
        named = set(spoken_of(text))
        pronouns = {str(slot): character.pronouns.value for slot, character, _ in slots.members
                    if slot in named | at_hand}
        doubled = len(re.findall(r'(ID_\d)(?!\'s)(?=[^.!?"]*[a-z ] \1(?!\'s))', text))
        merit = (1.0 if taken_up or not about else 0.0) - 3.0 * misspelt - 1.0 * dropped
        merit += 1.5 if named & expected or not expected else 0.0
        first = spoken_of(text)[:1]
        merit -= 0.6 if expected and first and first[0] not in expected else 0.0
        merit -= 1.0 * len(named - at_hand) if at_hand else 0.0
        merit -= 2.0 * strays(text, pronouns) + 1.5 * doubled
        merit += 0.5 if 2 <= len(parts) <= 5 else -1.0
        return _Page(text, merit)

    # --- the plan ----------------------------------------------------------------------------------

    def _plan(self, scene: Scene, slots: Slots, things: Things, prompt: list[int], prose: str, turn_text: str,
              author: CharacterId | None, here: Beat | None, seed: int) -> tuple[Beat, ...]:
        tokens = [*prompt, *self._tokens(say_segments(things.hide(prose)))[1:], CONTROLS.index(PLAN)]
        most = 1 if scene.turn.kind is TurnKind.END else max(1, min(scene.max_panels, 2))
        grammar = plan_grammar(slots.ids, most, min(MAX_CAST, len(slots.ids)))
        first_person = bool(re.search(r"\b(?:I|I'm|me|my|we)\b", turn_text)) and not _quoted_only(turn_text)
        for attempt in range(PLAN_TRIES):
            text = self._generate(tokens, PLAN_TOKENS, seed=_seed(seed, "plan", attempt), temperature=0.25,
                                  grammar=grammar)
            try:
                beats = parse_plan(text, slots.ids)
            except ValueError:             # cut off at the token limit: a fresh seed
                continue
            beats = correct(beats, turn=turn_text, prose=prose, author=author, here=here, slots=slots.ids,
                            first_person=first_person)
            place = named_place(turn_text)
            began = len(beats) - 1 if place and beats[0].setting_kind != place else 0
            beats = tuple(tidy(beat) for beat in as_said(beats, turn_text, at=began))
            return tuple(_at(beat, here) for beat in _distinct(beats))
        self.rule_plans += 1
        return plan_by_rules(turn=turn_text, prose=prose, author=author, here=here, slots=slots.ids,
                             first_person=first_person)

    def _generate(self, tokens: list[int], limit: int, *, seed: int, temperature: float, grammar: str = "") -> str:
        """Sample until a control token, or `limit` tokens. KV of the common prefix is reused by llama.cpp."""
        from llama_cpp import LlamaGrammar

        self._llama.set_seed(seed)
        limit = min(limit, CONTEXT - len(tokens) - 1)
        new: list[int] = []
        stream: Iterator[int] = self._llama.generate(
            tokens, temp=temperature, top_k=40, top_p=0.92, min_p=0.04,
            grammar=LlamaGrammar.from_string(grammar, verbose=False) if grammar else None)
        for token in stream:
            if token < len(CONTROLS) or len(new) >= limit:
                break
            new.append(token)
        return bytes(self._llama.detokenize(new, special=False)).decode("utf-8", "replace")


def _as_told(beat: Beat, plain: Beat, said: Collection[CharacterId] = ()) -> Beat:
    """The model's picture of a given text, where the text's own words decide.

    A text that somebody wrote says who, where and when; rules read that better than a small model, which reads poses
    and feelings better than rules. `plain` is what the rules alone make of it, `said` whose pose a clause of the text
    has settled.
    """
    planned = {member.character_id: member for member in beat.cast}
    cast = []
    for member in plain.cast:
        posed = planned.get(member.character_id, member)
        if member.character_id in said:    # posed by its clause already
            cast.append(posed)
            continue
        if member.action != "stands" and posed.action != member.action:
            posed = replace(posed, action=member.action, toward=member.toward, holding=member.holding)
        cast.append(posed if member.mood == "calm" else replace(posed, mood=member.mood))
    there = {member.character_id for member in cast}
    cast = [member if member.toward in there else replace(member, toward=None) for member in cast]
    return tidy(replace(plain, cast=tuple(cast), shot=beat.shot,
                        props=tuple(dict.fromkeys((*plain.props, *beat.props)))[:2]))


def _between(scene: Scene, *, seed: int, on_text: Callable[[str], None]) -> StoryStep:
    """A page between two others, by rules: this model reads only backwards."""
    cast = {character.character_id: character for character in scene.cast}
    before, after = scene.past[-1].beats if scene.past else (), scene.leads_to.beats if scene.leads_to else ()
    prose, beat = bridge(before, after, cast, seed=seed)
    for grown in _growing(prose):
        on_text(grown)
    slots = Slots.of(scene)
    beat = replace(beat, words=slots.show(picture_words(slots.hide_beats((beat,))[0])))
    return StoryStep(StepId(f"{scene.turn.turn_id}-step"), scene.story.story_id, scene.turn.turn_id, prose, (beat,),
                     parent=scene.story.head)


def _seed(seed: int, what: str, attempt: int) -> int:
    digest = hashlib.sha256(f"{seed}/{what}/{attempt}".encode()).digest()
    return int.from_bytes(digest[:4], "big") & 0x7FFFFFFF


def _stem(word: str) -> str:
    """"shells" and "shell's" count as "shell"."""
    return re.sub(r"('s|es|s)$", "", word) if len(word) > 3 else word


def _growing(text: str) -> Iterator[str]:
    """The text whole-so-far, growing by a word."""
    for found in re.finditer(r"\S+\s*", text):
        yield text[:found.end()].rstrip()


def _spelled(text: str, known: set[str] | frozenset[str], about: Sequence[str]) -> str:
    """Put right a word the model copied with a slip: "pumpket" for the turn's "pumpkin"."""
    def put_right(found: re.Match[str]) -> str:
        word = found[0]
        if word.casefold() in known or len(word) < 4:
            return word
        close = difflib.get_close_matches(word.casefold(), about, n=1, cutoff=0.6)
        if not close:
            return word
        return close[0].capitalize() if word[0].isupper() else close[0]

    return re.sub(r"(?<![\w_'])[A-Za-z][a-z'-]*[a-z]", put_right, text)


def _quoted_only(text: str) -> bool:
    """True when every "I" of the text stands inside quotation marks: somebody in the story says it."""
    return not re.search(r"\b(?:I|I'm|me|my|we)\b", re.sub(r'"[^"]*"', "", text))


def _drawable(beats: Sequence[Beat]) -> list[Beat]:
    """Beats as the notation can hold them: words of the vocabulary, at most four people, at most two beats."""
    kept = []
    for beat in beats[-2:]:
        if beat.setting_kind not in SETTINGS or beat.time_of_day not in TIMES or beat.weather not in WEATHERS:
            continue
        members = beat.cast[:MAX_CAST]
        kept.append(replace(beat, cast=members, shot=beat.shot if beat.shot in SHOTS else "wide", props=beat.props[:2]))
    return kept


def _distinct(beats: Sequence[Beat]) -> list[Beat]:
    """No two pictures of one page show the very same."""
    return [beat for index, beat in enumerate(beats) if beat not in beats[:index]]


def _at(beat: Beat, here: Beat | None) -> Beat:
    """"" for a name means: where we are. A room that was somebody's stays theirs."""
    if not beat.setting_name and here is not None and here.setting_kind == beat.setting_kind:
        return replace(beat, setting_name=here.setting_name if "ID_" in here.setting_name else "")
    return beat
