"""A short measurement of an exported portrait model, right after its training.

Portraits of the validation split, which no training sees: the codec's PSNR, and the share of
generated portraits in which the judge sees what the prompt names, beside its share on the drawings.
`yuragi bench portraits` is the measurement that counts, on the benchmark split.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from statistics import fmean
from typing import Any

import numpy as np
import torch
from PIL import Image
from torch import Tensor, nn

from yuragi.errors import InputError
from yuragi.images.tensors import to_tensor
from yuragi.model import load
from yuragi.models.codec import Codec
from yuragi.research.train.autoencoder import arrays_to_tensor, codec_psnr
from yuragi.research.train.cache import cached
from yuragi.research.train.judge import accuracy, shipped_judge
from yuragi.research.train.portraits import SIZE, caption

__all__ = ["measure", "sheet_of"]

AT_ONCE = 32
"""Portraits between two reports of progress."""


def measure(
    folder: Path,
    data: Path,
    size: int,
    n: int,
    seed: int,
    device: torch.device,
    on_sample: Callable[[int, int], None],
) -> tuple[dict[str, Any], list[Image.Image]]:
    """Measure the pipeline in a folder at its default settings.

    Args:
        folder: the exported pipeline.
        data: where drawings are cached.
        size: the side of its portraits in pixels.
        n: portraits.
        seed: of captions and noise.
        device: where it runs.
        on_sample: told (portraits done, in all).

    Returns:
        The numbers, and all generated portraits.

    Raises:
        InputError: a model without an autoencoder.
    """
    drawings, labels = cached("validation", n, data, size=size)
    model = load(folder, str(device))
    codec = model.loaded.codec
    if not isinstance(codec, Codec):
        raise InputError("model", str(folder), "a model with an autoencoder")
    prompts = [
        caption(row, np.random.default_rng([seed, k]), empty=0.0, named=1.0)
        for k, row in enumerate(labels)
    ]
    pictures: list[Image.Image] = []
    for start in range(0, n, AT_ONCE):
        several = prompts[start : start + AT_ONCE]
        seeds = [seed + start + k for k in range(len(several))]
        pictures += [each.image for each in model.sample(several, seed=seeds)]
        on_sample(len(pictures), n)
    judge = shipped_judge(device)
    shown = torch.cat([to_tensor(picture) for picture in pictures])
    scores = {
        "generated": dict(accuracy(judge, _judgeable(shown), labels)),
        "drawings": dict(accuracy(judge, _judgeable(arrays_to_tensor(drawings)), labels)),
    }
    numbers = {
        "split": "validation",
        "n": n,
        "seed": seed,
        "psnr": codec_psnr(codec.autoencoder, drawings),
        "accuracy": scores,
        "mean_accuracy": {kind: fmean(table.values()) for kind, table in scores.items()},
    }
    return numbers, pictures


def sheet_of(pictures: list[Image.Image], across: int = 8) -> Image.Image:
    """The pictures in rows, none left out."""
    side = pictures[0].width
    sheet = Image.new("RGB", (across * side, -(-len(pictures) // across) * side), "white")
    for k, picture in enumerate(pictures):
        sheet.paste(picture, (k % across * side, k // across * side))
    return sheet


def _judgeable(images: Tensor) -> Tensor:
    """Images [n, 3, s, s] at the size that the shipped judge was trained at."""
    return nn.functional.interpolate(images, (SIZE, SIZE), mode="area")
