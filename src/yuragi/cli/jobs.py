"""The commands `yuragi jobs ...`."""

from __future__ import annotations

import re
from typing import Annotated, Any

import typer

from yuragi.cli.answer import answer
from yuragi.cli.options import JsonOption
from yuragi.errors import InputError, missing_extra
from yuragi.service.settings import Store

__all__ = ["app"]

app = typer.Typer(help="Delete old jobs of a service.", no_args_is_help=True)
AGE = re.compile(r"(\d+)([hdw])")
SECONDS = {"h": 3600, "d": 86400, "w": 7 * 86400}


@app.callback()
def _group() -> None:
    """Make Typer keep the name of the only subcommand."""


@app.command()
def prune(
    older_than: Annotated[
        str, typer.Option(help="Age, such as 12h, 30d or 8w; one hour at least.", metavar="AGE")
    ],
    database: Annotated[
        str | None,
        typer.Option(
            envvar="YURAGI_DATABASE",
            help="Database of the service; by default the SQLite file in the folder for data.",
            metavar="URL",
        ),
    ] = None,
    assets: Annotated[
        str | None,
        typer.Option(
            envvar="YURAGI_ASSETS",
            help="Store of the pictures; by default the folder beside that file.",
            metavar="PATH|URL",
        ),
    ] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only say what would go.")] = False,
    json: JsonOption = False,
) -> None:
    """Delete jobs that ended at least this long ago, and pictures that no job uses any more.

    Waiting and running jobs are kept, and so are the pictures of all jobs that are kept. Uploads
    that no job ever used are deleted too. The audit has a row for each job that was deleted. The
    service can keep running.
    """
    seconds = _seconds(older_than)
    try:
        from yuragi.service.assets import open_assets
        from yuragi.service.database import open_used_database
        from yuragi.service.prune import prune as run
    except ModuleNotFoundError as error:
        raise missing_extra("yuragi jobs", "serve") from error
    given: dict[str, Any] = {"database": database, "assets": assets}
    store = Store(**{name: value for name, value in given.items() if value is not None})
    opened = open_used_database(store.database)
    gone = run(opened, open_assets(store.assets, opened), seconds, dry_run)
    told = {"jobs": gone.jobs, "pictures": gone.pictures, "bytes": gone.bytes, "dry_run": dry_run}
    did = "would delete" if dry_run else "deleted"
    size = f"{gone.bytes / 2**20:.1f} MiB"
    answer(json, told, f"{did} {gone.jobs} jobs and {gone.pictures} pictures ({size})")


def _seconds(age: str) -> float:
    found = AGE.fullmatch(age)
    if found is None or not int(found[1]):
        raise InputError("older_than", age, "a whole number of hours, days or weeks, such as 30d")
    return float(int(found[1]) * SECONDS[found[2]])
