"""The tables of a batch, which say what became of every row."""

from __future__ import annotations

import time
from collections.abc import Collection, Sequence
from dataclasses import dataclass, field

from yuragi.batch.outcome import Outcome, failed
from yuragi.batch.plan import Planned
from yuragi.batch.problem import Problem
from yuragi.batch.store import Store

__all__ = ["Tables", "write_invalid"]

TABLES_S = 30.0
"""How often the tables are written while a batch runs; they are always written at its end."""
Failure = tuple[int, str, str, str, str, str]
"""A row of the table of failures."""
RESULTS = ("row", "id", "kind", "seed", "files")
FAILURES = ("row", "id", "kind", "column", "value", "reason")


def write_invalid(store: Store, problems: Sequence[Problem]) -> str:
    """Write the rows because of which nothing is run, and return the place of their table.

    It is a table of its own, so that those of an earlier run stay as they are.

    Raises:
        OSError: it cannot be written.
    """
    return store.write_table("invalid", FAILURES, map(_invalid, problems))


def _invalid(problem: Problem) -> Failure:
    told = failed("", problem.error)
    return problem.row, problem.id, problem.kind, told.column, told.value, told.reason


@dataclass
class Tables:
    """The tables of a batch, written from time to time.

    Attributes:
        store: the store of the batch.
        rows: the valid rows of the manifest.
        problems: the other rows.
        done: the names of results that exist.
        failed: the outcomes of failed results, by name.
    """

    store: Store
    rows: Sequence[Planned]
    problems: Sequence[Problem]
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
        lost = [*map(_invalid, self.problems), *map(self._failure, self._in(self.failed))]
        failures = self.store.write_table("failures", FAILURES, sorted(lost))
        self._written = time.monotonic()
        return results, failures

    def _in(self, names: Collection[str]) -> list[Planned]:
        return [row for row in self.rows if row.name in names]

    def _result(self, row: Planned) -> Sequence[object]:
        files = " ".join(self.store.pictures(row.name, row.pictures))
        return row.row, row.id, row.kind, row.seed, files

    def _failure(self, row: Planned) -> Failure:
        told = self.failed[row.name]
        return row.row, row.id, row.kind, told.column, told.value, told.reason
