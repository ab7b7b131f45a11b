"""The command `yuragi batch`. Its options come from `yuragi.batch.settings`."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import typer

from yuragi.batch.engines.local import Local
from yuragi.batch.settings import Batch
from yuragi.cli.answer import answer
from yuragi.cli.configuration import completed
from yuragi.cli.loading import OPENING, use
from yuragi.cli.options import JsonOption, QuietOption
from yuragi.cli.parameters import nested, parameters, signature
from yuragi.cli.progress import bar, say

if TYPE_CHECKING:
    from yuragi.batch.run import OnProgress, Pace

__all__ = ["batch"]

OWN = list(parameters(Batch))
LINE_S = 30.0
"""Seconds between printed lines where no progress bar can be drawn, such as in a cluster's log."""


def _batch(json: bool, quiet: bool, **given: Any) -> None:
    """Run all requests of a manifest; after an interruption, the same command continues.

    Each row is a request: the task (kind), and options by their names in Python. All rows are
    checked before a model runs; if some are not valid, invalid.csv lists them and nothing is made,
    unless --skip-invalid is given. Rows that fail later are listed in failures.csv while the
    others continue, and the exit code is 1.
    """
    given = _fitting(given)
    settings, opening = Batch(**nested(given, OWN)), use(given)

    from yuragi.batch.run import run_batch

    with _shown("checking", quiet) as on_check, _paced(quiet) as on_progress:
        done = run_batch(settings, opening, on_progress, on_check)
    pace = done.pace
    told = {
        "rows": done.rows,
        "invalid": done.invalid,
        "results": pace.total,
        "before": pace.before,
        "made": pace.made,
        "failed": pace.failed,
        "seconds": round(pace.seconds, 3),
        "files": [done.results, done.failures],
    }
    lost = pace.failed + done.invalid
    answer(json, told, done.results, *([done.failures] if lost else []))
    invalid = f", {done.invalid} not valid" if done.invalid else ""
    say(
        f"{done.rows} rows: {pace.made} made in {_duration(pace.seconds)}, {pace.before} there "
        f"before, {pace.failed} failed{invalid}"
    )
    if lost:
        raise typer.Exit(1)


batch = signature(_batch, [*OWN, *OPENING], json=JsonOption, quiet=QuietOption)


def _fitting(given: dict[str, Any]) -> dict[str, Any]:
    """The given values, and the user's defaults that the chosen engine has."""
    found = completed("batch", [*OWN, *OPENING], given)
    chosen = f"--engine {found.get('engine', Local().name)}"
    idle = {each.name for each in OWN if each.owners and chosen not in each.owners}
    # YURAGI_TOKEN, for example, can be set for other commands.
    return {
        name: value
        for name, value in found.items()
        if given.get(name) is not None or name not in idle
    }


@contextmanager
def _shown(what: str, quiet: bool) -> Iterator[Callable[[int], None]]:
    """Say from time to time how many rows are checked."""
    last = time.monotonic()

    def update(rows: int) -> None:
        nonlocal last
        if not quiet and time.monotonic() - last > LINE_S:
            last = time.monotonic()
            say(f"{what}: {rows} rows")

    yield update


@contextmanager
def _paced(quiet: bool) -> Iterator[OnProgress]:
    """Show the progress of a batch: a bar on a terminal, and lines elsewhere."""
    if quiet or not sys.stderr.isatty():
        yield _Lines(quiet)
        return
    with bar("batch", quiet) as update:
        yield lambda pace: update(pace.done, pace.total, _rate(pace))


class _Lines:
    """Prints a line about the progress of a batch from time to time."""

    def __init__(self, quiet: bool) -> None:
        self._quiet = quiet
        self._last = time.monotonic()

    def __call__(self, pace: Pace) -> None:
        if not self._quiet and time.monotonic() - self._last > LINE_S:
            self._last = time.monotonic()
            left = "" if pace.left is None else f", {_duration(pace.left)} left"
            say(f"{pace.done} of {pace.total} ({_rate(pace)}){left}")


def _rate(pace: Pace) -> str:
    failed = f", {pace.failed} failed" if pace.failed else ""
    return f"{pace.rate:.3g} a second{failed}"


def _duration(seconds: float) -> str:
    """Hours, minutes and seconds, such as 1:02:03."""
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{rest:02}"
