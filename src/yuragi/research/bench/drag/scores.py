"""Scores of dragged pictures against the truth, case by case."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeAlias

import torch
from torch import Tensor

from yuragi.core import SeededNoise
from yuragi.drag import surprise
from yuragi.drag.areas import mean_absolute
from yuragi.drag.arrival import by_features, by_registration, ghost
from yuragi.drag.intent import intent
from yuragi.models.model import DiffusionModel
from yuragi.research.bench.drag.cases import Cases
from yuragi.research.bench.drag.method import requested
from yuragi.research.metrics.features import Features
from yuragi.research.metrics.paired import region_psnr, ssim
from yuragi.research.metrics.perceptual import HEDLPIPS
from yuragi.research.train.judge import Judge, judged
from yuragi.tasks.intent import asked_of

__all__ = ["Score", "Scorer"]

Score: TypeAlias = Callable[[Tensor], dict[str, Tensor]]
"""Pictures [n, 3, h, w] -> scores [n] by name."""


@dataclass(frozen=True)
class Scorer:
    """All scores of `yuragi.research.bench.drag.suite`: [n] each, NaN where a case has none."""

    features: Features
    perceptual: HEDLPIPS
    judge: Judge
    model: DiffusionModel
    seed: int

    def on(self, cases: Cases) -> Score:
        """Scores of pictures of these cases; what they share is computed once."""
        truth, everywhere = cases.truth, torch.ones_like(cases.change)
        before = self.features.maps(cases.before)
        asked = [
            asked_of(requested(each, "warp", "sde", self.seed)[0], each.image, each.mask)
            for each in cases.samples
        ]
        known = self._surprise(cases.before, cases)

        def score(images: Tensor) -> dict[str, Tensor]:
            hits = judged(self.judge, images, cases.labels)
            after, seen = self.features.maps(images), self._surprise(images, cases)
            size = (images.shape[-2], images.shape[-1])
            arrival, registered, ghosts, intents = [], [], [], []
            for k, case in enumerate(cases.motions):
                sources, targets = (list(side) for side in zip(*case.points, strict=True))
                arrival.append(by_features(before[k], after[k], sources, targets, size).mean())
                registered.append(by_registration(images[k], truth[k], targets).mean())
                ghosts.append(ghost(images[k], cases.before[k], truth[k], cases.vacated[k]))
                errors, cell = torch.stack([known[k], seen[k]]), self.model.codec.cell
                (found,) = intent(asked[k], images[k : k + 1], errors, cell)
                intents.append(found.score)
            return {
                "arrival": torch.stack(arrival).double(),
                "registered": torch.stack(registered).double(),
                "psnr": region_psnr(images, truth, everywhere),
                "ssim": ssim(images, truth, [everywhere])[0],
                "lpips": self.perceptual(images, truth, [everywhere])[0],
                "background": mean_absolute(images, cases.before, ~cases.change),
                "ghost": torch.stack(ghosts).double(),
                "identity": torch.stack(list(hits.values()), 1).double().mean(1),
                "intent": torch.tensor(intents, dtype=torch.float64),
            }

        return score

    def _surprise(self, images: Tensor, cases: Cases) -> Tensor:
        """Of the model, [n, 1, h', w']."""
        z = self.model.codec.encode(images.to(self.model.device))
        strong = self.model.bind([case.prompt for case in cases.motions])
        eps = SeededNoise(self.seed, cases.numbers, stream="realism")(0, z)
        with torch.no_grad():
            return surprise(strong, z, eps).cpu()
