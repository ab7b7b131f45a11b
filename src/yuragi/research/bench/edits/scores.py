"""Scores of edited pictures against the truth, one per picture."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from yuragi.drag.areas import mean_absolute, mean_within
from yuragi.research.bench.edits.cases import Cases
from yuragi.research.metrics.paired import region_psnr, ssim
from yuragi.research.metrics.perceptual import LPIPS
from yuragi.research.train.judge import Judge, judged
from yuragi.research.train.portraits import ATTRIBUTES

__all__ = ["Scorer", "fidelity"]


@dataclass(frozen=True)
class Scorer:
    """All scores of `yuragi.research.bench.edits.suite`: [n] each, NaN where a picture has none."""

    judge: Judge
    perceptual: LPIPS

    def __call__(self, sets: Sequence[Tensor], cases: Cases) -> list[dict[str, Tensor]]:
        """The scores of sets of pictures, [n, 3, h, w] in [-1, 1] each."""
        regions = {"": cases.everywhere, "_in": cases.change, "_out": ~cases.change}
        distances = self.perceptual.of_all(sets, cases.truth, list(regions.values()))
        scores = []
        for k, images in enumerate(sets):
            found = {}
            for region, where in regions.items():
                found[f"psnr{region}"] = region_psnr(images, cases.truth, where)
            similar = ssim(images, cases.truth, list(regions.values()))
            for region, near, far in zip(regions, similar, distances, strict=True):
                found |= {f"ssim{region}": near, f"lpips{region}": far[k]}
            found["background"] = mean_absolute(images, cases.before, ~cases.change)
            scores.append(found | self.seen(images, cases))
        return scores

    def seen(self, images: Tensor, cases: Cases) -> dict[str, Tensor]:
        """Whether the judge sees the requested label, and the share of the others that it sees."""
        hits = torch.stack(list(judged(self.judge, images, cases.labels).values()), 1).double()
        names = list(ATTRIBUTES)
        if cases.is_hole:
            return {"identity": hits.mean(1)}
        asked = torch.tensor([names.index(kind) for kind in cases.kinds])
        success = hits.gather(1, asked[:, None])[:, 0]
        return {"success": success, "identity": (hits.sum(1) - success) / (len(names) - 1)}


def fidelity(images: Tensor, cases: Cases) -> float:
    """The score by which settings are chosen: PSNR of the balanced error, in dB.

    Squared errors inside and outside the change count half each. A change is a small part of the
    picture, so by the error of the whole picture it would be best to do nothing.
    """
    square = (images - cases.truth).double().square().mean(1)
    balanced = (mean_within(square, cases.change) + mean_within(square, ~cases.change)) / 2
    return (10 * (4 / balanced).log10()).mean().item()
