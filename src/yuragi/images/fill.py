r"""Fill holes in pictures smoothly, from their surroundings.

Within a hole the picture u solves the biharmonic equation (scikit-image's `inpaint_biharmonic`;
Chui and Mhaskar 2010),

    Laplace Laplace u = 0,

with the values and slopes of the picture around the hole. So a gradient continues into the hole,
where plain averages (Laplace u = 0) would become flat and blurred. The cost of solving grows faster
than the hole, and fine grain around a hole distorts the slopes. So a hole of more than `MOST`
pixels is first filled in a picture of half the size, recursively, and at each finer size only a rim
between the picture and the enlarged middle is solved again. `yuragi bench fill` measures how well
this closes holes, and how long it takes.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeAlias

import numpy as np
import torch
from torch import Tensor, nn

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["filled"]

MOST = 3000
"""The largest number of pixels that are solved at once, which takes 10 ms."""
RIM = 5
"""The width in pixels of the rim that is solved again at a finer size."""
FINEST = 100_000
"""The number of pixels of a hole above which its rim is not solved again, so that a preview at 1920
x 1080 stays interactive; the enlarged filling hardly differs there."""
AROUND = 4
"""The known pixels on either side of a hole that are used, in addition to an eighth of its length:
the equation reads two pixels at the coarsest size."""

Where: TypeAlias = "NDArray[np.bool_]"


def filled(picture: Tensor, unknown: Tensor) -> Tensor:
    """A copy of the picture with its unknown part filled; the rest is the same, bit for bit.

    It runs on the CPU and gives the same result for the same picture. If nothing is known, nothing
    is filled.

    Args:
        picture: [1, c, h, w], floats.
        unknown: [1, 1, h, w], True where the picture is filled; its content there is not read.
    """
    made = picture.clone()
    if not bool(unknown.any()) or bool(unknown.all()):
        return made
    hole = unknown[0, 0].cpu().numpy()
    rows, columns = (_around(np.asarray(hole.any(axis=axis))) for axis in (1, 0))
    here = (..., rows, columns)
    closed = _closed(picture[here].cpu().float(), hole[rows, columns])
    made[here] = closed.to(picture).where(unknown[here], picture[here])
    return made


def _around(some: Where) -> slice:
    """From the first True to the last, with a margin on either side."""
    places = np.flatnonzero(some)
    first, last = int(places[0]), int(places[-1])
    more = AROUND + (last - first) // 8
    return slice(max(first - more, 0), last + more + 1)


def _closed(picture: Tensor, hole: Where) -> Tensor:
    if hole.sum() <= MOST:
        # For a wide hole the equation is so badly conditioned that errors of float32 are visible.
        return _solved(picture.double(), hole).float()
    known = torch.from_numpy(~hole)[None, None]
    weighted = torch.cat([picture.where(known, 0), known.float()], 1)
    pooled = nn.functional.avg_pool2d(weighted, 2, ceil_mode=True)
    sums, weights = pooled[:, :-1], pooled[:, -1:]
    # The mean of a partly known block belongs to another place, so such a block counts as unknown
    # unless no block is fully known.
    unknown = (weights < weights.max())[0, 0].numpy()
    small = _closed(sums / weights.clamp(min=0.25), unknown)
    large = nn.functional.interpolate(small, scale_factor=2, mode="bicubic")
    made = picture.where(known, large[..., : hole.shape[0], : hole.shape[1]])
    return made if hole.sum() > FINEST else _solved(made, hole & ~_shrunk(hole))


def _shrunk(hole: Where) -> Where:
    from scipy.ndimage import binary_erosion

    # The border of the picture is not an edge of a hole.
    return np.asarray(binary_erosion(hole, iterations=RIM, border_value=1))


def _solved(picture: Tensor, hole: Where) -> Tensor:
    from skimage.restoration import inpaint_biharmonic

    if not hole.any():
        return picture
    levels = picture[0].permute(1, 2, 0).numpy()
    made = inpaint_biharmonic(levels, hole, channel_axis=-1)
    return torch.from_numpy(np.asarray(made)).permute(2, 0, 1)[None]
