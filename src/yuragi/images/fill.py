r"""Close holes of pictures smoothly, from what lies around them.

Within a hole the picture u solves the biharmonic equation (scikit-image's `inpaint_biharmonic`;
Chui and Mhaskar 2010),

    Laplace Laplace u = 0,

with the values and the slopes that the picture has around the hole: a gradient goes on, where plain
averages (Laplace u = 0) become even and blurred. The cost of solving grows faster than the hole,
and fine grain around a hole misleads the slopes. So a hole above `MOST` pixels is closed in a
picture of half the size first, again and again, and at each finer size only a rim is solved anew,
between the picture and the enlarged middle. `yuragi bench fill` measures both.
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
"""Pixels that are solved at once, in 10 ms."""
RIM = 5
"""Width in pixels of what is solved anew at a finer size."""
FINEST = 100_000
"""Pixels of a hole above which its rim is not solved anew, so that a preview at 1920 x 1080 stays
live; what is enlarged to twice its size hardly differs there."""
AROUND = 4
"""Known pixels on either side of a hole that are looked at, beside an eighth of its length: the
equation reads two, at the coarsest size."""

Where: TypeAlias = "NDArray[np.bool_]"


def filled(picture: Tensor, unknown: Tensor) -> Tensor:
    """A copy of the picture with its unknown part closed; all else is the same, bit for bit.

    It runs on the CPU and gives the same for the same picture. Where nothing is known nothing is
    closed.

    Args:
        picture: [1, c, h, w], floats.
        unknown: [1, 1, h, w], True where the picture is to be made; its content there is not read.
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
    """From the first True to the last, and some more on either side."""
    places = np.flatnonzero(some)
    first, last = int(places[0]), int(places[-1])
    more = AROUND + (last - first) // 8
    return slice(max(first - more, 0), last + more + 1)


def _closed(picture: Tensor, hole: Where) -> Tensor:
    if hole.sum() <= MOST:
        # Of a wide hole the equation is so badly conditioned that float32 shows.
        return _solved(picture.double(), hole).float()
    known = torch.from_numpy(~hole)[None, None]
    weighted = torch.cat([picture.where(known, 0), known.float()], 1)
    pooled = nn.functional.avg_pool2d(weighted, 2, ceil_mode=True)
    sums, weights = pooled[:, :-1], pooled[:, -1:]
    # A block that is known in part would stand for another place; it has to do where none is whole.
    unknown = (weights < weights.max())[0, 0].numpy()
    small = _closed(sums / weights.clamp(min=0.25), unknown)
    large = nn.functional.interpolate(small, scale_factor=2, mode="bicubic")
    made = picture.where(known, large[..., : hole.shape[0], : hole.shape[1]])
    return made if hole.sum() > FINEST else _solved(made, hole & ~_shrunk(hole))


def _shrunk(hole: Where) -> Where:
    from scipy.ndimage import binary_erosion

    # The border of the picture is no edge of a hole.
    return np.asarray(binary_erosion(hole, iterations=RIM, border_value=1))


def _solved(picture: Tensor, hole: Where) -> Tensor:
    from skimage.restoration import inpaint_biharmonic

    if not hole.any():
        return picture
    levels = picture[0].permute(1, 2, 0).numpy()
    made = inpaint_biharmonic(levels, hole, channel_axis=-1)
    return torch.from_numpy(np.asarray(made)).permute(2, 0, 1)[None]
