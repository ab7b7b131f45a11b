"""The check of a whole manifest, before any model is loaded."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from yuragi.batch.items import item_of
from yuragi.batch.manifest import Row, read_manifest
from yuragi.batch.plan import Planner
from yuragi.errors import InputError, YuragiError

__all__ = ["ManifestError", "Problem", "checked"]

SHOWN = 20
"""The largest number of problems in a message."""


@dataclass(frozen=True)
class Problem:
    """A row from which no request can be made.

    Attributes:
        row: the number of the row.
        id: its value in the column ``id``.
        error: the column, its value, and what it must be.
    """

    row: int
    id: str
    error: InputError

    def __str__(self) -> str:
        named = f" ({self.id})" if self.id else ""
        return f"row {self.row}{named}: {self.error}"


class ManifestError(YuragiError, ValueError):
    """Some rows of a manifest are not valid, so nothing was run.

    Attributes:
        problems: the problems of all such rows.
    """

    def __init__(self, manifest: str, problems: Sequence[Problem]) -> None:
        super().__init__(manifest, problems)
        self.manifest = manifest
        self.problems = problems

    def __str__(self) -> str:
        count = len(self.problems)
        head = f"{count} row{'s' * (count != 1)} of {self.manifest} cannot be made:"
        lines = [f"  {each}" for each in self.problems[:SHOWN]]
        more = [f"  and {count - SHOWN} more"] if count > SHOWN else []
        return "\n".join([head, *lines, *more])


def checked(manifest: str, planner: Planner, on_row: Callable[[int], None]) -> Planner:
    """Make the requests of all rows, and plan those that can be made.

    Args:
        manifest: a path or a URL; see `yuragi.batch.manifest.read_manifest`.
        planner: the planner, which receives every row.
        on_row: a function called with the number of rows that are checked.

    Raises:
        InputError: the manifest cannot be read, or has no rows.
        ManifestError: a row is not valid.
    """
    problems, count = list[Problem](), 0
    for count, row in enumerate(read_manifest(manifest), 1):
        try:
            planner.add(item_of(row, manifest))
        except InputError as error:
            problems.append(Problem(row.number, _id(row), error))
        on_row(count)
    if problems:
        raise ManifestError(manifest, problems)
    if not count:
        raise InputError("manifest", manifest, "", "the manifest has no rows")
    return planner


def _id(row: Row) -> str:
    return str(row.values.get("id", ""))
