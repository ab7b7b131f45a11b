"""How often each row was begun and not ended, because the process that made it died."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

__all__ = ["MOST", "Tries", "fatal"]

MOST = 3
"""How many processes a row may take with it, as jobs of the service may."""


class Tries:
    """Counts for all processes of a batch, in none of those that can die of a row.

    Rows that are begun together are all under suspicion if their process dies; begun one by one
    from then on, only the culprit comes under it again.
    """

    def __init__(self) -> None:
        self._open: Counter[str] = Counter()

    def counts(self, names: Sequence[str]) -> list[int]:
        """How many processes died while they made each of these rows."""
        return [self._open[name] for name in names]

    def begin(self, names: Sequence[str]) -> None:
        """A process makes these rows now."""
        self._open.update(names)

    def end(self, names: Sequence[str]) -> None:
        """It has made them, and lives."""
        for name in names:
            del self._open[name]


def fatal() -> str:
    """The reason of a row that is not tried again."""
    return f"{MOST} processes that worked on it died, such as for lack of memory"
