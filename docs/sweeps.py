"""Write the tables of docs/sweeps.md from the reports in results/.

    python docs/sweeps.py

`tests/test_docs.py` fails when the committed tables are not what this script writes.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from yuragi.research.bench.tables import interval, number, table

PAGE = Path(__file__).with_name("sweeps.md")
RESULTS = Path(__file__).parents[1] / "results"
BEGIN, END = "<!-- {}: begin -->\n", "<!-- {}: end -->\n"


def page() -> str:
    """The page with the tables of the current reports."""
    text = PAGE.read_text("utf-8")
    for name, write in WRITERS.items():
        begin, end = BEGIN.format(name), END.format(name)
        before, rest = text.split(begin)
        _, after = rest.split(end)
        text = f"{before}{begin}\n{write(_read(name))}\n{end}{after}"
    return text


def _read(name: str) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((RESULTS / f"{name}.json").read_text("utf-8"))
    return found


def _told(figure: Mapping[str, Any]) -> str:
    return f"{number(figure['value'])} [{number(figure['low'])}, {number(figure['high'])}]"


def _sweep(report: Mapping[str, Any]) -> str:
    names = ["FD-Fashion", "accuracy", "coverage", "recall", "Vendi"]
    rows = [
        [
            point["arm"],
            f"{point['point']['scale']:g}",
            number(point["cost"]),
            number(1000 * point["seconds"]),
            *(_told(point["figures"][name]) for name in names),
        ]
        for point in report["points"]
    ]
    heads = ["arm", "scale", "cost", "ms", *names]
    return (
        f"{len(rows)} points of {report['n']} pictures each (seeds {report['seeds'][0]} to "
        f"{report['seeds'][0] + report['n'] - 1}), compared with\n{report['against']} pictures of "
        f"the test split; commit {report['commit']}, {report['device']}. Cost is the number of "
        "evaluations\nper picture, where a reverse product counts as two; ms is processor time "
        "per picture, with one thread.\n\n"
        + table(heads, rows)
        + "\n\n"
        + _verdicts(report)
        + "\n\n"
        + _gains(report)
    )


def _verdicts(report: Mapping[str, Any]) -> str:
    scales = sorted({each["scale"] for gain in report["gains"] for each in gain["scales"]})
    rows = []
    for gain in report["gains"]:
        by_scale = {each["scale"]: each["same_cost"] for each in gain["scales"]}
        cells = [_verdict((by_scale.get(scale) or {}).get("FD-Fashion")) for scale in scales]
        rows.append([gain["rule"], gain["gain"], *cells])
    heads = ["rule", "gain", *(f"scale {scale:g}" for scale in scales)]
    return (
        "Does a gain pay at equal cost? The numbers are the distance minus that of plain guidance "
        "with the same rule,\nscale and number of evaluations. Differences are level if their "
        "interval contains 0:\n\n" + table(heads, rows)
    )


def _verdict(found: Mapping[str, float] | None) -> str:
    if found is None:
        return ""
    if found["low"] <= 0 <= found["high"]:
        return "level"
    return f"{'wins' if found['value'] < 0 else 'loses'} ({found['value']:+.2g})"


def _gains(report: Mapping[str, Any]) -> str:
    rows = []
    for gain in report["gains"]:
        for beside in gain["scales"]:
            for kind in ("same_steps", "same_cost"):
                found = beside[kind]
                if found is not None:
                    rival = beside["rival_cost"] if kind == "same_cost" else None
                    rows.append(
                        [
                            f"{gain['rule']} + {gain['gain']}",
                            f"{beside['scale']:g}",
                            "equal steps" if rival is None else "equal cost",
                            f"{number(beside['cost'])} against {number(rival)}" if rival else "",
                            *(interval(found[name]) for name in ("FD-Fashion", "accuracy")),
                            interval(found["coverage"]),
                        ]
                    )
    heads = ["gain", "scale", "plain guidance at", "cost", "FD-Fashion", "accuracy", "coverage"]
    return (
        "Gain minus plain guidance with the same rule and scale, paired over the seeds. Bold "
        "intervals do not contain 0.\nNegative distances and positive coverages are "
        "better:\n\n" + table(heads, rows) + "\n\n" + _areas(report)
    )


def _areas(report: Mapping[str, Any]) -> str:
    corner = report["areas"]["corner"]
    rows = [
        [name, _told(found["area"]), interval(found.get("added_to_plain"))]
        for name, found in report["areas"].items()
        if name != "corner"
    ]
    ends = ", ".join(f"{name} {number(value)}" for name, value in corner.items())
    return (
        "Area of the front in distance, missing coverage (1 - coverage) and cost, as a share of "
        f"the box up to the corner\n({ends}; the second number is missing coverage):\n\n"
        + table(["rule + gain", "area", "added to plain"], rows)
        + "\n"
    )


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
    rows = [[arm, *(_told(found[name]["shift"]) for name in names)] for arm, found in arms.items()]
    first = next(iter(arms.values()))
    rows.append(["by chance", *(number(first[name]["chance"]) for name in names)])
    told = report["settings"]
    return (
        f"{report['n']} portraits per arm (seeds {report['seeds'][0]} to "
        f"{report['seeds'][0] + report['n'] - 1}), scale {told['scale']:g}, {told['steps']} steps; "
        f"commit {report['commit']}:\n\n" + table(["arm", *names], rows) + "\n"
    )


def _stability(report: Mapping[str, Any]) -> str:
    names = ["fit", "spread", "worst", "failed"]
    rows = [[arm, *(_told(found[name]) for name in names)] for arm, found in report["arms"].items()]
    told = report["settings"]
    return (
        f"{told['prompts']} captions with {told['seeds_each']} seeds each, {told['steps']} steps; "
        f"commit {report['commit']}:\n\n" + table(["arm", *names], rows) + "\n"
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
        f"{report['n']} pictures per arm, {report['settings']['steps']} steps; commit "
        f"{report['commit']}. The share of pictures that are\nequal bit for bit, and the largest "
        "difference in levels of 255:\n\n"
        + table(["arm", "drawn again", "alone instead of in a batch"], rows)
        + "\n"
    )


def _sensitivity(report: Mapping[str, Any]) -> str:
    settings = list(report["ranges"])
    rows = [
        [
            measure,
            *(
                f"{found[name]['total']:.2f} ± {found[name]['total_half_width']:.2f}"
                for name in settings
            ),
        ]
        for measure, found in report["indices"].items()
    ]
    heads = [f"{name} ({low:g} to {high:g})" for name, (low, high) in report["ranges"].items()]
    return (
        f"{report['points']} points of {report['n']} pictures each (base "
        f"{report['settings']['base']}); commit {report['commit']}:\n\n"
        + table(["measure", *heads], rows)
        + "\n"
    )


WRITERS = {
    "sweep-fashion": _sweep,
    "lab-gamma": _gamma,
    "assess-bias": _bias,
    "assess-stability": _stability,
    "assess-reproducibility": _reproducibility,
    "assess-sensitivity": _sensitivity,
}


if __name__ == "__main__":
    PAGE.write_text(page(), "utf-8")
