"""Measures the mini writer on held-out stories whose truth the plot simulator knows, and writes its model card.

A writer answers one step of each story, through the same door as in the bot. Another writer's answers can be judged
alike: its scenes are dumped, its steps are read back (two pickles of this project's own making).
"""

from __future__ import annotations

import json
import pickle
import random
import re
import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Final

import numpy as np
import textstat

from engine.nouns import (
    Beat,
    Character,
    CharacterId,
    Look,
    Member,
    OwnerId,
    Past,
    Pronouns,
    Scene,
    ServerId,
    Setting,
    SettingId,
    Story,
    StoryId,
    StoryStep,
    Turn,
    TurnId,
    TurnKind,
    VenueId,
)
from engine.writers.correct import sentences
from engine.writers.lexicon import words_of
from engine.writers.mini import MiniWriter
from engine.writers.mini_checks import contradictions, nonsense
from engine.writers.mini_reading import PageReader
from engine.writers.things import Things
from training.plots.inventory import events
from training.plots.judging import Judged, judge
from training.plots.story import Exchange, PlotStory, tell_story
from training.plots.words import classes
from training.writer_pages import listed_nouns

FIRST_SEED: Final = 5000
#: Turns a person would type, for the samples of the model card: (who, what); "I" is Mia for Anna and Bo for Ben.
TYPED: Final = (
    ("anna", "Mia and Bo wake up in the castle. It is snowing outside!"),
    ("ben", "Bo finds a purple xylofrog under the table."),
    ("anna", "I want to fly to the moon with the xylofrog"),
    ("ben", "Suddenly a hungry crocodile comes out of the water and steals the sandwich"),
    ("anna", "Grandma Rose gives the crocodile some pancakes and they all become friends."),
    ("ben", "They build a spaceship out of spaghetti"),
    ("anna", "Mia is scared of the thunder so Bo holds her hand"),
    ("ben", "lets go swimming!!!"),
    ("anna", "Bo lost his red kite. He is very sad."),
    ("ben", "Grandma Rose tells a story about a dragon who could not sleep"),
)


@dataclass(frozen=True)
class Case:
    """One step to write: the story, which exchange, the names its slots have, and the scene before it."""

    seed: int
    index: int
    names: dict[str, str]                  # slot -> name
    scene: Scene


def cases(stories: int) -> list[tuple[PlotStory, Case]]:
    """One step of each of so many held-out stories."""
    rng = random.Random(7)
    found = []
    for seed in range(FIRST_SEED, FIRST_SEED + stories):
        story = tell_story(seed)
        index = rng.randrange(len(story.exchanges))
        names = rng.sample([name for name in classes()["name"] if name != "Emil"], len(story.cast))
        table = {slot: name for (slot, _, _), name in zip(story.cast, names, strict=True)}
        found.append((story, Case(seed, index, table, as_scene(story, index, table))))
    return found


def as_scene(story: PlotStory, index: int, names: dict[str, str]) -> Scene:
    """The scene before exchange `index` of a simulated story, with real names."""

    def named(text: str) -> str:
        return re.sub(r"ID_\d", lambda found: names[found[0]], text)

    cast = tuple(
        Character(CharacterId(slot), OwnerId(f"o{slot}"), names[slot], Pronouns(pronoun), Look(kind=kind))
        for slot, kind, pronoun in story.cast)
    past = tuple(
        Past(done.author or "A", named(done.text), named(done.prose),
             tuple(replace(beat, words="") for beat in done.beats))
        for done in story.exchanges[:index])
    # Everybody who ever writes with a character of their own is a member; "A" has none.
    members = (Member(OwnerId("o"), "A", 0, None),
               *(Member(OwnerId(f"o{slot}"), slot, number, CharacterId(slot))
                 for number, (slot, _, _) in enumerate(story.cast, 1)))
    one = story.exchanges[index]
    owner = OwnerId(f"o{one.author}") if one.author else OwnerId("o")
    turn = Turn(TurnId("t"), StoryId("s"), owner, one.author or "A", named(one.text), TurnKind(one.kind))
    settings: tuple[Setting, ...] = ()
    if story.start is not None:
        settings = (Setting(SettingId("p"), story.start.setting_kind, named(story.start.setting_name), 0),)
    book = Story(StoryId("s"), VenueId("v"), ServerId(""), OwnerId("o"), "T")
    return Scene(book, turn, cast, members, settings, past)


