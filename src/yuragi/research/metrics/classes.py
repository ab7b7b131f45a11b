r"""Small fields in K classes with adjustable separation, in more dimensions than grids can handle.

All classes share the covariance C of a 1 / f^2.2 field and differ in their means; c is the first
class, and u is the mixture of all classes with equal weights. The reward is then a power of the
class posterior,

    R_0 ~ r(x_0)^w,    r(x_0) = p(class 1 | x_0) = 1 / (1 + sum_k exp(y_k + b_k)),    y = B^T x_0

and depends on K - 1 projections only. The posterior of class 1 given x_t is a Gaussian N(m, S), so

    D* = m + S E_pi[grad log R_0 | x_t] = m - w S B E_pi[p(class k | x_0)]_k

and only one expectation in K - 1 dimensions remains. It is computed over a fixed quasi-random set.

References: Stein's identity; Owen 1995 for scrambled Sobol points.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cached_property

import torch
from torch import Tensor

from yuragi.core.mixture import GaussianMixture
from yuragi.research.metrics.fields import field_spectrum, frequencies

__all__ = ["ClassTarget", "class_mixture"]

F64 = torch.float64
# The number of elements in one block of the quasi-random sums.
BLOCK = 1 << 18
CUTOFF = 1.2
"""The frequency, in cycles per picture, above which the means differ little."""


def class_mixture(separation: float, size: int = 8, classes: int = 8) -> GaussianMixture:
    """A mixture of `classes` Gaussians in size^2 dimensions with a common covariance.

    The means are random fields whose spectrum is separation^2 exp(-(k / `CUTOFF`)^2 / 2) times
    that of a class, so they have mostly low frequencies. Two means are about 1.3 standard
    deviations apart at separation 0.3, and about 4.3 at separation 1.
    """
    spectrum = field_spectrum(size)
    # A circulant matrix: the columns are the filtered unit impulses.
    impulses = torch.eye(size * size, dtype=F64).reshape(-1, size, size)
    covariance = torch.fft.ifft2(torch.fft.fft2(impulses) * spectrum).real.flatten(1)
    generator = torch.Generator().manual_seed(0)
    white = torch.randn(classes, size, size, generator=generator, dtype=F64)
    power = separation**2 * (-((frequencies(size) / CUTOFF) ** 2) / 2).exp() * spectrum
    means = torch.fft.ifft2(torch.fft.fft2(white) * power.sqrt()).real.flatten(1)
    weights = torch.full((classes,), 1 / classes, dtype=F64)
    covariances = ((covariance + covariance.mT) / 2).expand(classes, -1, -1)
    return GaussianMixture(weights, means, covariances)


@dataclass(frozen=True, eq=False)
class ClassTarget:
    """pi proportional to p_c (p_c / p_u)^w, where c is the first component of u.

    Args:
        guide: the guidance law u, whose components have equal weights and covariances.
        weight: the extra weight w >= 0.
        points: the size of the quasi-random set, a power of 2. Doubling 4096 changes the path-KL
            of no guidance by less than 1 %.

    States are [b, *event] with as many numbers per sample as the mixture has dimensions.
    """

    guide: GaussianMixture
    weight: float
    points: int = 4096

    @cached_property
    def conditional(self) -> GaussianMixture:
        """The first component."""
        one = torch.ones(1, dtype=F64)
        return GaussianMixture(one, self.guide.means[:1], self.guide.covariances[:1])

    def x0(self, x: Tensor, alpha: Tensor, sigma: Tensor) -> Tensor:
        """D* at x."""
        projection, offset = self._projection
        flat = x.flatten(1).to(F64)
        mean = self.conditional.x0(flat, alpha, sigma)
        size = len(self.guide.means[0])
        unit = torch.eye(size, dtype=F64) * (alpha / sigma) ** 2
        spread = torch.linalg.inv(torch.linalg.inv(self.guide.covariances[0]) + unit)
        # The projections have covariance B^T S B; its factor transforms the standard normal points.
        factor = _root(projection.mT @ spread @ projection)
        moved = self._normal @ factor.mT
        others = []
        for block in torch.split(mean @ projection + offset, max(1, BLOCK // self.points)):
            logits = torch.nn.functional.pad(block[:, None] + moved, (1, 0)).log_softmax(-1)
            weights = (self.weight * logits[..., :1]).softmax(1)
            others.append((weights * logits[..., 1:].exp()).sum(1))
        shift = torch.cat(others) @ (spread @ projection).mT
        ideal: Tensor = mean - self.weight * shift
        return ideal.to(x.dtype).reshape(x.shape)

    def sample(
        self, count: int, alpha: Tensor, sigma: Tensor, generator: torch.Generator | None = None
    ) -> Tensor:
        """`count` exact draws from pi_t, [count, d]: draws of c are kept with probability r^w."""
        factor = _root(self.guide.covariances[0]).mT
        kept: list[Tensor] = []
        while sum(map(len, kept)) < count:
            white = torch.randn(2 * count, len(factor), generator=generator, dtype=F64)
            x0 = self.guide.means[0] + white @ factor
            log_share = self.log_class_probability(x0)
            coin = torch.rand(len(x0), generator=generator, dtype=F64)
            kept.append(x0[coin.log() < self.weight * log_share])
        clean = torch.cat(kept)[:count]
        return alpha * clean + sigma * torch.randn(clean.shape, generator=generator, dtype=F64)

    def log_class_probability(self, x0: Tensor) -> Tensor:
        """Log r at clean states [n, d], [n]; w log r is log R_0 up to a constant."""
        projection, offset = self._projection
        return -torch.nn.functional.pad(x0 @ projection + offset, (1, 0)).logsumexp(-1)

    @cached_property
    def _projection(self) -> tuple[Tensor, Tensor]:
        """B [d, k - 1] and b [k - 1]: the log ratio of class k to class 1 is (x B + b)_k."""
        first, rest = self.guide.means[0], self.guide.means[1:]
        projection = torch.linalg.solve(self.guide.covariances[0], (rest - first).mT)
        return projection, -((rest + first) / 2 * projection.mT).sum(-1)

    @cached_property
    def _normal(self) -> Tensor:
        """Standard normal points, [points, k - 1]."""
        d = len(self.guide.means) - 1
        sobol = torch.quasirandom.SobolEngine(d, scramble=True, seed=0)  # type: ignore[no-untyped-call]
        uniform = sobol.draw(self.points, dtype=F64).clamp(1e-9, 1 - 1e-9)
        return math.sqrt(2) * torch.erfinv(2 * uniform - 1)


def _root(matrix: Tensor) -> Tensor:
    """A factor F with F F^T = matrix, even if the matrix is singular."""
    values, vectors = torch.linalg.eigh(matrix)
    root: Tensor = vectors * values.clamp(min=0).sqrt()
    return root
