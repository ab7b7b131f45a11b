r"""Score of how well a drag was carried out: six parts in [0, 1] and their geometric mean.

Let b be the picture before, r the result, w the picture that the motion alone would give
(`yuragi.drag.warp`), M the area to which content has moved, V the area that it has left, S and T
discs with a radius of 5 pixels around the sources and the targets. Pixels are those of a picture
whose longer side is 128. The true result is not needed.

    arrival      exp(-(d - 3)+ / 8)       d: how far from the targets the content of M is
                                          (registration)
    departure    exp(-(l - 0.25)+ / 0.1)  l: how much of the content is left: mean over S and the
                                          inner part of V, where w differs from b, of
                                          1 - |r - b| / |w - b|
    identity     exp(-(i - 0.08)+ / 0.33) i: mean of |r - w| over T and M, at the best shift by a
                                          pixel
    background   exp(-|r - b| / 0.1)      mean outside of M and V
    wholeness    1 / (1 + exp(k / 2))     k: damage (`yuragi.drag.wholeness`)
    realism      exp(-(e_r - e_b)+ / 0.2) e: mean surprise of the network over M and V

A part that cannot be measured is 1, for example departure if w is like b at the sources, or realism
if the model does not know the picture. No part is below 0.01, so that the others still distinguish
results. The score should rank the true result above an unchanged picture, a paste, ghosts, torn
pictures and blocks of colour. The constants were chosen for this on 150 drags of the validation
splits; `docs/drag.md` says in what share of cases it succeeds. If a whole picture went through a
codec, its background part is equally low for all candidates.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import astuple, dataclass

import torch
from torch import Tensor, nn

from yuragi.drag.areas import mean_absolute, mean_within
from yuragi.drag.arrival import Point, by_registration
from yuragi.drag.wholeness import Wholeness

__all__ = ["Asked", "Intent", "intent", "shrunk"]

SIDE = 128
"""The longer side in pixels at which pictures are compared."""
FAR, LEFT, ALIKE, STILL, SURPRISE = 8.0, 0.1, 0.33, 0.1, 0.2
"""The errors that reduce a part by a factor e."""
NEAR, SOME, CLOSE = 3.0, 0.25, 0.08
"""Values of d, l and i up to which a part is 1: a true result differs from the warp by as much."""
MARGIN = 3
"""Pixels within this distance of the edge of the vacated area do not count as vacated."""
DISC = 5
"""The radius of S and T in pixels."""
DIFFERS = 0.06
"""The difference between w and b above which it can be seen whether the content has left."""
LEAST = 0.01
PATCH = 4
"""Half the side of registered patches, small enough that a small part is not averaged out."""


@dataclass(frozen=True)
class Asked:
    """The motion that a drag requests.

    Attributes:
        before: b, the picture before the drag, [1, 3, h, w] in [-1, 1].
        warped: w, the warped picture, [1, 3, h, w] in [-1, 1].
        moved: the share of moved content [1, 1, h, w], 0 to 1.
        vacated: the vacated area [1, 1, h, w], True where content went away and none arrived.
        sources: the source points (x, y) in pixels.
        targets: the target points (x, y) in pixels.
    """

    before: Tensor
    warped: Tensor
    moved: Tensor
    vacated: Tensor
    sources: Sequence[Point]
    targets: Sequence[Point]

    def small(self) -> Asked:
        """The motion at the size at which pictures are compared."""
        share = SIDE / max(self.before.shape[-2:])
        sources, targets = (
            [((x + 0.5) * share - 0.5, (y + 0.5) * share - 0.5) for x, y in points]
            for points in (self.sources, self.targets)
        )
        return Asked(
            shrunk(self.before),
            shrunk(self.warped),
            shrunk(self.moved.to(self.before)),
            shrunk(self.vacated.to(self.before)) > 0.5,
            sources,
            targets,
        )


@dataclass(frozen=True)
class Intent:
    """The parts of the score, each in [0, 1]."""

    arrival: float
    departure: float
    identity: float
    background: float
    wholeness: float
    realism: float

    @property
    def score(self) -> float:
        """The geometric mean of the parts."""
        parts = [max(part, LEAST) for part in astuple(self)]
        return math.exp(sum(map(math.log, parts)) / len(parts))


def intent(
    asked: Asked, results: Tensor, whole: Wholeness, surprise: Tensor | None, cell: int
) -> list[Intent]:
    """The scores of how well each result carries out the drag.

    Args:
        asked: the motion.
        results: r, the results [n, 3, h, w] in [-1, 1].
        whole: the network that recognises damaged pictures.
        surprise: the squared errors of the network [1 + n, 1, h', w'], for b and then for each
            result. Cells can lie outside the picture, which is padded below and to the right. None
            if the network does not know the picture.
        cell: the side of a cell in pixels.
    """
    plan, images = asked.small(), shrunk(results)
    moved, vacated = plan.moved[:, 0] > 0.5, plan.vacated[:, 0]
    edited, still = moved | vacated, ~(plan.moved[:, 0] > 0) & ~vacated
    excess = _excess(surprise, cell, results, edited)
    before, warped = plan.before[0], plan.warped[0]
    at_source, at_target = (_discs(before, points) for points in (plan.sources, plan.targets))
    at_target, share = at_target & moved[0], moved[0].to(before)
    # A region is larger than the thing in it, and its margin shows the same ground afterwards.
    inner = _inner(vacated[0])
    damage = whole(before.expand_as(images), images)
    found = []
    for k, image in enumerate(images):
        far = by_registration(image, warped, plan.targets, PATCH, share=share).mean()
        left = _left(image, before, warped, at_source | inner)
        found.append(
            Intent(
                _fading((far - NEAR) / FAR),
                _fading((left - SOME) / LEFT),
                _fading((_unlike(image, warped, at_target) - CLOSE) / ALIKE),
                _fading(mean_absolute(image[None], plan.before, still) / STILL),
                float(torch.sigmoid(-damage[k] / 2)),
                _fading(excess[k] / SURPRISE),
            )
        )
    return found


def _excess(surprise: Tensor | None, cell: int, results: Tensor, edited: Tensor) -> Tensor:
    """How much more surprising the results are than the picture before, [n]."""
    if surprise is None:
        return results.new_zeros(len(results))
    height, width = results.shape[-2:]
    fine = nn.functional.interpolate(surprise, scale_factor=cell, mode="bilinear")
    errors = shrunk(fine[..., :height, :width])[:, 0]
    mean = mean_within(errors, edited.expand_as(errors))
    return mean[1:] - mean[0]


def _discs(picture: Tensor, centres: Sequence[Point]) -> Tensor:
    """[h, w], True within `DISC` pixels of some centre."""
    height, width = picture.shape[-2:]
    rows, columns = torch.meshgrid(torch.arange(height), torch.arange(width), indexing="ij")
    found = torch.zeros(height, width, dtype=torch.bool)
    for x, y in centres:
        found |= (columns - x) ** 2 + (rows - y) ** 2 <= DISC**2
    return found


def _inner(area: Tensor) -> Tensor:
    """An area [h, w] without the pixels within `MARGIN` pixels of its edge."""
    outside = (~area).float()[None, None]
    return nn.functional.max_pool2d(outside, 2 * MARGIN + 1, 1, MARGIN)[0, 0] == 0


def _left(image: Tensor, before: Tensor, warped: Tensor, area: Tensor) -> Tensor:
    """l, how much of the old content is left in an area; NaN if that cannot be measured."""
    should = (warped - before).abs().mean(0)
    seen = area & (should > DIFFERS)
    does = (image - before).abs().mean(0)[seen]
    return (1 - does / should[seen]).clamp(0, 1).mean()


def _unlike(image: Tensor, warped: Tensor, area: Tensor) -> Tensor:
    """i, the difference within an area at the best shift by a pixel; NaN if the area is empty."""
    shifts = [(y, x) for y in (-1, 0, 1) for x in (-1, 0, 1)]
    errors = [(image.roll(by, (1, 2)) - warped).abs().mean(0)[area].mean() for by in shifts]
    return torch.stack(errors).min()


def _fading(ratio: Tensor) -> float:
    """The part exp(-ratio), at most 1; 1 if there is nothing to measure."""
    return float(torch.exp(-ratio.nan_to_num(0.0).clamp(min=0)))


def shrunk(pictures: Tensor) -> Tensor:
    """Pictures [n, c, h, w] with a longer side of `SIDE`, by area averaging."""
    height, width = pictures.shape[-2:]
    share = SIDE / max(height, width)
    if share == 1:
        return pictures
    size = (max(1, round(height * share)), max(1, round(width * share)))
    return nn.functional.interpolate(pictures, size, mode="area")
