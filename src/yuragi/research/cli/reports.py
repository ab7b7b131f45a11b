"""The output of benchmarks: a file with everything, and a short table for people."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from yuragi.cli.answer import answer
from yuragi.research.bench.report import write_report
from yuragi.research.bench.tables import number

__all__ = ["finish", "short_table", "transposed"]

COLUMNS = 7

Rows = Mapping[Any, Mapping[Any, Any]]
"""Values by row and column; those that are not numbers are not shown."""


def finish(
    report: dict[str, Any],
    path: Path,
    json_line: bool,
    rows: Rows,
    more: Sequence[Path] = (),
) -> None:
    """Write a report, and print a short table and the files, or everything as one line of JSON.

    Args:
        report: the whole report.
        path: its file.
        json_line: whether to print the report as one line of JSON.
        rows: the rows of the table.
        more: other files that were written.
    """
    write_report(report, path)
    files = [path, *more]
    told = report | {"files": [str(file) for file in files]}
    answer(json_line, told, short_table(rows), *files)


def short_table(rows: Rows) -> str:
    """The first columns of numbers, aligned; an estimate is shown without its interval."""
    numbers = {str(row): _numbers(values) for row, values in rows.items()}
    heads = list(dict.fromkeys(head for values in numbers.values() for head in values))[:COLUMNS]
    lines = [["", *heads]]
    lines += [[row, *(number(values.get(k)) for k in heads)] for row, values in numbers.items()]
    widths = [max(map(len, column)) for column in zip(*lines, strict=True)]
    return "\n".join(
        f"{line[0]:<{widths[0]}}"
        + "".join(f"  {cell:>{width}}" for cell, width in zip(line[1:], widths[1:], strict=True))
        for line in lines
    )


def transposed(rows: Rows) -> dict[str, dict[str, Any]]:
    """The same table with rows and columns swapped."""
    heads = dict.fromkeys(head for values in rows.values() for head in values)
    return {
        str(head): {str(row): values.get(head) for row, values in rows.items()} for head in heads
    }


def _numbers(values: Mapping[Any, Any]) -> dict[str, float]:
    found = {
        str(name): value["value"] if isinstance(value, Mapping) and "value" in value else value
        for name, value in values.items()
    }
    return {
        name: float(value)
        for name, value in found.items()
        if isinstance(value, int | float) and not isinstance(value, bool)
    }
