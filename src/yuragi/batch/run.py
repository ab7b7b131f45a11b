"""A batch from its manifest to its tables."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from yuragi.batch.check import ManifestError, checked
from yuragi.batch.plan import Plan, Planner
from yuragi.batch.problem import Problem
from yuragi.batch.settings import Batch
from yuragi.batch.store import open_store
from yuragi.batch.tables import Tables, write_invalid
from yuragi.batch.work import Bench
from yuragi.models.opening import Opening
from yuragi.provenance.sign import prepare
from yuragi.tasks.policy import read_policy
from yuragi.tasks.writing import Style

__all__ = ["OnProgress", "Pace", "Summary", "run_batch"]


@dataclass(frozen=True)
class Pace:
    """The progress of a batch.

    Attributes:
        total: the number of different results.
        before: how many existed when it began.
        made: how many it made.
        failed: how many could not be made.
        seconds: how long it has worked.
    """

    total: int
    before: int
    made: int = 0
    failed: int = 0
    seconds: float = 0.0

    @property
    def done(self) -> int:
        """How many need no more work."""
        return self.before + self.made + self.failed

    @property
    def rate(self) -> float:
        """How many are finished per second; 0 while that is not known."""
        return (self.made + self.failed) / self.seconds if self.seconds else 0.0

    @property
    def left(self) -> float | None:
        """The remaining seconds at this rate; None while that is not known."""
        return (self.total - self.done) / self.rate if self.rate else None


OnProgress = Callable[[Pace], None]
"""A function called whenever a batch has made progress; raise in it to stop."""


@dataclass(frozen=True)
class Summary:
    """The outcome of a batch.

    Attributes:
        rows: the rows of the manifest.
        invalid: how many of them are not valid.
        pace: how many results existed, were made, and failed; equal rows have one result.
        results: the place of the table of results, with a row for each row whose result exists.
        failures: the place of the table of failures, with the reason for each row that is not
            valid or could not be made.
    """

    rows: int
    invalid: int
    pace: Pace
    results: str
    failures: str


def run_batch(
    batch: Batch,
    opening: Opening | None = None,
    on_progress: OnProgress = lambda pace: None,
    on_check: Callable[[int], None] = lambda rows: None,
) -> Summary:
    """Make all results of a manifest that do not exist yet.

    Args:
        batch: the manifest, the folder of results, and the engine.
        opening: how models are opened.
        on_progress: a function called when it begins, and after every result.
        on_check: a function called with the number of rows that are checked.

    Raises:
        InputError: an option is not allowed, or the manifest cannot be read.
        ManifestError: rows of the manifest are not valid, and the batch does not skip such rows;
            nothing was run.
        YuragiError: the engine cannot continue. Results that were made are kept.
        OSError: results cannot be stored.
    """
    batch.engine.check(batch)
    if batch.files.signing.sign:
        prepare(batch.files.signing)
    policy = read_policy(batch.policy)
    planner = Planner(batch.seed, opening or Opening())
    problems = checked(batch.manifest, planner, on_check)
    store = open_store(batch.output, f".{batch.files.format}")
    if problems and not batch.skip_invalid:
        raise ManifestError(batch.manifest, problems, write_invalid(store, problems))
    style = Style(batch.files.embed, batch.files.mark, batch.files.signing)
    bench = Bench(store, style, planner.opening, policy)
    return _worked(batch, planner.plan(), problems, bench, on_progress)


def _worked(
    batch: Batch, plan: Plan, problems: Sequence[Problem], bench: Bench, on_progress: OnProgress
) -> Summary:
    wanted = {item.name for chunk in plan.chunks for item in chunk}
    tables = Tables(bench.store, plan.rows, problems, bench.store.done() & wanted)
    chunks = [
        left
        for chunk in plan.chunks
        if (left := [item for item in chunk if item.name not in tables.done])
    ]
    before, began = len(tables.done), time.monotonic()

    def pace() -> Pace:
        made, spent = len(tables.done) - before, time.monotonic() - began
        return Pace(len(wanted), before, made, len(tables.failed), spent)

    on_progress(pace())
    try:
        if chunks:
            for outcome in batch.engine.run(chunks, bench):
                tables.take(outcome)
                on_progress(pace())
    finally:
        results, failures = tables.write()
    rows = len(plan.rows) + len(problems)
    return Summary(rows, len(problems), pace(), results, failures)
