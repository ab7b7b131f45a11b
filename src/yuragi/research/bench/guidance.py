"""Scale against gain on a portrait model: quality, obedience, diversity and clipping.

One picture for each portrait of the benchmark split, from its whole caption, with the same noise
at every point. Points of the sweep are arms (a guidance rule and a number of steps) times scales.
Each gain is compared with plain guidance twice: at the same steps, and at the same network
evaluations, spent on more steps (``plain x30`` and so on): what a gain costs must pay.

- ``fd``: FD-EffLite0 to the drawings of the same portraits, with a 95 % bootstrap interval; its
  floor is the distance between two sets of drawings of this size;
- ``against``: differences of ``fd`` and ``accuracy`` to plain guidance at the same steps and at the
  same evaluations, with 95 % intervals of the paired differences (same prompts and noise);
- ``accuracy``: as in `yuragi.research.bench.portraits`;
- ``coverage``, ``precision``, ``vendi``: see `yuragi.research.metrics.diversity`;
- ``clipped``: share of channel values beyond the decoder's range of [-1, 1].

What a gain costs in time is `yuragi.research.bench.guidance_cost`'s to say.

Every finished point is kept in the runs folder, so a sweep that was cut short goes on.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import torch
from PIL import Image
from safetensors import safe_open
from safetensors.torch import save_file
from torch import Tensor

from yuragi import __version__
from yuragi.images.tensors import to_tensor
from yuragi.models.model import DiffusionModel
from yuragi.models.names import load_model
from yuragi.models.opening import Opening
from yuragi.research.bench.portraits import JUDGED
from yuragi.research.bench.report import frame
from yuragi.research.metrics.diversity import coverage, precision, vendi
from yuragi.research.metrics.features import Features, load_features
from yuragi.research.metrics.frechet import (
    bootstrap_interval,
    frechet_distance,
    frechet_interval,
    resampled_frechet,
)
from yuragi.research.train.autoencoder import arrays_to_tensor
from yuragi.research.train.cache import cached
from yuragi.research.train.judge import Judge, judged, shipped_judge
from yuragi.research.train.measure import whole_caption
from yuragi.research.train.portraits import Labels
from yuragi.tasks.build import build
from yuragi.tasks.guidance import Guidance
from yuragi.tasks.run import run_all
from yuragi.tasks.sample import SampleRequest

__all__ = ["ARMS", "Arm", "bench_guidance"]

STEPS, SOLVER, BATCH = 20, "dpm++2m", 25


@dataclass(frozen=True)
class Arm:
    """A guidance rule, the steps that it is given, and the arms that it must beat."""

    guidance: Guidance
    steps: int = STEPS
    against: tuple[str, ...] = ()


def _arm(control: str, **values: Any) -> Arm:
    return Arm(Guidance(**values), against=tuple(dict.fromkeys(["plain", control])))


ARMS: Mapping[str, Arm] = {
    "plain": Arm(Guidance()),
    "plain x23": Arm(Guidance(), 23),
    "plain x25": Arm(Guidance(), 25),
    "plain x30": Arm(Guidance(), 30),
    "plain x40": Arm(Guidance(), 40),
    "interval": _arm("plain", rule={"name": "interval", "interval": (0.28, 2.9)}),
    "linear": _arm("plain", rule="linear"),
    "cosine": _arm("plain", rule="cosine"),
    "reg": _arm("plain x40", gain="reg"),
    "reg_forward": _arm("plain x30", gain="reg_forward"),
    "reg_forward/4": _arm("plain x23", gain={"name": "reg_forward", "refresh": 4}),
    "ratio": _arm("plain x40", gain="ratio"),
    "ratio/4": _arm("plain x25", gain={"name": "ratio", "refresh": 4}),
    "ratio/8": _arm("plain x23", gain={"name": "ratio", "refresh": 8}),
    "ratio, gamma 1/2": _arm("plain x40", gain={"name": "ratio", "gamma": 0.5}),
    "ratio, gamma auto": _arm("plain x40", gain={"name": "ratio", "gamma": "auto"}),
    "scheduled": _arm("plain", gain="scheduled"),
}
"""What is compared. At 20 steps plain guidance spends 40 evaluations a picture, `reg_forward` 60
(45 refreshed every 4), `ratio` 80 (50 and 45 refreshed every 4 and 8); `reg` 40 and 20 reverse
products of about two each."""


def bench_guidance(
    model: str,
    runs: Path,
    data: Path,
    arms: Sequence[str],
    scales: Sequence[float],
    n: int,
    seed: int,
    device: torch.device,
    on_point: Callable[[int, int], None],
) -> dict[str, Any]:
    """Run the sweep, or what is left of it.

    Args:
        model: name or path.
        runs: keeps the finished points in ``guidance/``.
        data: where drawings are cached.
        arms: keys of `ARMS`.
        scales: guidance scales.
        n: pictures a point.
        seed: of their noise.
        device: where to run.
        on_point: told (batches done, batches in all).
    """
    loaded = load_model(model, Opening(device=str(device)))
    features = load_features(device)
    # Before any work: a gain may be missing its table.
    chosen = {
        name: replace(ARMS[name], guidance=ARMS[name].guidance.complete(loaded.path))
        for name in arms
    }
    drawings, labels = cached("benchmark", 2 * n, data)
    real = features(arrays_to_tensor(drawings[:n]))
    others = features(arrays_to_tensor(drawings[n:]))
    folder = runs / "guidance" / loaded.weights
    sweep = _Sweep(loaded, shipped_judge(device), features, real, labels[:n], seed, folder)
    batches = -(-n // BATCH)
    rows: list[dict[str, Any]] = []
    for scale in scales:
        found: dict[str, _Point] = {}
        for arm in arms:

            def done(batch: int, before: int = len(rows) * batches + len(found) * batches) -> None:
                on_point(before + batch, len(scales) * len(arms) * batches)

            found[arm] = sweep.point(chosen[arm], scale, done)
        rows += [
            {"arm": arm, "scale": scale}
            | _summary(point, real)
            | {
                "against": {
                    other: _difference(point, found[other], real)
                    for other in ARMS[arm].against
                    if other in found
                }
            }
            for arm, point in found.items()
        ]
    return frame("guidance", device, [seed], n) | {
        "model": Path(model).name,
        "weights": loaded.weights,
        "settings": {"solver": SOLVER, "steps": {arm: ARMS[arm].steps for arm in arms}},
        "floor": frechet_interval(others, real)._asdict(),
        "real": {"coverage": coverage(others, real), "vendi": vendi(real)},
        "points": rows,
    }


@dataclass(frozen=True)
class _Sweep:
    """Everything that the points share."""

    model: DiffusionModel
    judge: Judge
    features: Features
    real: Tensor
    labels: Sequence[Labels]
    seed: int
    folder: Path

    def point(self, arm: Arm, scale: float, on_batch: Callable[[int], None]) -> _Point:
        """One point, from its file if it is finished; the file's name says all that decides it."""
        n = len(self.labels)
        decides = [
            arm.guidance.model_dump_json(),
            arm.steps,
            SOLVER,
            scale,
            n,
            self.seed,
            __version__,
        ]
        key = hashlib.blake2b(json.dumps(decides).encode(), digest_size=10).hexdigest()
        path = (
            self.folder / f"{arm.guidance.gain.name}-x{arm.steps}-scale{scale:g}-{key}.safetensors"
        )
        if not path.exists():
            path.parent.mkdir(parents=True, exist_ok=True)
            partial = path.with_suffix(".partial")
            self._draw(arm, scale, on_batch).save(partial)
            partial.replace(path)
        on_batch(-(-len(self.labels) // BATCH))
        return _Point.read(path)

    def _draw(self, arm: Arm, scale: float, on_batch: Callable[[int], None]) -> _Point:
        columns: list[tuple[Tensor, Tensor, Tensor]] = []
        spent = 0
        for start in range(0, len(self.labels), BATCH):
            numbers = range(start, min(start + BATCH, len(self.labels)))
            built = [
                build(
                    SampleRequest,
                    {
                        "prompt": whole_caption(self.labels[k], self.seed, k),
                        "seed": self.seed + k,
                        "num_inference_steps": arm.steps,
                        "guidance_scale": scale,
                        "guidance": arm.guidance,
                        "solver": SOLVER,
                    },
                )[0]
                for k in numbers
            ]
            results = run_all(built, self.model, {})
            spent += sum(each.evaluations for each in results)
            columns.append(self._measure([each.image for each in results], numbers))
            on_batch(len(columns))
        embedded, hits, clipped = (torch.cat(column) for column in zip(*columns, strict=True))
        total = torch.tensor([float(spent)], dtype=torch.float64)
        return _Point(embedded, hits, clipped, total, resampled_frechet(embedded, self.real))

    def _measure(
        self, pictures: Sequence[Image.Image], numbers: range
    ) -> tuple[Tensor, Tensor, Tensor]:
        images = torch.cat([to_tensor(each) for each in pictures])
        clipped = (images.abs() >= 1).float().flatten(1).mean(1)
        hits = judged(self.judge, images, [self.labels[k] for k in numbers])
        seen = torch.stack([hits[name] for name in JUDGED], dim=1).cpu()
        return self.features(images), seen, clipped


@dataclass(frozen=True)
class _Point:
    """What is kept of a point.

    Args:
        features: [n, d].
        hits: [n, attributes] whether the judge agrees with the prompt.
        clipped: [n] share of channel values at the ends of their range.
        spent: network evaluations of all pictures, [1].
        resampled: `resampled_frechet` to the drawings.
    """

    features: Tensor
    hits: Tensor
    clipped: Tensor
    spent: Tensor
    resampled: Tensor

    def save(self, path: Path) -> None:
        save_file({name: value.contiguous() for name, value in vars(self).items()}, path)

    @classmethod
    def read(cls, path: Path) -> _Point:
        with safe_open(path, framework="pt") as file:
            return cls(*(file.get_tensor(name) for name in cls.__dataclass_fields__))


def _summary(point: _Point, real: Tensor) -> dict[str, Any]:
    return {
        "fd": _interval(frechet_distance(point.features, real), point.resampled),
        "accuracy": float(point.hits.float().mean()),
        "by_attribute": dict(zip(JUDGED, point.hits.float().mean(0).tolist(), strict=True)),
        "coverage": coverage(point.features, real),
        "precision": precision(point.features, real),
        "vendi": vendi(point.features),
        "clipped": float(point.clipped.mean()),
        "evaluations_per_picture": float(point.spent) / len(point.features),
    }


def _difference(point: _Point, control: _Point, real: Tensor) -> dict[str, Any]:
    """What a point has more than its control, picture by picture from the same noise."""
    fd = frechet_distance(point.features, real) - frechet_distance(control.features, real)
    right = point.hits.double().mean(1) - control.hits.double().mean(1)
    generator = torch.Generator().manual_seed(0)
    n, draws = len(right), len(point.resampled)
    means = right[torch.randint(n, (draws, n), generator=generator)].mean(1)
    return {
        "fd": _interval(fd, point.resampled - control.resampled),
        "accuracy": _interval(float(right.mean()), means),
    }


def _interval(value: float, resampled: Tensor) -> dict[str, float]:
    return bootstrap_interval(value, resampled)._asdict()