# --- answers ---------------------------------------------------------------------------------------


def answers(writer: MiniWriter, wanted: Sequence[Case]) -> tuple[list[StoryStep], dict[str, Any]]:
    """A step for each case, and what it took."""
    steps, seconds, busy = [], [], []
    for case in wanted:
        clock, used = time.perf_counter(), time.process_time()
        steps.append(writer.write(case.scene, seed=case.seed, on_text=lambda _: None))
        seconds.append(time.perf_counter() - clock)
        busy.append(time.process_time() - used)
    return steps, {
        "writer": writer.name,
        "valid_plan_share": round(1 - writer.rule_plans / len(steps), 4),
        "last_resort_share": round(writer.last_resorts / len(steps), 4),
        "seconds_median": round(float(np.median(seconds)), 3),
        "processor_seconds_median": round(float(np.median(busy)), 3),
        "processor_seconds_p95": round(float(np.percentile(busy, 95)), 3),
    }


def plans_of_true_pages(writer: MiniWriter, told: Sequence[tuple[PlotStory, Case]]) -> dict[str, Any]:
    """The plan the writer gives for the simulator's own prose, against the true plan."""
    exact = hits = guessed = true = places = skies = actions = moods = members = pages = owners = 0
    forms: Counter[str] = Counter()
    right: Counter[str] = Counter()
    for story, case in told:
        one = story.exchanges[case.index]
        beats = writer.plan_of(case.scene, _named(one.prose, case.names), seed=case.seed)
        wanted = {member.character_id: member for beat in one.beats for member in beat.cast}
        got = {member.character_id: member for beat in beats for member in beat.cast}
        pages += 1
        exact += set(got) == set(wanted)
        both = set(got) & set(wanted)
        hits, guessed, true = hits + len(both), guessed + len(got), true + len(wanted)
        places += beats[-1].setting_kind == one.beats[-1].setting_kind
        skies += (beats[-1].time_of_day, beats[-1].weather) == (one.beats[-1].time_of_day, one.beats[-1].weather)
        owners += len(beats) == len(one.beats)
        for who in both:
            members += 1
            actions += got[who].action == wanted[who].action
            moods += got[who].mood == wanted[who].mood
        for mention in one.turn_mentions:
            if mention.form != "owner" and set(mention.who) <= set(wanted):
                forms[mention.form] += 1
                right[mention.form] += set(mention.who) <= set(got)
    return {
        "plan_cast_exact": round(exact / pages, 4),
        "plan_cast_f1": round(2 * hits / (guessed + true), 4),
        "plan_place": round(places / pages, 4),
        "plan_time_and_weather": round(skies / pages, 4),
        "plan_action": round(actions / max(1, members), 4),
        "plan_mood": round(moods / max(1, members), 4),
        "plan_number_of_pictures": round(owners / pages, 4),
        "mention_in_plan": {form: f"{right[form] / count:.3f} of {count}" for form, count in sorted(forms.items())},
    }


def mentions_read(stories: int) -> dict[str, str]:
    """Mention-to-character accuracy of the reading that stands before the model, on turns, by class."""
    forms: Counter[str] = Counter()
    right: Counter[str] = Counter()
    from engine.meaning.pronouns import resolve

    for seed in range(FIRST_SEED, FIRST_SEED + stories):
        story = tell_story(seed)
        pronouns = {CharacterId(slot): pronoun for slot, _, pronoun in story.cast}
        focus = None
        for one in story.exchanges:
            read = resolve(one.text, pronouns, focus=focus, author=CharacterId(one.author) if one.author else None)
            meant = {found.start: set(found.who) for found in read.meant}
            for mention in one.turn_mentions:
                if mention.form in ("name", "owner"):
                    continue
                forms[mention.form] += 1
                right[mention.form] += meant.get(mention.start) == set(mention.who)
            focus = resolve(one.prose, pronouns, focus=read.focus).focus
    return {form: f"{right[form] / count:.3f} of {count}" for form, count in sorted(forms.items())}


