r"""Kernel distance (KID): the unbiased squared MMD with the kernel (x . y / d + 1)^3.

    mean_{i != j} k(x_i, x_j) + mean_{i != j} k(y_i, y_j) - 2 mean_{i, j} k(x_i, y_j)

Its expectation is 0 if and only if the moments up to the third agree; unlike the Frechet distance
it has no bias for small sets, and may come out a little below 0.

References: Binkowski et al. 2018 (arXiv 1801.01401), section 4; Gretton et al. 2012 (JMLR 13),
equation 3.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from yuragi.errors import InputError

__all__ = ["Kernels", "kernel_distance"]


@dataclass(frozen=True, eq=False)
class Kernels:
    """What the distance is made of, so that it can be had for some of the pictures too.

    Attributes:
        among: the kernel between generated pictures, [n, n].
        across: its mean over the real pictures, for each generated one, [n].
        real: its mean over different real pictures.
    """

    among: Tensor
    across: Tensor
    real: float

    @classmethod
    def between(cls, generated: Tensor, real: Tensor) -> Kernels:
        """Of features [n, d] and [m, d], in float64.

        Raises:
            InputError: fewer than two rows, or other widths.
        """
        a, b = generated, real
        if a.ndim != 2 or b.ndim != 2 or min(len(a), len(b)) < 2 or a.shape[1] != b.shape[1]:
            shapes = (tuple(a.shape), tuple(b.shape))
            raise InputError("features", shapes, "[n, d] and [m, d] with n, m of 2 or more")
        a, b = a.double(), b.double()
        return cls(_kernel(a, a), _kernel(a, b).mean(1), _different(_kernel(b, b)))

    def of(self, picked: Tensor) -> float:
        """The distance of some of the generated pictures, int64 [p], p of 2 or more."""
        among = self.among.index_select(0, picked).index_select(1, picked)
        return _different(among) + self.real - 2 * float(self.across[picked].mean())


def kernel_distance(generated: Tensor, real: Tensor) -> float:
    """The distance between features [n, d] and [m, d], in float64.

    Raises:
        InputError: fewer than two rows, or other widths.
    """
    return Kernels.between(generated, real).of(torch.arange(len(generated)))


def _kernel(x: Tensor, y: Tensor) -> Tensor:
    return (x @ y.T / x.shape[1] + 1).pow(3)


def _different(kernel: Tensor) -> float:
    """The mean of [n, n] off the diagonal."""
    n = len(kernel)
    return float((kernel.sum() - kernel.trace()) / (n * (n - 1)))
