"""How guidance and gains shift the frequencies of attributes that a prompt leaves open.

Prompts name only the colour of the clothes. Skin, hair and beard are left to the model, which has
seen them with the frequencies of its training portraits. A judge counts them in the pictures that
the model draws. The judge makes the same mistakes for every arm, and its mistakes on drawings are
reported separately.

- ``shift``: half the sum of |frequency - training frequency|, which is the share of the pictures
  that would have to change (total variation), 0 to 1. A small sample shifts by chance: ``chance``
  is the mean shift of the same number of draws from the training frequencies.
- ``values``: each frequency with its 95 % interval (Wilson), and the training frequency.

All arms have the same prompts and seeds, so differences of shifts from plain guidance are paired
picture by picture.

References: Friedrich et al. 2023 (arXiv 2302.10893) for attributes that prompts leave open.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping
from typing import Any

import torch
from torch import Tensor

from yuragi.research.assess.arms import PLAIN, shifted
from yuragi.research.bench.shares import wilson
from yuragi.research.measure.folder import spans
from yuragi.research.metrics.figure import Figure
from yuragi.research.metrics.halves import halves_interval
from yuragi.research.metrics.intervals import Interval
from yuragi.research.sweep.draw import Sampler
from yuragi.research.sweep.grid import Point
from yuragi.research.train.judge import Judge
from yuragi.research.train.portraits import ATTRIBUTES, portrait

__all__ = ["OPEN", "bias", "open_prompts", "training_marginals"]

OPEN = ("skin", "hair_colour", "hair_length", "beard")
"""The attributes that the prompts leave open."""
CHANCES = 400


def open_prompts(n: int) -> list[str]:
    """Prompts for the first n benchmark portraits that name only the colour of the clothes."""
    colours = (portrait("benchmark", k).labels["clothes_colour"] for k in range(n))
    return [f"a person with {colour} clothes" for colour in colours]


def training_marginals(n: int) -> Mapping[str, Mapping[str, float]]:
    """The frequency of each value in the first n training portraits, by attribute of `OPEN`."""
    labels = [portrait("train", k).labels for k in range(n)]
    found = {name: Counter(each[name] for each in labels) for name in OPEN}
    return {
        name: {value: count[value] / n for value in ATTRIBUTES[name]}
        for name, count in found.items()
    }


def bias(
    points: Mapping[str, Point],
    sampler: Sampler,
    judge: Judge,
    training: Mapping[str, Mapping[str, float]],
    n: int,
    on_done: Callable[[int, int], None],
) -> dict[str, Any]:
    """The frequencies of every arm, and how much more it shifts them than `PLAIN`, for JSON.

    Args:
        points: the settings by name, with `PLAIN` among them.
        sampler: a portrait model with `open_prompts`.
        judge: the classifier of portraits.
        training: the result of `training_marginals`.
        n: the number of pictures per arm, from the same seeds and prompts.
        on_done: a function called with (pictures done, all pictures).
    """
    found = {
        arm: _seen(point, sampler, judge, n, shifted(on_done, k * n, len(points) * n))
        for k, (arm, point) in enumerate(points.items())
    }
    return {
        "arms": {
            arm: {
                name: _attribute(name, seen, training[name], sampler.seed)
                for name, seen in by_name.items()
            }
            for arm, by_name in found.items()
        },
        "less_plain": {
            arm: {
                name: _difference(seen, found[PLAIN][name], _shares(name, training[name]))._asdict()
                for name, seen in by_name.items()
            }
            for arm, by_name in found.items()
            if arm != PLAIN
        },
    }


def _seen(
    point: Point, sampler: Sampler, judge: Judge, n: int, on_made: Callable[[int], None]
) -> Mapping[str, Tensor]:
    """The number of the value that the judge sees in every picture, [n], by attribute."""
    seen: dict[str, list[Tensor]] = {name: [] for name in OPEN}
    made = 0
    for images, _ in sampler.drawn(point, n):
        with torch.no_grad():
            logits = judge(images.to(next(judge.parameters()).device))
        for name in OPEN:
            seen[name].append(logits[name].argmax(1).cpu())
        made += len(images)
        on_made(made)
    return {name: torch.cat(found) for name, found in seen.items()}


def _shares(name: str, training: Mapping[str, float]) -> Tensor:
    return torch.tensor([training[value] for value in ATTRIBUTES[name]], dtype=torch.float64)


def _shift(seen: Tensor, wanted: Tensor) -> float:
    """The shift of the values of pictures, [n], from the wanted frequencies of the values."""
    found = torch.bincount(seen, minlength=len(wanted)).double() / len(seen)
    return float((found - wanted).abs().sum() / 2)


def _attribute(name: str, seen: Tensor, training: Mapping[str, float], seed: int) -> dict[str, Any]:
    wanted, n = _shares(name, training), len(seen)
    counts = torch.bincount(seen, minlength=len(wanted)).tolist()
    interval = halves_interval(lambda picked: _shift(picked, wanted), seen)
    seeds = spans(range(seed, seed + n))
    return {
        "shift": Figure.of(f"shift of {name}", interval, n, 0, "portrait judge", seeds).as_dict(),
        "chance": _chance(wanted, n),
        "values": {
            value: {
                "share": count / n,
                "interval": list(wilson(count, n)),
                "training": training[value],
            }
            for value, count in zip(ATTRIBUTES[name], counts, strict=True)
        },
    }


def _difference(seen: Tensor, plain: Tensor, wanted: Tensor) -> Interval:
    """How much more an arm shifts than plain guidance, paired picture by picture."""

    def difference(picked: Tensor) -> float:
        return _shift(picked[:, 0], wanted) - _shift(picked[:, 1], wanted)

    return halves_interval(difference, torch.stack([seen, plain], 1))


def _chance(wanted: Tensor, n: int) -> float:
    """The mean shift of n draws from the training frequencies themselves."""
    generator = torch.Generator().manual_seed(0)
    draws = torch.multinomial(wanted.expand(CHANCES, -1), n, replacement=True, generator=generator)
    found = torch.nn.functional.one_hot(draws, len(wanted)).double().mean(1)
    return float((found - wanted).abs().sum(1).mean() / 2)