# --- judging ---------------------------------------------------------------------------------------


def _named(text: str, names: dict[str, str]) -> str:
    return re.sub(r"ID_\d", lambda found: names[found[0]], text)


def _slotted(text: str, names: dict[str, str]) -> str:
    for slot, name in names.items():
        text = re.sub(rf"\b{re.escape(name)}\b", slot, text)
    return text


@dataclass
class _Tally:
    """Counts of a run of judged pages."""

    count: Counter[str]
    grams: dict[int, list[tuple[str, ...]]]
    proses: list[str]

    def share(self, part: str, whole: str) -> float:
        return round(self.count[part] / max(1, self.count[whole]), 4)


def judged(told: Sequence[tuple[PlotStory, Case]], steps: Sequence[StoryStep]) -> dict[str, Any]:
    """The figures of a writer's steps, whoever wrote them."""
    tally = _Tally(Counter(), {1: [], 2: [], 3: []}, [])
    for (story, case), step in zip(told, steps, strict=True):
        _judge_one(tally, story, case, step)
    share, count = tally.share, tally.count
    prose = " ".join(tally.proses)
    return {
        "steps": count["steps"],
        "next_event_plausible": share("follows", "written"),
        "of_a_page_for_another_turn": share("follows another", "written"),
        "sentences_the_simulator_knows": share("known", "sentences"),
        "roles_kept": share("roles kept", "roles"),
        "contradictions": share("contradicts", "steps"),
        "contradictions_by_kind": {kind[12:]: number for kind, number in sorted(count.items())
                                   if kind.startswith("contradicts:")},
        "things_that_speak": share("nonsense", "steps"),
        "loops": share("loops", "steps"),
        "cast_is_who_is_named": share("cast is named", "steps"),
        "turns_with_a_thing": count["things"],
        "takes_up_a_thing": share("taken up", "things"),
        "new_words_copied": f"{count['new copied']} of {count['new']}",
        "ends_when_asked": f"{count['ended']} of {count['to end']}",
        "ends_unasked": share("ended unasked", "not to end"),
        "moves_to_the_place": f"{count['moved']} of {count['to move']}",
        "distinct_1_2_3": [round(len(set(some)) / max(1, len(some)), 4) for some in tally.grams.values()],
        "distinct_pages": round(len(set(tally.proses)) / max(1, len(tally.proses)), 4),
        "words_a_page": round(sum(len(one.split()) for one in tally.proses) / max(1, len(tally.proses)), 1),
        "reading_grade": round(float(textstat.flesch_kincaid_grade(prose)), 2),
        "reading_ease": round(float(textstat.flesch_reading_ease(prose)), 1),
    }


def _judge_one(tally: _Tally, story: PlotStory, case: Case, step: StoryStep) -> None:
    count, one = tally.count, story.exchanges[case.index]
    count["steps"] += 1
    prose = _slotted(step.prose, case.names)
    low = step.prose.casefold()
    parts = [part.casefold() for part in sentences(step.prose)]
    words = low.split()
    grams = [tuple(words[at:at + 5]) for at in range(len(words) - 4)]
    recent = {part.casefold() for past in case.scene.past[-2:] for part in sentences(past.prose)
              if len(part.split()) > 3}
    count["loops"] += len(set(parts)) < len(parts) or len(set(grams)) < len(grams) or bool(recent & set(parts))
    if one.kind == "write":
        _judge_sense(count, one, judge(prose))
    _judge_faults(count, story, case, step, prose)
    named = {slot for slot, name in case.names.items() if name in step.prose or name in case.scene.turn.text}
    named |= {who for mention in one.turn_mentions for who in mention.who if mention.form != "owner"}
    count["cast is named"] += named == {member.character_id for beat in step.beats for member in beat.cast}
    about = Things(listed_nouns(), classes()["adjective"]).found(one.text)
    if about:
        count["things"] += 1
        count["taken up"] += any(noun in low for noun in about)
    known = {word for some in classes().values() for word in some}
    for noun in one.nouns:                 # of the turn's last event
        if noun.casefold().split()[-1] not in known:
            count["new"] += 1
            count["new copied"] += noun[:-1].casefold() in low
    ended = re.search(r"\b(?:the end|ever after|good night|end of the story)\b", low) is not None
    if one.kind == "end":
        count["to end"] += 1
        count["ended"] += ended and step.closes_story
    else:
        count["not to end"] += 1
        count["ended unasked"] += ended or step.closes_story
    before = one_before(story, case.index)
    if before is not None and one.kind == "write" and one.beats[-1].setting_kind != before.setting_kind:
        count["to move"] += 1
        count["moved"] += step.beats[-1].setting_kind == one.beats[-1].setting_kind
    tally.proses.append(step.prose)
    for size, some in tally.grams.items():
        some += zip(*(words_of(step.prose)[start:] for start in range(size)), strict=False)


