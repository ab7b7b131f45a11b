"""The report of a sweep: fronts, their areas, and paired tests of gains against plain guidance.

Picture k has the same seed and prompt at every point, and the random halves of intervals are the
same at every point. So differences are paired half by half: the interval of a difference is for the
choice of the seeds, and common variation of the points cancels.

A gain is compared with plain guidance of the same rule, solver and spacing, and a rule with the
rule ``cfg`` of the same solver and spacing, both without a gain. The unguided point, which a sweep
has once for each solver and number of steps, counts as plain guidance of every rule.

Quality is the Frechet distance, diversity is the coverage, and cost is the number of evaluations
per picture, where a reverse product counts as two. Areas are computed on all three axes at once, or
without diversity if only the Frechet distance is measured. Quality and diversity extend to those of
the unguided point (or to the worst if there is none), and cost to the highest. Each axis is divided
by its corner, so that an area is a share.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, NamedTuple

import torch
from torch import Tensor

from yuragi.errors import InputError
from yuragi.research.measure.folder import spans
from yuragi.research.metrics.figure import Figure
from yuragi.research.metrics.intervals import Interval, spread_interval
from yuragi.research.sweep.fronts import front, volume

__all__ = ["Row", "compare", "sweep_report"]

Row = Mapping[str, Any]
DIVERSITY, CFG = "coverage", "cfg"


class Course(NamedTuple):
    """The settings that points must share to be compared."""

    rule: str
    solver: str
    spacing: str


def sweep_report(rows: Sequence[Row]) -> dict[str, Any]:
    """The report of rows of one sweep, ready for JSON.

    Raises:
        InputError: there are no rows, or they do not belong together: their models, pictures,
            prompts, seeds, features, judges or numbers of halves differ.
    """
    _check_one_sweep(rows)
    rows = sorted(rows, key=_place)  # several processes finish points in any order
    distance = _distance(rows)
    return {
        "draws": dict(rows[0]["draws"]),
        "against": rows[0]["sizes"][distance][1],
        # Rows of one file, and parts of one row, can come from several machines and commits.
        "device": _each("device", rows),
        "commit": _each("commit", rows),
        "points": [_told(row) for row in rows],
        "front": [_name(rows[k]) for k in front([_axes(row, distance) for row in rows])],
        "areas": _areas(rows, distance),
        "gains": _gains(rows, distance),
        "rules": _rules(rows, distance),
    }


def _place(row: Row) -> tuple[float, str, bool, str, int]:
    """The place of a row in the report: by scale, rule and gain, from few steps to many."""
    point = row["point"]
    gain = point["gain"]
    return point["scale"], point["rule"], gain != "plain", gain, point["steps"]


def _each(name: str, rows: Sequence[Row]) -> str:
    return ", ".join(dict.fromkeys(one for row in rows for one in row[name].split(", ")))


def _check_one_sweep(rows: Sequence[Row]) -> None:
    if not rows:
        raise InputError("rows", None, "the finished points of a sweep")
    if any("sizes" not in row for row in rows):
        raise InputError("rows", "others", "rows that this version of yuragi sweep wrote")
    first = rows[0]["draws"]
    for other in (row["draws"] for row in rows):
        differing = [
            f"{name} {first[name]} and {other[name]}"
            for name in first
            if first[name] != other[name]
        ]
        if differing:
            allowed = "those of one sweep, which differ only in their points"
            raise InputError("rows", ", ".join(differing), allowed)


def _distance(rows: Sequence[Row]) -> str:
    """The name of the Frechet distance, which is the first measure."""
    return str(next(iter(rows[0]["values"])))


def _name(row: Row) -> str:
    return f"{row['arm']} at {row['point']['scale']:g}"


def _told(row: Row) -> dict[str, Any]:
    """A row with figures instead of its halves."""
    seed, backend = row["draws"]["seed"], row["draws"]["backend"]
    return {
        "arm": row["arm"],
        "point": row["point"],
        "cost": row["cost"],
        "evaluations": row["evaluations"],
        "reverse": row["reverse"],
        "seconds": row["seconds"],
        "figures": {
            name: Figure.of(
                name,
                spread_interval(row["values"][name], _halves(row, name)),
                n,
                against,
                backend,
                spans(range(seed, seed + n)),
            ).as_dict()
            for name, (n, against) in row["sizes"].items()
        },
    }


def _halves(row: Row, name: str) -> Tensor:
    """The values of the halves, shifted so that their mean is the value of all pictures.

    A distance of half as many pictures is larger on average, so only its spread is used.
    """
    found = torch.tensor(row["halves"][name], dtype=torch.float64)
    return found + (float(row["values"][name]) - found.mean())


def _axes(row: Row, distance: str) -> list[float]:
    """The distance, one minus the coverage if it is measured, and the cost; all should be small."""
    values = row["values"]
    missing = [1 - values[DIVERSITY]] if DIVERSITY in values else []
    return [values[distance], *missing, row["cost"]]


def compare(one: Row, other: Row) -> dict[str, dict[str, float]]:
    """Paired differences one - other of every measure, with 95 % intervals over the seeds."""
    return {
        name: spread_interval(
            value - other["values"][name], _halves(one, name) - _halves(other, name)
        )._asdict()
        for name, value in one["values"].items()
    }


def _gains(rows: Sequence[Row], distance: str) -> list[dict[str, Any]]:
    """The comparison of each gain with plain guidance of the same course; see `_against`.

    `diversity` is the increase in coverage at a distance that is no worse than the best of plain
    guidance.
    """
    found = []
    for course, gain in _kinds(rows):
        if gain != "plain":
            own, plain = _like(rows, course, gain), _like(rows, course, "plain")
            more = {"gain": gain, "diversity": _at_equal_quality(own, plain, distance)}
            found.append(course._asdict() | more | _against(own, plain, distance))
    return found


def _rules(rows: Sequence[Row], distance: str) -> list[dict[str, Any]]:
    """The comparison of each rule with ``cfg``, both without a gain; see `_against`."""
    found = []
    for course, gain in _kinds(rows):
        if gain == "plain" and course.rule != CFG:
            own = [row for row in _like(rows, course, "plain") if not _is_off(row)]
            constant = _like(rows, course._replace(rule=CFG), "plain")
            found.append(course._asdict() | _against(own, constant, distance))
    return found


def _against(own: Sequence[Row], plain: Sequence[Row], distance: str) -> dict[str, Any]:
    """The comparison of points with plain guidance, scale by scale.

    `same_steps` compares points with equal steps. `same_cost` compares with the cheapest plain
    point that costs at least as much, so that no point benefits from a cheaper rival. `best`
    compares the best distances over all scales.
    """
    return {
        "scales": [_beside(row, plain) for row in own],
        "best": _best(own, plain, distance),
    }


def _kinds(rows: Iterable[Row]) -> list[tuple[Course, str]]:
    """The different courses and gains."""
    return list(dict.fromkeys((_course(row), row["point"]["gain"]) for row in rows))


def _course(row: Row) -> Course:
    return Course(*(row["point"][name] for name in Course._fields))


def _like(rows: Iterable[Row], course: Course, gain: str) -> list[Row]:
    """The rows of a course and a gain; guidance is off at scale 1, whatever the rule."""
    return [
        row
        for row in rows
        if row["point"]["gain"] == gain
        and course == (_course(row)._replace(rule=course.rule) if _is_off(row) else _course(row))
    ]


def _is_off(row: Row) -> bool:
    return bool(row["point"]["scale"] == 1)


def _dear(plain: Sequence[Row], cost: float) -> list[Row]:
    """The plain points that cost at least this much, up to rounding."""
    return [row for row in plain if row["cost"] >= 0.99 * cost]


def _matched(own: Sequence[Row], plain: Sequence[Row]) -> list[Row]:
    """The points that do not cost more than every plain point."""
    return [row for row in own if _dear(plain, row["cost"])]


def _beside(row: Row, plain: Sequence[Row]) -> dict[str, Any]:
    point = row["point"]
    rivals = [r for r in plain if r["point"]["scale"] == point["scale"]]
    same = [r for r in rivals if r["point"]["steps"] == point["steps"]]
    dear = sorted(_dear(rivals, row["cost"]), key=lambda r: r["cost"])
    return {
        "scale": point["scale"],
        "steps": point["steps"],
        "cost": row["cost"],
        "same_steps": compare(row, same[0]) if same else None,
        "same_cost": compare(row, dear[0]) if dear else None,
        "rival_cost": dear[0]["cost"] if dear else None,
    }


def _best(own: Sequence[Row], plain: Sequence[Row], distance: str) -> dict[str, Any] | None:
    """The best distance of each over the scales, and the paired difference.

    Points that cost more than every plain point are left out, and so are plain points that cost
    less than all of the others. The best scale is chosen separately for each half, so that the
    interval includes the choice.
    """
    own = _matched(own, plain)
    if not own:
        return None
    plain = _dear(plain, min(row["cost"] for row in own))

    def least(rows: Sequence[Row]) -> tuple[Row, Tensor]:
        chosen = min(rows, key=lambda row: row["values"][distance])
        return chosen, torch.stack([_halves(row, distance) for row in rows]).amin(0)

    (mine, my_halves), (theirs, their_halves) = least(own), least(plain)
    difference = mine["values"][distance] - theirs["values"][distance]
    return {
        "scale": mine["point"]["scale"],
        "plain_scale": theirs["point"]["scale"],
        "plain_steps": theirs["point"]["steps"],
        distance: spread_interval(difference, my_halves - their_halves)._asdict(),
        "ratio": mine["values"][distance] / theirs["values"][distance],
    }


def _at_equal_quality(
    own: Sequence[Row], plain: Sequence[Row], distance: str
) -> dict[str, Any] | None:
    """The paired difference of coverage between a gain and plain guidance at its best distance.

    Of the gain's points whose distance is no larger, and which do not cost more than every plain
    point, the one with the highest coverage is used. If there is no such point, there is no
    comparison.
    """
    if not plain or DIVERSITY not in plain[0]["values"]:
        return None
    rival = min(plain, key=lambda row: row["values"][distance])
    fair = _matched(own, plain)
    near = [row for row in fair if row["values"][distance] <= rival["values"][distance]]
    if not near:
        return None
    most = max(near, key=lambda row: row["values"][DIVERSITY])
    return {"point": _name(most), "plain": _name(rival), DIVERSITY: compare(most, rival)[DIVERSITY]}


def _areas(rows: Sequence[Row], distance: str) -> dict[str, Any]:
    """The area of each course and gain, and what a gain adds to plain guidance, over the seeds.

    Plain guidance is tried at more costs than a gain, which by itself makes its area larger. What a
    gain adds to this area does not depend on that. But more points never make an area smaller, so
    chance alone adds something: the interval of what is added tells how much it varies over the
    seeds, and not whether a gain is better than plain guidance.

    Ends of intervals can be below 0, because the halves are shifted to the values of all pictures
    and the normal distribution is symmetric.
    """
    corner = _corner(rows, distance)
    names = [distance, DIVERSITY, "cost"] if len(corner) == 3 else [distance, "cost"]
    told: dict[str, Any] = {"corner": dict(zip(names, corner, strict=True))}
    kinds = _kinds(rows)
    areas = {kind: _area(_like(rows, *kind), distance, corner) for kind in kinds}
    for (course, gain), (value, halves) in areas.items():
        entry: dict[str, Any] = {"area": spread_interval(value, halves)._asdict()}
        plain = areas.get((course, "plain"))
        if gain != "plain" and plain is not None:
            both = [*_like(rows, course, "plain"), *_like(rows, course, gain)]
            entry["added_to_plain"] = _less(*_area(both, distance, corner), *plain)._asdict()
        told[f"{course.rule} + {gain} ({course.solver}, {course.spacing})"] = entry
    return told


def _less(value: float, halves: Tensor, other: float, other_halves: Tensor) -> Interval:
    return spread_interval(value - other, halves - other_halves)


def _corner(rows: Sequence[Row], distance: str) -> list[float]:
    off = [row for row in rows if _is_off(row)] or list(rows)
    *ends, _ = (max(values) for values in zip(*(_axes(row, distance) for row in off), strict=True))
    return [*ends, 1.01 * max(row["cost"] for row in rows)]


def _area(rows: Sequence[Row], distance: str, corner: Sequence[float]) -> tuple[float, Tensor]:
    """The share of the box up to the corner that points dominate, overall and for each half.

    It is 0 if the box is empty, because the unguided points already have a coverage of 1.
    """
    size = math.prod(corner)

    def share(points: Sequence[Sequence[float]]) -> float:
        return volume(points, corner) / size if size > 0 else 0.0

    halves = zip(*(_half_axes(row, distance) for row in rows), strict=True)
    found = torch.tensor([share(points) for points in halves], dtype=torch.float64)
    return share([_axes(row, distance) for row in rows]), found


def _half_axes(row: Row, distance: str) -> list[list[float]]:
    """The axes of each half."""
    halves = _halves(row, distance)
    missing = [1 - _halves(row, DIVERSITY)] if DIVERSITY in row["values"] else []
    return torch.stack([halves, *missing, torch.full_like(halves, row["cost"])], 1).tolist()
