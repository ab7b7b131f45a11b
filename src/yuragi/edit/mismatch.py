r"""Mismatch: how much a noisy state differs from a state of the model, by its predicted noise.

In a state from the model's distribution, the predicted noise eps has an energy that depends on the
noise level and the picture, and nearly uncorrelated neighbours. An edit disturbs both. With local
means < > over a window and all channels, and a correct reference,

    u = | log <eps^2> / <eps_ref^2> | + | A - A_ref |
    A = <eps eps_right + eps eps_below> / <eps^2>

The reference is the unedited state at the same level. If the way down follows a path, this state is
evaluated in any case, and compared place by place. With a mask, it is the mean outside the mask.

On Gaussian data u grows with the KL divergence between the edited distribution and the model's
(`tests/edit/test_mismatch.py`).
"""

from __future__ import annotations

from typing import NamedTuple

from torch import Tensor, nn

__all__ = ["Statistics", "local_mean", "mismatch", "outside", "places"]

WINDOW = 5
TINY = 1e-6


class Statistics(NamedTuple):
    """Statistics of predicted noise: maps [b, 1, h, w], or means [b, 1, 1, 1].

    Attributes:
        energy: the mean square <eps^2>.
        agreement: A, the correlation of neighbours; 0 for white noise, at most 2.
    """

    energy: Tensor
    agreement: Tensor


def places(eps: Tensor) -> Statistics:
    """Statistics at every place, over a window of 5 x 5 cells and all channels of [b, c, h, w]."""
    square, products = _products(eps)
    return _statistics(local_mean(square), local_mean(products))


def outside(eps: Tensor, mask: Tensor) -> Statistics:
    """The means where the mask [1 or b, 1, h, w] is 0."""
    kept = (mask == 0).to(eps).expand(len(eps), -1, -1, -1)
    share = kept.mean((2, 3), keepdim=True) + TINY
    square, products = (
        (values * kept).mean((2, 3), keepdim=True) / share for values in _products(eps)
    )
    return _statistics(square, products)


def local_mean(values: Tensor) -> Tensor:
    """The mean of [b, 1, h, w] over a window of 5 x 5 cells around every place."""
    return nn.functional.avg_pool2d(
        values, WINDOW, stride=1, padding=WINDOW // 2, count_include_pad=False
    )


def mismatch(found: Statistics, reference: Statistics) -> Tensor:
    """The score u, with the shape of the statistics; 0 where both are equal."""
    louder = (found.energy / reference.energy).log().abs()
    return louder + (found.agreement - reference.agreement).abs()


def _products(eps: Tensor) -> tuple[Tensor, Tensor]:
    """Channel means of eps^2, and of the products of eps with its right and lower neighbours."""
    right = nn.functional.pad(eps[..., 1:] * eps[..., :-1], (0, 1))
    below = nn.functional.pad(eps[..., 1:, :] * eps[..., :-1, :], (0, 0, 0, 1))
    return eps.square().mean(1, keepdim=True), (right + below).mean(1, keepdim=True)


def _statistics(square: Tensor, products: Tensor) -> Statistics:
    energy = square + TINY
    return Statistics(energy, products / energy)
