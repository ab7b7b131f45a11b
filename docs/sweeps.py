"""Write the tables and the picture of docs/sweeps.md from the reports in results/.

    python docs/sweeps.py

`tests/test_docs.py` fails when the committed tables are not what this script writes.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from reports import earlier, read, tabled

from yuragi.research.assess.sensitivity import write_bars
from yuragi.research.bench.tables import interval, number, table

PAGE = Path(__file__).with_name("sweeps.md")
BARS = Path(__file__).with_name("img") / "sweeps" / "sensitivity.png"


def page() -> str:
    """The page with the tables of the current reports."""
    return tabled(PAGE, WRITERS)


def _seeds(report: Mapping[str, Any]) -> str:
    """The seeds of the pictures of a report, which are consecutive."""
    first = report["seeds"][0]
    return f"seeds {first} to {first + report['n'] - 1}"


def _told(figure: Mapping[str, Any]) -> str:
    return f"{number(figure['value'])} [{number(figure['low'])}, {number(figure['high'])}]"


def _distance(report: Mapping[str, Any]) -> str:
    """The name of the Frechet distance of a sweep."""
    return str(next(iter(report["areas"]["corner"])))


def _best(report: Mapping[str, Any]) -> str:
    distance = _distance(report)
    rows = []
    for gain in report["gains"]:
        best, diverse = gain["best"], gain["diversity"]
        found = best[distance]
        rows.append(
            [
                gain["rule"],
                gain["gain"],
                f"{best['scale']:g}",
                f"{best['plain_scale']:g}",
                interval(found),
                _verdict(found),
                interval(diverse["coverage"]) if diverse else "",
            ]
        )
    heads = ["rule", "gain", "its best scale", "best scale of plain", f"{distance}, difference"]
    return table([*heads, "verdict", "coverage at equal quality, difference"], rows) + "\n"


def _scales(report: Mapping[str, Any]) -> str:
    distance = _distance(report)
    scales = sorted({each["scale"] for gain in report["gains"] for each in gain["scales"]})
    rows = []
    for gain in report["gains"]:
        by_scale = {each["scale"]: each["same_cost"] for each in gain["scales"]}
        found = [(by_scale.get(scale) or {}).get(distance) for scale in scales]
        cells = [f"{_verdict(one)} ({one['value']:+.2g})" if one else "" for one in found]
        rows.append([gain["rule"], gain["gain"], *cells])
    return table(["rule", "gain", *(f"scale {scale:g}" for scale in scales)], rows) + "\n"


def _verdict(found: Mapping[str, float]) -> str:
    if found["low"] <= 0 <= found["high"]:
        return "level"
    return "wins" if found["value"] < 0 else "loses"


def _areas(report: Mapping[str, Any]) -> str:
    areas, distance = dict(report["areas"]), _distance(report)
    corner = areas.pop("corner")
    rows = []
    for name, found in areas.items():
        added = found.get("added_to_plain")
        told = _area(added) if added else ""
        rows.append(
            [name, _area(found["area"]), f"**{told}**" if added and added["low"] > 0 else told]
        )
    return (
        f"The corner is {distance} {number(corner[distance])}, missing coverage "
        f"{number(corner['coverage'])}, cost {number(corner['cost'])}.\n\n"
        + table(["rule + gain", "area, ‰", "added to plain, ‰"], rows)
        + "\n"
    )


def _area(found: Mapping[str, float]) -> str:
    """An area in thousandths; it is at least 0, although that of a shifted half can be below."""
    value, low, high = (1000 * max(found[end], 0.0) for end in ("value", "low", "high"))
    return f"{value:.3g} [{low:.3g}, {high:.3g}]"


def _points(report: Mapping[str, Any]) -> str:
    names = [_distance(report), "accuracy", "coverage", "recall", "Vendi"]
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
    return table(["arm", "scale", "cost", "ms", *names], rows) + "\n"


def _origin(report: Mapping[str, Any]) -> str:
    return (
        f"{len(report['points'])} points of {report['n']} pictures each ({_seeds(report)}), "
        f"compared with\n{report['against']} real pictures by the features of "
        f"`{report['draws']['backend']}`; commit {report['commit']}, {report['device']}.\n"
    )


def _differences(report: Mapping[str, Any]) -> str:
    distance = _distance(report)
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
                            *(interval(found[name]) for name in (distance, "accuracy", "coverage")),
                        ]
                    )
    heads = ["gain", "scale", "plain guidance at", "cost", distance, "accuracy", "coverage"]
    return table(heads, rows) + "\n"


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
        f"{report['n']} portraits per arm ({_seeds(report)}), scale {told['scale']:g}, "
        f"{told['steps']} steps; commit {report['commit']}.{earlier(report)}\n\n"
        + table(["arm", *names], rows)
        + "\n"
    )


def _stability(report: Mapping[str, Any]) -> str:
    names = ["fit", "spread", "worst", "failed"]
    rows = [[arm, *(_told(found[name]) for name in names)] for arm, found in report["arms"].items()]
    told = report["settings"]
    return (
        f"{told['prompts']} captions with {told['seeds_each']} pictures each ({_seeds(report)}), "
        f"{told['steps']} steps; commit {report['commit']}.{earlier(report)}\n\n"
        + table(["arm", *names], rows)
        + "\n"
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
        f"{report['n']} pictures per arm ({_seeds(report)}), {report['settings']['steps']} steps; "
        f"commit {report['commit']}.{earlier(report)}\nThe share of pictures that are equal bit "
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
        f"{report['points']} points of {report['n']} pictures each ({_seeds(report)}; base "
        f"{report['settings']['base']}); commit {report['commit']}.\n\n"
        + table(["measure, order", *heads], rows)
        + "\n"
    )


WRITERS: Mapping[str, Callable[[Mapping[str, Any]], str]] = {
    "sweep-fashion origin": _origin,
    "sweep-fashion best": _best,
    "sweep-fashion scales": _scales,
    "sweep-fashion areas": _areas,
    "sweep-fashion points": _points,
    "sweep-fashion differences": _differences,
    "lab-gamma": _gamma,
    "assess-bias": _bias,
    "assess-stability": _stability,
    "assess-reproducibility": _reproducibility,
    "assess-sensitivity": _sensitivity,
}
"""See `reports.tabled`."""


if __name__ == "__main__":
    PAGE.write_text(page(), "utf-8")
    report = read("assess-sensitivity")
    write_bars(report, BARS, list(report["indices"]))
