"""The report of a sweep: fronts, their areas, and paired tests of gains against plain guidance.

Picture k has the same seed and prompt at every point, and the random halves of intervals are the
same at every point. So differences are paired half by half: the interval of a difference is for the
choice of the seeds, and common variation of the points cancels.

Quality is the Frechet distance, diversity is the coverage, and cost is the number of evaluations
per picture, where a reverse product counts as two. Areas are computed on all three axes at once.
Quality and diversity extend to those of the unguided point (or to the worst if there is none), and
cost to the highest. Each axis is divided by its corner, so that an area is a share.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import torch
from torch import Tensor

from yuragi.errors import InputError
from yuragi.research.measure.sets import ALONE
from yuragi.research.metrics.figure import Figure
from yuragi.research.metrics.frechet import Interval, bootstrap_interval
from yuragi.research.sweep.fronts import front, volume

__all__ = ["Row", "compare", "sweep_report"]

Row = Mapping[str, Any]
DIVERSITY = "coverage"


def sweep_report(rows: Sequence[Row]) -> dict[str, Any]:
    """The report of rows of one sweep, ready for JSON.

    Raises:
        InputError: there are no rows, or their models, pictures or seeds differ.
    """
    if not rows or any(row["draws"] != rows[0]["draws"] for row in rows):
        allowed = "those of one sweep: the same model, number of pictures, seed and reference"
        raise InputError("rows", len(rows), allowed)
    distance = _distance(rows)
    return {
        "draws": dict(rows[0]["draws"]),
        "against": rows[0]["against"],
        "points": [_told(row) for row in rows],
        "front": [_name(rows[k]) for k in front([_axes(row, distance) for row in rows])],
        "areas": _areas(rows, distance),
        "gains": _gains(rows, distance),
    }


def _distance(rows: Sequence[Row]) -> str:
    """The name of the Frechet distance, which is the first measure."""
    return str(next(iter(rows[0]["values"])))


def _name(row: Row) -> str:
    return f"{row['arm']} at {row['point']['scale']:g}"


def _told(row: Row) -> dict[str, Any]:
    """A row with figures instead of its halves."""
    draws = row["draws"]
    seeds = f"{draws['seed']}-{draws['seed'] + draws['n'] - 1}"
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
                bootstrap_interval(value, _halves(row, name)),
                draws["n"],
                0 if name in ALONE else row["against"],
                draws["backend"],
                seeds,
            ).as_dict()
            for name, value in row["values"].items()
        },
    }


def _halves(row: Row, name: str) -> Tensor:
    """The values of the halves, shifted so that their mean is the value of all pictures.

    A distance of half as many pictures is larger on average, so only its spread is used.
    """
    found = torch.tensor(row["halves"][name], dtype=torch.float64)
    return found + (float(row["values"][name]) - found.mean())


def _axes(row: Row, distance: str) -> tuple[float, float, float]:
    """The distance, one minus the coverage, and the cost, which should all be small."""
    values = row["values"]
    return values[distance], 1 - values[DIVERSITY], row["cost"]


def compare(one: Row, other: Row) -> dict[str, dict[str, float]]:
    """Paired differences one - other of every measure, with 95 % intervals over the seeds."""
    return {
        name: bootstrap_interval(
            value - other["values"][name], _halves(one, name) - _halves(other, name)
        )._asdict()
        for name, value in one["values"].items()
    }


def _gains(rows: Sequence[Row], distance: str) -> list[dict[str, Any]]:
    """The comparison of each gain with plain guidance of the same rule and scale.

    `same_steps` compares points with equal steps. `same_cost` compares with the cheapest plain
    point that costs at least as much, so that a gain never benefits from a cheaper rival. `best`
    compares the best distances over all scales, with plain points that cost at least as much.
    `diversity` is the increase in coverage at a distance that is no worse than the best of plain
    guidance.
    """
    found = []
    for rule, gain in dict.fromkeys((r["point"]["rule"], r["point"]["gain"]) for r in rows):
        if gain == "plain":
            continue
        own = _like(rows, rule, gain)
        plain = _like(rows, rule, "plain")
        found.append(
            {
                "rule": rule,
                "gain": gain,
                "scales": [_beside(row, plain) for row in own],
                "best": _best(own, _dear(plain, min(row["cost"] for row in own)), distance),
                "diversity": _at_equal_quality(own, plain, distance),
            }
        )
    return found


def _like(rows: Iterable[Row], rule: str, gain: str) -> list[Row]:
    return [row for row in rows if row["point"]["rule"] == rule and row["point"]["gain"] == gain]


def _dear(plain: Sequence[Row], cost: float) -> list[Row]:
    """The plain points that cost at least this much, up to rounding."""
    return [row for row in plain if row["cost"] >= 0.99 * cost]


def _beside(row: Row, plain: Sequence[Row]) -> dict[str, Any]:
    point = row["point"]
    rivals = [r for r in plain if r["point"]["scale"] == point["scale"]]
    same = [r for r in rivals if r["point"]["steps"] == point["steps"]]
    dear = sorted(_dear(rivals, row["cost"]), key=lambda r: r["cost"])
    return {
        "scale": point["scale"],
        "cost": row["cost"],
        "same_steps": compare(row, same[0]) if same else None,
        "same_cost": compare(row, dear[0]) if dear else None,
        "rival_cost": dear[0]["cost"] if dear else None,
    }


def _best(own: Sequence[Row], plain: Sequence[Row], distance: str) -> dict[str, Any] | None:
    """The best distance of each over the scales, and the paired difference.

    The best scale is chosen separately for each half, so that the interval includes the choice.
    """
    if not own or not plain:
        return None

    def least(rows: Sequence[Row]) -> tuple[Row, Tensor]:
        chosen = min(rows, key=lambda row: row["values"][distance])
        return chosen, torch.stack([_halves(row, distance) for row in rows]).amin(0)

    (mine, my_halves), (theirs, their_halves) = least(own), least(plain)
    difference = mine["values"][distance] - theirs["values"][distance]
    return {
        "scale": mine["point"]["scale"],
        "plain_scale": theirs["point"]["scale"],
        "plain_steps": theirs["point"]["steps"],
        distance: bootstrap_interval(difference, my_halves - their_halves)._asdict(),
        "ratio": mine["values"][distance] / theirs["values"][distance],
    }


def _at_equal_quality(
    own: Sequence[Row], plain: Sequence[Row], distance: str
) -> dict[str, Any] | None:
    """The paired difference of coverage between a gain and plain guidance at its best distance.

    Of the gain's points whose distance is no larger, the one with the highest coverage is used. If
    there is no such point, there is no comparison.
    """
    if not plain:
        return None
    rival = min(plain, key=lambda row: row["values"][distance])
    near = [row for row in own if row["values"][distance] <= rival["values"][distance]]
    if not near:
        return None
    most = max(near, key=lambda row: row["values"][DIVERSITY])
    return {"point": _name(most), "plain": _name(rival), DIVERSITY: compare(most, rival)[DIVERSITY]}


def _areas(rows: Sequence[Row], distance: str) -> dict[str, Any]:
    """The area of each rule and gain, and what a gain adds to plain guidance, over the seeds.

    Plain guidance is tried at more costs than a gain, which by itself makes its area larger. What a
    gain adds to this area does not have this bias.
    """
    corner = _corner(rows, distance)
    groups: dict[tuple[str, str], list[Row]] = {}
    for row in rows:
        groups.setdefault((row["point"]["rule"], row["point"]["gain"]), []).append(row)
    areas = {pair: _area(own, distance, corner) for pair, own in groups.items()}
    told: dict[str, Any] = {"corner": dict(zip((distance, DIVERSITY, "cost"), corner, strict=True))}
    for (rule, gain), (value, halves) in areas.items():
        entry: dict[str, Any] = {"area": bootstrap_interval(value, halves)._asdict()}
        plain = areas.get((rule, "plain"))
        if gain != "plain" and plain is not None:
            both = _area([*groups[rule, "plain"], *groups[rule, gain]], distance, corner)
            entry["added_to_plain"] = _less(*both, *plain)._asdict()
        told[f"{rule} + {gain}"] = entry
    return told


def _less(value: float, halves: Tensor, other: float, other_halves: Tensor) -> Interval:
    return bootstrap_interval(value - other, halves - other_halves)


def _corner(rows: Sequence[Row], distance: str) -> tuple[float, float, float]:
    off = [row for row in rows if row["point"]["scale"] == 1] or list(rows)
    axes = [_axes(row, distance) for row in off]
    dearest = max(row["cost"] for row in rows)
    return max(a for a, _, _ in axes), max(b for _, b, _ in axes), 1.01 * dearest


def _area(
    rows: Sequence[Row], distance: str, corner: tuple[float, float, float]
) -> tuple[float, Tensor]:
    """The share of the box up to the corner that points dominate, overall and for each half."""
    size = corner[0] * corner[1] * corner[2]
    whole = volume([_axes(row, distance) for row in rows], corner) / size
    columns = [
        (_halves(row, distance).tolist(), _halves(row, DIVERSITY).tolist(), row["cost"])
        for row in rows
    ]
    draws = len(columns[0][0])
    halves = [
        volume([(d[k], 1 - c[k], cost) for d, c, cost in columns], corner) / size
        for k in range(draws)
    ]
    return whole, torch.tensor(halves, dtype=torch.float64)
