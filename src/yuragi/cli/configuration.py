"""The user's own defaults, stored in a TOML file.

[all]                 # for every task
model = "portraits"

[drag]                # for one task; the names are those of the command line
steps = 30
"""

from __future__ import annotations

import os
import tomllib
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import typer

from yuragi.cli.answer import answer
from yuragi.cli.options import JsonOption
from yuragi.cli.parameters import Parameter
from yuragi.errors import InputError

__all__ = ["app", "config_file", "defaults_of", "read_config"]

app = typer.Typer(help="Show the file with your own defaults.", no_args_is_help=True)


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


def defaults_of(task: str, parameters: Sequence[Parameter]) -> dict[str, Any]:
    """The user's defaults for a task, by parameter.

    Raises:
        InputError: the file sets an option that the task does not have.
    """
    config = read_config()
    by_flag = {each.of.flag.removeprefix("--"): each for each in parameters}
    found: dict[str, Any] = {}
    for table in ("all", task):
        for key, value in config.get(table, {}).items():
            if key in by_flag:
                found[by_flag[key].name] = value if isinstance(value, bool | list) else str(value)
            elif table == task:
                allowed = "one of " + ", ".join(sorted(by_flag))
                raise InputError("configuration", f"{config_file()}: {table}.{key}", allowed)
    return found


@app.command()
def path(json: JsonOption = False) -> None:
    """Print the path of the file, whether or not it exists."""
    file = config_file()
    answer(json, {"path": file, "exists": file.exists()}, file)


@app.command()
def show(json: JsonOption = False) -> None:
    """Print the defaults that the file sets."""
    found = read_config()
    lines: list[str] = []
    for table, values in found.items():
        lines += [f"[{table}]", *(f"{key} = {value!r}" for key, value in values.items())]
    answer(json, found, *lines)
