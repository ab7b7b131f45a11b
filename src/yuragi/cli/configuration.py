"""The user's own defaults, from the environment and from a TOML file.

[all]                 # for every command
model = "portraits"

[drag]                # for one command; the names are those of the command line
steps = 30

The first of these that sets an option decides: the command line; ``YURAGI_DRAG_STEPS``, for one
command; ``YURAGI_STEPS``, for every command; the table of the command in the file; its table
``all``; the default.
"""

from __future__ import annotations

import os
import tomllib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from yuragi.cli.parameters import Parameter
from yuragi.errors import InputError
from yuragi.options.keywords import nearest

__all__ = [
    "PREFIX",
    "Found",
    "completed",
    "config_file",
    "defaults_of",
    "found_for",
    "misspelt",
    "read_config",
]

PREFIX = "YURAGI_"
SAID = {"1": True, "true": True, "yes": True, "on": True} | {
    "0": False,
    "false": False,
    "no": False,
    "off": False,
}
"""The values of switches in the environment."""


@dataclass(frozen=True)
class Found:
    """A value that the user set outside the command line.

    Attributes:
        value: the value, as the command line would give it.
        origin: the environment variable, or the file and the table.
    """

    value: Any
    origin: str


def config_file() -> Path:
    """``$YURAGI_CONFIG``, or ``yuragi/config.toml`` in the user's configuration folder."""
    if named := os.environ.get("YURAGI_CONFIG"):
        return Path(named)
    base = os.environ.get("XDG_CONFIG_HOME") or Path.home() / ".config"
    return Path(base) / "yuragi" / "config.toml"


def read_config() -> dict[str, dict[str, Any]]:
    """The tables of the file; empty if there is no file.

    Raises:
        InputError: the file is not valid TOML, or contains values outside tables.
    """
    path = config_file()
    try:
        found = tomllib.loads(path.read_text("utf-8"))
    except FileNotFoundError:
        return {}
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise InputError("configuration", str(path), f"a readable TOML file ({error})") from error
    for name, value in found.items():
        if not isinstance(value, dict):
            raise InputError("configuration", f"{path}: {name}", "a table such as [all] or [drag]")
    return found


def defaults_of(command: str, parameters: Sequence[Parameter]) -> dict[str, Any]:
    """The user's defaults for a command, by parameter; raises the errors of `found_for`."""
    return {name: found.value for name, found in found_for(command, parameters).items()}


def completed(
    command: str, parameters: Sequence[Parameter], given: Mapping[str, Any]
) -> dict[str, Any]:
    """The values given on the command line, then the user's defaults, by parameter.

    Args:
        command: the command.
        parameters: its parameters.
        given: a value for each parameter; None for those not given.

    Raises:
        InputError: see `found_for`.
    """
    said = {name: value for name, value in given.items() if value is not None}
    return defaults_of(command, parameters) | said


def found_for(command: str, parameters: Sequence[Parameter]) -> dict[str, Found]:
    """The user's defaults for a command by parameter, with where they come from.

    Raises:
        InputError: the file or the environment sets an option that the command does not have, or
            gives a switch an invalid value.
    """
    by_flag = {_key(each): each for each in parameters}
    return _in_file(command, by_flag) | _in_environment(command, by_flag)


def _in_file(command: str, by_flag: Mapping[str, Parameter]) -> dict[str, Found]:
    config, found = read_config(), dict[str, Found]()
    for table in ("all", command):
        for key, value in config.get(table, {}).items():
            if key in by_flag:
                plain = value if isinstance(value, bool | list) else str(value)
                found[by_flag[key].name] = Found(plain, f"{config_file()} [{table}]")
            elif table == command:
                raise _no_such("option", f"{table}.{key}", key, by_flag)
    return found


def misspelt(tables: Mapping[str, Sequence[Parameter]]) -> Iterator[InputError]:
    """The tables and options of the file that nothing reads.

    Args:
        tables: the parameters of every command that reads a table.
    """
    flags = {name: [_key(each) for each in of] for name, of in tables.items()}
    flags["all"] = [flag for of in flags.values() for flag in of]
    for table, values in read_config().items():
        if table not in flags:
            yield _no_such("table", f"[{table}]", table, flags)
            continue
        for key in values:
            if key not in flags[table]:
                yield _no_such("option", f"{table}.{key}", key, flags[table])


def _no_such(what: str, place: str, name: str, known: Iterable[str]) -> InputError:
    advice = nearest(name, {each: each for each in known})
    return InputError(
        "configuration", f"{config_file()}: {place}", "", f"there is no such {what}", advice
    )


def _key(parameter: Parameter) -> str:
    """The name of a parameter in the file."""
    return parameter.of.flag.removeprefix("--")


def _in_environment(command: str, by_flag: Mapping[str, Parameter]) -> dict[str, Found]:
    named = {flag.upper().replace("-", "_"): each for flag, each in by_flag.items()}
    own = f"{PREFIX}{command.upper()}_"
    found = dict[str, Found]()
    for start in (PREFIX, own):
        for variable, text in sorted(os.environ.items()):
            if not variable.startswith(start):
                continue
            parameter = named.get(variable.removeprefix(start))
            if parameter is not None:
                found[parameter.name] = Found(_said(parameter, variable, text), variable)
            elif start == own:
                known = {own + name: own + name for name in sorted(named)}
                reason, advice = "there is no such option", nearest(variable, known)
                raise InputError("configuration", variable, "", reason, advice)
    return found


def _said(parameter: Parameter, variable: str, text: str) -> Any:
    """The value of an environment variable, as the command line would give it."""
    if parameter.switch:
        if text.lower() not in SAID:
            raise InputError(variable, text, "one of " + ", ".join(SAID))
        return SAID[text.lower()]
    return [each.strip() for each in text.split(",")] if parameter.of.many else text