def _judge_sense(count: Counter[str], one: Exchange, page: Judged) -> None:
    of = frozenset(one.events)
    count["written"] += 1
    count["follows"] += page.follows(of)
    # By chance: is the same page an answer to some other turn? Events are few, so a little is.
    other = frozenset(tell_story(count["written"]).exchanges[0].events)
    count["follows another"] += page.follows(other) and not other & of
    count["known"] += len(page.known)
    count["sentences"] += len(page.known) + len(page.unknown)
    kept, all_lines = page.roles_kept(frozenset(one.events[-1:]), dict(one.roles))
    count["roles kept"] += kept
    count["roles"] += all_lines


def _judge_faults(count: Counter[str], story: PlotStory, case: Case, step: StoryStep, prose: str) -> None:
    one = story.exchanges[case.index]
    reader = PageReader({CharacterId(slot): pronoun for slot, _, pronoun in story.cast}, listed_nouns(),
                        classes()["adjective"])
    for done in story.exchanges[:case.index]:
        reader.turn(done.text, CharacterId(done.author) if done.author else None)
        reader.prose(done.prose)
    turn = reader.turn(one.text, CharacterId(one.author) if one.author else None)
    hidden, asked = reader.things.hide(prose), reader.things.hide(turn)
    faults = contradictions(hidden, asked, one_before(story, case.index))
    # Of the last two turns the simulator knows more: who is away, and who has the thing.
    away = {who for past in story.exchanges[max(0, case.index - 1):case.index + 1]
            if past.events[-1:] == ("missing",) for role, who in past.roles if role == "C"}
    if one.events[-1] == "missing":
        faults += ["who is away acts"] if any(
            re.search(rf"(?:^|[.!?] ){who} (?!was)", re.sub(r'"[^"]*"', "", prose)) for who in away) else []
    shown = {member.character_id for beat in step.beats for member in beat.cast}
    faults += ["who is away is drawn"] if away & shown and one.events[-1] == "missing" else []
    count["contradicts"] += bool(faults)
    for fault in set(faults):
        count[f"contradicts:{fault}"] += 1
    count["nonsense"] += bool(nonsense(hidden, asked))


def one_before(story: PlotStory, index: int) -> Beat | None:
    return story.exchanges[index - 1].beats[-1] if index else story.start


# --- samples and the card --------------------------------------------------------------------------


