r"""Scores of dragged pictures against their true results, one per case.

- ``arrival``: the distance in pixels from the targets at which the features of the content under
  the sources are found (EfficientNet-Lite0); ``registered``: the same distance by registration of
  patches of the true picture;
- ``psnr``, ``ssim``, ``lpips`` (HED-LPIPS): to the truth;
- ``background``: mean absolute difference (0 to 2) to the picture before the drag, outside the true
  change;
- ``ghost``: the share of the old content that is left where it should be gone;
- ``seams``: how much steeper than the truth a picture is along the edges of the moved content, in
  levels (of 255) per pixel. The truth's steepness is its maximum within a pixel, so that a
  displacement by half a pixel is not a seam.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TypeAlias

import torch
from torch import Tensor, nn

from yuragi.drag import PointPair
from yuragi.drag.areas import mean_absolute, mean_within
from yuragi.drag.arrival import by_registration
from yuragi.research.bench.scores import changed
from yuragi.research.metrics.arrival import by_features, ghost
from yuragi.research.metrics.features import Features
from yuragi.research.metrics.paired import region_psnr, ssim
from yuragi.research.metrics.perceptual import LPIPS

__all__ = ["Score", "Truth", "TruthScorer", "seams"]

Score: TypeAlias = Callable[[Tensor], dict[str, Tensor]]
"""Pictures [n, 3, h, w] -> scores [n] by name."""
EDGE = 2
"""The distance in pixels from the edges of the moved content within which seams are measured."""
REACH = 5 / 16
"""The largest displacement that registration considers, as a share of the shorter side."""


@dataclass(frozen=True)
class Truth:
    """Drags whose true results are known.

    Attributes:
        before: the pictures before the drag, [n, 3, h, w] in [-1, 1].
        truth: the true results, [n, 3, h, w] in [-1, 1].
        source: [n, h, w], True where the moved content is before the drag.
        target: [n, h, w], True where the moved content is after the drag.
        points: the sources and targets of each case, in pixels.
    """

    before: Tensor
    truth: Tensor
    source: Tensor
    target: Tensor
    points: Sequence[Sequence[PointPair]]

    @cached_property
    def change(self) -> Tensor:
        """[n, h, w], True where the truth differs from the picture before the drag."""
        return changed(self.before, self.truth)

    @cached_property
    def vacated(self) -> Tensor:
        """[n, h, w], True where the moved content was and no longer is."""
        return self.source & ~self.target & self.change


@dataclass(frozen=True)
class TruthScorer:
    """All scores of this module: [n] each, NaN where a case has none."""

    features: Features
    perceptual: LPIPS

    def on(self, known: Truth) -> Score:
        """A function that scores pictures of these cases; shared values are computed once."""
        truth, everywhere = known.truth, torch.ones_like(known.change)
        before = self.features.maps(known.before)
        size = (truth.shape[-2], truth.shape[-1])
        reach = round(REACH * min(size))

        def score(images: Tensor) -> dict[str, Tensor]:
            after = self.features.maps(images)
            arrival, registered, ghosts = [], [], []
            for k, points in enumerate(known.points):
                sources, targets = (list(side) for side in zip(*points, strict=True))
                arrival.append(by_features(before[k], after[k], sources, targets, size).mean())
                found = by_registration(images[k], truth[k], targets, reach=reach)
                registered.append(found.mean())
                ghosts.append(ghost(images[k], known.before[k], truth[k], known.vacated[k]))
            return {
                "arrival": torch.stack(arrival).double(),
                "registered": torch.stack(registered).double(),
                "psnr": region_psnr(images, truth, everywhere),
                "ssim": ssim(images, truth, [everywhere])[0],
                "lpips": self.perceptual(images, truth, [everywhere])[0],
                "background": mean_absolute(images, known.before, ~known.change),
                "ghost": torch.stack(ghosts).double(),
                "seams": seams(images, known),
            }

        return score


def seams(images: Tensor, known: Truth) -> Tensor:
    """How much steeper pictures are than the truth along the edges of the moved content, [n]."""
    along = _edges(known.source) | _edges(known.target)
    true = nn.functional.max_pool2d(_steepness(known.truth)[:, None], 3, 1, 1)[:, 0]
    return mean_within((_steepness(images) - true).clamp(min=0), along).double()


def _steepness(pictures: Tensor) -> Tensor:
    """The length of the gradient in levels per pixel, [n, h, w]."""
    levels = nn.functional.pad(pictures.mean(1, keepdim=True) * 127.5, (0, 1, 0, 1), "replicate")
    across = levels[..., :-1, 1:] - levels[..., :-1, :-1]
    down = levels[..., 1:, :-1] - levels[..., :-1, :-1]
    return (across**2 + down**2).sqrt()[:, 0]


def _edges(areas: Tensor) -> Tensor:
    """The pixels within `EDGE` pixels of the edges of areas, [n, h, w]."""
    inside = areas.float()[:, None]
    grown = nn.functional.max_pool2d(inside, 2 * EDGE + 1, 1, EDGE)
    shrunk = -nn.functional.max_pool2d(-inside, 2 * EDGE + 1, 1, EDGE)
    return (grown > shrunk)[:, 0]
