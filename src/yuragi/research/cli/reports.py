"""The output of benchmarks: a file with everything, and a table for people."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from yuragi.cli.answer import answer
from yuragi.research.bench.report import seeds_of, write_report
from yuragi.research.bench.tables import number, with_interval

__all__ = ["estimate", "finish", "transposed"]

WIDTH = 100
"""The width of a table in characters. Columns beyond it are named instead of shown."""

Rows = Mapping[Any, Mapping[Any, Any]]
"""Values by row and column: numbers, and estimates with the keys of `estimate`. ``intervals`` of a
row, [low, high] by column, make estimates of the numbers of these columns."""


def finish(
    report: dict[str, Any],
    path: Path,
    json_line: bool,
    rows: Rows,
    more: Sequence[Path] = (),
) -> None:
    """Write a report, and print a table and the files, or everything as one line of JSON.

    The lines below the table tell the number of cases, what measured them and their seeds, and name
    the values of the rows that are only in the file.

    Args:
        report: the whole report.
        path: its file.
        json_line: whether to print the report as one line of JSON.
        rows: the rows of the table.
        more: other files that were written.
    """
    write_report(report, path)
    rows = {name: _estimated(values) for name, values in rows.items()}
    files = [path, *more]
    told = report | {"files": [str(file) for file in files]}
    lines, shown = _table(rows)
    hidden = [name for name in _names(rows) if name not in shown]
    rest = [f"Only in {path}: {', '.join(hidden)}"] if hidden else []
    answer(json_line, told, *lines, _origin(report, rows), *rest, *files)


def estimate(value: float, low: float, high: float) -> dict[str, float]:
    """A value with the ends of its 95 % interval."""
    return {"value": value, "low": low, "high": high}


def _estimated(values: Mapping[Any, Any]) -> dict[Any, Any]:
    ends = values.get("intervals", {})
    return {
        name: estimate(value, *ends[name]) if name in ends else value
        for name, value in values.items()
        if name != "intervals"
    }


def transposed(rows: Rows) -> dict[str, dict[str, Any]]:
    """The same table with rows and columns swapped."""
    heads = dict.fromkeys(head for values in rows.values() for head in values)
    return {
        str(head): {str(row): values.get(head) for row, values in rows.items()} for head in heads
    }


def _table(rows: Rows) -> tuple[list[str], list[str]]:
    """The lines of the table, and the names of its columns: as many as fit, but at least one."""
    lines = _aligned(["", *map(str, rows)], "<")
    shown: list[str] = []
    for name in _names(rows):
        cells = [_cell(values.get(name)) for values in rows.values()]
        if not any(cells):
            continue
        column = _aligned([name, *cells], ">")
        wider = [f"{line}  {cell}" for line, cell in zip(lines, column, strict=True)]
        if shown and len(wider[0]) > WIDTH:
            break
        lines, shown = wider, [*shown, name]
    return [line.rstrip() for line in lines], shown


def _names(rows: Rows) -> list[str]:
    """The names of all values except words, which rows already have in their own names."""
    return list(
        dict.fromkeys(
            name
            for values in rows.values()
            for name, value in values.items()
            if not isinstance(value, str | None)
        )
    )


def _aligned(cells: Sequence[str], side: str) -> list[str]:
    width = max(map(len, cells))
    return [f"{cell:{side}{width}}" for cell in cells]


def _cell(value: Any) -> str:
    """A number, or an estimate with its interval; an empty string for anything else."""
    if _is_estimate(value):
        return with_interval(value)
    if isinstance(value, int):
        return str(value)
    return number(value) if isinstance(value, float) else ""


def _is_estimate(value: Any) -> bool:
    return isinstance(value, Mapping) and {"value", "low", "high"} <= value.keys()


def _origin(report: Mapping[str, Any], rows: Rows) -> str:
    """The number of cases, their seeds and, for measures by features, their backend."""
    estimates = [v for values in rows.values() for v in values.values() if _is_estimate(v)]
    told = {
        key: ", ".join(dict.fromkeys(each[key] for each in estimates if key in each))
        for key in ("backend", "seeds")
    }
    backend = told["backend"] or report.get("backend")
    measured = f", measured by {backend}" if backend else ""
    seeds = told["seeds"] or seeds_of(report)
    return f"n {report['n']}{measured}" + (f", seeds {seeds}" if seeds else "")
