"""The commands `yuragi jobs ...`."""

from __future__ import annotations

import re
from dataclasses import asdict
from typing import Annotated

import typer

from yuragi.cli.answer import answer
from yuragi.cli.options import JsonOption
from yuragi.cli.store import DatabaseOption, store_of
from yuragi.errors import InputError, missing_extra

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
    database: DatabaseOption = None,
    assets: Annotated[
        str | None,
        typer.Option(
            help="Store of the pictures; by default that of `yuragi serve`, unless --database "
            "names another database.",
            metavar="PATH|URL",
        ),
    ] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only say what would go.")] = False,
    json: JsonOption = False,
) -> None:
    """Delete jobs that ended at least this long ago, and pictures that no job uses any more.

    Waiting and running jobs are kept, and so are the pictures of all jobs that are kept. Uploads
    that no job ever used are deleted too, and requests that the policy refused. The audit has a row
    for each job that was deleted. The service can keep running.
    """
    seconds = _seconds(older_than)
    try:
        from yuragi.service.assets import open_assets
        from yuragi.service.database import open_used_database
        from yuragi.service.prune import prune as run
        from yuragi.service.tickets import open_tickets
    except ModuleNotFoundError as error:
        raise missing_extra("yuragi jobs", "serve") from error
    store = store_of(database, assets)
    if assets is None and store.database != store_of(None).database:
        # The files of another store would be left without rows that name them.
        raise InputError("assets", None, "given with --database: the pictures of that service")
    opened = open_used_database(store.database)
    kept, tickets = open_assets(store.assets, opened), open_tickets(opened)
    gone = run(opened, kept, tickets, seconds, dry_run)
    did = "would delete" if dry_run else "deleted"
    size = f"{gone.bytes / 2**20:.1f} MiB"
    answer(
        json,
        {**asdict(gone), "dry_run": dry_run},
        f"{did} {gone.jobs} jobs, {gone.refusals} refusals and {gone.pictures} pictures ({size})",
    )


def _seconds(age: str) -> float:
    found = AGE.fullmatch(age)
    if found is None or not int(found[1]):
        raise InputError("older_than", age, "a whole number of hours, days or weeks, such as 30d")
    return float(int(found[1]) * SECONDS[found[2]])
