"""Write the tables of docs/service.md: what was measured, from the reports in results/.

    python docs/measured.py

`tests/test_docs.py` fails when the committed tables are not what this script writes.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from yuragi.research.bench.service.faults.promises import PROMISES
from yuragi.research.bench.tables import table

PAGE = Path(__file__).with_name("service.md")
RESULTS = Path(__file__).parents[1] / "results"
BEGIN, END = "<!-- measured: begin -->\n", "<!-- measured: end -->\n"


def page() -> str:
    """The page with the tables of the present reports."""
    before, rest = PAGE.read_text("utf-8").split(BEGIN)
    _, after = rest.split(END)
    return f"{before}{BEGIN}\n{_faults()}\n{END}{after}"


def _read(name: str) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((RESULTS / f"{name}.json").read_text("utf-8"))
    return found


def _faults() -> str:
    report = _read("faults")
    heads = ["scenario", "database", "jobs", "faults", "done", "cancelled", "starts", *PROMISES]
    rows = [[row[head] for head in heads] for row in report["rows"]]
    return (
        f"Faults on purpose (up to {report['n']} jobs a scenario, commit {report['commit']}); the "
        f"columns from\n`{PROMISES[0]}` on count broken promises:\n\n" + table(heads, rows) + "\n"
    )


if __name__ == "__main__":
    PAGE.write_text(page(), "utf-8")
