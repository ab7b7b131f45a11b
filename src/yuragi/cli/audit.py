"""The commands `yuragi audit ...`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from yuragi.cli.answer import answer
from yuragi.cli.files import check_output, writing
from yuragi.cli.options import JsonOption, OverwriteOption
from yuragi.cli.store import DatabaseOption, store_of
from yuragi.errors import missing_extra

__all__ = ["app"]

app = typer.Typer(help="Export what happened to the jobs of a service.", no_args_is_help=True)


@app.callback()
def _group() -> None:
    """Make Typer keep the name of the only subcommand."""


@app.command()
def export(
    output: Annotated[Path, typer.Option("--output", "-o", help="File to write (.jsonl or .csv).")],
    database: DatabaseOption = None,
    overwrite: OverwriteOption = False,
    json: JsonOption = False,
) -> None:
    """Write all rows of the audit, and check that none was changed or removed.

    The exit code is 1 if the chain of hashes is broken.
    """
    try:
        from yuragi.service.database import open_used_database
        from yuragi.service.export import SUFFIXES
        from yuragi.service.export import export as run
    except ModuleNotFoundError as error:
        raise missing_extra("yuragi audit", "serve") from error
    check_output("output", output, [], overwrite, SUFFIXES)
    opened = open_used_database(store_of(database).database)
    with writing(output, []):
        count, broken = run(opened, output)
    whole = f"{count} rows, and the chain is whole"
    said = whole if broken is None else f"the chain of hashes is broken at row {broken}"
    answer(json, {"rows": count, "broken": broken, "files": [output]}, output, said)
    if broken is not None:
        raise typer.Exit(1)
