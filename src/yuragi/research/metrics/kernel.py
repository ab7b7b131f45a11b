r"""Kernel distance (KID): the unbiased squared MMD with the kernel (x . y / d + 1)^3.

    mean_{i != j} k(x_i, x_j) + mean_{i != j} k(y_i, y_j) - 2 mean_{i, j} k(x_i, y_j)

Its expectation is 0 if and only if the moments up to the third agree; unlike the Frechet distance
it has no bias for small sets, and may come out a little below 0.

References: Binkowski et al. 2018 (arXiv 1801.01401), section 4; Gretton et al. 2012 (JMLR 13),
equation 3.
"""

from __future__ import annotations

import torch
from torch import Tensor

from yuragi.errors import InputError

__all__ = ["kernel_distance"]


def kernel_distance(a: Tensor, b: Tensor) -> float:
    """The distance between features a [n, d] and b [m, d], in float64.

    Raises:
        InputError: fewer than two rows, or other widths.
    """
    if a.ndim != 2 or b.ndim != 2 or min(len(a), len(b)) < 2 or a.shape[1] != b.shape[1]:
        shapes = (tuple(a.shape), tuple(b.shape))
        raise InputError("features", shapes, "[n, d] and [m, d] with n, m of 2 or more")
    a, b = a.double(), b.double()
    return float(_within(a) + _within(b) - 2 * _kernel(a, b).mean())


def _kernel(x: Tensor, y: Tensor) -> Tensor:
    return (x @ y.T / x.shape[1] + 1).pow(3)


def _within(x: Tensor) -> Tensor:
    n = len(x)
    own = (x.square().sum(1) / x.shape[1] + 1).pow(3).sum()
    return (_kernel(x, x).sum() - own) / torch.tensor(n * (n - 1), dtype=x.dtype)
