r"""The discrete schedule of DDPM-style models: a table of alphas_cumprod, one entry per timestep.

    alpha(t) = sqrt(alphas_cumprod[t]),    sigma(t) = sqrt(1 - alphas_cumprod[t]),    t = 0..N-1

Time is counted in diffusers' timesteps. t = -1 is the exactly clean end (alpha 1, sigma 0), one
level below the table's first entry, which still holds a little noise. Integer times return the
table's values exactly; between them log-SNR is linear in t. In the two cells where log-SNR has no
finite end (below t = 0, and below the last entry of a zero-terminal-SNR table) whichever of sigma
and alpha vanishes is linear in t.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cached_property

import torch
from torch import Tensor

from yuragi.errors import InputError

__all__ = [
    "TableSchedule",
    "cosine_betas",
    "linear_betas",
    "scaled_linear_betas",
    "zero_terminal_snr",
]


def linear_betas(start: float = 1e-4, end: float = 0.02, steps: int = 1000) -> Tensor:
    """Betas linear in the timestep (DDPM; Ho et al. 2020). Float64, shape [steps]."""
    return torch.linspace(start, end, steps, dtype=torch.float64)


def scaled_linear_betas(start: float = 0.00085, end: float = 0.012, steps: int = 1000) -> Tensor:
    """Betas whose square root is linear in the timestep (latent diffusion). Float64, [steps]."""
    return torch.linspace(start**0.5, end**0.5, steps, dtype=torch.float64) ** 2


def cosine_betas(steps: int = 1000, max_beta: float = 0.999) -> Tensor:
    """Betas of the cosine schedule, "squaredcos_cap_v2" in diffusers. Float64, [steps].

    References: Nichol & Dhariwal 2021 (arXiv 2102.09672), equation 17.
    """
    u = torch.arange(steps + 1, dtype=torch.float64) / steps
    alphas_cumprod = torch.cos((u + 0.008) / 1.008 * math.pi / 2) ** 2
    return (1 - alphas_cumprod[1:] / alphas_cumprod[:-1]).clamp(max=max_beta)


def zero_terminal_snr(alphas_cumprod: Tensor) -> Tensor:
    """Shift and scale sqrt(alphas_cumprod) so that the last entry is 0 and the first is kept.

    References: Lin et al. 2024 (arXiv 2305.08891), algorithm 1.
    """
    root = alphas_cumprod.to(torch.float64).sqrt()
    return ((root - root[-1]) * root[0] / (root[0] - root[-1])) ** 2


@dataclass(frozen=True, eq=False)
class TableSchedule:
    """A schedule given by `alphas_cumprod` [N]: in [0, 1), strictly falling, N >= 2.

    Equal tables make equal schedules. Times outside [-1, N - 1] are clamped to the ends.

    Raises:
        InputError: the table has another shape, range or order.
    """

    alphas_cumprod: Tensor

    def __post_init__(self) -> None:
        table = torch.as_tensor(self.alphas_cumprod, dtype=torch.float64)
        if table.ndim != 1 or len(table) < 2:
            shape = tuple(table.shape)
            raise InputError("alphas_cumprod", shape, "one dimension with at least two entries")
        if not (table[0] < 1 and table[-1] >= 0 and bool((table.diff() < 0).all())):
            ends = (table[0].item(), table[-1].item())
            raise InputError("alphas_cumprod", ends, "strictly falling values in [0, 1)")
        object.__setattr__(self, "alphas_cumprod", table)

    @classmethod
    def from_betas(cls, betas: Tensor, rescale_betas_zero_snr: bool = False) -> TableSchedule:
        """Build the table from the per-step betas [N], each in (0, 1)."""
        alphas_cumprod = torch.cumprod(1 - betas.to(torch.float64), dim=0)
        return cls(zero_terminal_snr(alphas_cumprod) if rescale_betas_zero_snr else alphas_cumprod)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, TableSchedule) and torch.equal(
            self.alphas_cumprod, other.alphas_cumprod
        )

    def __hash__(self) -> int:
        return hash((len(self.alphas_cumprod), self.alphas_cumprod[-1].item()))

    @property
    def clean(self) -> float:
        return -1.0

    @property
    def faintest(self) -> float:
        return 0.0

    @property
    def noisiest(self) -> float:
        return float(len(self.alphas_cumprod) - 1)

    @cached_property
    def _nodes(self) -> tuple[Tensor, Tensor, Tensor]:
        """(alpha, sigma, log_snr) at t = -1, 0, ..., N - 1; node k is time k - 1."""
        end = torch.ones(1, dtype=torch.float64, device=self.alphas_cumprod.device)
        square = torch.cat([end, self.alphas_cumprod])
        alpha, sigma = square.sqrt(), (1 - square).sqrt()
        return alpha, sigma, alpha.log() - sigma.log()

    def __call__(self, t: Tensor) -> tuple[Tensor, Tensor]:
        t = torch.as_tensor(t, dtype=torch.float64)
        alphas, sigmas, log_snrs = (node.to(t.device) for node in self._nodes)
        place = (t - self.clean).clamp(0, len(alphas) - 1)
        low = place.floor().long()
        if t.ndim == 0 and t.device.type == "cpu" and bool(place == low):
            return alphas[low], sigmas[low]  # the usual case; the code below is slower
        high = (low + 1).clamp(max=len(alphas) - 1)
        part = place - low
        log_snr = torch.lerp(log_snrs[low], log_snrs[high], part)
        alpha, sigma = _pair(log_snr)
        faint = part * sigmas[high]
        in_first = low == 0
        sigma = torch.where(in_first, faint, sigma)
        alpha = torch.where(in_first, (1 - faint**2).sqrt(), alpha)
        weak = (1 - part) * alphas[low]
        in_dark = torch.isneginf(log_snrs[high])
        alpha = torch.where(in_dark, weak, alpha)
        sigma = torch.where(in_dark, (1 - weak**2).sqrt(), sigma)
        on_node = part == 0
        return torch.where(on_node, alphas[low], alpha), torch.where(on_node, sigmas[low], sigma)

    def time(self, log_snr: Tensor) -> Tensor:
        log_snr = torch.as_tensor(log_snr, dtype=torch.float64)
        alphas, sigmas, log_snrs = (node.to(log_snr.device) for node in self._nodes)
        alpha, sigma = _pair(log_snr)
        high = torch.searchsorted(-log_snrs, -log_snr).clamp(1, len(alphas) - 1)
        low = high - 1
        part = (log_snrs[low] - log_snr) / (log_snrs[low] - log_snrs[high])
        part = torch.where(low == 0, sigma / sigmas[high], part)
        part = torch.where(torch.isneginf(log_snrs[high]), 1 - alpha / alphas[low], part)
        return low + part.clamp(0, 1) + self.clean


def _pair(log_snr: Tensor) -> tuple[Tensor, Tensor]:
    """(alpha, sigma) on the unit circle with the given log(alpha / sigma)."""
    return torch.sigmoid(2 * log_snr).sqrt(), torch.sigmoid(-2 * log_snr).sqrt()
