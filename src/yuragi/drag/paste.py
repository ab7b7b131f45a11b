r"""Copy and paste at the noisy level: the manipulation of SDE-Drag.

With the noisy latent x = a z + b eps of the current clean latent z, one sub-drag of a handle

- pushes the source box towards noise:  x <- beta x + sqrt(1 - beta^2) n
- writes the target box, amplified by alpha:  x <- alpha (a z(. - d) + b eps(. - [d]))

A box holds the cells whose centres lie within `radius` of the point, clipped at the border. The
displacement d is a real number of cells: the signal z moves by all of it (bilinear), the noise eps
by the nearest whole number of cells [d], because interpolated noise would lose variance. For a
whole d this is the paper's copy of x itself.

A handle that moves less than the longest one gets a smaller share of the gain,
alpha^(length / longest): its content is pasted equally often, but over a shorter distance.

Every box reads the unchanged latent, and where target boxes overlap, the nearest target wins, so
the order of the handles does not matter.

References: Nie et al. 2024 (arXiv 2311.01410), section 4 and equation 12.
"""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor, nn

from yuragi.drag.spec import Handle

__all__ = ["paste"]


def paste(
    x: Tensor,
    signal: Tensor,
    handles: Sequence[Handle],
    radius: float,
    gain: float,
    keep: float,
    noise: Tensor,
) -> Tensor:
    """Move the content under each handle by the handle's displacement.

    Args:
        x: the noisy latent [b, c, h, w].
        signal: the signal part a z of x, of the same shape; x - signal is the noise part.
        handles: the handles, in cells.
        radius: half the side of a box, in cells.
        gain: alpha, the factor on the content of the longest handle; above 0.
        keep: beta, the share of the old content that stays at the source; in [0, 1].
        noise: standard normal noise of x's shape, which fills the source boxes.

    Returns:
        The changed latent, a new tensor.
    """
    height, width = x.shape[-2:]
    rows = torch.arange(height, device=x.device)[:, None] + 0.5
    columns = torch.arange(width, device=x.device)[None, :] + 0.5

    def box(cx: float, cy: float) -> Tensor:
        inside_y = (rows >= cy - radius) & (rows < cy + radius)
        return inside_y & (columns >= cx - radius) & (columns < cx + radius)

    result, emptied = x, keep * x + (1 - keep**2) ** 0.5 * noise
    for handle in handles:
        result = emptied.where(box(handle.x, handle.y), result)
    longest = max(handle.length for handle in handles)
    nearest = torch.full((height, width), torch.inf, device=x.device)
    # Handles are sorted, so that ties do not depend on the given order.
    for handle in sorted(handles, key=lambda h: (h.x, h.y, h.dx, h.dy)):
        tx, ty = handle.x + handle.dx, handle.y + handle.dy
        distance = (rows - ty).square() + (columns - tx).square()
        wins = box(tx, ty) & (distance < nearest)
        moved, known = _moved(x, signal, handle.dx, handle.dy)
        result = (gain ** (handle.length / longest) * moved).where(wins & known, result)
        nearest = torch.where(wins, distance, nearest)
    return result


def _moved(x: Tensor, signal: Tensor, dx: float, dy: float) -> tuple[Tensor, Tensor]:
    """The whole latent moved by (dx, dy), and the mask of content from inside the picture."""
    height, width = x.shape[-2:]
    kx, ky = round(dx), round(dy)
    rows = torch.arange(height, device=x.device)[:, None] - ky
    columns = torch.arange(width, device=x.device)[None, :] - kx
    known = (rows >= 0) & (rows < height) & (columns >= 0) & (columns < width)
    whole = torch.roll(x - signal, (ky, kx), dims=(-2, -1))
    # grid_sample reads cell centres at (2 j + 1) / size - 1.
    gy = (2 * (torch.arange(height, device=x.device) - dy) + 1) / height - 1
    gx = (2 * (torch.arange(width, device=x.device) - dx) + 1) / width - 1
    grid = torch.stack(torch.meshgrid(gx, gy, indexing="xy"), dim=-1).to(x.dtype)
    smooth = nn.functional.grid_sample(
        signal,
        grid.expand(len(x), -1, -1, -1),
        mode="bilinear",
        padding_mode="border",
        align_corners=False,
    )
    return smooth + whole, known
