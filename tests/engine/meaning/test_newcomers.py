"""Who comes into a story, and who does not."""

from __future__ import annotations

import pytest

from engine.meaning.newcomers import KINDS_OF, MOST_AT_ONCE, newcomers_in
from engine.nouns import Pronouns
from engine.vocabulary import KINDS

KNOWN = ("Mia", "Ben", "Grandma Rose")


@pytest.mark.parametrize(("text", "name", "kind", "description"), [
    ("A dragon called Pim came in.", "Pim", "dragon", "a dragon"),
    ("Then a new friend, Ola the fox, sat down next to Mia.", "Ola", "fox", "a fox"),
    ("I brought my teddy Bobo.", "Bobo", "bear", "a teddy"),
    ("Then came a robot named Zip.", "Zip", "robot", "a robot"),
    ("A tiny green dragon with red wings called Smoky landed on Ben's head.", "Smoky", "dragon",
     "a tiny green dragon with red wings"),
    ("Suddenly an old witch named Agatha knocked at the door!", "Agatha", "woman", "an old witch"),
    ("There was a mouse in the cupboard. His name was Tikki.", "Tikki", "mouse", "a mouse"),
    ("Pim is a purple dragon who loves pancakes.", "Pim", "dragon", "a purple dragon"),
    ("Ben met a boy called Oskar at the pool.", "Oskar", "boy", "a boy"),
    ("My rabbit, Stamper, hopped after us.", "Stamper", "rabbit", "a rabbit"),
    ("then a dragon called pim came in and he was hungry", "Pim", "dragon", "a dragon"),
    ("Zog the hungry giant looked in at the window.", "Zog", "man", "a hungry giant"),
    ("On the way they met the wizard Merlin.", "Merlin", "man", "a wizard"),
    ("A frog named Quak jumped onto the cake.", "Quak", "dragon", "a frog"),
    ("Her cat, Minka, was already there.", "Minka", "cat", "a cat"),
    ("A grandmother named Else sold them apples.", "Else", "grandmother", "a grandmother"),
    ("An alien came out. It was called Blip.", "Blip", "robot", "an alien"),
    ("In the cave lived a bear whose name was Honeypaw.", "Honeypaw", "bear", "a bear"),
    ("Mia found a penguin named Sir Flap in the fridge.", "Sir Flap", "penguin", "a penguin"),
    ("Another unicorn, Stella, trotted up.", "Stella", "unicorn", "an unicorn"),
    ("A princess called Luna with a blue dress waved.", "Luna", "girl", "a princess with a blue dress"),
])
def test_who_comes_in(text: str, name: str, kind: str, description: str) -> None:
    [found] = newcomers_in(text, KNOWN)
    assert (found.name, found.kind) == (name, kind) and found.description.split()[1:] == description.split()[1:]
    assert text.casefold()[found.start:].startswith(name.casefold())


@pytest.mark.parametrize("text", [
    "She called Mum.",
    "The boy called Mum and cried.",
    "A dragon came in.",
    "They came to a town called Lund.",
    "Mia read a book called Pim.",
    "Ben read a story about a dragon called Pim.",
    '"A dragon called Pim lives here," said Mia.',
    "Mia called Ben.",
    "A girl called Mia came in.",
    "My grandma Rose baked a cake.",
    "Mia dreamed of a dragon named Pim.",
    "There was no dragon called Pim.",
    "On Monday a dog barked.",
    "The dog Ben loved was gone.",
    "I wish I had a dog called Max.",
    "It was a boat named Anna.",
    "They sang a song called Frog.",
    "The game was called Fox and Goose.",
    "Ben is a good boy.",
    "Mia was a princess for a day.",
    "The witch laughed. Then Ben ran away.",
    "Mia drew a dragon named Pim.",
    "A letter from a pirate called Jack lay on the mat.",
    "Ben and Mia went to Bear Island.",
    "The cat Mia had drawn winked.",
    "He was a dragon.",
    "Once there was a king.",
    "They called the robot back.",
    "a boy called from the window",
    "Everybody is a winner.",
])
def test_who_does_not_come_in(text: str) -> None:
    assert newcomers_in(text, KNOWN) == ()


@pytest.mark.parametrize(("text", "pronouns"), [
    ("A dragon called Pim came in and he was hungry.", Pronouns.HE),
    ("A dragon called Pim came in. She sneezed.", Pronouns.SHE),
    ("A dragon called Pim came in.", Pronouns.ANY),
    ("A robot named Zip rolled in on its three wheels.", Pronouns.IT),
    ("A boy named Bo came.", Pronouns.HE),
    ("A witch called Hexa came.", Pronouns.SHE),
    ("A doctor named Kim came.", Pronouns.ANY),
    ("There was a mouse. Its name was Mo.", Pronouns.IT),
])
def test_pronouns_of_newcomers(text: str, pronouns: Pronouns) -> None:
    assert newcomers_in(text)[0].pronouns is pronouns


def test_two_at_most_and_known_names_stay_theirs() -> None:
    text = "A dragon called Pim, a fox named Ola and a robot named Zip danced with a bear called Bo."
    assert [one.name for one in newcomers_in(text)] == ["Pim", "Ola"] and MOST_AT_ONCE == 2
    assert [one.name for one in newcomers_in(text, ("Pim", "Ola"))] == ["Zip", "Bo"]
    assert newcomers_in("A bear called Rose came.", ("Grandma Rose",)) == ()


def test_relations_are_the_writers_and_prose_has_none() -> None:
    assert newcomers_in("I put my teddy Bobo on the swing.")[0].relation == "teddy"
    assert newcomers_in("A teddy called Bobo came.")[0].relation == ""
    assert newcomers_in("My teddy Bobo came.", by_writer=False) == ()


def test_every_kind_can_be_drawn() -> None:
    assert set(KINDS_OF.values()) <= set(KINDS)
