r"""Frechet distance between two sets of features.

    d = |m_a - m_b|^2 + tr C_a + tr C_b - 2 tr (C_a C_b)^{1/2}

With centred feature matrices A [n, d] and B [m, d], the last trace is the nuclear norm of A B^T
divided by sqrt((n - 1)(m - 1)). If there are more pictures than features, the same singular values
are computed from the triangular factors of A and B, which are d x d. The distance between finite
sets is biased upwards, so compare sets of the same size, and use the distance between two sets of
real pictures as a reference.

Reference: Heusel et al. 2017 (arXiv 1706.08500), equation 6.
"""

from __future__ import annotations

import torch
from torch import Tensor

from yuragi.errors import InputError

__all__ = ["frechet_distance"]


def frechet_distance(a: Tensor, b: Tensor) -> float:
    """The distance between features a [n, d] and b [m, d]; 0 or more, in squared feature units.

    Raises:
        InputError: there are fewer than two rows, or the widths differ.
    """
    if a.ndim != 2 or b.ndim != 2 or min(len(a), len(b)) < 2 or a.shape[1] != b.shape[1]:
        shapes = (tuple(a.shape), tuple(b.shape))
        raise InputError("features", shapes, "[n, d] and [m, d] with n, m of 2 or more")
    a, b = a.double(), b.double()
    mean_a, mean_b = a.mean(0), b.mean(0)
    a, b = (a - mean_a) / (len(a) - 1) ** 0.5, (b - mean_b) / (len(b) - 1) ** 0.5
    if min(len(a), len(b)) > a.shape[1]:
        cross = torch.linalg.svdvals(_triangle(a) @ _triangle(b).T).sum()
    else:
        cross = torch.linalg.svdvals(a @ b.T).sum()
    value = (mean_a - mean_b).square().sum() + a.square().sum() + b.square().sum() - 2 * cross
    return max(float(value), 0.0)


def _triangle(rows: Tensor) -> Tensor:
    """R [d, d] of the decomposition rows = Q R, so that R^T R = rows^T rows."""
    triangle: Tensor = torch.linalg.qr(rows, mode="r").R
    return triangle
