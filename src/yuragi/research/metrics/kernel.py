r"""Kernel distance (KID): the unbiased squared MMD with the kernel (x . y / d + 1)^3.

    mean_{i != j} k(x_i, x_j) + mean_{i != j} k(y_i, y_j) - 2 mean_{i, j} k(x_i, y_j)

Its expectation is 0 if and only if the moments up to the third are equal. Unlike the Frechet
distance, it has no bias for small sets, and it can be slightly below 0.

References: Binkowski et al. 2018 (arXiv 1801.01401), section 4; Gretton et al. 2012 (JMLR 13),
equation 3.
"""

from __future__ import annotations

from dataclasses import dataclass

from torch import Tensor

from yuragi.errors import InputError

__all__ = ["Kernels"]


@dataclass(frozen=True, eq=False)
class Kernels:
    """The terms of the distance, from which it can also be computed for some of the pictures.

    Attributes:
        among: the kernel values between generated pictures, [n, n].
        across: the mean kernel value of each generated picture with the real ones, [n].
        real: the mean kernel value over pairs of different real pictures.
    """

    among: Tensor
    across: Tensor
    real: float

    @classmethod
    def between(cls, generated: Tensor, real: Tensor) -> Kernels:
        """The kernels of features [n, d] and [m, d], in float64.

        Raises:
            InputError: there are fewer than two rows, or the widths differ.
        """
        a, b = generated, real
        if a.ndim != 2 or b.ndim != 2 or min(len(a), len(b)) < 2 or a.shape[1] != b.shape[1]:
            shapes = (tuple(a.shape), tuple(b.shape))
            raise InputError("features", shapes, "[n, d] and [m, d] with n, m of 2 or more")
        a, b = a.double(), b.double()
        return cls(_kernel(a, a), _kernel(a, b).mean(1), _different(_kernel(b, b)))

    def of(self, picked: Tensor) -> float:
        """The distance of the generated pictures with indices int64 [p], p at least 2."""
        among = self.among.index_select(0, picked).index_select(1, picked)
        return _different(among) + self.real - 2 * float(self.across[picked].mean())


def _kernel(x: Tensor, y: Tensor) -> Tensor:
    return (x @ y.T / x.shape[1] + 1).pow(3)


def _different(kernel: Tensor) -> float:
    """The mean of the off-diagonal entries of [n, n]."""
    n = len(kernel)
    return float((kernel.sum() - kernel.trace()) / (n * (n - 1)))
