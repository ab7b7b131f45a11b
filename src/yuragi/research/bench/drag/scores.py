"""Scores of dragged portraits: against the truth, by the judge, and the intent score."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from yuragi.core import SeededNoise
from yuragi.drag import surprise
from yuragi.drag.intent import intent
from yuragi.drag.wholeness import shipped_wholeness
from yuragi.models.model import DiffusionModel
from yuragi.research.bench.drag.cases import Cases
from yuragi.research.bench.drag.method import requested
from yuragi.research.bench.truth import Score, TruthScorer
from yuragi.research.train.judge import Judge, judged
from yuragi.tasks.intent import asked_of
from yuragi.tasks.warping import warped_by

__all__ = ["Scorer"]


@dataclass(frozen=True)
class Scorer:
    """All scores of `yuragi.research.bench.drag.suite`: [n] each, NaN where a case has none."""

    against: TruthScorer
    judge: Judge
    model: DiffusionModel
    seed: int

    def on(self, cases: Cases) -> Score:
        """A function that scores pictures of these cases; shared values are computed once."""
        true = self.against.on(cases.known)
        asked = []
        for each in cases.samples:
            request, _ = requested(each, "warp", "sde", self.seed)
            warped = warped_by(request, each.image, each.mask)
            asked.append(asked_of(request, each.image, warped))
        before = self._surprise(cases.before, cases)

        def score(images: Tensor) -> dict[str, Tensor]:
            hits = judged(self.judge, images, cases.labels)
            seen, cell, intents = self._surprise(images, cases), self.model.codec.cell, []
            for k in range(len(cases)):
                errors = torch.stack([before[k], seen[k]])
                (found,) = intent(asked[k], images[k : k + 1], shipped_wholeness(), errors, cell)
                intents.append(found.score)
            return true(images) | {
                "identity": torch.stack(list(hits.values()), 1).double().mean(1),
                "intent": torch.tensor(intents, dtype=torch.float64),
            }

        return score

    def _surprise(self, images: Tensor, cases: Cases) -> Tensor:
        """The surprise of the model, [n, 1, h', w']."""
        z = self.model.codec.encode(images.to(self.model.device))
        strong = self.model.bind([case.prompt for case in cases.motions])
        eps = SeededNoise(self.seed, cases.numbers, stream="realism")(0, z)
        with torch.no_grad():
            return surprise(strong, z, eps).cpu()
