"""Places told in the text as it was written, and what is worth a question."""

from __future__ import annotations

import pytest

from engine.meaning.reader import StoryReader, called_in, to_ask
from engine.nouns import Character, CharacterId, Look, Member, OwnerId, Pronouns

ADA, BO = OwnerId("ada"), OwnerId("bo")


def somebody(name: str, pronouns: Pronouns = Pronouns.SHE, kind: str = "girl", relation: str = "",
             owner: OwnerId = ADA) -> Character:
    return Character(CharacterId(name.casefold()), owner, name, pronouns, Look(kind=kind), relation=relation)


CAST = (somebody("Mia"), somebody("Anna", relation="little sister"), somebody("Rex", Pronouns.HE, "dog", "dog"),
        somebody("Tom", Pronouns.HE, "boy", owner=BO))
MEMBERS = (Member(ADA, "Ada", 0, CharacterId("mia")), Member(BO, "Bo", 1, CharacterId("tom")))


@pytest.mark.parametrize("text", [
    "Mia and Anna ran. \u201cHurry!\u201d \u2014 then she fell.",
    "Anna's dog and Mia’s hat… and then\nAnna and Mia slept, and she snored",
    "\U0001f42c Anna and Mia swam. \U0001f42c She dived.",
])
def test_places_are_those_of_the_written_text(text: str) -> None:
    reading = StoryReader(CAST, ()).turn(text, BO)
    for mention in reading.mentions:
        word = text[mention.start:mention.end].casefold()
        assert word in ("mia", "anna", "she", "rex") or mention.how in ("relation", "kind", "group")
        assert mention.how != "name" or mention.who == (word,)
    [place] = reading.open
    assert text[place.start:place.end].casefold() == "she" and set(place.rivals) == {"mia", "anna"}


@pytest.mark.parametrize(("text", "asked"), [
    ("Mia and Anna ran. She fell.", "She"),
    ("Mia and Anna ran. Tom hugged her.", "her"),
    ("Mia and Anna ran. Her hat flew off.", ""),
    ("Mia and Anna ran. They went to her room.", "her"),
    ("Mia and Anna ran. Then she laughed and her nose was red.", "she"),
    ('"Mia and Anna ran," said Tom. "She fell."', ""),
    ("Mia ran. She fell.", ""),
    ("Tom and Rex ran. He barked.", "He"),
    ("It rains.", ""),
])
def test_what_is_worth_a_question(text: str, asked: str) -> None:
    place = to_ask(StoryReader(CAST, ()).turn(text, BO))
    assert (text[place.start:place.end] if place else "") == asked


def test_an_answer_settles_what_follows() -> None:
    text = "Mia and Anna ran. Then she fell and she cried."
    reader = StoryReader(CAST, MEMBERS)
    at = text.index("she")
    reading = reader.turn(text, BO, given=((at, at + 3, CharacterId("anna")),))
    assert reading.open == ()
    assert [mention.who for mention in reading.mentions][-2:] == [("anna",), ("anna",)]


def test_whoever_writes_i_is_not_she() -> None:
    reading = StoryReader(CAST, MEMBERS).turn("Anna and I ran. Then she fell.", ADA)
    assert reading.open == () and reading.mentions[-1].who == ("anna",)


def test_my_sister_is_the_writers() -> None:
    for owner, expected in ((ADA, {"anna"}), (BO, set())):
        assert called_in("Then my sister came.", CAST, owner) == expected
    assert called_in("rex and tom ran.", CAST, BO) == {"rex", "tom"}


def test_a_cast_of_many_is_read_too() -> None:
    many = tuple(somebody(f"Name{letter}") for letter in "abcdefghijkl")
    reading = StoryReader(many, ()).turn("Namel waves to Namea. She jumps.", ADA)
    assert [mention.who for mention in reading.mentions] == [("namel",), ("namea",), ("namel",)]
