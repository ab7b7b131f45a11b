"""The sweep of the portrait model: drawings, captions and judge."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import torch
from torch import Tensor

from yuragi.models.fingerprint import fingerprint_of
from yuragi.models.names import load_model, load_weak
from yuragi.models.opening import Opening
from yuragi.research.metrics.backends import open_backend
from yuragi.research.sweep.draw import Sampler
from yuragi.research.sweep.real import Judge, Real
from yuragi.research.train.autoencoder import arrays_to_tensor
from yuragi.research.train.cache import cached
from yuragi.research.train.judge import JUDGED, judged, shipped_judge
from yuragi.research.train.measure import whole_caption

__all__ = ["portraits_sweep"]

AT_ONCE = 100
"""The number of drawings in a batch."""


def portraits_sweep(
    model: str, weak_model: str | None, number: int, seed: int, data: Path, opening: Opening
) -> tuple[Sampler, Real]:
    """A portrait model with the captions of the benchmark split, and the drawings of that split.

    The prompt of portrait k is a caption with all labels of drawing k, and its seed is `seed` + k.

    Args:
        model: the name or path of the model.
        weak_model: the name or path of a weaker model for autoguidance.
        number: the number of drawings.
        seed: the seed of captions and noise.
        data: the folder in which drawings are cached.
        opening: how models are opened.

    Raises:
        InputError: a model does not exist.
    """
    loaded = load_model(model, opening)
    drawings, labels = cached("benchmark", number, data)
    prompts = [whole_caption(each, seed, k) for k, each in enumerate(labels)]
    asked = dict(zip(prompts, labels, strict=True))
    judge = shipped_judge(loaded.device)

    def right(images: Tensor, prompts: Sequence[str]) -> Tensor:
        seen = judged(judge, images, [asked[prompt] for prompt in prompts])
        return torch.stack([seen[name] for name in JUDGED]).double().mean(0)

    batches = (
        arrays_to_tensor(drawings[start : start + AT_ONCE]) for start in range(0, number, AT_ONCE)
    )
    backend = open_backend("efflite0", loaded.device)
    real = Real.of(backend, batches, Judge(right, fingerprint_of(judge)))
    return Sampler(loaded, load_weak(weak_model, loaded), prompts, seed, batch=16), real
