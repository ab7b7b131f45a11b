"""The rows of a sweep on disk, keyed by their settings, so several sweeps can share a file."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from filelock import FileLock, Timeout

from yuragi.errors import InputError
from yuragi.research.lines import Lines

__all__ = ["Rows"]


class Rows(Lines):
    """The rows of a file, which need not exist yet and which several processes can write.

    What rows are computed from lies in a folder beside the file. It can be deleted when no process
    writes rows.
    """

    @property
    def folder(self) -> Path:
        """The folder beside the file, which has ``.parts`` after its name."""
        return self.path.with_name(f"{self.path.name}.parts")

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
        with FileLock(self._beside("rows.lock")):
            super().add(row)

    @contextmanager
    def claimed(self, key: str) -> Iterator[bool]:
        """Yield whether no other process works on this row; until the end of the block, none will.

        If a process is killed, its claims end. A row can have been finished just before it was
        claimed, so look for it in the file again.
        """
        lock = FileLock(self._beside(f"{key}.lock"))
        try:
            lock.acquire(timeout=0)
        except Timeout:
            yield False
            return
        try:
            yield True
        finally:
            lock.release()

    def parts(self, key: str) -> Path:
        """The folder of what this key stands for, from which rows are computed."""
        return self._beside(key)

    def _beside(self, name: str) -> Path:
        self.folder.mkdir(parents=True, exist_ok=True)
        return self.folder / name
