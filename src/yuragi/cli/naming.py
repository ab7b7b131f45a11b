"""The names of arguments in errors: the options that the user can type."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

from yuragi.cli.parameters import parameters
from yuragi.errors import InputError
from yuragi.tasks.tasks import TASKS

__all__ = ["flags_of", "renamed", "worded"]

NAMED = re.compile(r"\((\w+)\)")
"""The name of an argument in the text of an error."""


def flags_of(command: Any, words: Sequence[str]) -> Mapping[str, str]:
    """The options of the command that the user typed, by the names of their arguments.

    Args:
        command: the command that holds all others, as Typer made it.
        words: what the user typed; they name the command.
    """
    name = ""
    for word in words:
        if word in getattr(command, "commands", {}):
            name, command = word, command.commands[word]
    flags = {each.name: each.opts[0] for each in command.params if each.opts[0].startswith("--")}
    # A command may take a field of a request under another name.
    kinds = [TASKS[name]] if name in TASKS else list(TASKS.values())
    fields = {one.of.name: one.of.flag for kind in kinds for one in parameters(kind)}
    return {field: flag for field, flag in fields.items() if flag in flags.values()} | flags


def renamed(error: InputError, flags: Mapping[str, str]) -> InputError:
    """The error with options in place of the names of arguments."""
    named = error.called(flags.get(error.argument, error.argument))
    return named.worded(lambda text: worded(text, flags))


def worded(text: str, flags: Mapping[str, str]) -> str:
    """The text with options in place of names of arguments in parentheses."""
    return NAMED.sub(lambda found: f"({flags.get(found[1], found[1])})", text)
