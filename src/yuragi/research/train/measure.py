"""A short measurement of an exported portrait model, right after its training.

On portraits of the validation split, which is never trained on, it measures the codec's PSNR, and
the share of generated portraits in which the judge sees what the prompt names, together with the
same share for the drawings. The authoritative measurement is `yuragi bench portraits`, on the
benchmark split.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
from PIL import Image
from torch import Tensor

from yuragi.errors import InputError
from yuragi.images.tensors import to_tensor
from yuragi.model import Model, load
from yuragi.models.codec import Codec
from yuragi.research.train.autoencoder import arrays_to_tensor, levels_psnr
from yuragi.research.train.cache import cached
from yuragi.research.train.judge import accuracy, mean_accuracy, shipped_judge
from yuragi.research.train.portraits import Labels, caption

__all__ = ["measure", "opened", "portraits_of", "round_trips", "sheet_of", "whole_caption"]

AT_ONCE = 16
"""The number of portraits in a batch."""
ACROSS = 8
"""The number of portraits in a row of a sheet."""


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
        data: the folder in which drawings are cached.
        size: the side of its portraits in pixels.
        n: the number of portraits.
        seed: the seed of captions and noise.
        device: the device.
        on_sample: a function called with (portraits done, all portraits).

    Returns:
        The numbers, and all generated portraits.

    Raises:
        InputError: the model has no autoencoder.
    """
    drawings, labels = cached("validation", n, data, size=size)
    true = arrays_to_tensor(drawings)
    model, codec = opened(folder, device)
    pictures = portraits_of(model, labels, seed, on_sample)
    judge = shipped_judge(device)
    shown = torch.cat([to_tensor(picture) for picture in pictures])
    scores = {
        "generated": dict(accuracy(judge, shown, labels)),
        "drawings": dict(accuracy(judge, true, labels)),
    }
    numbers = {
        "split": "validation",
        "n": n,
        "seed": seed,
        "psnr": float(levels_psnr(round_trips(codec, true, device), true).mean()),
        "accuracy": scores,
        "mean_accuracy": {kind: mean_accuracy(table) for kind, table in scores.items()},
    }
    return numbers, pictures


def opened(model: str | Path, device: torch.device) -> tuple[Model, Codec]:
    """A portrait model and its codec.

    Raises:
        InputError: the model has no autoencoder.
    """
    found = load(model, str(device))
    codec = found.loaded.codec
    if not isinstance(codec, Codec):
        raise InputError("model", str(model), "a model with an autoencoder")
    return found, codec


def round_trips(codec: Codec, images: Tensor, device: torch.device) -> Tensor:
    """Images [n, 3, h, w] through the codec and back."""
    size = images.shape[-2:]
    parts = torch.split(images, 32)
    return torch.cat([codec.decode(codec.encode(part.to(device)), *size).cpu() for part in parts])


def portraits_of(
    model: Model, labels: Sequence[Labels], seed: int, on_sample: Callable[[int, int], None]
) -> list[Image.Image]:
    """Portraits with these labels at the model's default settings, `AT_ONCE` in a batch.

    Portrait k is made from `whole_caption` of k and the seed `seed + k`.
    """
    pictures: list[Image.Image] = []
    for start in range(0, len(labels), AT_ONCE):
        numbers = range(start, min(start + AT_ONCE, len(labels)))
        prompts = [whole_caption(labels[k], seed, k) for k in numbers]
        several = model.sample(prompts, seed=[seed + k for k in numbers])
        pictures += [each.image for each in several]
        on_sample(len(pictures), len(labels))
    return pictures


def whole_caption(labels: Labels, seed: int, k: int) -> str:
    """The prompt of portrait `k`: all of its labels, in an order that depends on `seed` and `k`."""
    return caption(labels, np.random.default_rng([seed, k]), empty=0.0, named=1.0)


def sheet_of(pictures: list[Image.Image]) -> Image.Image:
    """All pictures, in rows of `ACROSS`."""
    side = pictures[0].width
    sheet = Image.new("RGB", (ACROSS * side, -(-len(pictures) // ACROSS) * side), "white")
    for k, picture in enumerate(pictures):
        sheet.paste(picture, (k % ACROSS * side, k // ACROSS * side))
    return sheet
