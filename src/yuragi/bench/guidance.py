"""Scale against gain on a portrait model: quality, obedience, diversity and clipping.

One picture for each portrait of the benchmark split, from its whole caption, with the same noise
at every point. Points of the sweep are arms (a guidance rule and a number of steps) times scales.
Each gain is compared with plain guidance twice: at the same steps, and at the same network
evaluations, spent on more steps (``plain x30`` and so on): what a gain costs must pay.

- ``fd``: FD-EffLite0 to the drawings of the same portraits, with a 95 % bootstrap interval; its
  floor is the distance between two sets of drawings of this size;
- ``against``: differences of ``fd`` and ``accuracy`` to plain guidance at the same steps and at the
  same evaluations, with 95 % intervals of the paired differences (same prompts and noise);
- ``accuracy``: as in `yuragi.bench.portraits`;
- ``coverage``, ``precision``, ``vendi``: see `yuragi.metrics.diversity`;
- ``clipped``: share of channel values beyond the decoder's range of [-1, 1].

What a gain costs in time is `yuragi.bench.guidance_cost`'s to say.

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
from safetensors import safe_open
from safetensors.torch import save_file
from torch import Tensor

from yuragi import __version__
from yuragi.adapters import DiffusionModel, Opening
from yuragi.bench.portraits import JUDGED, whole_caption
from yuragi.bench.report import frame
from yuragi.edit import watch
from yuragi.guidance import Guided
from yuragi.metrics.diversity import coverage, precision, vendi
from yuragi.metrics.features import Features, load_features
from yuragi.metrics.frechet import bootstrap_interval, frechet_distance, resampled_frechet
from yuragi.recipe.guidance_rule import GuidanceRule
from yuragi.recipe.models import load_model
from yuragi.recipe.rows import sample_rows, start_noise
from yuragi.recipe.rules import completed, gain_of, weight_of
from yuragi.train.autoencoder import to_tensor
from yuragi.train.cache import cached
from yuragi.train.judge import Judge, judged, shipped_judge
from yuragi.train.portraits import Labels

__all__ = ["ARMS", "Arm", "bench_guidance"]

STEPS, SOLVER, BATCH = 20, "dpm++2m", 25


@dataclass(frozen=True)
class Arm:
    """A guidance rule, the steps that it is given, and the arms that it must beat."""

    rule: GuidanceRule
    steps: int = STEPS
    against: tuple[str, ...] = ()


def _gain(control: str, **values: Any) -> Arm:
    return Arm(GuidanceRule(**values), against=tuple(dict.fromkeys(["plain", control])))


ARMS: Mapping[str, Arm] = {
    "plain": Arm(GuidanceRule()),
    "plain x23": Arm(GuidanceRule(), 23),
    "plain x25": Arm(GuidanceRule(), 25),
    "plain x30": Arm(GuidanceRule(), 30),
    "plain x40": Arm(GuidanceRule(), 40),
    "interval": _gain("plain", rule="interval", interval=(0.28, 2.9)),
    "linear": _gain("plain", rule="linear"),
    "cosine": _gain("plain", rule="cosine"),
    "reg": _gain("plain x40", gain="reg"),
    "reg_forward": _gain("plain x30", gain="reg_forward"),
    "reg_forward/4": _gain("plain x23", gain="reg_forward", refresh=4),
    "ratio": _gain("plain x40", gain="ratio"),
    "ratio/4": _gain("plain x25", gain="ratio", refresh=4),
    "ratio/8": _gain("plain x23", gain="ratio", refresh=8),
    "ratio, gamma 1/2": _gain("plain x40", gain="ratio", gamma=0.5),
    "ratio, gamma auto": _gain("plain x40", gain="ratio", gamma="auto"),
    "scheduled": _gain("plain", gain="scheduled"),
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
    loaded = load_model(model, Opening(device))
    features = load_features(device)
    # Before any work: a gain may be missing its table.
    chosen = {
        name: replace(ARMS[name], rule=completed(ARMS[name].rule, loaded.path)) for name in arms
    }
    drawings, labels = cached("benchmark", 2 * n, data)
    real = features(to_tensor(drawings[:n]))
    others = features(to_tensor(drawings[n:]))
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
        "floor": _interval(frechet_distance(others, real), resampled_frechet(others, real)),
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
        decides = [arm.rule.model_dump_json(), arm.steps, SOLVER, scale, n, self.seed, __version__]
        key = hashlib.blake2b(json.dumps(decides).encode(), digest_size=10).hexdigest()
        path = self.folder / f"{arm.rule.gain}-x{arm.steps}-scale{scale:g}-{key}.safetensors"
        if not path.exists():
            path.parent.mkdir(parents=True, exist_ok=True)
            partial = path.with_suffix(".partial")
            self._draw(arm, scale, on_batch).save(partial)
            partial.replace(path)
        on_batch(-(-len(self.labels) // BATCH))
        return _Point.read(path)

    def _draw(self, arm: Arm, scale: float, on_batch: Callable[[int], None]) -> _Point:
        model, counter = self.model.counting()
        schedule = model.denoiser.schedule
        times = model.grids["trailing"](schedule, arm.steps)
        weight = weight_of(arm.rule, scale, schedule, times)
        cells = (model.codec.channels, model.side, model.side)
        columns: list[tuple[Tensor, Tensor, Tensor]] = []
        for start in range(0, len(self.labels), BATCH):
            rows = range(start, min(start + BATCH, len(self.labels)))
            prompts = [whole_caption(self.labels[k], self.seed, k) for k in rows]
            gain = gain_of(arm.rule)
            guided = Guided(model.bind(prompts), model.bind([""]), weight, gain)
            noise = start_noise(self.seed, rows, cells, model.device)
            z = sample_rows(
                guided, SOLVER, None, times, self.seed, rows, noise, watch(lambda: None)
            )
            columns.append(self._measure(z, rows))
            on_batch(len(columns))
        embedded, hits, clipped = (torch.cat(column) for column in zip(*columns, strict=True))
        spent = torch.tensor([float(counter.evaluations)], dtype=torch.float64)
        return _Point(embedded, hits, clipped, spent, resampled_frechet(embedded, self.real))

    def _measure(self, z: Tensor, rows: range) -> tuple[Tensor, Tensor, Tensor]:
        codec, side = self.model.codec, self.model.native_size
        images = codec.decode(z, side, side)
        clipped = (images.abs() >= 1).float().flatten(1).mean(1).cpu()
        hits = judged(self.judge, images, [self.labels[k] for k in rows])
        seen = torch.stack([hits[name] for name in JUDGED], dim=1).cpu()
        return self.features(images), seen, clipped


@dataclass(frozen=True)
class _Point:
    """What is kept of a point.

    Args:
        features: [n, d].
        hits: [n, attributes] whether the judge agrees with the prompt.
        clipped: [n] share of channel values beyond the decoder's range.
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
