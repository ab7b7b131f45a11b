"""The names of arguments in errors: the options that the user can type."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from yuragi.cli.parameters import parameters
from yuragi.tasks.tasks import TASKS

__all__ = ["called"]


def called(argument: str, command: Any, words: Sequence[str]) -> str:
    """The name of an argument on the command line.

    Args:
        argument: name of a parameter of a command, or of a field of a request.
        command: the command that holds all others, as Typer made it.
        words: what the user typed; they name the command.
    """
    name = ""
    for word in words:
        if word in getattr(command, "commands", {}):
            name, command = word, command.commands[word]
    flags = {each.name: each.opts[0] for each in command.params if each.opts[0].startswith("--")}
    if argument in flags:
        return str(flags[argument])
    # A command may take a field of a request under another name.
    kinds = [TASKS[name]] if name in TASKS else list(TASKS.values())
    fields = {one.of.name: one.of.flag for kind in kinds for one in parameters(kind)}
    known = fields.get(argument, argument)
    return known if known in flags.values() else argument
