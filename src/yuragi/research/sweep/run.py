"""Run the points of a sweep that are not yet measured."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict
from statistics import fmean
from typing import Any

from torch import Tensor

from yuragi.errors import InputError
from yuragi.research.bench.report import frame, origin
from yuragi.research.measure.sets import SetMeasure, resampled
from yuragi.research.metrics.halves import DRAWS
from yuragi.research.sweep.draw import Sampler
from yuragi.research.sweep.grid import Draws, Point
from yuragi.research.sweep.looked import Looked, looked_at
from yuragi.research.sweep.parts import Parts
from yuragi.research.sweep.real import Reference
from yuragi.research.sweep.rows import Rows

__all__ = ["check_points", "run_sweep"]

WAIT = 5.0
"""Seconds until a sweep looks again whether other processes have finished their points."""


def _settings(sampler: Sampler, real: Reference, n: int, draws: int) -> Draws:
    """The settings that all points of a sweep share."""
    return Draws(
        weights=sampler.model.weights,
        weak_weights="" if sampler.weak is None else sampler.weak.weights,
        n=n,
        seed=sampler.seed,
        prompts=sampler.digest(range(n)),
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

    Several processes can run the same sweep with the same file, also on several machines that share
    a folder: each takes points that no other is working on. Finished batches of a point are kept,
    so if a process is killed, the next one continues in the middle of its point, and a sweep with
    more pictures draws only the new ones.

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
    check_points(points, sampler)
    shared = _settings(sampler, real, n, draws)
    here = origin(frame("", sampler.model.device, [], n))
    wanted = {point.key(shared, sampler.model.path): point for point in points}

    def told(made: int) -> None:
        done = sum(key in known for key in wanted)
        on_done(done * n + made, len(wanted) * n)

    def worked_on(key: str) -> bool:
        """Measure a point, unless another process has finished it; False if one works on it."""
        with rows.claimed(key) as free:
            if free and key not in rows.by_key():
                pictures = wanted[key].key(shared.of_a_picture, sampler.model.path)
                parts = Parts(rows.parts(pictures), here)
                looked = looked_at(wanted[key], sampler, real, n, told, parts.keep)
                values = _measured(wanted[key], looked, real, draws)
                rows.add({"key": key, "draws": asdict(shared)} | parts.made_by | values)
            return free

    while True:
        known = rows.by_key()
        told(0)
        left = [key for key in wanted if key not in known]
        if not left:
            return [known[key] for key in wanted]
        if not any(map(worked_on, left)):
            time.sleep(WAIT)  # Other processes are working on all points that are left.


def _measured(point: Point, looked: Looked, real: Reference, draws: int) -> dict[str, Any]:
    measures, spent = dict(real.measures(looked.seen)), looked.spent
    measures["clipped"] = _mean_of(looked.clipped)
    if real.right is not None:
        measures["accuracy"] = _mean_of(looked.right)
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


def _mean_of(values: Tensor) -> SetMeasure:
    """The mean of a value that every picture has, [n]."""
    return SetMeasure(len(values), 0, lambda picked: float(values[picked].mean()))
