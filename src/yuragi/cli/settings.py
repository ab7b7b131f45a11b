"""The commands `yuragi config ...`: what the user set, and where."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Mapping, Sequence
from functools import reduce
from typing import Annotated, Any

import typer
from pydantic import BaseModel

from yuragi.cli.answer import answer
from yuragi.cli.batch import OWN as BATCH
from yuragi.cli.configuration import PREFIX, Found, config_file, found_for, misspelt, read_config
from yuragi.cli.loading import LOCAL, OPENING
from yuragi.cli.options import JsonOption
from yuragi.cli.parameters import Parameter, nested
from yuragi.cli.progress import say
from yuragi.cli.replay import JUDGED
from yuragi.cli.service import SERVING, STUDIO, WORKING
from yuragi.cli.task import task_parameters
from yuragi.errors import InputError
from yuragi.models.opening import Opening
from yuragi.service.masking import SECRET, masked
from yuragi.service.settings import Serving, Working
from yuragi.tasks.tasks import TASKS

__all__ = ["app"]

app = typer.Typer(help="Show your own defaults, and where they come from.", no_args_is_help=True)

PROCESSES: Mapping[str, tuple[type[BaseModel], list[Parameter], str]] = {
    "serve": (Serving, SERVING, "serve"),
    "studio": (Serving, STUDIO, "serve"),
    "worker": (Working, WORKING, "worker"),
}
"""The processes of a service: their settings, options and the command whose defaults they have."""
OTHERS: Mapping[str, list[Parameter]] = {"batch": [*BATCH, *OPENING], "replay": [*JUDGED, *LOCAL]}


@app.command()
def path(json: JsonOption = False) -> None:
    """Print the path of the file, whether or not it exists."""
    file = config_file()
    answer(json, {"path": file, "exists": file.exists()}, file)


@app.command()
def show(
    command: Annotated[
        str | None,
        typer.Argument(
            help="A task, serve, studio, worker, batch or replay: shows every option of it that "
            "has a value."
        ),
    ] = None,
    json: JsonOption = False,
) -> None:
    """Print what the file and the environment set; for a command, where each value comes from.

    The first of these that sets an option decides: the command line, YURAGI_COMMAND_OPTION,
    YURAGI_OPTION, the table of the command in the file, its table "all", the default.
    """
    if command is not None:
        values = {name: {"value": value, "from": origin} for name, value, origin in _of(command)}
        lines = [f"{name} = {each['value']!r}  ({each['from']})" for name, each in values.items()]
        answer(json, {command: values}, *lines)
        return
    file = {
        table: {key: _masked(key, value) for key, value in values.items()}
        for table, values in read_config().items()
    }
    for mistake in misspelt(_tables()):
        say(f"warning: {mistake}")
    said = {k: _masked(k, v) for k, v in sorted(os.environ.items()) if k.startswith(PREFIX)}
    lines = [f"{name}={value}" for name, value in said.items()]
    for table, held in file.items():
        lines += [f"[{table}]", *(f"{key} = {value!r}" for key, value in held.items())]
    answer(json, {"environment": said, "file": file}, *lines)


def _tables() -> Mapping[str, Sequence[Parameter]]:
    """The options that each table of the file can set."""
    processes = {
        table: [*own, *LOCAL] for name, (_, own, table) in PROCESSES.items() if name == table
    }
    return {**{name: task_parameters(kind) for name, kind in TASKS.items()}, **processes, **OTHERS}


def _of(command: str) -> Iterator[tuple[str, Any, str]]:
    """Options of a command by their names on the command line, with their values and origins."""
    if command in PROCESSES:
        kind, own, table = PROCESSES[command]
        # The studio ignores a token that is set for `yuragi serve`.
        found = found_for(table, [*PROCESSES[table][1], *LOCAL])
        yield from _typed(kind, own, found)
        yield from _typed(Opening, LOCAL, found)
    elif command in TASKS or command in OTHERS:
        every = OTHERS[command] if command in OTHERS else task_parameters(TASKS[command])
        found = found_for(command, every)
        for each in every:
            flag = each.of.flag.removeprefix("--")
            if each.name in found:
                yield flag, _masked(flag, found[each.name].value), found[each.name].origin
            elif each.of.shown_default:
                yield flag, each.of.shown_default, "default"
    else:
        raise InputError("command", command, "one of " + ", ".join([*PROCESSES, *TASKS, *OTHERS]))


def _typed(
    kind: type[BaseModel], of: Sequence[Parameter], found: Mapping[str, Found]
) -> Iterator[tuple[str, Any, str]]:
    """The values of a class of settings, as the command would use them."""
    settings = kind(**nested({name: each.value for name, each in found.items()}, of))
    for each in of:
        flag = each.of.flag.removeprefix("--")
        origin = found[each.name].origin if each.name in found else "default"
        value = reduce(getattr, each.path, settings)
        yield flag, _masked(flag, value if isinstance(value, int | float) else _text(value)), origin


def _text(value: object) -> object:
    """Paths as texts, and several values as a list."""
    if isinstance(value, tuple):
        return list(value)
    return None if value is None else str(value)


def _masked(name: str, value: Any) -> Any:
    """A value without secrets: tokens, and passwords in addresses."""
    if re.search(SECRET, name, re.IGNORECASE) and value:
        return "***"
    return masked(value) if isinstance(value, str) else value
