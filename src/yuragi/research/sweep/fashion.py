"""The sweep of the Fashion-MNIST models: real pictures, judge and prompts."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import torch
from torch import Tensor

from yuragi.errors import InputError
from yuragi.models.names import load_model, load_weak
from yuragi.models.opening import Opening
from yuragi.research.sweep.draw import Sampler
from yuragi.research.sweep.real import Judge, Real
from yuragi.research.train.fashion.data import CLASSES, read_split
from yuragi.research.train.fashion.judge import open_fashion
from yuragi.research.train.fashion.recipe import JUDGE, MODEL, WEAK

__all__ = ["fashion_real", "fashion_sampler"]


def fashion_sampler(models: Path, seed: int, opening: Opening) -> Sampler:
    """The model and the weaker model of `yuragi train fashion`, with every class as a prompt.

    Raises:
        InputError: the folder does not contain them.
    """
    missing = [name for name in (MODEL, WEAK, JUDGE) if not (models / name).exists()]
    if missing:
        # A missing path that has two parts would be mistaken for a model on the hub.
        reason = "it lacks " + ", ".join(missing)
        raise InputError("models", str(models), "a folder that yuragi train fashion wrote", reason)
    model = load_model(models / MODEL, opening)
    prompts = [str(number) for number in range(len(CLASSES))]
    return Sampler(model, load_weak(str(models / WEAK), model), prompts, seed)


def fashion_real(models: Path, data: Path, number: int, device: torch.device) -> Real:
    """The first pictures of the test split, on which no part was trained, with the judge.

    Raises:
        InputError: the data or the judge do not exist.
    """
    backend = open_fashion(str(models / JUDGE), device)
    pictures, _ = read_split(data, "test")
    images = torch.from_numpy(pictures[:number]).float()[:, None].expand(-1, 3, -1, -1)

    def right(images: Tensor, prompts: Sequence[str]) -> Tensor:
        classes = torch.tensor([int(prompt) for prompt in prompts])
        logits = backend.encode(images).logits
        assert logits is not None  # a judge has class logits
        return logits.argmax(1) == classes

    return Real.of(backend, torch.split(images / 127.5 - 1, 500), Judge(right, backend.weights))
