"""Write the tables of simulated pilots in docs/pilot.md from results/pilot.json.

    python docs/pilot.py

`tests/test_docs.py` fails when the committed tables are not what this script writes.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from reports import tabled

from yuragi.research.bench.tables import table

PAGE = Path(__file__).with_name("pilot.md")


def page() -> str:
    """The page with the tables of the current report."""
    return tabled(PAGE, {"pilot coverage": _coverage, "pilot power": _power})


def covered(
    report: Mapping[str, Any], correlations: Sequence[str], heads: Sequence[str], by: str
) -> str:
    """The table of coverage, without a preference and with one.

    Args:
        report: the report.
        correlations: words for the correlations, in the order of the report.
        heads: those of size and correlations, and of each preference with a blank for it.
        by: what separates the numbers of a size.
    """
    rows: dict[tuple[int, int, int], dict[tuple[float, float], list[float]]] = {}
    for row in report["coverage"]:
        size = row["raters"], row["pictures"], row["seeds"]
        shares = rows.setdefault(size, {}).setdefault(tuple(row["correlations"]), [])
        shares.append(row["covered"])
    truths = sorted({row["preference"] for row in report["coverage"]})
    shown = [head.format(f"{truth:.2f}") for head, truth in zip(heads[2:], truths, strict=True)]
    lines = [
        [by.join(map(str, size)), said, *(f"{share:.1%}" for share in shares)]
        for size, found in rows.items()
        for said, shares in zip(correlations, found.values(), strict=True)
    ]
    return table([*heads[:2], *shown], lines)


def found(report: Mapping[str, Any], heads: Sequence[str], by: str) -> str:
    """The table of the power; arguments as in `covered`."""
    lines = [
        [
            by.join(str(row[name]) for name in ("raters", "pictures", "seeds")),
            f"{0.5 + row['effect']:.3f}",
            f"{row['at_end']:.2f}",
            f"{row['on_way']:.2f}",
        ]
        for row in report["found"]
    ]
    return table(heads, lines)


def _coverage(report: Mapping[str, Any]) -> str:
    heads = (
        *("raters, pictures, seeds", "correlations of raters and pictures"),
        *("no preference ({})", "true preference {}"),
    )
    said = ("none", "0.05 and 0.1, as assumed", "0.2 and 0.3, larger than assumed")
    return f"{_origin(report)}; nominal 95 %:\n\n{covered(report, said, heads, ', ')}\n"


def _power(report: Mapping[str, Any]) -> str:
    heads = (
        "raters, pictures, seeds",
        "true preference",
        "found with all votes",
        "found at any look",
    )
    return f"{_origin(report)}; nominal 0.80:\n\n{found(report, heads, ', ')}\n"


def _origin(report: Mapping[str, Any]) -> str:
    (seed,) = report["seeds"]
    made = f"seed {seed}, commit {report['commit']}"
    return f"{report['n']} simulated pilots for each number ({made})"


if __name__ == "__main__":
    PAGE.write_text(page(), "utf-8")
