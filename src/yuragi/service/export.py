"""The audit as a file."""

from __future__ import annotations

import csv
import json
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any, TextIO

from yuragi.errors import InputError
from yuragi.images.files import whole
from yuragi.service import tables
from yuragi.service.audit import broken, every
from yuragi.service.database import Database

__all__ = ["SUFFIXES", "export"]

COLUMNS = [each.name for each in tables.audit.columns]


def _jsonl(file: TextIO, rows: Iterable[Mapping[str, Any]]) -> int:
    count = 0
    for count, row in enumerate(rows, 1):  # noqa: B007 (the last count is the number of rows)
        file.write(json.dumps(row) + "\n")
    return count


def _csv(file: TextIO, rows: Iterable[Mapping[str, Any]]) -> int:
    """Write CSV; values that are neither text nor numbers are written as JSON."""
    writer = csv.writer(file)
    writer.writerow(COLUMNS)
    count = 0
    for count, row in enumerate(rows, 1):  # noqa: B007
        values = (row[name] for name in COLUMNS)
        writer.writerow(
            json.dumps(each) if isinstance(each, list | dict) else each for each in values
        )
    return count


WRITERS: Mapping[str, Callable[[TextIO, Iterable[Mapping[str, Any]]], int]] = {
    ".jsonl": _jsonl,
    ".csv": _csv,
}
SUFFIXES = tuple(WRITERS)


def export(database: Database, path: Path) -> tuple[int, int | None]:
    """Write the audit to a file, completely or not at all; its folder is created if it is missing.

    An earlier export can be the only proof that rows at the end are missing, so it is replaced only
    by a complete one.

    Args:
        database: the database.
        path: the file, with one of `SUFFIXES`.

    Returns:
        The number of rows, and the number of the first one at which the chain of hashes breaks;
        None if it is intact.

    Raises:
        InputError: the file has another suffix.
        OSError: the file cannot be written.
    """
    if path.suffix.lower() not in SUFFIXES:
        raise InputError("output", str(path), "a file name ending in " + ", ".join(SUFFIXES))
    with database.reading() as connection:
        with whole(path) as partial, partial.open("w", encoding="utf-8", newline="") as file:
            count = WRITERS[path.suffix.lower()](file, every(connection))
        return count, broken(every(connection))
