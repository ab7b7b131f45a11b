"""Write the tables and the picture of docs/sweeps.md from the reports in results/.

    python docs/sweeps.py

`tests/test_docs.py` fails when the committed tables are not what this script writes.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from reports import read, tabled, with_chances
from sweep_tables import (
    at_best_scale,
    by_scale,
    of_areas,
    of_differences,
    of_points,
    origin,
    seeds,
)

from yuragi.research.assess.sensitivity import write_bars
from yuragi.research.bench.tables import interval, number, table, with_interval

PAGE = Path(__file__).with_name("sweeps.md")
BARS = Path(__file__).with_name("img") / "sweeps" / "sensitivity.png"


def page() -> str:
    """The page with the tables of the current reports."""
    return with_chances(tabled(PAGE, WRITERS))


def _gamma(report: Mapping[str, Any]) -> str:
    shown = ["cfg", "reg", "ratio_0", "ratio_0.1", "ratio_0.2", "ratio_0.25", "ratio_0.5"]
    shown += ["ratio_1", "ratio_auto"]
    rows = []
    for half, by_weight in report["geomean_vs_reg"].items():
        for weight, means in by_weight.items():
            ends = report["intervals"][half][weight]
            cells = [
                f"{means[rule]:.3g} [{ends[rule][0]:.2g}, {ends[rule][1]:.2g}]" for rule in shown
            ]
            rows.append([f"{half}, w = {weight}", *cells])
    line, plane, space = report["problems"]
    return (
        f"{report['n']} random problems ({line} on the line, {plane} in the plane, {space} in "
        f"space), seed {report['seeds'][0]},\n{report['effort']['levels']} noise levels, "
        f"{report['effort']['plane']} draws per level in the plane and in space; commit "
        f"{report['commit']}:\n\n" + table(["half", *shown], rows) + "\n\nChosen: "
        f"`{report['chosen']}`.\n"
    )


def _bias(report: Mapping[str, Any]) -> str:
    arms = report["arms"]
    names = list(next(iter(arms.values())))
    rows = [
        [arm, *(with_interval(found[name]["shift"]) for name in names)]
        for arm, found in arms.items()
    ]
    first = next(iter(arms.values()))
    rows.append(["by chance", *(number(first[name]["chance"]) for name in names)])
    told = report["settings"]
    return (
        f"{report['n']} portraits per arm ({seeds(report)}), scale {told['scale']:g}, "
        f"{told['steps']} steps; commit {report['commit']}.\n\n"
        + table(["arm", *names], rows)
        + "\n\nThe differences of the shifts, paired picture by picture:\n\n"
        + _less_plain(report)
    )


def _values(report: Mapping[str, Any]) -> str:
    """Every value whose share differs from training in an arm, bold where it does."""
    arms = report["arms"]
    every = [(name, value) for name, found in arms["plain"].items() for value in found["values"]]
    rows = []
    for name, value in every:
        found = [arm[name]["values"][value] for arm in arms.values()]
        cells = [_share(one) for one in found]
        if any(cell.startswith("**") for cell in cells):
            rows.append([name, value, f"{found[0]['training']:.1%}", *cells])
    return (
        f"{len(rows)} of {len(every)} values; about {0.05 * len(every):.1g} of them would be bold "
        "in each arm by chance:\n\n" + table(["attribute", "value", "training", *arms], rows) + "\n"
    )


def _share(found: Mapping[str, Any]) -> str:
    low, high = found["interval"]
    text = f"{found['share']:.0%} [{low:.0%}, {high:.0%}]"
    return text if low <= found["training"] <= high else f"**{text}**"


def _less_plain(report: Mapping[str, Any]) -> str:
    """The paired differences of the arms from plain guidance."""
    less = report["less_plain"]
    rows = [[f"{arm} - plain", *map(interval, found.values())] for arm, found in less.items()]
    return table(["arm", *next(iter(less.values()))], rows) + "\n"


def _stability(report: Mapping[str, Any]) -> str:
    names = ["fit", "spread", "worst", "failed"]
    rows = [
        [arm, *(with_interval(found[name]) for name in names)]
        for arm, found in report["arms"].items()
    ]
    told = report["settings"]
    return (
        f"{told['prompts']} captions with {told['seeds_each']} pictures each ({seeds(report)}), "
        f"{told['steps']} steps; commit {report['commit']}.\n\n"
        + table(["arm", *names], rows)
        + "\n\nThe differences, paired caption by caption:\n\n"
        + _less_plain(report)
    )


def _reproducibility(report: Mapping[str, Any]) -> str:
    rows = [
        [
            arm,
            *(
                f"{100 * found[kind]['equal']:g} %, {found[kind]['largest_difference']:g}"
                for kind in ("again", "alone")
            ),
        ]
        for arm, found in report["arms"].items()
    ]
    return (
        f"{report['n']} pictures per arm ({seeds(report)}), {report['settings']['steps']} steps; "
        f"commit {report['commit']}.\nThe share of pictures that are equal bit "
        "for bit, and the largest difference in levels of 255:\n\n"
        + table(["arm", "drawn again", "alone instead of in a batch"], rows)
        + "\n"
    )


def _sensitivity(report: Mapping[str, Any]) -> str:
    rows = [
        [
            f"{measure}, {order}",
            *(
                f"{index[order]:.2f} ± {index[f'{order}_half_width']:.2f}"
                for index in found.values()
            ),
        ]
        for measure, found in report["indices"].items()
        for order in ("total", "first")
    ]
    heads = [f"{name} ({low:g} to {high:g})" for name, (low, high) in report["ranges"].items()]
    return (
        f"{report['points']} points of {report['n']} pictures each ({seeds(report)}; base "
        f"{report['settings']['base']}); commit {report['commit']}.\n\n"
        + table(["measure, order", *heads], rows)
        + "\n"
    )


WRITERS: Mapping[str, Callable[[Mapping[str, Any]], str]] = {
    "sweep-fashion origin": origin,
    "sweep-fashion best": at_best_scale,
    "sweep-fashion scales": by_scale,
    "sweep-fashion areas": of_areas,
    "sweep-fashion points": of_points,
    "sweep-fashion differences": of_differences,
    "lab-gamma": _gamma,
    "assess-bias": _bias,
    "assess-bias values": _values,
    "assess-stability": _stability,
    "assess-reproducibility": _reproducibility,
    "assess-sensitivity": _sensitivity,
}
"""See `reports.tabled`."""


if __name__ == "__main__":
    PAGE.write_text(page(), "utf-8")
    report = read("assess-sensitivity")
    write_bars(report, BARS, list(report["indices"]))
