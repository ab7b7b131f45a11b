r"""One warp of the picture by a dense flow: what a drag would be if nothing had to be imagined.

With a region R (1 where the picture moves, its edge one pixel soft), a flow T^-1 (backward) and the
picture I filled in behind R from around it,

    warped = m (I o T^-1) + (1 - m) filled,      m = R o T^-1

`moved` is m, and `vacated` is where R was and m is not: what lies there has been behind, and nobody
has seen it. The warp takes milliseconds, so it is the preview too.

The filling is push-pull: averages over ever larger blocks of what is known, coarse to fine (Gortler
et al. 1996).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import torch
from torch import Tensor, nn

from yuragi.drag.flow import Flow

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["Warped", "warp"]

SOFT = 3
"""Pixels over which the region's edge is averaged."""


@dataclass(frozen=True)
class Warped:
    """A warped picture.

    Attributes:
        picture: (1, 3, h, w) in [-1, 1].
        moved: (1, 1, h, w), the share of moved content, 0 to 1.
        vacated: (1, 1, h, w), True where content went away and none came.
    """

    picture: Tensor
    moved: Tensor
    vacated: Tensor


def warp(picture: Tensor, area: NDArray[np.bool_], flow: Flow, mask: Tensor | None) -> Warped:
    """Move an area along a flow.

    Args:
        picture: (1, 3, h, w) in [-1, 1].
        area: (h, w), True where the picture moves.
        flow: backward, in pixels.
        mask: (1, 1, h, w), above 0 where the picture may change; None for everywhere.
    """
    sharp = torch.tensor(area)[None, None].to(picture)
    soft = nn.functional.avg_pool2d(
        sharp, SOFT, stride=1, padding=SOFT // 2, count_include_pad=False
    )
    grid = _grid(flow, picture)
    # From outside the picture comes its edge, and it counts as moved if the edge does.
    moved = nn.functional.grid_sample(soft, grid, padding_mode="border", align_corners=False)
    content = nn.functional.grid_sample(picture, grid, padding_mode="border", align_corners=False)
    behind = _filled(picture, soft > 0)
    if mask is not None:
        moved = moved * (mask > 0)
    vacated = (soft > 0) & (moved < 0.5)
    if mask is not None:
        vacated = vacated & (mask > 0)
    warped = moved * content + (1 - moved) * behind.where(soft > 0, picture)
    if mask is not None:
        warped = warped.where(mask > 0, picture)
    return Warped(warped, moved, vacated)


def _grid(flow: Flow, picture: Tensor) -> Tensor:
    """The flow as `grid_sample` reads it: (1, h, w, 2), the picture from -1 to 1."""
    height, width = picture.shape[-2:]
    columns, rows = np.meshgrid(np.arange(width, dtype=np.float64), np.arange(height))
    back = flow(np.column_stack([columns.ravel(), rows.ravel()]))
    scaled = (2 * back + 1) / np.array([width, height]) - 1
    return torch.from_numpy(scaled.reshape(1, height, width, 2)).to(picture)


def _filled(picture: Tensor, unknown: Tensor) -> Tensor:
    """The picture with what is unknown drawn from around it."""
    if not bool(unknown.any()) or bool(unknown.all()):
        return picture
    known = (~unknown).to(picture)
    return _pulled(picture * known, known)


def _pulled(sums: Tensor, weights: Tensor) -> Tensor:
    """Averages where weights are positive, those of blocks twice as large elsewhere."""
    here = sums / weights.clamp(min=1e-6)
    if bool((weights > 0).all()):
        return here
    size = sums.shape[-2:]
    pooled = [nn.functional.avg_pool2d(x, 2, ceil_mode=True) for x in (sums, weights)]
    coarse = nn.functional.interpolate(_pulled(pooled[0], pooled[1]), size, mode="bilinear")
    return here.where(weights > 0, coarse)
