"""Write the tables and the picture of docs/guidance.md about the portrait model, from results/.

    python docs/guidance.py

`tests/test_docs.py` fails when the committed tables are not what this script writes.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from matplotlib.figure import Figure
from reports import read, tabled, with_chances
from sweep_tables import (
    at_best_scale,
    distance_of,
    of_areas,
    of_differences,
    of_front,
    of_points,
    of_rules,
    origin,
    point_name,
)

PAGE = Path(__file__).with_name("guidance.md")
FRONT = Path(__file__).with_name("img") / "sweeps" / "portraits.png"
COLOURS = {"plain": "0.4", "reg": "#c1443c", "ratio": "#2b6ca3", "scheduled": "#3d8b4f"}
MARKS = {"cfg": "o", "interval:0.28:2.9": "s"}


def page() -> str:
    """The page with the tables of the current report."""
    return with_chances(tabled(PAGE, WRITERS))


def fronts(report: Mapping[str, Any]) -> Figure:
    """The distance of every point against its cost and its coverage; rings mark the front."""
    distance, on_front = distance_of(report), set(report["front"])
    figure = Figure(figsize=(9, 3.8), layout="constrained")
    left, right = figure.subplots(1, 2, sharey=True)
    for each in report["points"]:
        point, figures = each["point"], each["figures"]
        for axis, across in ((left, each["cost"]), (right, figures["coverage"]["value"])):
            axis.plot(
                across, figures[distance]["value"], MARKS[point["rule"]],
                color=COLOURS[point["gain"]], markersize=6, alpha=0.8,
            )  # fmt: skip
            if point_name(each) in on_front:
                axis.plot(across, figures[distance]["value"], "o", color="black", markersize=12,
                          fillstyle="none")  # fmt: skip
    left.set_ylabel(f"{distance}, lower is better")
    left.set_xlabel("cost in evaluations, lower is better")
    right.set_xlabel("coverage, higher is better")
    for gain, colour in COLOURS.items():
        right.plot([], [], "o", color=colour, label=gain)
    for rule, mark in MARKS.items():
        right.plot([], [], mark, color="black", fillstyle="none", label=rule.partition(":")[0])
    right.plot([], [], "o", color="black", markersize=12, fillstyle="none", label="on the front")
    right.legend(fontsize=8)
    return figure


WRITERS: Mapping[str, Callable[[Mapping[str, Any]], str]] = {
    "sweep-portraits origin": origin,
    "sweep-portraits best": at_best_scale,
    "sweep-portraits areas": of_areas,
    "sweep-portraits front": of_front,
    "sweep-portraits-default differences": of_differences,
    "sweep-portraits-default origin": origin,
    "sweep-portraits rules": of_rules,
    "sweep-portraits differences": of_differences,
    "sweep-portraits points": of_points,
}
"""See `reports.tabled`."""


if __name__ == "__main__":
    PAGE.write_text(page(), "utf-8")
    fronts(read("sweep-portraits")).savefig(FRONT, dpi=100, metadata={"Software": None})
