"""How much a result depends on its seed, and whether it can be reproduced.

Stability: every prompt is drawn with several seeds. ``fit`` is the share of what the prompt names
that the judge recognises in a picture.

- ``spread``: the standard deviation of the fit over the seeds of a prompt, averaged over prompts;
- ``worst``: the fit of a prompt's worst seed, averaged over prompts;
- ``failed``: the share of pictures with a fit below `FAILED`.

Intervals are for the choice of the prompts. That of ``failed`` is Wilson's with one case for each
prompt, because pictures of one prompt fail together. All arms have the same prompts and seeds, so
differences from plain guidance are paired prompt by prompt.

Reproducibility: the same pictures are drawn again, in the same batches and one by one. The results
are the largest difference, in levels of 255, and the share of pictures that are equal bit for bit.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any

import torch
from torch import Tensor

from yuragi.research.assess.arms import PLAIN, shifted
from yuragi.research.bench.shares import share_difference, wilson
from yuragi.research.measure.folder import spans
from yuragi.research.metrics.figure import Figure
from yuragi.research.metrics.intervals import Interval, mean_interval
from yuragi.research.sweep.draw import Sampler
from yuragi.research.sweep.grid import Point

__all__ = ["FAILED", "Fit", "reproducibility", "stability"]

FAILED = 0.6
"""A user would draw a picture again if it shows less of its prompt than this."""

Fit = Callable[[Tensor, Sequence[int]], Tensor]
"""Pictures [b, 3, h, w] and the numbers of their prompts -> the share of the prompt shown, [b]."""


def stability(
    points: Mapping[str, Point],
    sampler: Sampler,
    fit: Fit,
    seeds: int,
    on_done: Callable[[int, int], None],
) -> dict[str, Any]:
    """The figures of every arm, and what the others differ by from `PLAIN`, ready for JSON.

    Args:
        points: the settings by name, with `PLAIN` among them.
        sampler: a model with p prompts; its pictures k, k + p, k + 2p ... share prompt k.
        fit: the judge of pictures.
        seeds: the number of seeds per prompt, 2 or more.
        on_done: a function called with (pictures done, all pictures).
    """
    n = len(sampler.prompts) * seeds
    found = {
        arm: _by_prompt(point, sampler, fit, seeds, shifted(on_done, k * n, len(points) * n))
        for k, (arm, point) in enumerate(points.items())
    }
    told = spans(range(sampler.seed, sampler.seed + n))
    return {
        "arms": {
            arm: {
                name: Figure.of(name, _mean(name, values), n, 0, "portrait judge", told).as_dict()
                for name, values in rows.items()
            }
            for arm, rows in found.items()
        },
        "less_plain": {
            arm: {
                name: _difference(name, values, found[PLAIN][name])._asdict()
                for name, values in rows.items()
            }
            for arm, rows in found.items()
            if arm != PLAIN
        },
    }


def _by_prompt(
    point: Point,
    sampler: Sampler,
    fit: Fit,
    seeds: int,
    on_made: Callable[[int], None],
) -> Mapping[str, Tensor]:
    """The values of every prompt, [p], by name."""
    p = len(sampler.prompts)
    found = list[Tensor]()
    for images, _ in sampler.drawn(point, p * seeds):
        start = sum(map(len, found))
        found.append(fit(images, [k % p for k in range(start, start + len(images))]).double())
        on_made(start + len(images))
    fits = torch.cat(found).reshape(seeds, p)
    return {
        "fit": fits.mean(0),
        "spread": fits.std(0),
        "worst": fits.amin(0),
        "failed": (fits < FAILED).double().mean(0),
    }


def _mean(name: str, values: Tensor) -> Interval:
    if name != "failed":
        return mean_interval(values)
    return Interval(float(values.mean()), *wilson(float(values.sum()), len(values)))


def _difference(name: str, values: Tensor, plain: Tensor) -> Interval:
    if name != "failed":
        return mean_interval(values - plain)
    return share_difference(float(values.sum()), float(plain.sum()), len(values))


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
