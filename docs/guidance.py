"""Write the tables of docs/guidance.md about the portrait model from the sweep in results/.

    python docs/guidance.py

`tests/test_docs.py` fails when the committed tables are not what this script writes.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from reports import tabled
from sweep_tables import at_best_scale, of_differences, of_points, of_rules, origin

PAGE = Path(__file__).with_name("guidance.md")


def page() -> str:
    """The page with the tables of the current report."""
    return tabled(PAGE, WRITERS)


WRITERS: Mapping[str, Callable[[Mapping[str, Any]], str]] = {
    "sweep-portraits origin": origin,
    "sweep-portraits best": at_best_scale,
    "sweep-portraits rules": of_rules,
    "sweep-portraits differences": of_differences,
    "sweep-portraits points": of_points,
}
"""See `reports.tabled`."""


if __name__ == "__main__":
    PAGE.write_text(page(), "utf-8")
