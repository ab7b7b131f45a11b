"""The check of a whole manifest, before any model is loaded."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from yuragi.batch.items import item_of
from yuragi.batch.manifest import read_manifest
from yuragi.batch.plan import Planner
from yuragi.batch.problem import Problem
from yuragi.errors import InputError, YuragiError

__all__ = ["ManifestError", "checked"]

SHOWN = 20
"""The largest number of problems in a message."""


class ManifestError(YuragiError, ValueError):
    """Some rows of a manifest are not valid, so nothing was run.

    Attributes:
        problems: the problems of all such rows.
        table: the place of a table with all of them.
    """

    def __init__(self, manifest: str, problems: Sequence[Problem], table: str) -> None:
        super().__init__(manifest, problems, table)
        self.manifest = manifest
        self.problems = problems
        self.table = table

    def __str__(self) -> str:
        count = len(self.problems)
        head = f"{count} row{'s' * (count != 1)} of {self.manifest} cannot be made:"
        lines = [f"  {each}" for each in self.problems[:SHOWN]]
        more = [f"  and {count - SHOWN} more"] if count > SHOWN else []
        advice = f"{self.table} lists them all; --skip-invalid makes the other rows"
        return "\n".join([head, *lines, *more, advice])


def checked(manifest: str, planner: Planner, on_row: Callable[[int], None]) -> list[Problem]:
    """Make the requests of all rows, plan them, and return the rows for which that is impossible.

    Args:
        manifest: a path or a URL; see `yuragi.batch.manifest.read_manifest`.
        planner: the planner, which receives every other row.
        on_row: a function called with the number of rows that are checked.

    Raises:
        InputError: the manifest cannot be read, or has no rows.
    """
    problems, count = list[Problem](), 0
    for count, row in enumerate(read_manifest(manifest), 1):
        if isinstance(row, Problem):
            problems.append(row)
        else:
            try:
                planner.add(item_of(row, manifest))
            except InputError as error:
                name, kind = (str(row.values.get(key, "")) for key in ("id", "kind"))
                problems.append(Problem(row.number, error, name, kind))
        on_row(count)
    if not count:
        raise InputError("manifest", manifest, "", "the manifest has no rows")
    return problems
