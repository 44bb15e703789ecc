"""Custom ids: everything clickable is understood again from its id alone."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any, cast

import discord
import pytest
from discord import ui

from bot.buttons import BUTTON_VERBS, MENU_VERBS, StoryButton, StoryMenu, modal_fields, understood

SNOWFLAKE = "18446744073709551615"         # the longest there can be


@pytest.mark.parametrize("verb", BUTTON_VERBS)
def test_a_button_finds_its_way_back_from_its_id(verb: str) -> None:
    button = StoryButton(verb, f"s{SNOWFLAKE}:{SNOWFLAKE}-step", "label")
    assert len(button.custom_id) <= 100
    match = button.template.fullmatch(button.custom_id)
    assert match is not None
    assert (match["verb"], match["key"]) == (verb, f"s{SNOWFLAKE}:{SNOWFLAKE}-step")
    assert understood(button.custom_id)


def test_a_panels_id_fits() -> None:
    assert understood(StoryButton("redraw", f"{SNOWFLAKE}-step.12", "x").custom_id)


@pytest.mark.parametrize("verb", MENU_VERBS)
def test_a_menu_finds_its_way_back_from_its_id(verb: str) -> None:
    menu = StoryMenu(verb, f"c{SNOWFLAKE}:trousers_colour")
    assert understood(menu.custom_id)
    assert menu.template.fullmatch(menu.custom_id)


@pytest.mark.parametrize("custom_id", ["", "undo", "undo:", "explode:1", "undo:a b", "undo:" + "x" * 91, "UNDO:1"])
def test_other_ids_are_not_understood(custom_id: str) -> None:
    assert not understood(custom_id)


def test_buttons_alone_leave_nothing_behind_in_the_library() -> None:
    layout = ui.LayoutView(timeout=None)
    layout.add_item(ui.ActionRow(StoryButton("take", "s1", "Take turn")))
    assert layout.is_persistent()


def _submitted(data: dict[str, Any]) -> discord.Interaction[Any]:
    return cast("discord.Interaction[Any]", SimpleNamespace(data=data, _state=SimpleNamespace(http=None)))


def test_a_forms_fields_are_read_from_the_interaction_alone() -> None:
    values, files = modal_fields(_submitted({
        "custom_id": "character:1",
        "components": [
            {"type": 18, "id": 1, "component": {"type": 4, "custom_id": "name", "value": "Mia"}},
            {"type": 18, "id": 2, "component": {"type": 3, "custom_id": "pronouns", "values": ["she"]}},
            {"type": 1, "components": [{"type": 4, "custom_id": "words", "value": "red hat"}]},
            {"type": 18, "id": 3, "component": {"type": 19, "custom_id": "photos", "values": ["7", "8"]}},
            {"type": 18, "id": 4, "component": {"type": 21, "custom_id": "consent", "value": "me"}},
            {"type": 10, "id": 5},
        ],
        "resolved": {"attachments": {"7": {"id": "7", "filename": "a.png", "size": 3, "url": "u", "proxy_url": "p"}}},
    }))
    assert values == {"name": "Mia", "pronouns": "she", "words": "red hat", "consent": "me"}
    assert [file.filename for file in files] == ["a.png"]


def test_an_empty_form_is_no_trouble() -> None:
    assert modal_fields(_submitted({"custom_id": "turn:s1:2", "components": [
        {"type": 18, "component": {"type": 21, "custom_id": "consent", "value": None}}]})) == ({}, [])
