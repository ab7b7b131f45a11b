"""The rows of a sweep on disk: one line of JSON per point, keyed by its settings.

If a run is killed, its last line may be incomplete. This line is ignored, and its point is measured
again. Several sweeps may share a file, because each finds its rows by their keys.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from yuragi.errors import InputError

__all__ = ["Rows"]


@dataclass(frozen=True)
class Rows:
    """The rows of a file, which need not exist yet."""

    path: Path

    def __iter__(self) -> Iterator[Mapping[str, Any]]:
        """All complete rows, in the order in which they were written."""
        if self.path.is_file():
            for line in self.path.read_text("utf-8").splitlines():
                row = _row(line)
                if row is not None:
                    yield row

    def by_key(self) -> Mapping[str, Mapping[str, Any]]:
        """The rows by key; if several rows have the same key, the last one."""
        return {row["key"]: row for row in self}

    def add(self, row: Mapping[str, Any]) -> None:
        """Append a row, and return when it is on disk.

        Raises:
            InputError: the row has no key.
        """
        if "key" not in row:
            raise InputError("row", sorted(row), "a row with a key")
        self.path.parent.mkdir(parents=True, exist_ok=True)
        whole = not self.path.exists() or self.path.read_bytes()[-1:] in (b"", b"\n")
        with self.path.open("a", encoding="utf-8") as file:
            file.write(("" if whole else "\n") + json.dumps(row) + "\n")
            file.flush()
            os.fsync(file.fileno())


def _row(line: str) -> Mapping[str, Any] | None:
    try:
        found = json.loads(line)
    except ValueError:
        return None
    return found if isinstance(found, dict) and "key" in found else None
