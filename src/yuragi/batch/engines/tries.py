"""How often each row was begun but not ended, because the process that made it died."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

__all__ = ["MOST", "Tries", "fatal"]

MOST = 3
"""How many processes may die while they make a row; for jobs of the service it is the same."""


class Tries:
    """Counts for all processes of a batch, kept in a process that makes no rows itself.

    If a process dies, all rows that were begun together are suspect. From then on they are begun
    one by one, so that only the culprit is counted again.
    """

    def __init__(self) -> None:
        self._open: Counter[str] = Counter()

    def counts(self, names: Sequence[str]) -> list[int]:
        """How many processes died while they made each of these rows."""
        return [self._open[name] for name in names]

    def begin(self, names: Sequence[str]) -> None:
        """Note that a process has begun these rows."""
        self._open.update(names)

    def end(self, names: Sequence[str]) -> None:
        """Note that the process has made them without dying."""
        for name in names:
            del self._open[name]


def fatal() -> str:
    """The reason why a row is not tried again."""
    return f"{MOST} processes that worked on it died, such as for lack of memory"
