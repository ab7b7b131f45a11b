"""How much a result depends on its seed, and whether it can be reproduced.

Stability: every prompt is drawn with several seeds. ``fit`` is the share of what the prompt names
that the judge recognises in a picture.

- ``spread``: the standard deviation of the fit over the seeds of a prompt, averaged over prompts;
- ``worst``: the fit of a prompt's worst seed, averaged over prompts;
- ``failed``: the share of pictures with a fit below `FAILED`.

Intervals are for the choice of the prompts.

Reproducibility: the same pictures are drawn again, in the same batches and one by one. The results
are the largest difference, in levels of 255, and the share of pictures that are equal bit for bit.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

import torch
from torch import Tensor

from yuragi.research.measure.folder import spans
from yuragi.research.metrics.figure import Figure
from yuragi.research.metrics.intervals import mean_interval
from yuragi.research.sweep.draw import Sampler
from yuragi.research.sweep.grid import Point

__all__ = ["FAILED", "Fit", "reproducibility", "stability"]

FAILED = 0.6
"""A user would draw a picture again if it shows less of its prompt than this."""

Fit = Callable[[Tensor, Sequence[int]], Tensor]
"""Pictures [b, 3, h, w] and the numbers of their prompts -> the share of the prompt shown, [b]."""


def stability(
    point: Point,
    sampler: Sampler,
    fit: Fit,
    seeds: int,
    on_done: Callable[[int, int], None],
) -> dict[str, Any]:
    """The figures of one setting, ready for JSON.

    Args:
        point: the setting.
        sampler: a model with p prompts; its pictures k, k + p, k + 2p ... share prompt k.
        fit: the judge of pictures.
        seeds: the number of seeds per prompt, 2 or more.
        on_done: a function called with (pictures done, all pictures).
    """
    p = len(sampler.prompts)
    n, found = p * seeds, list[Tensor]()
    for images, _ in sampler.drawn(point, n):
        start = sum(map(len, found))
        found.append(fit(images, [k % p for k in range(start, start + len(images))]).double())
        on_done(start + len(images), n)
    by_prompt = torch.cat(found).reshape(seeds, p)
    rows = {
        "fit": by_prompt.mean(0),
        "spread": by_prompt.std(0),
        "worst": by_prompt.amin(0),
        "failed": (by_prompt < FAILED).double().mean(0),
    }
    told = spans(range(sampler.seed, sampler.seed + n))
    return {
        name: Figure.of(name, mean_interval(values), n, 0, "portrait judge", told).as_dict()
        for name, values in rows.items()
    }


def reproducibility(point: Point, sampler: Sampler, n: int) -> dict[str, Any]:
    """Draw the first n pictures of a setting again, in the same batches and one by one."""
    first = _levels(point, sampler, n)
    again, alone = _levels(point, sampler, n), _levels(point, replace(sampler, batch=1), n)
    return {
        "n": n,
        "seeds": spans(range(sampler.seed, sampler.seed + n)),
        "again": _compared(first, again),
        "alone": _compared(first, alone),
    }


def _levels(point: Point, sampler: Sampler, n: int) -> Tensor:
    images = torch.cat([images for images, _ in sampler.drawn(point, n)])
    return ((images.clamp(-1, 1) + 1) * 127.5).round()


def _compared(one: Tensor, two: Tensor) -> dict[str, float]:
    difference = (one - two).abs().flatten(1).amax(1)
    return {
        "largest_difference": float(difference.max()),
        "equal": float((difference == 0).double().mean()),
    }
