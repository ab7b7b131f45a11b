"""Options that research commands share, and the range check of numbers."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Annotated, Any

import typer

from yuragi.cli.options import seed_option
from yuragi.errors import InputError

__all__ = [
    "FashionArgument",
    "FirstSeedOption",
    "NoiseSeedOption",
    "PhotoSideOption",
    "SceneSideOption",
    "SheetOption",
    "TableOption",
    "ValidationOption",
    "number_option",
    "within",
]


def within(
    least: int, most: int | None = None, why: str = ""
) -> Callable[[typer.CallbackParam, Any], Any]:
    """A callback for an option that refuses numbers out of range, before the command starts.

    The option has a number, a list of numbers or None.

    Args:
        least: the smallest number that is allowed.
        most: the largest number that is allowed; None for no limit.
        why: words that follow the range in the error.
    """
    allowed = (f"{least} or more" if most is None else f"{least} to {most}") + why

    def check(option: typer.CallbackParam, value: Any) -> Any:
        for each in value if isinstance(value, list | tuple) else [value]:
            if each is not None and (each < least or (most is not None and each > most)):
                raise InputError(str(option.name), each, allowed)
        return value

    return check


def number_option(help: str, least: int, why: str = "") -> Any:
    """The option ``--number`` or ``-n`` of a benchmark, which refuses numbers below `least`."""
    return typer.Option("--number", "-n", help=help, callback=within(least, why=why))


FirstSeedOption = Annotated[int, seed_option("Seed of the first picture.")]
FashionArgument = Annotated[Path, typer.Argument(help="Folder that `yuragi train fashion` wrote.")]
NoiseSeedOption = Annotated[int, seed_option("Seed of all noise.")]
PhotoSideOption = Annotated[
    int, typer.Option(help="Side of the photographs in pixels.", callback=within(32, 1024))
]
SceneSideOption = Annotated[
    int, typer.Option(help="Side of the photographs in pixels.", callback=within(64, 1024))
]
SheetOption = Annotated[Path | None, typer.Option(help="Also write a sheet of results.")]
TableOption = Annotated[Path | None, typer.Option(help="Also write the tables (Markdown).")]
ValidationOption = Annotated[
    bool, typer.Option("--validation", help="Use cases for choosing settings, not for reporting.")
]
