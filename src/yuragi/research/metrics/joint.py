r"""The exact target of joint-scaled guidance for Gaussian mixtures in one to three dimensions.

A reward on clean data scales the law of the whole reverse chain, not each marginal:

    R_0    = (p_c / p_u)^w                     reward; c conditional, u guidance, w extra weight
    pi     = p_c R_0 / E                       target on clean data; pi_t is its noised marginal
    E_t(x) = E[R_0(x_0) | x_t = x, c]          so that pi_t = p_{c,t} E_t / E
    D*(x)  = E_pi[x_0 | x_t = x]               the ideal guided denoiser
    grad log E_t = (alpha / sigma^2) (D* - D_c)

Guidance as used in practice replaces E_t with R_t = (p_{c,t} / p_{u,t})^w. What it neglects is a
Renyi divergence between two posteriors; see `tests/numeric/renyi.py`.

Integrals over x_0 are trapezoidal sums in log space and float64, on one grid over the support of
pi. If the noise is finer than that grid, each x / alpha gets a grid of its own. The error of D* is
below 1e-9 for states within about ten standard deviations of the data.

References: Gao et al. 2025 (arXiv 2501.18865); the Doob h-transform.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import torch
from torch import Tensor

from yuragi.core.mixture import GaussianMixture
from yuragi.errors import InputError
from yuragi.research.metrics.support import Support, find_support

__all__ = ["JointTarget"]

F64 = torch.float64
# The number of elements in one block of the sums, which fits into the second-level cache.
BLOCK = 1 << 17
# Nodes per standard deviation of the narrowest feature, by dimension.
CELLS = {1: 8, 2: 2, 3: 1.2}
# The half-width and the spacing of the local grid, in units of sigma / alpha.
REACH, STRIDE = 8.0, 0.7
# The local grid is used if the noise is below this many spacings of the common grid.
SWITCH = 1.5
# Log masses below this are computed in log space, because other sums are inaccurate there.
FAINT = -400.0


@dataclass(frozen=True, eq=False)
class JointTarget:
    """pi = p_c (p_c / p_u)^w / E for mixtures in one to three dimensions.

    Methods take states [b, *event] with d numbers per sample and a level as the 0-dim pair
    (alpha, sigma), as `GaussianMixture` does.

    Args:
        conditional: the conditional law c.
        guide: the guidance law u, in the same dimension.
        weight: the extra weight w >= 0, which is guidance_scale - 1.

    Raises:
        InputError: the dimensions differ or are not 1 to 3, the weight is negative, or pi cannot be
            normalised because u is too narrow.
    """

    conditional: GaussianMixture
    guide: GaussianMixture
    weight: float

    def __post_init__(self) -> None:
        if not self.weight >= 0:
            raise InputError("weight", self.weight, "0 or above")
        d = self.conditional.means.shape[1]
        if d not in CELLS:
            raise InputError("conditional", d, "1 to 3 dimensions: integrals are grid sums")
        if self.guide.means.shape[1] != d:
            raise InputError("guide", tuple(self.guide.means.shape), f"{d} dimensions")
        _ = self.support  # raises if the target cannot be normalised

    @cached_property
    def support(self) -> Support:
        """Nodes that cover pi, with the values of log(p_c R_0)."""
        spreads = torch.linalg.eigvalsh(self.conditional.covariances).sqrt()
        means = self.conditional.means
        # pi is at most sqrt(1 + w) narrower than the narrowest component of c.
        finest = spreads.min().item() / math.sqrt(1 + self.weight)
        margin = 10 * spreads.max()
        low, high = means.amin(0) - margin, means.amax(0) + margin
        return find_support(self._log_tilted, low, high, finest / CELLS[means.shape[1]])

    @cached_property
    def log_evidence(self) -> float:
        """Log E, where E is the expected reward of the conditional law."""
        return self.support.log_density.flatten().logsumexp(0).item() + self.support.log_cell

    def log_reward(self, x0: Tensor) -> Tensor:
        """Log R_0, [b]."""
        return self.log_marginal_reward(x0, torch.ones((), dtype=F64), torch.zeros((), dtype=F64))

    def log_marginal_reward(self, x: Tensor, alpha: Tensor, sigma: Tensor) -> Tensor:
        """Log R_t = w log(p_{c,t} / p_{u,t}), whose gradient plain guidance follows, [b]."""
        conditional = self.conditional.log_prob(x, alpha, sigma)
        return self.weight * (conditional - self.guide.log_prob(x, alpha, sigma))

    def log_expected_reward(self, x: Tensor, alpha: Tensor, sigma: Tensor) -> Tensor:
        """Log E_t, [b]."""
        if bool(sigma == 0):
            return self.log_reward(x / alpha)
        flat = x.flatten(1).to(F64)
        log_mass, _ = self._moments(flat, alpha, sigma)
        return (log_mass - self.conditional.log_prob(flat, alpha, sigma)).to(x.dtype)

    def log_prob(self, x: Tensor, alpha: Tensor, sigma: Tensor) -> Tensor:
        """Log pi_t, [b]."""
        log_expected = self.log_expected_reward(x, alpha, sigma)
        return self.conditional.log_prob(x, alpha, sigma) + log_expected - self.log_evidence

    def x0(self, x: Tensor, alpha: Tensor, sigma: Tensor) -> Tensor:
        """D* = E_pi[x_0 | x_t = x], in the shape of x."""
        if bool(sigma == 0):
            return x / alpha
        _, mean = self._moments(x.flatten(1).to(F64), alpha, sigma)
        return mean.to(x.dtype).reshape(x.shape)

    def sample(
        self, count: int, alpha: Tensor, sigma: Tensor, generator: torch.Generator | None = None
    ) -> Tensor:
        """`count` draws from pi_t, [count, d], float64.

        Each draw selects a cell of the grid and a point in it, and keeps the point with a
        probability proportional to pi(point) / pi(node). This is exact except that the largest
        such ratio is estimated from the candidates themselves.
        """
        drawn: list[Tensor] = []
        while sum(map(len, drawn)) < count:
            drawn.append(self._candidates(2 * count, generator))
        clean = torch.cat(drawn)[:count]
        noise = torch.randn(clean.shape, generator=generator, dtype=F64)
        return alpha * clean + sigma * noise

    def quadrature(self, x: Tensor, alpha: Tensor, sigma: Tensor) -> tuple[Tensor, float]:
        """Nodes for integrals over the posterior of x_0 given x [b, d], and their log volume.

        Returns:
            `support.nodes` [m, d], or local nodes [b, m, d] if the noise is too fine for those.
        """
        scale = (sigma / alpha).item() if alpha > 0 else math.inf
        if scale >= SWITCH * self.support.spacing:
            return self.support.nodes, self.support.log_cell
        side = torch.arange(-REACH, REACH + STRIDE, STRIDE, dtype=F64)
        local = torch.stack(torch.meshgrid(*[side] * x.shape[1], indexing="ij"), -1).flatten(0, -2)
        return x[:, None] / alpha + scale * local, x.shape[1] * math.log(scale * STRIDE)

    def _log_tilted(self, x0: Tensor) -> Tensor:
        one, zero = torch.ones((), dtype=F64), torch.zeros((), dtype=F64)
        conditional = self.conditional.log_prob(x0, one, zero)
        if self.weight == 0:
            return conditional
        guide = self.guide.log_prob(x0, one, zero)
        return (1 + self.weight) * conditional - self.weight * guide

    def _moments(self, x: Tensor, alpha: Tensor, sigma: Tensor) -> tuple[Tensor, Tensor]:
        """The log of the integral of p_c R_0 N(x; alpha x_0, sigma^2), [b], and D*, [b, d]."""
        nodes, log_cell = self.quadrature(x[:1], alpha, sigma)
        if nodes is self.support.nodes:
            log_mass, mean = self._separable(x, alpha, sigma)
            faint = log_mass < FAINT
            if bool(faint.any()):
                log_mass[faint], mean[faint] = self._summed(x[faint], alpha, sigma)
        else:
            log_mass, mean = self._summed(x, alpha, sigma)
        log_normal = x.shape[1] * math.log(math.sqrt(2 * math.pi) * sigma.item())
        return log_mass + (log_cell - log_normal), mean

    def _separable(self, x: Tensor, alpha: Tensor, sigma: Tensor) -> tuple[Tensor, Tensor]:
        """The sums over the common grid, axis by axis as the noise factorises; not in log space."""
        axes, density = self.support.axes, self.support.log_density
        top = density.max()
        table = (density - top).exp().reshape(len(axes[0]), -1)
        squares = [((x[:, i, None] - alpha * n) / sigma) ** 2 / 2 for i, n in enumerate(axes)]
        kernels = [(square.amin(-1, keepdim=True) - square).exp() for square in squares]
        rows = kernels[0] @ table
        mass = _folded(rows, kernels[1:])
        means = [_folded((kernels[0] * axes[0]) @ table, kernels[1:]) / mass]
        for i in range(1, len(axes)):
            moved = [k * axes[j] if j == i else k for j, k in enumerate(kernels)]
            means.append(_folded(rows, moved[1:]) / mass)
        least = torch.stack([square.amin(-1) for square in squares]).sum(0)
        return mass.log() + top - least, torch.stack(means, -1)

    def _summed(self, x: Tensor, alpha: Tensor, sigma: Tensor) -> tuple[Tensor, Tensor]:
        """The sums in log space, block by block, which are slow but never underflow."""
        log_masses, means = [], []
        count = self.quadrature(x[:1], alpha, sigma)[0].shape[-2]
        for block in torch.split(x, max(1, BLOCK // count)):
            nodes, _ = self.quadrature(block, alpha, sigma)
            if nodes is self.support.nodes:
                log_density = self.support.log_density.flatten()
            else:
                log_density = self._log_tilted(nodes.flatten(0, 1)).reshape(nodes.shape[:2])
            offset = (block[:, None] - alpha * nodes) / sigma
            exponent = log_density - (offset**2).sum(-1) / 2
            log_masses.append(exponent.logsumexp(-1))
            means.append((exponent.softmax(-1)[:, None] @ nodes)[:, 0])
        return torch.cat(log_masses), torch.cat(means)

    def _candidates(self, count: int, generator: torch.Generator | None) -> Tensor:
        support = self.support
        log_density = support.log_density.flatten()
        weights = log_density.softmax(0)
        which = torch.multinomial(weights, count, replacement=True, generator=generator)
        jitter = torch.rand(count, support.nodes.shape[1], generator=generator, dtype=F64) - 0.5
        points = support.nodes[which] + support.spacing * jitter
        log_ratio = self._log_tilted(points) - log_density[which]
        coin = torch.rand(count, generator=generator, dtype=F64)
        return points[coin.log() < log_ratio - log_ratio.max()]


def _folded(rows: Tensor, kernels: Sequence[Tensor]) -> Tensor:
    """Rows [b, n_2 n_3 ...], summed over the remaining axes with kernels [b, n_i]: [b]."""
    for kernel in kernels:
        rows = (rows.reshape(*kernel.shape, -1) * kernel[..., None]).sum(1)
    return rows[:, 0]
