"""Results on disk, one JSON object per line, so that an interrupted run can be resumed.

If a run is killed, its last line may be incomplete. Such a line is ignored, what it describes is
measured again, and the next line replaces it.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO

__all__ = ["Lines"]


@dataclass(frozen=True)
class Lines:
    """The objects in a file, which need not exist yet."""

    path: Path

    def __iter__(self) -> Iterator[dict[str, Any]]:
        """All complete objects, in the order in which they were written."""
        if self.path.is_file():
            for line in self.path.read_text("utf-8").splitlines():
                found = _object(line)
                if found is not None:
                    yield found

    def add(self, row: Mapping[str, Any]) -> None:
        """Append an object, and return when it is on disk.

        Raises:
            OSError: the file cannot be written.
        """
        self.path.parent.mkdir(parents=True, exist_ok=True)
        with self.path.open("ab+") as file:
            _finish(file)
            file.write(json.dumps(row).encode() + b"\n")
            file.flush()
            os.fsync(file.fileno())


def _finish(file: BinaryIO) -> None:
    """End the last line of a file, or remove it if it is incomplete."""
    size = file.seek(0, os.SEEK_END)
    if size == 0:
        return
    file.seek(size - 1)
    if file.read(1) == b"\n":
        return
    file.seek(0)
    tail = file.read().rpartition(b"\n")[2]
    if _object(tail) is None:
        file.truncate(size - len(tail))
    else:
        file.write(b"\n")


def _object(line: str | bytes) -> dict[str, Any] | None:
    try:
        found = json.loads(line)
    except ValueError:
        return None
    return found if isinstance(found, dict) else None
