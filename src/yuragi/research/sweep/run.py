"""Run the points of a sweep that are not yet measured."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from statistics import fmean
from typing import Any, TypeAlias

import torch
from torch import Tensor

from yuragi.errors import InputError
from yuragi.research.bench.report import frame, origin
from yuragi.research.measure.sets import SetMeasure, resampled
from yuragi.research.metrics.backends import Encoded, encode_all
from yuragi.research.metrics.halves import DRAWS
from yuragi.research.sweep.draw import Sampler, Spent
from yuragi.research.sweep.grid import Draws, Point
from yuragi.research.sweep.real import Reference
from yuragi.research.sweep.rows import Rows

__all__ = [
    "Looked",
    "Measure",
    "check_points",
    "kept_rows",
    "looked_at",
    "run_sweep",
]

Measure: TypeAlias = Callable[["Point", Callable[[int], None]], dict[str, Any]]
"""Measures a point, reports the number of pictures made so far, and returns values of its row."""


def _settings(sampler: Sampler, real: Reference, n: int, draws: int) -> Draws:
    """The settings that all points of a sweep share."""
    return Draws(
        weights=sampler.model.weights,
        weak_weights="" if sampler.weak is None else sampler.weak.weights,
        n=n,
        seed=sampler.seed,
        prompts=sampler.digest(n),
        real=real.digest,
        backend=real.backend.name,
        backend_weights=real.backend.weights,
        judge="" if real.right is None else real.right.weights,
        halves=draws,
    )


def check_points(points: Sequence[Point], sampler: Sampler) -> None:
    """Check a sweep before any picture is drawn.

    Raises:
        InputError: a rule needs a weaker model or a gain needs a table that is missing, or a rule
            needs an empty prompt, which the model does not support.
    """
    for point in points:
        guidance = point.guidance.complete(sampler.model.path)
        needs = guidance.rule.weaker is not None
        if needs and sampler.weak is None:
            raise InputError("weak_model", None, f"given for the rule {point.rule}")
        if not needs and point.scale != 1 and not sampler.model.capabilities.empty:
            allowed = "auto, which uses a weaker model: this model does not support empty prompts"
            raise InputError("rules", point.rule, allowed)


def run_sweep(
    points: Sequence[Point],
    sampler: Sampler,
    real: Reference,
    n: int,
    rows: Rows,
    on_done: Callable[[int, int], None],
    draws: int = DRAWS,
) -> list[Mapping[str, Any]]:
    """The rows of all points; points that are in the file are not measured again.

    Args:
        points: the settings.
        sampler: the model with prompts and seeds.
        real: the real pictures to compare with.
        n: the number of pictures per point.
        rows: the file of finished points.
        on_done: a function called with (pictures done, all pictures).
        draws: the number of random halves for intervals and paired tests, which contain the same
            picture numbers at every point.

    Raises:
        InputError: see `check_points`.
    """

    def measure(point: Point, on_made: Callable[[int], None]) -> dict[str, Any]:
        return _measured(point, sampler, real, n, draws, on_made)

    return kept_rows(points, sampler, real, n, rows, on_done, measure, draws)


def kept_rows(
    points: Sequence[Point],
    sampler: Sampler,
    real: Reference,
    n: int,
    rows: Rows,
    on_done: Callable[[int, int], None],
    measure: Measure,
    draws: int = 0,
) -> list[Mapping[str, Any]]:
    """The rows of all points with a custom measure, each with the device and commit that made it.

    The arguments are those of `run_sweep`; `draws` is 0 for a measure without halves.

    Raises:
        InputError: see `check_points`.
    """
    check_points(points, sampler)
    shared = _settings(sampler, real, n, draws)
    made_by = origin(frame("", sampler.model.device, [], n))._asdict()
    known = dict(rows.by_key())
    keys = [point.key(shared, sampler.model.path) for point in points]
    for done, (point, key) in enumerate(zip(points, keys, strict=True)):
        if key not in known:

            def told(made: int, before: int = done * n) -> None:
                on_done(before + made, len(points) * n)

            decides = {"key": key, "draws": asdict(shared)}
            known[key] = decides | made_by | measure(point, told)
            rows.add(known[key])
        on_done((done + 1) * n, len(points) * n)
    return [known[key] for key in keys]


@dataclass(frozen=True)
class Looked:
    """The features, scores and costs of the pictures of a point.

    Attributes:
        seen: the features of the pictures.
        right: how much of its prompt each picture shows, [n] in [0, 1]; empty if there is no judge.
        spent: the cost of each picture.
    """

    seen: Encoded
    right: Tensor
    spent: Sequence[Spent]


def looked_at(
    point: Point,
    sampler: Sampler,
    real: Reference,
    n: int,
    on_made: Callable[[int], None] = lambda made: None,
) -> Looked:
    """Draw the n pictures of a point, and compute their features and scores.

    Raises:
        InputError: a setting does not fit the model.
    """
    spent, right = list[Spent](), list[float]()

    def batches() -> Iterator[Tensor]:
        for images, cost in sampler.drawn(point, n):
            yield images
            if real.right is not None:
                prompts = [sampler.prompt(len(spent) + k) for k in range(len(images))]
                right.extend(real.right(images, prompts).tolist())
            spent.extend([cost] * len(images))
            on_made(len(spent))

    seen = encode_all(real.backend, batches())
    return Looked(seen, torch.tensor(right, dtype=torch.float64), spent)


def _measured(
    point: Point,
    sampler: Sampler,
    real: Reference,
    n: int,
    draws: int,
    on_made: Callable[[int], None],
) -> dict[str, Any]:
    looked = looked_at(point, sampler, real, n, on_made)
    measures, spent = dict(real.measures(looked.seen)), looked.spent
    if real.right is not None:
        measures["accuracy"] = SetMeasure(n, 0, lambda picked: float(looked.right[picked].mean()))
    found = {name: resampled(measure, draws) for name, measure in measures.items()}
    return {
        "point": asdict(point),
        "arm": point.arm,
        "evaluations": fmean(each.evaluations for each in spent),
        "reverse": fmean(each.reverse for each in spent),
        "cost": fmean(each.cost for each in spent),
        "seconds": fmean(each.seconds for each in spent),
        "sizes": {name: [each.n, each.against] for name, each in measures.items()},
        "values": {name: each.value for name, each in found.items()},
        "halves": {
            name: [float(f"{value:.6g}") for value in each.halves.tolist()]
            for name, each in found.items()
        },
    }
