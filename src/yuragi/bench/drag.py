"""What a drag costs: seconds, network evaluations, and whether its replay is exact."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable
from typing import Any, Literal

import torch
from PIL import Image

from yuragi.bench.report import frame
from yuragi.drag.spec import PointPair
from yuragi.model import load
from yuragi.recipe.pictures import largest_difference
from yuragi.recipe.presets import PRESETS
from yuragi.recipe.run import run

SAMPLERS: tuple[Literal["sde", "ode"], ...] = ("sde", "ode")

__all__ = ["bench_drag"]


def bench_drag(
    model: str,
    picture: Image.Image,
    points: list[PointPair],
    prompt: str,
    repeats: int,
    device: torch.device,
    on_done: Callable[[int, int], None],
) -> dict[str, Any]:
    """Time every preset with every sampler on one drag, with seeds 0 to repeats - 1.

    Returns:
        a report: median, least and most seconds of each, its evaluations, and the largest
        difference in levels of 255 between the first result and its replay.
    """
    loaded = load(model, str(device))
    kinds = [(preset, sampler) for preset in PRESETS for sampler in SAMPLERS]
    rows: dict[str, Any] = {}
    for done, (preset, sampler) in enumerate(kinds):
        seconds, results = [], []
        for seed in range(repeats):
            start = time.perf_counter()
            results.append(
                loaded.drag(
                    picture, points, prompt=prompt, preset=preset, sampler=sampler, seed=seed
                )
            )
            seconds.append(time.perf_counter() - start)
        first = results[0]
        again = run(first.request, loaded.loaded, first.sources)
        rows[f"{preset} {sampler}"] = {
            "seconds": [min(seconds), statistics.median(seconds), max(seconds)],
            "evaluations": first.evaluations,
            "sub_drags": len(first.frames) - 1,
            "replay_difference": largest_difference(again.image, first.image),
        }
        on_done(done + 1, len(kinds))
    return frame("drag", device, list(range(repeats)), repeats) | {
        "model": model,
        "points": points,
        "size": picture.size,
        "results": rows,
    }
