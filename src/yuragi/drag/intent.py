r"""Score of how well a drag was carried out: five parts in [0, 1] and their geometric mean.

Let b be the picture before, r the result, w the picture that the motion alone would give
(`yuragi.drag.warp`), M the area to which content has moved and V the area that it has left. The
true result is not needed.

    arrival      exp(-d / 8)              d: how far from the targets, in pixels of a picture whose
                                          longer side is 128, the content lies (registration)
    departure    1 - ghost(r, b, w, V)    how little of the content is left at its source
    identity     exp(-|r - w| / 0.2)      mean over M: similarity of the content at the target
    background   exp(-|r - b| / 0.01)     mean outside of M and V
    realism      exp(-(e_r - e_b)+ / 0.2) e: mean surprise of the network over M and V

A part that cannot be measured (such as departure if nothing was vacated) is 1. No part is below
0.1, so that the others still distinguish results. The score must rank the truth above doing nothing
and above copying without diffusion. The constants were chosen for this on 240 portraits of the
validation split (98 and 94 %; most failures are mouths within beards, where w moves the wrong
object). `yuragi bench drag` measures it on other portraits. If a whole picture went through a
codec, its background part is 0.1, for all candidates alike.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import astuple, dataclass

import torch
from torch import Tensor, nn

from yuragi.drag.areas import mean_absolute, mean_within
from yuragi.drag.arrival import Point, by_registration, ghost

__all__ = ["Asked", "Intent", "intent"]

SIDE = 128
"""The longer side in pixels at which pictures are compared."""
FAR, ALIKE, STILL, SURPRISE = 8.0, 0.2, 0.01, 0.2
"""The errors that reduce a part by a factor e: d in pixels, |r - w|, |r - b|, and e_r - e_b."""
LEAST = 0.1
PATCH = 4
"""Half the side of registered patches, small enough that a small part is not lost in the rest."""


@dataclass(frozen=True)
class Asked:
    """The motion that a drag asks for.

    Attributes:
        before: b, the picture before the drag, [1, 3, h, w] in [-1, 1].
        warped: w, the warped picture, [1, 3, h, w] in [-1, 1].
        moved: the share of moved content [1, 1, h, w], 0 to 1.
        vacated: the vacated area [1, 1, h, w], True where content went away and none arrived.
        targets: the target points (x, y) in pixels.
    """

    before: Tensor
    warped: Tensor
    moved: Tensor
    vacated: Tensor
    targets: Sequence[Point]

    def small(self) -> Asked:
        """The motion at the size at which pictures are compared."""
        share = SIDE / max(self.before.shape[-2:])
        return Asked(
            _small(self.before),
            _small(self.warped),
            _small(self.moved.to(self.before)),
            _small(self.vacated.to(self.before)) > 0.5,
            [((x + 0.5) * share - 0.5, (y + 0.5) * share - 0.5) for x, y in self.targets],
        )


@dataclass(frozen=True)
class Intent:
    """The five parts of the score, each in [0, 1]."""

    arrival: float
    departure: float
    identity: float
    background: float
    realism: float

    @property
    def score(self) -> float:
        """The geometric mean of the parts."""
        parts = [max(part, LEAST) for part in astuple(self)]
        return math.exp(sum(map(math.log, parts)) / len(parts))


def intent(asked: Asked, results: Tensor, surprise: Tensor, cell: int) -> list[Intent]:
    """The scores of how well each result carries out the drag.

    Args:
        asked: the motion.
        results: r, the results [n, 3, h, w] in [-1, 1].
        surprise: the squared errors of the network [1 + n, 1, h', w'], for b and then for each
            result. Cells can lie outside the picture, which is padded below and to the right.
        cell: the side of a cell in pixels.
    """
    height, width = results.shape[-2:]
    fine = nn.functional.interpolate(surprise, scale_factor=cell, mode="bilinear")
    plan, images, errors = asked.small(), _small(results), _small(fine[..., :height, :width])[:, 0]
    moved, vacated = plan.moved[:, 0] > 0.5, plan.vacated[:, 0]
    edited = moved | vacated
    still = ~(plan.moved[:, 0] > 0) & ~vacated
    mean = mean_within(errors, edited.expand_as(errors))
    excess = (mean[1:] - mean[0]).clamp(min=0)
    found = []
    for k, image in enumerate(images):
        far = by_registration(image, plan.warped[0], plan.targets, PATCH).mean()
        stays = ghost(image, plan.before[0], plan.warped[0], vacated[0])
        unlike = mean_absolute(image[None], plan.warped, moved)
        drift = mean_absolute(image[None], plan.before, still)
        found.append(
            Intent(
                _fading(far / FAR),
                1.0 if bool(stays.isnan()) else 1 - float(stays),
                _fading(unlike / ALIKE),
                _fading(drift / STILL),
                _fading(excess[k] / SURPRISE),
            )
        )
    return found


def _fading(ratio: Tensor) -> float:
    """The part exp(-ratio); 1 if there is nothing to measure."""
    return float(torch.exp(-ratio.nan_to_num(0.0)))


def _small(pictures: Tensor) -> Tensor:
    """Pictures [n, c, h, w] with a longer side of `SIDE`, by area averaging."""
    height, width = pictures.shape[-2:]
    share = SIDE / max(height, width)
    if share == 1:
        return pictures
    size = (max(1, round(height * share)), max(1, round(width * share)))
    return nn.functional.interpolate(pictures, size, mode="area")
