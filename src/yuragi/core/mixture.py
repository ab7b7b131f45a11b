r"""A Gaussian mixture: data for which every quantity of a diffusion model is known exactly.

With q_0 = sum_k w_k N(m_k, S_k) and x_t = alpha x_0 + sigma eps,

    q_t      = sum_k w_k N(alpha m_k, C_k),    C_k = alpha^2 S_k + sigma^2 I
    r_k(x)   = responsibility of component k for x under q_t
    score    = sum_k r_k C_k^-1 (alpha m_k - x)
    E[x_0|x] = sum_k r_k (m_k + alpha S_k C_k^-1 (x - alpha m_k))

All C_k share the eigenvectors of S_k, so one eigendecomposition serves every noise level. The tests
of samplers, guidance and inversion rely on this. Values are computed in the mixture's dtype
(float64 by default) and returned in the state's.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cached_property

import torch
from torch import Tensor

from yuragi.core.schedule import Schedule
from yuragi.errors import InputError

__all__ = ["GaussianMixture", "MixtureDenoiser"]


@dataclass(frozen=True, eq=False)
class GaussianMixture:
    """sum_k weights[k] N(means[k], covariances[k]).

    Args:
        weights: [k], positive, summing to 1.
        means: [k, d].
        covariances: [k, d, d], symmetric positive definite.

    Methods take states of any shape [b, *event] with d numbers per sample, and a noise level as
    the 0-dim pair (alpha, sigma); (1, 0) is the data itself.

    Raises:
        InputError: the shapes do not fit, or the weights are not a distribution.
    """

    weights: Tensor
    means: Tensor
    covariances: Tensor

    def __post_init__(self) -> None:
        k, d = self.means.shape
        if self.weights.shape != (k,) or self.covariances.shape != (k, d, d):
            shapes = (tuple(self.weights.shape), tuple(self.covariances.shape))
            raise InputError("(weights, covariances)", shapes, f"shapes ({k},) and {(k, d, d)}")
        if not (bool((self.weights > 0).all()) and math.isclose(self.weights.sum().item(), 1)):
            raise InputError("weights", self.weights.tolist(), "positive numbers that sum to 1")

    @classmethod
    def diagonal(cls, weights: Tensor, means: Tensor, variances: Tensor) -> GaussianMixture:
        """Components with diagonal covariances; `variances` is [k, d]."""
        return cls(weights, means, torch.diag_embed(variances))

    @cached_property
    def _eigen(self) -> tuple[Tensor, Tensor]:
        values, vectors = torch.linalg.eigh(self.covariances)
        return values, vectors

    def _project(self, x: Tensor, alpha: Tensor, sigma: Tensor) -> tuple[Tensor, Tensor]:
        """The state in each component's centre and eigenbasis [b, k, d], and C_k's eigenvalues."""
        values, vectors = self._eigen
        centred = x.flatten(1).to(self.means)[:, None] - alpha * self.means
        return torch.einsum("bki,kij->bkj", centred, vectors), alpha**2 * values + sigma**2

    def _log_joint(self, x: Tensor, alpha: Tensor, sigma: Tensor) -> Tensor:
        centred, variances = self._project(x, alpha, sigma)
        log_density = (centred**2 / variances + (2 * math.pi * variances).log()).sum(-1) / -2
        return self.weights.log() + log_density

    def log_prob(self, x: Tensor, alpha: Tensor, sigma: Tensor) -> Tensor:
        """The log density of q_t at x, [b]."""
        return self._log_joint(x, alpha, sigma).logsumexp(-1).to(x.dtype)

    def responsibilities(self, x: Tensor, alpha: Tensor, sigma: Tensor) -> Tensor:
        """The probability of each component given x_t = x, [b, k], in the mixture's dtype."""
        return self._log_joint(x, alpha, sigma).softmax(-1)

    def score(self, x: Tensor, alpha: Tensor, sigma: Tensor) -> Tensor:
        """The gradient of log q_t at x, of x's shape."""
        centred, variances = self._project(x, alpha, sigma)
        per_component = torch.einsum("bkj,kij->bki", -centred / variances, self._eigen[1])
        return self._average(per_component, x, alpha, sigma)

    def x0(self, x: Tensor, alpha: Tensor, sigma: Tensor) -> Tensor:
        """E[x_0 given x_t = x], of x's shape."""
        values, vectors = self._eigen
        centred, variances = self._project(x, alpha, sigma)
        shift = torch.einsum("bkj,kij->bki", alpha * values / variances * centred, vectors)
        return self._average(self.means + shift, x, alpha, sigma)

    def _average(self, per_component: Tensor, x: Tensor, alpha: Tensor, sigma: Tensor) -> Tensor:
        weights = self.responsibilities(x, alpha, sigma)
        return torch.einsum("bk,bki->bi", weights, per_component).to(x.dtype).reshape(x.shape)

    def sample(
        self, count: int, alpha: Tensor, sigma: Tensor, generator: torch.Generator | None = None
    ) -> Tensor:
        """`count` exact draws from q_t, [count, d], in the mixture's dtype."""
        values, vectors = self._eigen
        which = torch.multinomial(self.weights, count, replacement=True, generator=generator)
        z = torch.randn(count, self.means.shape[1], generator=generator, dtype=self.means.dtype)
        scaled = (alpha**2 * values + sigma**2).sqrt()[which] * z
        return alpha * self.means[which] + torch.einsum("bij,bj->bi", vectors[which], scaled)


@dataclass(frozen=True)
class MixtureDenoiser:
    """The exact denoiser of a mixture under a schedule; it needs no network and has no error."""

    mixture: GaussianMixture
    schedule: Schedule

    def __call__(self, x: Tensor, t: Tensor) -> Tensor:
        return self.mixture.x0(x, *self.schedule(t))
