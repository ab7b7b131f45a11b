r"""Imagine the area that a warp has uncovered, where its filling is doubtful.

The filling behind the moved content comes from its surroundings (`yuragi.drag.warp`). On plain
background it is correct, and a network can only make it worse; where something was hidden it is
wrong. One evaluation distinguishes the cases: add noise to the warped latent z up to the level t_d,
and compare the prediction with z,

    doubt = < ( x0_hat(alpha z + sigma eps) - z )^2 >

averaged over channels and over the vacated cells in a window of 5 x 5. A model denoises expected
content well. Cells with a doubt above a threshold are generated again, as in inpainting from the
strength t0; the others keep the filling.
"""

from __future__ import annotations

from torch import Tensor, nn

from yuragi.core import Denoiser, Noise
from yuragi.edit import descent
from yuragi.errors import InputError

__all__ = ["doubtful", "seam", "surprise"]

LEVEL = 0.3
"""t_d as a share of the time axis, high enough that a wrong filling is not reproduced."""
WINDOW = 5
SEAM = 3
"""The width in pixels over which imagined content fades in."""


def surprise(denoiser: Denoiser, z: Tensor, eps: Tensor) -> Tensor:
    """The squared error of one denoising from t_d in every cell, [b, 1, h, w].

    Args:
        denoiser: the denoiser without guidance.
        z: the clean latent [b, c, h, w].
        eps: noise of z's shape.
    """
    t = descent(denoiser.schedule, 10, LEVEL)[0]
    alpha, sigma = (value.to(z) for value in denoiser.schedule(t))
    return (denoiser(alpha * z + sigma * eps, t) - z).square().mean(1, keepdim=True)


def doubtful(
    denoiser: Denoiser, z: Tensor, vacated: Tensor, noise: Noise, threshold: float
) -> Tensor:
    """The vacated cells whose filling is doubtful, [b, 1, h, w] of 0 and 1.

    Args:
        denoiser: the denoiser without guidance.
        z: the warped latent [b, c, h, w].
        vacated: the vacated cells [1 or b, 1, h, w], 1 where content went away.
        noise: the source of the noise eps.
        threshold: the doubt above which a cell is generated again; 0 selects all vacated cells.
    """
    eps = noise(0, z)
    if eps is None:
        raise InputError("noise", None, "a noise")
    error = surprise(denoiser, z, eps)
    area = vacated.to(z).expand_as(error)
    doubt = _mean(error * area) / _mean(area).clamp(min=1e-6)
    return area * (doubt > threshold)


def seam(vacated: Tensor, again: Tensor, mask: Tensor | None) -> Tensor:
    """The share of imagined content at every pixel, [b, 1, h, w] from 0 to 1.

    Only vacated pixels and a seam around them get any, because a cell is larger than an edge.

    Args:
        vacated: the vacated area [1, 1, h, w], True where content went away and none arrived.
        again: the share [b, 1, h, w] to which pixels lie in cells that were generated again.
        mask: the mask [1, 1, h, w], above 0 where the picture can change; None for everywhere.
    """
    grown = nn.functional.max_pool2d(vacated.to(again), SEAM, 1, SEAM // 2)
    share = again * nn.functional.avg_pool2d(grown, SEAM, 1, SEAM // 2, count_include_pad=False)
    return share if mask is None else share * (mask > 0)


def _mean(values: Tensor) -> Tensor:
    return nn.functional.avg_pool2d(values, WINDOW, 1, WINDOW // 2)
