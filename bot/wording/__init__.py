"""Every sentence a person reads, by locale. English and Danish are both complete; a test compares them.

A key that is nobody's (an error of a new kind) reads as the honest general sentence `unexpected`. Placeholders are
filled by `str.format`; what people wrote is made safe before it gets here (`bot.text.safe`).
"""

from __future__ import annotations

import logging
import string
from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

import discord
from discord import app_commands

from bot.wording import danish, english

log = logging.getLogger("storythread.wording")

LANGUAGES: Final[Mapping[str, str]] = MappingProxyType({"en": "English", "da": "Dansk"})

#: Who may have agreed, in the order of the form; the value is what a slash command shows.
CONSENTS: Final[Mapping[str, str]] = MappingProxyType({
    "me": "It is me", "my_child": "It is my child and I agree",
    "adult_agreed": "It is an adult who agreed", "not_a_person": "It is a pet or a toy",
})

#: The menus of "Correct the look", a page at a time. Fields of `engine.nouns.Look`.
LOOK_FIELDS: Final[Mapping[str, tuple[str, ...]]] = MappingProxyType({
    "body": ("kind", "skin", "fur", "hair", "hair_colour", "glasses", "beard", "freckles", "wheelchair"),
    "clothes": ("outfit", "outfit_colour", "pattern", "pattern_colour", "trousers_colour", "headwear",
                "headwear_colour", "accessories"),
})


SENTENCES: Final[Mapping[str, Mapping[str, str]]] = MappingProxyType({
    "en": english.SENTENCES, "da": danish.SENTENCES})


class Words:
    """Sentences in one language: `words("turn_taken", name="Mia")`."""

    def __init__(self, locale: str) -> None:
        self.locale = spoken(locale)

    def __call__(self, key: str, **facts: object) -> str:
        """The sentence for a key; the general one for a key nobody has written a sentence for."""
        sentences = SENTENCES[self.locale]
        sentence = sentences.get(key)
        if sentence is None:
            log.warning("there is no sentence for %s", key)
            sentence = sentences["unexpected"]
        try:
            return sentence.format(**facts)
        except (KeyError, IndexError):         # raised with fewer facts than the sentence names: still a plain sentence
            log.warning("the sentence for %s lacks a fact", key)
            return sentences["refused"]

    def reason(self, key: str, **facts: object) -> str:
        """The sentence for an error's `reason` and `facts`."""
        return self(key, **facts)

    def value(self, word: str) -> str:
        """A word of the vocabulary as menus show it."""
        return (danish.VALUES if self.locale == "da" else english.VALUES).get(word, word)


def spoken(locale: str | None, default: str = "en") -> str:
    """The language spoken for a Discord locale (`en-GB`, `da`, ...): `en` or `da`."""
    language = (locale or "").split("-")[0]
    if language in SENTENCES:
        return language
    return default if default in SENTENCES else "en"


def placeholders(sentence: str) -> set[str]:
    """The names in braces."""
    return {name for _, name, _, _ in string.Formatter().parse(sentence) if name}


class CommandTranslator(app_commands.Translator):
    """Gives Discord the Danish names and descriptions of commands when they are registered."""

    async def translate(self, string: app_commands.locale_str, locale: discord.Locale,
                        context: app_commands.TranslationContextTypes) -> str | None:
        if locale is not discord.Locale.danish:
            return None
        # a command whose name is also another's: `/character export` is no book
        full = getattr(context.data, "qualified_name", "")
        own = danish.COMMANDS.get(full) if full.rpartition(" ")[2] == string.message else None
        return own or danish.COMMANDS.get(string.message)
