"""The tables of a page about a sweep, from its report."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from yuragi.research.bench.tables import interval, number, table, with_interval


def seeds(report: Mapping[str, Any]) -> str:
    """The seeds of the pictures of a report, which are consecutive."""
    first = report["seeds"][0]
    return f"seeds {first} to {first + report['n'] - 1}"


def distance_of(report: Mapping[str, Any]) -> str:
    """The name of the Frechet distance of a sweep."""
    return str(next(iter(report["areas"]["corner"])))


def at_best_scale(report: Mapping[str, Any]) -> str:
    """Each gain and plain guidance of its rule, each at its own best scale.

    A gain that was not run at every scale of plain guidance has no known best scale yet.
    """
    distance = distance_of(report)
    rows = []
    for gain in report["gains"]:
        if not _is_finished(gain, report["points"]):
            rows.append([gain["rule"], gain["gain"], "", "", "", "not finished", ""])
            continue
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


def _is_finished(gain: Mapping[str, Any], points: Sequence[Mapping[str, Any]]) -> bool:
    """Whether a gain was run at every scale at which plain guidance of its course was."""
    course = ("rule", "solver", "spacing")
    plain = {
        each["point"]["scale"]
        for each in points
        if each["point"]["gain"] == "plain"
        and each["point"]["scale"] != 1  # guidance is off
        and all(each["point"][name] == gain[name] for name in course)
    }
    return plain <= {each["scale"] for each in gain["scales"]}


def by_scale(report: Mapping[str, Any]) -> str:
    """Each gain against plain guidance of its rule at equal scale and cost."""
    distance = distance_of(report)
    scales = sorted({each["scale"] for gain in report["gains"] for each in gain["scales"]})
    rows = []
    for gain in report["gains"]:
        equal = {each["scale"]: each["same_cost"] for each in gain["scales"]}
        found = [(equal.get(scale) or {}).get(distance) for scale in scales]
        cells = [f"{_verdict(one)} ({one['value']:+.2g})" if one else "" for one in found]
        rows.append([gain["rule"], gain["gain"], *cells])
    return table(["rule", "gain", *(f"scale {scale:g}" for scale in scales)], rows) + "\n"


def _verdict(found: Mapping[str, float]) -> str:
    if found["low"] <= 0 <= found["high"]:
        return "level"
    return "wins" if found["value"] < 0 else "loses"


def of_areas(report: Mapping[str, Any]) -> str:
    """The areas of the fronts.

    What is added to plain guidance has no interval, because it is never negative: an interval
    above 0 would look like a test that it is not.
    """
    areas, distance = dict(report["areas"]), distance_of(report)
    corner = areas.pop("corner")
    rows = []
    for name, found in areas.items():
        added = found.get("added_to_plain")
        rows.append([name, _area(found["area"]), f"{1000 * added['value']:.3g}" if added else ""])
    return (
        f"The corner is {distance} {number(corner[distance])}, missing coverage "
        f"{number(corner['coverage'])}, cost {number(corner['cost'])}.\n\n"
        + table(["rule + gain", "area, ‰", "added to plain, ‰"], rows)
        + "\n"
    )


def _area(found: Mapping[str, float]) -> str:
    """An area in thousandths, with its interval."""
    value, low, high = (1000 * found[end] for end in ("value", "low", "high"))
    return f"{value:.3g} [{low:.3g}, {high:.3g}]"


def of_front(report: Mapping[str, Any]) -> str:
    """The points on the front, with its axes and the accuracy, from the cheapest on."""
    distance, on_front = distance_of(report), set(report["front"])
    found = [each for each in report["points"] if point_name(each) in on_front]
    rows = [
        [
            each["arm"],
            f"{each['point']['scale']:g}",
            number(each["cost"]),
            *(with_interval(each["figures"][name]) for name in (distance, "coverage", "accuracy")),
        ]
        for each in sorted(found, key=lambda each: float(each["cost"]))
    ]
    return table(["arm", "scale", "cost", distance, "coverage", "accuracy"], rows) + "\n"


def point_name(point: Mapping[str, Any]) -> str:
    """The name of a point in the list of the front."""
    return f"{point['arm']} at {point['point']['scale']:g}"


def of_points(report: Mapping[str, Any]) -> str:
    """The measures of all points."""
    named = [distance_of(report), "accuracy", "coverage", "recall", "Vendi", "clipped"]
    # Sweeps before the first release did not count clipped values.
    names = [name for name in named if name in report["points"][0]["figures"]]
    rows = [
        [
            point["arm"],
            f"{point['point']['scale']:g}",
            number(point["cost"]),
            number(1000 * point["seconds"]),
            *(with_interval(point["figures"][name]) for name in names),
        ]
        for point in report["points"]
    ]
    return table(["arm", "scale", "cost", "ms", *names], rows) + "\n"


def origin(report: Mapping[str, Any]) -> str:
    """What was swept, and where."""
    return (
        f"{len(report['points'])} points of {report['n']} pictures each ({seeds(report)}), "
        f"compared with\n{report['against']} real pictures by the features of "
        f"`{report['draws']['backend']}`; commit {report['commit']}, {report['device']}.\n"
    )


def of_differences(report: Mapping[str, Any]) -> str:
    """Each gain against plain guidance of its rule, at equal steps and at equal cost."""
    rows = [
        [f"{gain['rule']} + {gain['gain']}", *cells]
        for gain in report["gains"]
        for cells in _besides(gain["scales"], [distance_of(report), "accuracy", "coverage"])
    ]
    return _beside_table(report, "gain", "plain guidance at", rows)


def of_rules(report: Mapping[str, Any]) -> str:
    """Each rule against `cfg`, both without a gain, at equal steps and at equal cost."""
    rows = [
        [rule["rule"], *cells]
        for rule in report["rules"]
        for cells in _besides(rule["scales"], [distance_of(report), "accuracy", "coverage"])
    ]
    return _beside_table(report, "rule", "cfg at", rows)


def _beside_table(
    report: Mapping[str, Any], kind: str, rival: str, rows: Sequence[Sequence[str]]
) -> str:
    heads = [kind, "scale", "steps", rival, "cost", distance_of(report), "accuracy", "coverage"]
    return table(heads, rows) + "\n"


def _besides(scales: Sequence[Mapping[str, Any]], names: Sequence[str]) -> Iterator[list[str]]:
    """The cells of all differences at these scales."""
    for beside in scales:
        for kind in ("same_steps", "same_cost"):
            found = beside[kind]
            if found is not None:
                rival = beside["rival_cost"] if kind == "same_cost" else None
                yield [
                    f"{beside['scale']:g}",
                    str(beside["steps"]),
                    "equal steps" if rival is None else "equal cost",
                    f"{number(beside['cost'])} against {number(rival)}" if rival else "",
                    *(interval(found[name]) for name in names),
                ]
