"""Guidance scales and gains on a portrait model: quality, accuracy, diversity and clipping.

At every point, one picture is generated for each portrait of the benchmark split, from its whole
caption and with the same noise. The points of the sweep are all pairs of an arm (a guidance rule, a
gain and a number of steps) and a scale. Each gain is compared with plain guidance twice: at the
same number of steps, and at the same number of network evaluations, which plain guidance spends on
more steps (``plain x30`` and so on). So a gain must justify its cost.

- ``fd``: FD-EffLite0 to the drawings of the same portraits, with a 95 % bootstrap interval; its
  floor is the distance between two sets of drawings of this size;
- ``against``: differences of ``fd`` and ``accuracy`` to plain guidance at the same steps and at the
  same evaluations, with 95 % intervals of the paired differences (same prompts and noise);
- ``accuracy``: as in `yuragi.research.bench.portraits`;
- ``coverage``, ``precision``, ``vendi``: see `yuragi.research.metrics.diversity`;
- ``clipped``: share of channel values beyond the decoder's range of [-1, 1].

`yuragi.research.bench.guidance_cost` measures how much time a gain costs.

The points are run and stored in the runs folder by `yuragi.research.sweep`, so an interrupted sweep
can be resumed.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from yuragi.images.tensors import from_tensor, to_tensor
from yuragi.models.names import load_model
from yuragi.models.opening import Opening
from yuragi.research.bench.report import frame
from yuragi.research.metrics.backends import open_backend
from yuragi.research.metrics.diversity import coverage, precision, vendi
from yuragi.research.metrics.frechet import (
    bootstrap_interval,
    frechet_distance,
    frechet_interval,
    resampled_frechet,
)
from yuragi.research.sweep.draw import Sampler
from yuragi.research.sweep.grid import Point
from yuragi.research.sweep.parts import Parts
from yuragi.research.sweep.real import Real
from yuragi.research.sweep.rows import Rows
from yuragi.research.sweep.run import kept_rows
from yuragi.research.train.autoencoder import arrays_to_tensor
from yuragi.research.train.cache import cached
from yuragi.research.train.judge import JUDGED, judged, shipped_judge
from yuragi.research.train.measure import whole_caption

__all__ = ["ARMS", "Arm", "bench_guidance"]

STEPS, SOLVER, BATCH = 20, "dpm++2m", 8


@dataclass(frozen=True)
class Arm:
    """A rule, a gain and a number of steps, and the arms that they must beat."""

    rule: str = "cfg"
    gain: str = "plain"
    steps: int = STEPS
    against: tuple[str, ...] = ()

    def at(self, scale: float) -> Point:
        """The point of the sweep at a guidance scale."""
        return Point(self.rule, self.gain, scale, SOLVER, self.steps)


def _rule(rule: str) -> Arm:
    return Arm(rule, against=("plain",))


def _gain(gain: str, *controls: str) -> Arm:
    return Arm(gain=gain, against=("plain", *controls))


ARMS: Mapping[str, Arm] = {
    "plain": Arm(),
    "plain x23": Arm(steps=23),
    "plain x25": Arm(steps=25),
    "plain x30": Arm(steps=30),
    "plain x40": Arm(steps=40),
    "interval": _rule("interval:0.28:2.9"),
    "linear": _rule("linear"),
    "cosine": _rule("cosine"),
    "reg": _gain("reg", "plain x40"),
    "reg_forward": _gain("reg_forward", "plain x30"),
    "reg_forward/4": _gain("reg_forward/4", "plain x23"),
    "ratio": _gain("ratio", "plain x40"),
    "ratio/4": _gain("ratio/4", "plain x25"),
    "ratio/8": _gain("ratio/8", "plain x23"),
    "ratio, gamma 1/2": _gain("ratio:0.5", "plain x40"),
    "ratio, gamma auto": _gain("ratio:auto", "plain x40"),
    "scheduled": _gain("scheduled"),
}
"""The arms. At 20 steps, plain guidance spends 40 evaluations per picture, `reg_forward` 60 (45 if
refreshed every 4 steps) and `ratio` 80 (50 and 45 if refreshed every 4 and 8 steps). `reg` spends
40 evaluations, and 20 reverse products that cost about as much as two evaluations each."""


def bench_guidance(
    model: str,
    runs: Path,
    data: Path,
    arms: Sequence[str],
    scales: Sequence[float],
    n: int,
    seed: int,
    device: torch.device,
    on_done: Callable[[int, int], None],
) -> dict[str, Any]:
    """Run the sweep, or the part of it that is not finished.

    Args:
        model: name or path.
        runs: the runs folder; finished points are stored in its ``guidance/rows.jsonl``.
        data: the folder in which drawings are cached.
        arms: keys of `ARMS`.
        scales: guidance scales.
        n: the number of pictures per point.
        seed: the seed of their noise.
        device: where to run.
        on_done: called with (pictures done, pictures in total).

    Raises:
        InputError: an arm does not fit the model; raised before anything is generated.
    """
    loaded = load_model(model, Opening(device=str(device)))
    drawings, labels = cached("benchmark", 2 * n, data)
    prompts = [whole_caption(labels[k], seed, k) for k in range(n)]
    sampler = Sampler(loaded, None, prompts, seed, BATCH)
    backend, judge = open_backend("efflite0", device), shipped_judge(device)
    real = Real.of(backend, [arrays_to_tensor(drawings[:n])])
    true = real.seen.features
    others = backend.encode(arrays_to_tensor(drawings[n:])).features

    def measure(point: Point, _: Parts, on_made: Callable[[int], None]) -> dict[str, Any]:
        features, hits, clipped, spent = list[Tensor](), list[Tensor](), list[Tensor](), 0.0
        for raw, cost in sampler.drawn(point, n):
            made = sum(map(len, features))
            images = torch.cat([to_tensor(each) for each in from_tensor(raw)])  # as saved to a file
            seen = judged(judge, images, labels[made : made + len(images)])
            features.append(backend.encode(images).features)
            hits.append(torch.stack([seen[name] for name in JUDGED], dim=1))
            clipped.append((images.abs() >= 1).float().flatten(1).mean(1))
            spent += cost.evaluations * len(images)
            on_made(made + len(images))
        return _row(torch.cat(features), torch.cat(hits), torch.cat(clipped), spent, true)

    named = [(arm, scale) for scale in scales for arm in dict.fromkeys(arms)]
    points = [ARMS[arm].at(scale) for arm, scale in named]
    rows = Rows(runs / "guidance" / "rows.jsonl")
    found = dict(
        zip(named, kept_rows(points, sampler, real, n, rows, on_done, measure), strict=True)
    )
    return frame("guidance", device, [seed], n) | {
        "model": Path(model).name,
        "weights": loaded.weights,
        "backend": backend.name,
        "settings": {"solver": SOLVER, "steps": {arm: ARMS[arm].steps for arm in arms}},
        "floor": frechet_interval(others, true)._asdict(),
        "real": {"coverage": coverage(others, true), "vendi": vendi(true)},
        "points": [
            {"arm": arm, "scale": scale}
            | row["summary"]
            | {
                "against": {
                    other: _difference(row, found[other, scale])
                    for other in ARMS[arm].against
                    if (other, scale) in found
                }
            }
            for (arm, scale), row in found.items()
        ],
    }


def _row(
    features: Tensor, hits: Tensor, clipped: Tensor, spent: float, real: Tensor
) -> dict[str, Any]:
    """The values of a point that are stored.

    Args:
        features: the features of its pictures, [n, d].
        hits: whether the judge agrees with the prompt, [n, attributes].
        clipped: the share of channel values at the ends of their range, [n].
        spent: the network evaluations of all pictures.
        real: the features of the drawings, [m, d].

    Returns:
        the point's part of the report and, for differences, its distance in each resample and the
        share of the prompt that each picture shows.
    """
    distance, resampled = frechet_distance(features, real), resampled_frechet(features, real)
    summary = {
        "fd": _interval(distance, resampled),
        "accuracy": float(hits.float().mean()),
        "by_attribute": dict(zip(JUDGED, hits.float().mean(0).tolist(), strict=True)),
        "coverage": coverage(features, real),
        "precision": precision(features, real),
        "vendi": vendi(features),
        "clipped": float(clipped.mean()),
        "evaluations_per_picture": spent / len(features),
    }
    right = hits.double().mean(1)
    return {"summary": summary, "resampled": resampled.tolist(), "right": right.tolist()}


def _difference(row: Mapping[str, Any], control: Mapping[str, Any]) -> dict[str, Any]:
    """The difference of a point to its control, whose pictures are made from the same noise."""
    fd = row["summary"]["fd"]["value"] - control["summary"]["fd"]["value"]
    resampled, right = (
        torch.tensor(row[name], dtype=torch.float64)
        - torch.tensor(control[name], dtype=torch.float64)
        for name in ("resampled", "right")
    )
    generator = torch.Generator().manual_seed(0)
    n, draws = len(right), len(resampled)
    means = right[torch.randint(n, (draws, n), generator=generator)].mean(1)
    return {"fd": _interval(fd, resampled), "accuracy": _interval(float(right.mean()), means)}


def _interval(value: float, resampled: Tensor) -> dict[str, float]:
    return bootstrap_interval(value, resampled)._asdict()
