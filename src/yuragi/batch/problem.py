"""A row of a manifest from which no request can be made."""

from __future__ import annotations

from dataclasses import dataclass

from yuragi.errors import InputError

__all__ = ["Problem"]


@dataclass(frozen=True)
class Problem:
    """A row from which no request can be made.

    Attributes:
        row: the number of the row.
        error: the column, its value, and what it must be.
        id: the row's value in the column ``id``; empty if there is none.
        kind: its value in the column ``kind``, as text.
    """

    row: int
    error: InputError
    id: str = ""
    kind: str = ""

    def __str__(self) -> str:
        named = f" ({self.id})" if self.id else ""
        return f"row {self.row}{named}: {self.error}"
