r"""Which words a portrait model has learned: its own denoiser as a classifier of two captions.

A portrait z is denoised under its true caption and under one in which a single label is replaced by
another value, both from the same states x = alpha z + sigma eps. With the error

    e(caption) = sum over `LEVELS` of  < (eps_hat(x, caption) - eps) ^ 2 >

- ``told_apart`` is the share of portraits with e(true) < e(wrong), where half of the ties count. A
  model that has not learned the words of a label has a share of one half, because its two errors
  differ by chance;
- ``rise`` is the mean of e(wrong) / e(true) - 1. It is zero if the words change nothing.

Unlike the accuracy by a judge, this needs no sampling and no guidance, so it also shows what is
learned long before it can be seen in portraits.

References: Li et al. 2023, "Your diffusion model is secretly a zero-shot classifier" (arXiv
2303.16203), equations 5 and 6.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor

from yuragi.core import SeededNoise
from yuragi.models.model import DiffusionModel
from yuragi.research.bench.report import frame
from yuragi.research.bench.shares import wilson
from yuragi.research.metrics.intervals import Interval, mean_interval
from yuragi.research.train.autoencoder import arrays_to_tensor
from yuragi.research.train.cache import cached
from yuragi.research.train.measure import AT_ONCE, opened, whole_caption
from yuragi.research.train.portraits import ATTRIBUTES, Labels

__all__ = ["LEVELS", "bench_words", "compared", "errors", "renamed"]

LEVELS = (0.9, 1.5, 2.6, 5.0)
"""The noise levels sigma / alpha. Large areas are decided above them, and edges below."""


def bench_words(
    model: str,
    data: Path,
    n: int,
    seed: int,
    device: torch.device,
    on_progress: Callable[[int, int], None],
) -> dict[str, Any]:
    """Measure the words of every attribute on portraits of the benchmark split.

    Args:
        model: name or path.
        data: the folder in which drawings are cached.
        n: the number of portraits, 2 or more.
        seed: the seed of captions, wrong labels and noise.
        device: where to run.
        on_progress: called with (portraits done, all portraits).

    Returns:
        the report.

    Raises:
        InputError: the model has no autoencoder.
    """
    loaded, codec = opened(model, device)
    drawings, labels = cached("benchmark", n, data, size=loaded.loaded.native_size)
    columns: list[Tensor] = []
    for start in range(0, n, AT_ONCE):
        numbers = range(start, min(start + AT_ONCE, n))
        z = codec.encode(arrays_to_tensor(drawings[start : numbers.stop]).to(device))
        noise = SeededNoise(seed, numbers, "words")
        eps = [noise(step, z) for step in range(len(LEVELS))]
        sets = [[labels[k] for k in numbers]]
        sets += [[renamed(labels[k], name, seed, k) for k in numbers] for name in ATTRIBUTES]
        found = []
        for rows in sets:
            prompts = [whole_caption(row, seed, k) for row, k in zip(rows, numbers, strict=True)]
            found.append(errors(loaded.loaded, z, prompts, eps))
        columns.append(torch.stack(found, 1))
        on_progress(numbers.stop, n)
    true, *wrong = torch.cat(columns).T
    return frame("words", device, [seed], n) | {
        "model": Path(model).name,
        "weights": loaded.loaded.weights,
        "levels": list(LEVELS),
        "attributes": {
            name: compared(true, other) for name, other in zip(ATTRIBUTES, wrong, strict=True)
        },
    }


def renamed(labels: Labels, name: str, seed: int, k: int) -> Labels:
    """The labels of portrait `k` with another value of one attribute."""
    rng = np.random.default_rng([seed, k, list(ATTRIBUTES).index(name)])
    return {**labels, name: str(rng.choice([v for v in ATTRIBUTES[name] if v != labels[name]]))}


@torch.no_grad()
def errors(
    model: DiffusionModel, z: Tensor, prompts: Sequence[str], eps: Sequence[Tensor]
) -> Tensor:
    """The errors [b] of latents [b, c, h, w] under prompts; every level has its noise, like z."""
    denoiser = model.bind(prompts)
    total = torch.zeros(len(z), dtype=torch.float64)
    for level, noise in zip(LEVELS, eps, strict=True):
        t = denoiser.schedule.time(-torch.tensor(level, dtype=torch.float64).log()).to(z.device)
        alpha, sigma = denoiser.schedule(t)
        x = (alpha * z + sigma * noise).to(z)
        # (eps_hat - eps) = (alpha / sigma) (z - x0_hat)
        off = (denoiser(x, t) - z).double() * (alpha / sigma)
        total += off.square().flatten(1).mean(1).cpu()
    return total


def compared(true: Tensor, wrong: Tensor) -> dict[str, dict[str, float]]:
    """Compare errors [n] under the true captions with those under wrong ones."""
    hits = int((true < wrong).sum()) + int((true == wrong).sum()) // 2
    share = Interval(hits / len(true), *wilson(hits, len(true)))
    rise = mean_interval(wrong / true - 1)
    return {"told_apart": share._asdict(), "rise": rise._asdict()}
