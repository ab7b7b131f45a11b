"""The rows of a sweep on disk, keyed by their settings, so several sweeps can share a file."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from yuragi.errors import InputError
from yuragi.research.lines import Lines

__all__ = ["Rows"]


class Rows(Lines):
    """The rows of a file, which need not exist yet."""

    def by_key(self) -> Mapping[str, Mapping[str, Any]]:
        """The rows by key; if several rows have the same key, the last one."""
        return {row["key"]: row for row in self if "key" in row}

    def add(self, row: Mapping[str, Any]) -> None:
        """Append a row, and return when it is on disk.

        Raises:
            InputError: the row has no key.
            OSError: the file cannot be written.
        """
        if "key" not in row:
            raise InputError("row", sorted(row), "a row with a key")
        super().add(row)
