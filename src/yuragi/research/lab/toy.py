r"""The networks of the paper's one-dimensional toy, trained as in the paper on its own 20 levels.

There are two networks, one for the conditional law and one for the guidance law, with 8,000 samples
each. x (times 25) and t are turned into 128 sinusoidal features each, and a class embedding is
added to those of t. Both together pass a linear layer, GELU, three residual layers x + GELU(W x)
and a linear output that predicts eps. Training uses AdamW at 1e-3, batches of 64, gradients clipped
at norm 1, the squared error, and uniform t.

Source: Gao et al. 2025 (arXiv 2501.18865), section 4.1, and the settings of its released code.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from yuragi.core.denoiser import Condition, NetworkDenoiser
from yuragi.core.mixture import GaussianMixture
from yuragi.core.prediction import epsilon
from yuragi.research.lab.measure import PUBLISHED

__all__ = ["ToyTraining", "learn_toy"]

F64 = torch.float64


@dataclass(frozen=True)
class ToyTraining:
    """The settings of the training: samples of the law, passes over them, and the batch size."""

    samples: int = 8000
    epochs: int = 200
    batch: int = 64


class _Toy(nn.Module):
    def __init__(self, width: int = 128) -> None:
        super().__init__()
        self.width = width
        self.label = nn.Embedding(1, width)  # with one class, a bias on the features of t
        self.enter = nn.Linear(2 * width, width)
        self.layers = nn.ModuleList([nn.Linear(width, width) for _ in range(3)])
        self.leave = nn.Linear(width, 1)

    def forward(self, x: Tensor, t: Tensor) -> Tensor:
        """States x [b, 1] and times t [b] -> eps [b, 1]."""
        time = self._waves(t) + self.label.weight
        h = self.enter(torch.cat([self._waves(25 * x[:, 0]), time], 1))
        h = nn.functional.gelu(h)
        for layer in self.layers:
            h = h + nn.functional.gelu(layer(h))
        out: Tensor = self.leave(h)
        return out

    def _waves(self, value: Tensor) -> Tensor:
        half = self.width // 2
        rates = torch.exp(-math.log(1e4) * torch.arange(half) / (half - 1)).to(value)
        angles = value[:, None] * rates
        return torch.cat([angles.sin(), angles.cos()], 1)


@dataclass(frozen=True)
class _Network:
    module: _Toy
    dtype: torch.dtype = torch.float32

    def __call__(self, x: Tensor, timestep: Tensor, condition: Condition | None) -> Tensor:
        out: Tensor = self.module(x, timestep.to(x))
        return out


def learn_toy(law: GaussianMixture, training: ToyTraining, seed: int) -> NetworkDenoiser:
    """Train the toy's network on samples of a law on the line; deterministic on a given machine."""
    generator = torch.Generator().manual_seed(seed)
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        module = _Toy()
    one, zero = torch.ones((), dtype=F64), torch.zeros((), dtype=F64)
    data = law.sample(training.samples, one, zero, generator).to(torch.float32)
    alphas = PUBLISHED.alphas_cumprod.to(torch.float32).sqrt()
    sigmas = (1 - alphas.square()).sqrt()
    optimizer = torch.optim.AdamW(module.parameters(), 1e-3)
    with torch.enable_grad():
        for _ in range(training.epochs):
            order = torch.randperm(len(data), generator=generator)
            for picked in torch.split(order, training.batch)[: len(data) // training.batch]:
                t = torch.randint(len(alphas), (len(picked),), generator=generator)
                eps = torch.randn(len(picked), 1, generator=generator)
                x = alphas[t, None] * data[picked] + sigmas[t, None] * eps
                optimizer.zero_grad()
                torch.autograd.backward((module(x, t.to(x)) - eps).square().mean())
                nn.utils.clip_grad_norm_(module.parameters(), 1.0)
                optimizer.step()
    module.eval().requires_grad_(False)
    return NetworkDenoiser(_Network(module), PUBLISHED, epsilon)