def samples(writer: MiniWriter, simulated: Sequence[tuple[str, str]]) -> list[dict[str, str]]:
    """Ten continuations of one story of turns a person would type, and ten of held-out stories; the first seed."""
    cast = (
        Character(CharacterId("a"), OwnerId("anna"), "Mia", Pronouns.SHE, Look(kind="girl")),
        Character(CharacterId("b"), OwnerId("ben"), "Bo", Pronouns.HE, Look(kind="bear")),
        Character(CharacterId("c"), OwnerId("ben"), "Grandma Rose", Pronouns.SHE, Look(kind="grandmother")),
    )
    members = (
        Member(OwnerId("anna"), "Anna", 0, CharacterId("a")),
        Member(OwnerId("ben"), "Ben", 1, CharacterId("b")),
    )
    story = Story(StoryId("s"), VenueId("v"), ServerId(""), OwnerId("anna"), "T")
    past: list[Past] = []
    told = []
    for number, (who, text) in enumerate(TYPED):
        turn = Turn(TurnId(f"t{number}"), StoryId("s"), OwnerId(who), who.title(), text)
        step = writer.write(Scene(story, turn, cast, members, (), tuple(past)), seed=number, on_text=lambda _: None)
        past.append(Past(who.title(), text, step.prose, step.beats))
        told.append({"turn": text, "prose": step.prose, "pictures": " / ".join(beat.words for beat in step.beats)})
    return told + [{"turn": "", "before": turn, "prose": prose, "pictures": ""} for turn, prose in simulated]


def measure(run: Path, out: Path, *, gguf: Path, stories: int, dump: Path | None, answers_of: Path | None) -> None:
    """The figures, and with the shipped weights the card; or the scenes for, or the answers of, another writer."""
    told = cases(stories)
    if dump is not None:
        dump.write_bytes(pickle.dumps([(case.scene, case.seed) for _, case in told]))
        return
    if answers_of is not None:
        steps: list[StoryStep] = pickle.loads(answers_of.read_bytes())
        found = judged(told, steps)
        (run / "figures-before.json").write_text(json.dumps(found, indent=1))
        print(json.dumps(found, indent=1))
        return
    writer = MiniWriter(gguf, threads=1)
    steps, took = answers(writer, [case for _, case in told])
    figures = {**took, **judged(told, steps), **plans_of_true_pages(writer, told),
               "mention_to_character_by_reading": mentions_read(stories)}
    shown = [(case.scene.turn.text, step.prose) for (_, case), step in zip(told, steps, strict=True)
             if case.scene.turn.kind is TurnKind.WRITE][:10]
    figures["samples"] = samples(writer, shown)
    writer.close()
    (run / "figures.json").write_text(json.dumps(figures, indent=1, ensure_ascii=False))
    print(json.dumps(figures, indent=1, ensure_ascii=False))
    write_card(run, out, figures, run / "figures-before.json" if (run / "figures-before.json").exists() else None)


def write_card(run: Path, out: Path, figures: dict[str, Any], before: Path | None) -> None:
    """The model card beside the weights, from the template, the last export, these figures and an earlier writer's."""
    told = json.loads((run / "export.json").read_text())

    def shown(value: Any) -> str:
        if isinstance(value, dict):
            return ", ".join(f"{key} {one}" for key, one in value.items())
        return ", ".join(map(str, value)) if isinstance(value, list) else str(value)

    other = json.loads(before.read_text()) if before is not None else {}
    rows = [f"| {key.replace('_', ' ')} | {shown(value)} | {shown(other.get(key, ''))} |"
            for key, value in figures.items() if key != "samples"]
    typed = [f"> {one['turn']}\n\n{one['prose']}\n\n*{one['pictures']}*\n" for one in figures["samples"] if one["turn"]]
    simulated = [f"> {one['before']}\n\n{one['prose']}\n" for one in figures["samples"] if not one["turn"]]
    values = {key: str(value) for key, value in told.items()} | {
        "comparison": ", ".join(f"{key.replace('_', ' ')} {value}" for key, value in told["comparison"].items()),
        "evaluated": str(figures["steps"]),
        "kinds": str(len(events())),
        "turns": str(sum(len(event.say) for event in events().values())),
        "lines": str(sum(len(stage) for event in events().values() for stage in event.stages)),
        "table": "\n".join(["| what | figure | first weights |", "|---|---|---|", *rows]),
        "typed": "\n".join(typed),
        "simulated": "\n".join(simulated),
    }
    text = (Path(__file__).parent / "writer_card.md").read_text("utf-8")
    (out / "README.md").write_text(re.sub(r"\{\{ (\w+) \}\}", lambda found: values[found[1]], text), "utf-8")
