"""Prompt templates: every declared variable is used, and nothing else gets in."""

from __future__ import annotations

from pathlib import Path

import pytest

from engine.prompts import PromptError, fill, template

FOLDER = Path(__file__).parents[3] / "prompts"
NAMES = sorted(path.stem for path in FOLDER.glob("*.txt"))


def test_there_are_templates() -> None:
    assert len(NAMES) >= 9


@pytest.mark.parametrize("name", NAMES)
def test_declared_variables_are_exactly_what_is_asked_for(name: str) -> None:
    declared, text = template(name)
    values = {variable: f"<{variable}-value>" for variable in declared}
    filled = fill(name, **values)
    assert all(value in filled for value in values.values()) and "{{" not in filled and text
    with pytest.raises(PromptError):
        fill(name, **values, stranger="x")
    for variable in declared:
        with pytest.raises(PromptError):
            fill(name, **{key: value for key, value in values.items() if key != variable})


@pytest.mark.parametrize("name", NAMES)
def test_the_readme_names_every_template(name: str) -> None:
    readme = (FOLDER / "README.md").read_text("utf-8")
    assert f"`{name}.txt`" in readme
    assert all(f"`{variable}`" in readme for variable in template(name)[0])


def test_values_are_not_templates() -> None:
    declared, _ = template("story_turn")
    values = dict.fromkeys(declared, "plain") | {"turn": "{{ cast }} {{ secret }}"}
    assert "{{ cast }} {{ secret }}" in fill("story_turn", **values)


def test_a_missing_template_is_an_error() -> None:
    with pytest.raises(PromptError):
        fill("no_such_prompt")
