r"""One warp of the picture by a dense flow: the result of a drag without the imagined part.

With a region R (1 where the picture moves, with an edge that is one pixel soft), a backward flow
T^-1 and the picture I, filled behind R from its surroundings,

    warped = m (I o T^-1) + (1 - m) filled,      m = R o T^-1

`moved` is m, and `vacated` is the area inside R and outside m, which the moved content had hidden.
The warp takes milliseconds, so it also serves as the preview. `yuragi.images.fill` fills holes.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeAlias

import numpy as np
import torch
from torch import Tensor, nn

from yuragi.drag.bend import Bend
from yuragi.drag.flow import Flow
from yuragi.images.fill import filled

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["Box", "Warped", "bent", "reached", "sampling_grid", "softened", "warp"]

SOFT = 3
"""The width in pixels over which the region's edge is averaged."""
COARSE = 8
"""The distance in pixels between the points at which the flow of the area is evaluated."""

Box: TypeAlias = tuple[slice, slice]
"""The rows and columns of a box."""


@dataclass(frozen=True)
class Warped:
    """A warped picture.

    Attributes:
        picture: the picture [1, 3, h, w] in [-1, 1].
        moved: the share of moved content [1, 1, h, w], 0 to 1.
        vacated: the vacated area [1, 1, h, w], True where content went away and none arrived.
    """

    picture: Tensor
    moved: Tensor
    vacated: Tensor

    @property
    def uncovers(self) -> bool:
        """Whether something is vacated."""
        return bool(self.vacated.any())


def warp(picture: Tensor, area: NDArray[np.bool_], flow: Flow, mask: Tensor | None) -> Warped:
    """Move an area along a flow.

    Args:
        picture: the picture [1, 3, h, w] in [-1, 1].
        area: the area to move [h, w], True inside.
        flow: the backward flow, in pixels.
        mask: the mask [1, 1, h, w], above 0 where the picture can change; None for everywhere.
    """
    # Outside this box nothing moves.
    rows, columns = reached(area, flow)
    here = (..., rows, columns)
    sharp, soft = torch.tensor(area)[None, None].to(picture), picture.new_zeros(1, 1, *area.shape)
    soft[here] = softened(sharp[here])
    grid = _grid(flow, rows, columns, picture)
    # Content from outside the picture repeats its edge, and counts as moved if the edge moves.
    arrived = nn.functional.grid_sample(soft, grid, padding_mode="border", align_corners=False)
    content = nn.functional.grid_sample(picture, grid, padding_mode="border", align_corners=False)
    allowed = None if mask is None else mask[here] > 0
    if allowed is not None:
        arrived = arrived * allowed
    left = soft[here] > 0
    gone = left & (arrived < 0.5)
    warped = filled(picture, soft > 0)
    made = arrived * content + (1 - arrived) * warped[here]
    if allowed is not None:
        gone, made = gone & allowed, made.where(allowed, picture[here])
    moved, vacated = torch.zeros_like(soft), torch.zeros_like(soft, dtype=torch.bool)
    warped[here], moved[here], vacated[here] = made, arrived, gone
    return Warped(warped, moved, vacated)


def softened(area: Tensor) -> Tensor:
    """An area [1, 1, h, w] of 0 and 1 with an edge that is `SOFT` pixels wide."""
    return nn.functional.avg_pool2d(
        area, SOFT, stride=1, padding=SOFT // 2, count_include_pad=False
    )


