"""Scores of dragged pictures against the truth, case by case."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from yuragi.bench.drag_cases import Cases
from yuragi.metrics.arrival import by_features, by_registration, ghost
from yuragi.metrics.features import Features
from yuragi.metrics.paired import mean_absolute, psnr, ssim
from yuragi.metrics.perceptual import HEDLPIPS
from yuragi.train.judge import Judge, judged

__all__ = ["Scorer"]


@dataclass(frozen=True)
class Scorer:
    """All scores of `yuragi.bench.drag_suite`: [n] each, NaN where a case has none."""

    features: Features
    perceptual: HEDLPIPS
    judge: Judge

    def __call__(self, images: Tensor, cases: Cases) -> dict[str, Tensor]:
        """Scores [n] of pictures (n, 3, h, w)."""
        truth, everywhere = cases.truth, torch.ones_like(cases.change)
        hits = judged(self.judge, images, cases.labels)
        before, after = self.features.maps(cases.before), self.features.maps(images)
        arrival, registered, ghosts = [], [], []
        for k, case in enumerate(cases.motions):
            sources, targets = (list(side) for side in zip(*case.points, strict=True))
            size = (images.shape[-2], images.shape[-1])
            arrival.append(by_features(before[k], after[k], sources, targets, size).mean())
            registered.append(by_registration(images[k], truth[k], targets).mean())
            ghosts.append(ghost(images[k], cases.before[k], truth[k], cases.vacated[k]))
        return {
            "arrival": torch.stack(arrival).double(),
            "registered": torch.stack(registered).double(),
            "psnr": psnr(images, truth, everywhere),
            "ssim": ssim(images, truth, [everywhere])[0],
            "lpips": self.perceptual(images, truth, [everywhere])[0],
            "background": mean_absolute(images, cases.before, ~cases.change),
            "ghost": torch.stack(ghosts).double(),
            "identity": torch.stack(list(hits.values()), 1).double().mean(1),
        }
