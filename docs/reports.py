"""What the scripts of the pages share: the reports in results/, and what a page must say of one."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from yuragi.research.bench.tables import filled

RESULTS = Path(__file__).parents[1] / "results"

EARLIER = {
    "d0268955cb0f8b027abc3f586de3461e": "Measured with the earlier portrait model of 128 x 128 "
    "pixels, and not repeated yet with the current one."
}
"""Notes on reports whose weights are no longer in the package, by their fingerprint."""


def read(name: str) -> dict[str, Any]:
    """The report of this name."""
    found: dict[str, Any] = json.loads((RESULTS / f"{name}.json").read_text("utf-8"))
    return found


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


def earlier(report: Mapping[str, Any]) -> str:
    """A space and the note on a report with earlier weights; empty for all other reports."""
    weights = str(report.get("weights"))
    return f" {EARLIER[weights]}" if weights in EARLIER else ""
