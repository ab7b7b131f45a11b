"""A batch from its manifest to its tables."""

from __future__ import annotations

import time
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, field

from yuragi.batch.check import checked
from yuragi.batch.outcome import Outcome
from yuragi.batch.plan import Plan, Planned, Planner
from yuragi.batch.settings import Batch
from yuragi.batch.store import Store, open_store
from yuragi.batch.work import Bench
from yuragi.models.opening import Opening
from yuragi.provenance.sign import prepare
from yuragi.tasks.policy import read_policy
from yuragi.tasks.writing import Style

__all__ = ["OnProgress", "Pace", "Summary", "run_batch"]

TABLES_S = 30.0
"""How often the tables are written while a batch runs; they are always written at its end."""
RESULTS = ("row", "id", "kind", "seed", "files")
FAILURES = ("row", "id", "kind", "column", "value", "reason")


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
        pace: how many results existed, were made, and failed; equal rows have one result.
        results: the place of the table of results, with a row for each row whose result exists.
        failures: the place of the table of failures, with the reason for each row.
    """

    rows: int
    pace: Pace
    results: str
    failures: str


@dataclass
class _Tables:
    """The tables of a batch, written from time to time.

    Attributes:
        store: the store of the batch.
        rows: the rows of the manifest.
        done: the names of results that exist.
        failed: the outcomes of failed results, by name.
    """

    store: Store
    rows: Sequence[Planned]
    done: set[str]
    failed: dict[str, Outcome] = field(default_factory=dict)
    _written: float = field(default_factory=time.monotonic)

    def take(self, outcome: Outcome) -> None:
        """Remember an outcome, and write the tables if that is due."""
        if outcome.reason:
            self.failed[outcome.name] = outcome
        else:
            self.done.add(outcome.name)
        if time.monotonic() - self._written > TABLES_S:
            self.write()

    def write(self) -> tuple[str, str]:
        """Write both tables; returns where they are."""
        results = self.store.write_table("results", RESULTS, map(self._result, self._in(self.done)))
        failures = self.store.write_table(
            "failures", FAILURES, map(self._failure, self._in(self.failed))
        )
        self._written = time.monotonic()
        return results, failures

    def _in(self, names: Collection[str]) -> list[Planned]:
        return [row for row in self.rows if row.name in names]

    def _result(self, row: Planned) -> Sequence[object]:
        files = " ".join(self.store.pictures(row.name, row.pictures))
        return row.row, row.id, row.kind, row.seed, files

    def _failure(self, row: Planned) -> Sequence[object]:
        told = self.failed[row.name]
        return row.row, row.id, row.kind, told.column, told.value, told.reason


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
        ManifestError: rows of the manifest are not valid; nothing was run.
        YuragiError: the engine cannot continue. Results that were made are kept.
        OSError: results cannot be stored.
    """
    batch.engine.check(batch.files)
    if batch.files.signing.sign:
        prepare(batch.files.signing)
    policy = read_policy(batch.policy)
    plan = checked(batch.manifest, Planner(batch.seed), on_check).plan()
    store = open_store(batch.output, f".{batch.files.format}")
    style = Style(batch.files.embed, batch.files.mark, batch.files.signing)
    bench = Bench(store, style, opening or Opening(), policy)
    return _worked(batch, plan, bench, on_progress)


def _worked(batch: Batch, plan: Plan, bench: Bench, on_progress: OnProgress) -> Summary:
    wanted = {item.name for chunk in plan.chunks for item in chunk}
    tables = _Tables(bench.store, plan.rows, bench.store.done() & wanted)
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
    return Summary(len(plan.rows), pace(), results, failures)
