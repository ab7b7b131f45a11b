"""Assess the portrait model: whole captions, and a judge of the attributes that they name."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor

from yuragi.models.names import load_model
from yuragi.models.opening import Opening
from yuragi.research.assess.stability import Fit
from yuragi.research.sweep.draw import Sampler
from yuragi.research.train.judge import JUDGED, Judge, judged
from yuragi.research.train.measure import whole_caption
from yuragi.research.train.portraits import portrait

__all__ = ["captioned", "fit_to_captions", "portrait_sampler"]

BATCH = 16


def portrait_sampler(model: str, prompts: Sequence[str], seed: int, opening: Opening) -> Sampler:
    """A portrait model with prompts."""
    return Sampler(load_model(model, opening), None, prompts, seed, BATCH)


def captioned(count: int, seed: int) -> Sequence[str]:
    """Whole captions of the first `count` benchmark portraits."""
    return [whole_caption(portrait("benchmark", k).labels, seed, k) for k in range(count)]


def fit_to_captions(judge: Judge) -> Fit:
    """The share of a caption's headline attributes that the judge recognises in its picture."""

    def fit(images: Tensor, numbers: Sequence[int]) -> Tensor:
        labels = [portrait("benchmark", k).labels for k in numbers]
        hits = judged(judge, images, labels)
        return torch.stack([hits[name] for name in JUDGED], 1).double().mean(1)

    return fit
