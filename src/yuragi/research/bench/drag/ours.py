"""Our own method in `yuragi.research.bench.drag.suite`, and its ablations."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any, TypeAlias

import numpy as np
from PIL import Image

from yuragi.drag import PointPair, RegionPair
from yuragi.research.bench.drag.method import (
    Method,
    asked,
    box_radius,
    by_preset,
    requested,
)
from yuragi.research.bench.dragbench import Sample
from yuragi.tasks.drag import DragRequest, WarpMethod

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["ABLATIONS", "by_cells", "ours", "together"]

Displacement: TypeAlias = "NDArray[Any]"
"""A displacement (dx, dy) in pixels."""


def ours(sampler: str = "sde") -> Method:
    """Our own method with its default settings."""
    return asked(f"warp {sampler} doubt {WarpMethod().doubt:g}", by_preset("warp", sampler))


def doubting(doubt: float) -> Method:
    """Our method with another doubt threshold; a large one imagines nothing, 0 everything."""

    def ask(sample: Sample, seed: int) -> tuple[DragRequest, Mapping[str, Image.Image]]:
        request, sources = requested(sample, "warp", "sde", seed)
        return request.model_copy(update={"method": WarpMethod(doubt=doubt)}), sources

    return asked(f"warp sde doubt {doubt:g}", ask)


def best_of(number: int) -> Method:
    """The candidate of our method that the intent score ranks first; `ours` is candidate 0."""

    def ask(sample: Sample, seed: int) -> tuple[DragRequest, Mapping[str, Image.Image]]:
        request, sources = requested(sample, "warp", "sde", seed)
        return request.model_copy(update={"num_images": number}), sources

    return asked(f"warp sde best of {number}", ask)


def boxes(sample: Sample, seed: int) -> tuple[DragRequest, Mapping[str, Image.Image]]:
    """The request to move SDE-Drag's boxes instead of the content under the points."""
    side = min(sample.image.size)
    regions = [_box(pair, box_radius() * side, side - 1) for pair in sample.points]
    return requested(sample, "warp", "sde", seed, regions)


def together(sample: Sample, seed: int) -> tuple[DragRequest, Mapping[str, Image.Image]]:
    """The request in which all points move by their mean motion, so at most a translation."""
    motion = np.mean([np.subtract(target, source) for source, target in sample.points], axis=0)
    return requested(_moved(sample, lambda _: motion), "warp", "sde", seed)


def by_cells(sample: Sample, seed: int) -> tuple[DragRequest, Mapping[str, Image.Image]]:
    """The request in which points move by whole cells of 8 pixels, at least one, as in SDE-Drag."""

    def whole(motion: Displacement) -> Displacement:
        cells = np.round(motion / 8)
        longest = np.abs(motion) == np.abs(motion).max()
        return 8 * (cells if cells.any() else np.sign(motion) * longest)

    return requested(_moved(sample, whole), "warp", "sde", seed)


ABLATIONS: Mapping[str, Method] = {
    "ours, warp alone": doubting(1e9),
    "ours, all imagined": doubting(0.0),
    "ours, ODE": ours("ode"),
    "ours, adaptive": ours("adaptive"),
    "ours, boxes": asked("warp sde boxes", boxes),
    "ours, translation": asked("warp sde translation", together),
    "ours, whole cells": asked("warp sde whole cells", by_cells),
    "ours, best of 8": best_of(8),
}


def _box(pair: PointPair, radius: float, last: int) -> RegionPair:
    """The box around a source, as a region that moves with it; `last` is the largest coordinate."""
    (sx, sy), (tx, ty) = pair
    corners = [(sx + x * radius, sy + y * radius) for x, y in ((-1, -1), (1, -1), (1, 1), (-1, 1))]
    source = tuple((min(max(x, 0.0), last), min(max(y, 0.0), last)) for x, y in corners)
    return source, tuple((x + tx - sx, y + ty - sy) for x, y in source)


def _moved(sample: Sample, change: Callable[[Displacement], Displacement]) -> Sample:
    """The sample with changed motions of its points, as far as the picture and the mask allow."""
    width, height = sample.image.size
    mask = Image.new("L", (width, height), 255) if sample.mask is None else sample.mask
    rows, columns = np.nonzero(np.asarray(mask))
    allowed = np.column_stack([columns, rows])
    points = []
    for source, target in sample.points:
        x, y = wanted = np.add(source, change(np.subtract(target, source)))
        inside = 0 <= x <= width - 1 and 0 <= y <= height - 1
        if not (inside and mask.getpixel((round(x), round(y)))):
            x, y = allowed[np.square(allowed - wanted).sum(1).argmin()]
        points.append((source, (float(x), float(y))))
    return replace(sample, points=tuple(points))
