"""The rows of a manifest: JSON lines, CSV or Parquet, on any file system of fsspec."""

from __future__ import annotations

import csv
import io
import re
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import Any, BinaryIO

from yuragi.batch.places import fetch
from yuragi.batch.problem import Problem
from yuragi.errors import InputError, missing_extra
from yuragi.options.pairs import read_json

__all__ = ["FORMATS", "Row", "read_manifest"]


OTHER = re.compile(r"[;\t|]")
"""Separators that other programs write into CSV files."""


@dataclass(frozen=True)
class Row:
    """A row of a manifest.

    Attributes:
        number: its number, counted from 1: lines of a JSONL file, rows after the header of a CSV
            file.
        values: its values by column, without empty cells.
        typed: whether values have the types of JSON, and are not all text.
    """

    number: int
    values: Mapping[str, Any]
    typed: bool = True


def _json_lines(file: BinaryIO) -> Iterator[Row | Problem]:
    for number, line in enumerate(io.TextIOWrapper(file, "utf-8-sig"), 1):
        if not line.strip():
            continue
        try:
            values = read_json(line)
        except (ValueError, RecursionError) as error:
            reason = f"this is no JSON: {error}"
            yield Problem(number, InputError("line", line.strip(), "a JSON object", reason))
            continue
        if not isinstance(values, dict):
            yield Problem(number, InputError("line", line.strip(), "a JSON object"))
            continue
        yield Row(number, {name: value for name, value in values.items() if value is not None})


def _csv(file: BinaryIO) -> Iterator[Row | Problem]:
    reader = csv.DictReader(io.TextIOWrapper(file, "utf-8-sig", newline=""), strict=True)
    try:
        _check_header(reader.fieldnames or ())
        for number, cells in enumerate(reader, 1):
            if None in cells or None in cells.values():
                allowed = "as many as the columns of the header"
                yield Problem(number, InputError("cells", _count(cells), allowed))
                continue
            yield Row(number, {name: cell for name, cell in cells.items() if cell != ""}, False)
    except csv.Error as error:
        raise InputError("manifest", f"line {reader.line_num}", "", str(error)) from error


def _check_header(names: Sequence[str]) -> None:
    """Refuse a header that names a column twice, or has another separator than the comma."""
    if len(names) == 1 and (separator := OTHER.search(names[0])):
        reason = "columns are separated by commas"
        raise InputError("manifest", f"header {names[0]}", "", reason, f"not by {separator[0]!r}")
    for name, times in Counter(names).items():
        if times > 1:
            raise InputError("manifest", f"column {name}", "", "there are two columns of this name")


def _count(cells: Mapping[str | None, Any]) -> int:
    """The number of cells of a row; cells beyond the header are a list under the key None."""
    return sum(len(each) if name is None else each is not None for name, each in cells.items())


def _parquet(file: BinaryIO) -> Iterator[Row]:
    try:
        import pyarrow as pa
        from pyarrow.parquet import ParquetFile
    except ModuleNotFoundError as error:
        raise missing_extra("a Parquet manifest", "parquet") from error
    number = 0
    try:
        for part in ParquetFile(file).iter_batches():
            for values in part.to_pylist():
                number += 1
                given = {name: value for name, value in values.items() if value is not None}
                yield Row(number, given)
    except pa.ArrowException as error:
        raise InputError("manifest", None, "", f"this is no Parquet file: {error}") from error


FORMATS: Mapping[str, Callable[[BinaryIO], Iterator[Row | Problem]]] = {
    ".jsonl": _json_lines,
    ".csv": _csv,
    ".parquet": _parquet,
}
"""Readers of manifests by the suffix of their names."""


def read_manifest(url: str) -> Iterator[Row | Problem]:
    """The rows of a manifest, with a problem in the place of each that cannot be read.

    Args:
        url: a path, or a URL of fsspec such as ``s3://bucket/edits.parquet``.

    Raises:
        InputError: the suffix is unknown, or the file cannot be read or does not contain rows.
        MissingExtraError: it is a Parquet file, and the optional dependencies are not installed.
    """
    suffix = PurePosixPath(url).suffix.lower()
    if suffix not in FORMATS:
        raise InputError("manifest", url, "a file name ending in " + ", ".join(FORMATS))
    file = io.BytesIO(fetch(url, "manifest"))
    try:
        yield from FORMATS[suffix](file)
    except UnicodeDecodeError as error:
        raise InputError("manifest", url, "text in UTF-8", str(error)) from error
