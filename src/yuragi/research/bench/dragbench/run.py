"""Drag methods on a user's copy of DragBench-S, -D, -SR or -DR, by both published protocols.

Every row gets the same pictures, points, masks, prompts and seed. The features are DIFT maps of a
UNet (`yuragi.models.dift`). Protocol A reads the pictures at their own size, and protocol B at a
side of 768 pixels as published, or at another side. The perceptual distance is measured at 224 x
224. The authors use LPIPS on AlexNet, whose weights are in no package registry; values of HED-LPIPS
are similar but not comparable.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, TypeAlias

import torch
from PIL import Image
from torch import Tensor, nn

from yuragi.device import wait_for
from yuragi.errors import InputError
from yuragi.images.tensors import to_tensor
from yuragi.models.dift import DIFT
from yuragi.models.model import DiffusionModel
from yuragi.models.names import load_model
from yuragi.models.opening import Opening
from yuragi.research.bench.drag.method import requested
from yuragi.research.bench.drag.published import pasted_one
from yuragi.research.bench.dragbench.protocols import mean_distance_a, mean_distance_b
from yuragi.research.bench.dragbench.sets import Sample, read_sets
from yuragi.research.bench.report import frame
from yuragi.research.metrics.perceptual import LPIPS
from yuragi.tasks.run import run

__all__ = ["bench_dragbench"]

PERCEPTUAL = 224

Drag: TypeAlias = Callable[[DiffusionModel, Sample, int], Image.Image]


def _preset(name: str, sampler: str) -> Drag:
    def make(model: DiffusionModel, sample: Sample, seed: int) -> Image.Image:
        request, sources = requested(sample, name, sampler, seed)
        return run(request, model, sources).image

    return make


def _ways(quick: bool) -> Mapping[str, Drag]:
    published = "fast" if quick else "paper"
    return {
        "nothing": lambda model, sample, seed: sample.image,
        "paste": lambda model, sample, seed: pasted_one(model, sample),
        "ode": _preset(published, "ode"),
        "paper": _preset(published, "sde"),
        "ours": _preset("warp", "sde"),
    }


def bench_dragbench(
    folder: Path,
    regions: bool,
    model: str,
    features: str,
    perceptual: LPIPS,
    side: int,
    quick: bool,
    seed: int,
    device: torch.device,
    on_done: Callable[[int, int], None],
) -> dict[str, Any]:
    """Run the benchmark.

    Args:
        folder: the folder of one of the data sets.
        regions: True for the dense points of SR and DR.
        model: the name or path of the model that drags.
        features: the name or path of the model whose features find the content; published numbers
            use Stable Diffusion 2.1.
        perceptual: the perceptual distance.
        side: the side of the pictures whose features protocol B reads, in pixels.
        quick: whether the published methods use a quarter of the paper's levels.
        seed: the seed of all noise.
        device: where to run.
        on_done: called with (pictures done, pictures in total).

    Returns:
        the report; samples that cannot be dragged are listed with the reason.

    Raises:
        InputError: the folder does not exist, or a sample does not have the data set's format.
    """
    samples = list(read_sets(folder, regions))
    loaded = load_model(model, Opening(device=str(device)))
    dift = _dift(features, device)
    ways = _ways(quick)
    rows: dict[str, list[dict[str, Any]]] = {name: [] for name in ways}
    skipped: dict[str, str] = {}
    for done, sample in enumerate(samples, 1):
        try:
            requested(_asked(sample), "paper", "sde", seed)
        except InputError as error:
            skipped[sample.name] = str(error)
        else:
            maps = _maps(dift, sample.image, sample.prompt, side)
            for name, way in ways.items():
                rows[name].append(_row(way, sample, maps, loaded, dift, perceptual, side, seed))
        on_done(done, len(samples))
    return frame("dragbench", device, [seed], len(samples) - len(skipped)) | {
        "set": folder.name,
        "regions": regions,
        "model": Path(model).name,
        "weights": loaded.weights,
        "published": "fast" if quick else "paper",
        "perceptual": perceptual.name,
        "features": {"model": Path(features).name, "time": dift.time, "side_b": side},
        "rows": {name: _means(found) for name, found in rows.items()},
        "skipped": skipped,
    }


def _dift(name: str, device: torch.device) -> DIFT:
    """The features of a model; errors are about ``features``."""
    try:
        return DIFT(load_model(name, Opening(device=str(device))))
    except InputError as error:
        raise error.called("features") from error


def _row(
    way: Drag,
    sample: Sample,
    before: tuple[Tensor, Tensor],
    model: DiffusionModel,
    dift: DIFT,
    perceptual: LPIPS,
    side: int,
    seed: int,
) -> dict[str, Any]:
    """The values of a method on a sample whose feature maps are `before`."""
    counted, counter = model.counting()
    wait_for(model.device)
    began = time.perf_counter()
    result = way(counted, _asked(sample), seed)
    wait_for(model.device)
    seconds = time.perf_counter() - began
    after = _maps(dift, result, sample.prompt, side)
    size = (sample.image.height, sample.image.width)
    one, two = (_resized(to_tensor(each), PERCEPTUAL) for each in (result, sample.image))
    return {
        "distances_a": mean_distance_a(before[0], after[0], sample.points, size),
        "distance_b": mean_distance_b(before[1], after[1], sample.points, size).mean(),
        "lpips": perceptual.between(one, two),
        "evaluations": counter.evaluations,
        "seconds": seconds,
    }


def _asked(sample: Sample) -> Sample:
    """The sample without pairs that move nothing or repeat a source, which dense sets contain."""
    first = {source: target for source, target in reversed(sample.points)}
    points = tuple((source, target) for source, target in first.items() if source != target)
    return Sample(sample.name, sample.image, sample.mask, points, sample.prompt)


def _maps(dift: DIFT, picture: Image.Image, prompt: str, side: int) -> tuple[Tensor, Tensor]:
    """Feature maps [c, h, w] for protocols A and B."""
    x = to_tensor(picture)
    return dift(x, [prompt])[0], dift(_resized(x, side), [prompt])[0]


def _resized(x: Tensor, side: int) -> Tensor:
    return nn.functional.interpolate(x, (side, side), mode="bilinear", antialias=True)


def _means(rows: Sequence[Mapping[str, Any]]) -> dict[str, float | None]:
    """Means over pairs for the distance of protocol A, and over pictures for all other values."""
    if not rows:
        return {}
    lpips = torch.cat([row["lpips"] for row in rows]).mean().item()
    return {
        "mean_distance_a": torch.cat([row["distances_a"] for row in rows]).mean().item(),
        "fidelity_a": 1 - lpips,
        "mean_distance_b_x100": 100
        * torch.stack([row["distance_b"] for row in rows]).mean().item(),
        "lpips_b_x100": 100 * lpips,
        "evaluations": sum(row["evaluations"] for row in rows) / len(rows),
        "seconds": sum(row["seconds"] for row in rows) / len(rows),
    }