def bent(picture: Tensor, flow: Bend, mask: Tensor | None) -> Warped:
    """Bend a picture along a smooth flow, which uncovers nothing.

    Args:
        picture: the picture [1, 3, h, w] in [-1, 1].
        flow: the smooth flow, in pixels.
        mask: the mask [1, 1, h, w], above 0 where the picture can change; None for everywhere.
    """
    height, width = picture.shape[-2:]
    apart = max(1, min(int(flow.detail), COARSE))
    x, y = (torch.arange(0, side + apart, apart).double() for side in (width, height))
    nodes = torch.stack(torch.meshgrid(x, y, indexing="xy"), -1).reshape(-1, 2)
    shift = torch.from_numpy(flow.back(nodes.numpy())) - nodes
    shift = shift.T.reshape(1, 2, len(y), len(x))
    size = ((len(y) - 1) * apart + 1, (len(x) - 1) * apart + 1)
    fine = nn.functional.interpolate(shift, size, mode="bicubic", align_corners=True)
    fine = fine[..., :height, :width]
    moves = (fine.abs() > 1e-3).any(1)[0]
    if mask is not None:
        moves &= (mask[0, 0] > 0).cpu()
    if not bool(moves.any()):
        still = picture.new_zeros(1, 1, height, width)
        return Warped(picture, still, still > 0)
    rows, columns = (_span(moves.any(dim)) for dim in (1, 0))
    here = (..., rows, columns)
    own = torch.meshgrid(torch.arange(width), torch.arange(height), indexing="xy")
    back = (torch.stack(own)[here] + fine[0][here]).permute(1, 2, 0)[None]
    grid = sampling_grid(back, picture)
    # Content from outside is the mirror image of the picture, to avoid streaks.
    content = nn.functional.grid_sample(
        picture, grid, mode="bicubic", padding_mode="reflection", align_corners=False
    )
    made = picture.clone()
    made[here] = content.clamp(-1, 1).where(moves[here].to(picture.device), picture[here])
    moved = moves[None, None].to(picture)
    return Warped(made, moved, torch.zeros_like(moved, dtype=torch.bool))


def _span(some: Tensor) -> slice:
    """From the first True to the last."""
    found = some.nonzero()
    return slice(int(found[0]), int(found[-1]) + 1)


def reached(area: NDArray[np.bool_], flow: Flow) -> Box:
    """The rows and columns that contain an area [h, w] and all places it moves to.

    Nothing changes outside them. On each side, the filling inside comes from pixels at most as far
    away as they are long.
    """
    if not area.any():
        return slice(0, 1), slice(0, 1)
    held = [np.nonzero(area.any(axis=axis))[0] for axis in (0, 1)]  # x, then y
    low, high = (np.array([each[k] for each in held], np.float64) for k in (0, -1))
    last = np.array(area.shape[::-1]) - 1
    xs, ys = (np.unique(np.append(np.arange(0, end + 1, COARSE), end)) for end in last)
    x, y = np.meshgrid(xs, ys)
    back = flow(np.column_stack([x.ravel(), y.ravel()]).astype(np.float64))
    back = back.clip(0, last).reshape(len(ys), len(xs), 2)
    # Content between two points can come from as far away as the points are apart.
    apart = [np.abs(np.diff(back, axis=axis)) for axis in (0, 1)]
    reach = SOFT + max((each.max() for each in apart if each.size), default=0.0)
    hit = ((back >= low - reach) & (back <= high + reach)).all(-1)
    found = []
    for k, places in enumerate((x[hit], y[hit])):
        first, final = low[k] - SOFT, high[k] + SOFT
        if places.size:
            first, final = min(first, places.min() - COARSE), max(final, places.max() + COARSE)
        found.append(slice(max(int(first), 0), min(int(final), int(last[k])) + 1))
    columns, rows = found
    return rows, columns


def _grid(flow: Flow, rows: slice, columns: slice, picture: Tensor) -> Tensor:
    """The flow in a box as `grid_sample` reads it: [1, h, w, 2]; the picture spans -1 to 1."""
    x, y = np.meshgrid(
        np.arange(columns.start, columns.stop, dtype=np.float64),
        np.arange(rows.start, rows.stop, dtype=np.float64),
    )
    back = flow(np.column_stack([x.ravel(), y.ravel()]))
    return sampling_grid(torch.from_numpy(back.reshape(1, *x.shape, 2)), picture)


def sampling_grid(back: Tensor, picture: Tensor) -> Tensor:
    """Places [1, h, w, 2] in pixels as `grid_sample` reads them; the picture spans -1 to 1."""
    height, width = picture.shape[-2:]
    return ((2 * back + 1) / torch.tensor([width, height], dtype=back.dtype) - 1).to(picture)
