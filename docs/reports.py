"""What the scripts of the pages share: the reports in results/, and the tables of a page."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from yuragi.research.bench.shares import wilson
from yuragi.research.bench.tables import filled, number, with_interval

RESULTS = Path(__file__).parents[1] / "results"
DIFFERENCE = re.compile(r"(\*\*)?[+-][\d.]+ \[[+-][\d.]+, [+-][\d.]+\]")
"""A difference with its interval, as `yuragi.research.bench.tables.interval` writes it."""


def read(name: str) -> dict[str, Any]:
    """The report of this name."""
    found: dict[str, Any] = json.loads((RESULTS / f"{name}.json").read_text("utf-8"))
    return found


def counted(share: float, n: int) -> str:
    """A share of n cases, with its interval."""
    low, high = wilson(round(share * n), n)
    return f"{share:.1%} [{low:.1%}, {high:.1%}]"


def numbers(found: Mapping[str, Any], *keys: str) -> list[str]:
    """The values of a row, with the intervals that its report has."""
    ends = found.get("intervals", {})
    return [
        with_interval({"value": found[key], "low": ends[key][0], "high": ends[key][1]})
        if key in ends
        else number(found.get(key))
        for key in keys
    ]


def tabled(page: Path, writers: Mapping[str, Callable[[Mapping[str, Any]], str]]) -> str:
    """The text of a page with the tables of the current reports.

    Args:
        page: the page.
        writers: what is written between the markers of each name, which begins with that of its
            report.
    """
    text = page.read_text("utf-8")
    for name, write in writers.items():
        text = filled(text, name, write(read(name.split()[0])))
    return text


def with_chances(text: str) -> str:
    """A page that says how many of its differences are bold, and how many would be by chance."""
    found = DIFFERENCE.findall(text)
    n, bold = len(found), sum(map(bool, found))
    told = (
        f"This page has {n} differences with intervals of 95 %, and {bold} of them are bold. If "
        f"nothing\nmade a difference, about {round(0.05 * n)} would be bold by chance: no interval "
        "is widened for the number of\ncomparisons.\n"
    )
    return filled(text, "chance", told)
