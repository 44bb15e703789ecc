"""Reads prompt templates: text files that declare their variables, filled in strictly.

A template begins with a line `variables: one, two`, then an empty line, then the text with `{{ one }}` in it. A
variable that is missing, unknown, undeclared or unused is an error, at the first use and in the tests. Values are
put in as they are: what people wrote must be quoted by the caller (see `engine.writers.naming.clean_text`).
"""

from __future__ import annotations

import re
from functools import cache
from importlib.resources import files

from engine.nouns import StorythreadError

_VARIABLE = re.compile(r"\{\{ ?([a-z_]+) ?\}\}")


class PromptError(StorythreadError):
    """A template cannot be filled in: it is missing, or its variables do not agree with those given."""

    reason = "unexpected"


@cache
def template(name: str) -> tuple[frozenset[str], str]:
    """Declared variables and text of `prompts/<name>.txt`."""
    source = files("prompts").joinpath(f"{name}.txt")
    if not source.is_file():
        raise PromptError(f"there is no prompt {name}")
    head, _, text = source.read_text("utf-8").partition("\n\n")
    if not head.startswith("variables:") or "\n" in head:
        raise PromptError(f"the prompt {name} does not begin with its variables")
    declared = frozenset(word.strip() for word in head.removeprefix("variables:").split(",") if word.strip())
    used = frozenset(_VARIABLE.findall(text))
    if declared != used:
        raise PromptError(f"the prompt {name} declares {sorted(declared)} but uses {sorted(used)}")
    return declared, text.strip()


def fill(name: str, /, **values: str) -> str:
    """The prompt `name` with its variables filled in. Raises `PromptError` unless they are the declared ones."""
    declared, text = template(name)
    if set(values) != declared:
        missing, unknown = sorted(declared - set(values)), sorted(set(values) - declared)
        raise PromptError(f"the prompt {name} lacks {missing} and does not know {unknown}")
    return _VARIABLE.sub(lambda found: values[found[1]], text)
