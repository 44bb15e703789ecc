"""Who is meant: sentences with the one reading that everybody gives them."""

from __future__ import annotations

import pytest

from engine.meaning.pronouns import Focus, resolve
from engine.nouns import CharacterId

MIA, LEA, TOM, KIT, BOT, BEN = (CharacterId(f"ID_{number}") for number in range(1, 7))
CLASSES = {MIA: "she", LEA: "she", TOM: "he", KIT: "they", BOT: "it", BEN: "any"}


@pytest.mark.parametrize(("text", "expected"), [
    # gender decides
    ("ID_1 hugs ID_3. He laughs.", "ID_1 hugs ID_3. ID_3 laughs."),
    ("ID_1 hugs ID_3. She laughs.", "ID_1 hugs ID_3. ID_1 laughs."),
    # the subject goes on being the subject
    ("ID_1 waves to ID_2. She jumps.", "ID_1 waves to ID_2. ID_1 jumps."),
    ("ID_2 waves to ID_1. She jumps.", "ID_2 waves to ID_1. ID_2 jumps."),
    # nobody hugs themselves by "her"
    ("ID_1 sits. ID_2 hugs her.", "ID_1 sits. ID_2 hugs ID_1."),
    ("ID_1 waves to ID_2. She hugs her.", "ID_1 waves to ID_2. ID_1 hugs ID_2."),
    # owners: of the subject first
    ("ID_1 waves to ID_2 in her room.", "ID_1 waves to ID_2 in ID_1's room."),
    ("ID_3 and ID_1 go to her bedroom.", "ID_3 and ID_1 go to ID_1's bedroom."),
    ("ID_3 sits. ID_1 takes his hat.", "ID_3 sits. ID_1 takes ID_3's hat."),
    # they, them, their
    ("ID_1 and ID_3 run. They laugh.", "ID_1 and ID_3 run. ID_1 and ID_3 laugh."),
    ("ID_1 and ID_3 run. ID_2 hugs them.", "ID_1 and ID_3 run. ID_2 hugs ID_1 and ID_3."),
    ("ID_1 and ID_3 run. ID_2 sits. They laugh.", "ID_1 and ID_3 run. ID_2 sits. ID_1 and ID_3 laugh."),
    ("ID_4 sleeps. They snore.", "ID_4 sleeps. ID_4 snore."),
    ("ID_1 and ID_3 go to their garden.", "ID_1 and ID_3 go to ID_1 and ID_3's garden."),
    ("ID_6 sits. They sing.", "ID_6 sits. ID_6 sing."),
    ("ID_1 and ID_3 run. ID_4 holds their hat.", "ID_1 and ID_3 run. ID_4 holds ID_4's hat."),
    # it: a character only where one is called so
    ("ID_5 rolls. It beeps.", "ID_5 rolls. ID_5 beeps."),
    ("ID_5 meets ID_1. ID_5 licks its fingers.", "ID_5 meets ID_1. ID_5 licks ID_5's fingers."),
    ("ID_1 finds a ball. It is red.", "ID_1 finds a ball. It is red."),
    ("ID_5 rolls. It is raining.", "ID_5 rolls. It is raining."),
    # somebody of no stated class only if there is no other
    ("ID_6 sits. She sings.", "ID_6 sits. ID_6 sings."),
    ("ID_6 and ID_1 sit. She sings.", "ID_6 and ID_1 sit. ID_1 sings."),
    # speech is left alone
    ('ID_1 sits. "She is mine," says ID_3.', 'ID_1 sits. "She is mine," says ID_3.'),
    # nobody to be meant
    ("She sits.", "She sits."),
    # clauses
    ("ID_1 sings while ID_3 dances. She bows and he claps.", "ID_1 sings while ID_3 dances. ID_1 bows and ID_3 claps."),
    ("ID_2 sings. ID_1's nose is red, but she laughs.", "ID_2 sings. ID_1's nose is red, but ID_1 laughs."),
    ("ID_1 washes herself.", "ID_1 washes ID_1."),
])
def test_readers_agree(text: str, expected: str) -> None:
    assert resolve(text, CLASSES).text == expected


def test_the_focus_carries_over_to_the_next_turn() -> None:
    first = resolve("ID_1 and ID_3 run to the forest.", CLASSES)
    second = resolve("They sit down. Then she sleeps.", CLASSES, focus=first.focus)
    assert second.text == "ID_1 and ID_3 sit down. Then ID_1 sleeps."
    assert [meant.who for meant in second.meant] == [(MIA, TOM), (MIA,)]
    assert ["They sit down. Then she sleeps."[meant.start:meant.end] for meant in second.meant] == ["They", "she"]
    assert second.focus.subject == (MIA,)
    assert second.focus.together == (MIA, TOM)


def test_the_author_says_i_and_we() -> None:
    focus = Focus(subject=(TOM,), people=(TOM,), recent=(TOM,))
    assert resolve("I hug him.", CLASSES, focus=focus, author=MIA).text == "ID_1 hug ID_3."
    assert resolve("We run.", CLASSES, focus=focus, author=MIA).text == "ID_1 and ID_3 run."
    assert resolve("I hug him.", CLASSES, focus=focus).text == "I hug ID_3."


def test_empty_text_changes_nothing() -> None:
    focus = Focus(subject=(TOM,), people=(TOM,), recent=(TOM,))
    assert resolve("", CLASSES, focus=focus) == type(resolve("", CLASSES))("", (), focus)
