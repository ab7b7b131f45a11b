"""The tables of `yuragi.research.bench.drag.suite` in Markdown."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from yuragi.research.bench.report import elsewhere
from yuragi.research.bench.tables import interval, number, table

__all__ = ["markdown"]

SHOWN = (
    "arrival",
    "registered",
    "psnr",
    "ssim",
    "lpips",
    "background",
    "ghost",
    "seams",
    "identity",
    "intent",
    "evaluations",
    "seconds",
    "peak_mib",
)
CONTRASTED = ("arrival", "registered", "psnr", "lpips", "background", "ghost", "seams", "identity")


def markdown(report: Mapping[str, Any]) -> str:
    """Scores of every row, paired differences (bold if the interval excludes 0), and groups."""
    head = (
        f"{report['n']} cases, seed {report['seeds'][0]}, weights {report['weights']}, "
        f"commit {report['commit']}. Intervals are 95 %, paired.{elsewhere(report)}"
    )
    rows = [
        [name, values["n"], *(number(values.get(key)) for key in SHOWN)]
        for name, values in {**report["rows"], "truth": report["truth"]}.items()
    ]
    contrasts = [
        [
            f"ours - {name}",
            report["rows"][name]["n"],
            *(interval(values[key]) for key in CONTRASTED),
        ]
        for name, values in report["against_ours"].items()
    ]
    ranked = [[name, number(share)] for name, share in report["ranked"].items()]
    parts = [
        head,
        table(["row", "n", *SHOWN], rows),
        table(["difference", "n", *CONTRASTED], contrasts),
        table(["row", "truth ranked above it"], ranked),
    ]
    for group in ("by_kind", "by_length", "by_mask"):
        lines = [
            [value, name, *(number(scores[key]) for key in ("arrival", "psnr", "ghost"))]
            for value, names in report[group].items()
            for name, scores in names.items()
        ]
        parts.append(table([group.removeprefix("by_"), "row", "arrival", "psnr", "ghost"], lines))
    return "\n\n".join(parts)
