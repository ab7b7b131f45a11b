r"""The discrete reverse chain of DDPM, tilted by a reward: the recursion behind joint scaling.

    p(x_{t-1} | x_t)  = N(mu_t, s_t^2),    mu_t = (x_t - beta_t eps / sigma_t) / sqrt(1 - beta_t)
    E_0 = R_0,        E_t(x_t) = integral of p(x_{t-1} | x_t) E_{t-1}(x_{t-1})
    tilted kernel     = p(x_{t-1} | x_t) E_{t-1}(x_{t-1}) / E_t(x_t)
    tilted marginal   = p(x_t) E_t(x_t) / E

On a grid of the line every kernel is a matrix. The kernel's variance is s_t^2 = beta_t. As the
steps get finer, E_t tends to the continuous one of `yuragi.research.metrics.joint`.

References: Ho et al. 2020 (arXiv 2006.11239), equation 11; Gao et al. 2025 (arXiv 2501.18865),
section 3 (recursion and tilted kernel).
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import torch
from torch import Tensor

from yuragi.core.mixture import GaussianMixture
from yuragi.errors import InputError

__all__ = ["ReverseChain"]


@dataclass(frozen=True, eq=False)
class ReverseChain:
    """The chain of an exact epsilon predictor on a regular grid of the line.

    Args:
        mixture: one-dimensional data.
        betas: [T], beta_1 ... beta_T, between 0 and 1.
        grid: [n], regular; it must cover data and noise, and its spacing resolve sqrt(beta).

    Raises:
        InputError: a grid too coarse for the smallest beta (spacing above sqrt(beta)).
    """

    mixture: GaussianMixture
    betas: Tensor
    grid: Tensor

    def __post_init__(self) -> None:
        spacing = (self.grid[1] - self.grid[0]).item()
        finest = self.betas.min().sqrt().item()
        if not spacing <= finest:
            raise InputError("grid", spacing, f"a spacing of at most {finest:.3g}")

    @cached_property
    def alphas(self) -> Tensor:
        """alpha_0 ... alpha_T of x_t = alpha_t x_0 + sigma_t eps, [T + 1]."""
        survived = torch.cat([torch.ones(1, dtype=self.betas.dtype), 1 - self.betas])
        return survived.cumprod(0).sqrt()

    def level(self, t: int) -> tuple[Tensor, Tensor]:
        """(alpha_t, sigma_t), t = 0 ... T."""
        alpha = self.alphas[t]
        return alpha, (1 - alpha**2).clamp(min=0).sqrt()

    def mean(self, t: int) -> Tensor:
        """mu_t on the grid, [n]; t = 1 ... T."""
        alpha, sigma = self.level(t)
        x = self.grid[:, None]
        eps = (x - alpha * self.mixture.x0(x, alpha, sigma)) / sigma
        beta = self.betas[t - 1]
        return ((x - beta * eps / sigma) / (1 - beta).sqrt())[:, 0]

    def log_kernel(self, t: int) -> Tensor:
        """Log probability of each cell x_{t-1} (columns) given x_t (rows), [n, n]."""
        square = (self.grid - self.mean(t)[:, None]) ** 2 / self.betas[t - 1]
        return torch.log_softmax(-square / 2, -1)

    def log_expected_rewards(self, log_reward: Tensor) -> Tensor:
        """Log E_0 ... log E_T on the grid by the recursion, [T + 1, n], from log R_0 [n]."""
        values = [log_reward]
        for t in range(1, len(self.betas) + 1):
            values.append((self.log_kernel(t) + values[-1]).logsumexp(-1))
        return torch.stack(values)

    def marginals(self, start: Tensor) -> Tensor:
        """Probabilities of the cells at t = 0 ... T, [T + 1, n], from those at T [n]."""
        values = [start]
        for t in range(len(self.betas), 0, -1):
            values.append(values[-1] @ self.log_kernel(t).exp())
        return torch.stack(values[::-1])

    def tilted_marginals(self, start: Tensor, log_expected: Tensor) -> Tensor:
        """Marginals of the tilted chain, stepped kernel by kernel, [T + 1, n].

        Args:
            start: [n], the untilted start; the tilted one is start E_T / E.
            log_expected: what `log_expected_rewards` returned.
        """
        values = [torch.softmax(start.log() + log_expected[-1], 0)]
        for t in range(len(self.betas), 0, -1):
            log_kernel = self.log_kernel(t) + log_expected[t - 1] - log_expected[t][:, None]
            values.append(values[-1] @ log_kernel.exp())
        return torch.stack(values[::-1])
