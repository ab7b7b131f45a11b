r"""Denoisers learned from samples of a problem, to test which of the exact results still hold.

The network is small and has EDM preconditioning under the variance-exploding schedule. It is the
same for c and u apart from the seed: random Fourier features of the state and of log sigma, three
residual layers and one linear output. The loss is that of EDM; log sigma is normal with mean -1.5
and standard deviation 1.5, but for one sample in four it is uniform over the whole measured range.

`learn_classifier` learns log p(c | x_t), c against everything else, on samples with the same noise,
for classifier guidance with a trained classifier.

References: Karras et al. 2022 (arXiv 2206.00364), section 5; Karras et al. 2024 (arXiv
2406.02507), appendix C (the toy).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from yuragi.core.denoiser import Condition, NetworkDenoiser
from yuragi.core.mixture import GaussianMixture
from yuragi.core.prediction import EDMPreconditioning
from yuragi.core.schedule import EDMSchedule

__all__ = ["Training", "learn_classifier", "learn_denoiser"]

F64 = torch.float64


@dataclass(frozen=True)
class Training:
    """The settings of the training.

    Args:
        steps: the number of steps of Adam, with cosine decay.
        batch: the number of fresh samples per step.
        learning_rate: the initial learning rate.
        width: the width of the hidden layers.
    """

    steps: int = 4096
    batch: int = 1024
    learning_rate: float = 3e-3
    width: int = 96


class _Trunk(nn.Module):
    """Fourier features of a state [b, d] and a number [b], then residual layers, to [b, out]."""

    frequencies: Tensor

    def __init__(self, dimension: int, width: int, out: int, detail: float) -> None:
        super().__init__()
        features = 32
        self.register_buffer("frequencies", detail * torch.randn(features, dimension + 1))
        self.enter = nn.Linear(2 * features + dimension + 1, width)
        self.layers = nn.ModuleList([nn.Linear(width, width) for _ in range(3)])
        self.leave = nn.Linear(width, out)

    def forward(self, x: Tensor, level: Tensor) -> Tensor:
        """Takes the state in unit variance, and log sigma / 4."""
        inputs = torch.cat([x, level[:, None]], 1)
        angles = inputs @ self.frequencies.T
        h = self.enter(torch.cat([angles.sin(), angles.cos(), inputs], 1))
        for layer in self.layers:
            h = h + layer(nn.functional.silu(h))
        out: Tensor = self.leave(nn.functional.silu(h))
        return out


@dataclass(frozen=True)
class _Network:
    """The trunk as a network for `NetworkDenoiser`."""

    trunk: _Trunk
    dtype: torch.dtype = torch.float32

    def __call__(self, x: Tensor, timestep: Tensor, condition: Condition | None) -> Tensor:
        out: Tensor = self.trunk(x, timestep.to(x))
        return out


def learn_denoiser(
    law: GaussianMixture, schedule: EDMSchedule, training: Training, seed: int
) -> NetworkDenoiser:
    """Train a denoiser on samples of a law; the seed determines the result on a given machine."""
    data, dimension = _Data(law, seed), law.means.shape[1]
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        trunk = _Trunk(dimension, training.width, dimension, detail=2.0)
    spread = float(data.clean(4096).std())
    prediction = EDMPreconditioning(spread)
    denoiser = NetworkDenoiser(_Network(trunk), schedule, prediction)

    def loss() -> Tensor:
        x0, sigma = data.clean(training.batch), data.sigma(training.batch)
        x = x0 + sigma * torch.randn(x0.shape, generator=data.generator)
        state, level = prediction.inputs(x, sigma, torch.ones(()), sigma)
        guess = prediction.x0(trunk(state, level[:, 0]), x, torch.ones(()), sigma)
        weight = (sigma**2 + spread**2) / (sigma * spread) ** 2
        return (weight * (guess - x0).square()).mean()

    _fit(trunk, loss, training)
    return denoiser


def learn_classifier(
    law: GaussianMixture, rest: GaussianMixture, training: Training, seed: int
) -> Callable[[Tensor, Tensor], Tensor]:
    """Train log p(law | x_t) against `rest`, both equally likely, under the EDM schedule.

    Returns:
        A differentiable function `(x [b, d], t) -> [b]` for `yuragi.guidance.Unclassified`.
    """
    first, second = _Data(law, seed), _Data(rest, seed + 1)
    # Guidance uses the gradient, which high frequencies would make noisy.
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        trunk = _Trunk(law.means.shape[1], training.width, 1, detail=0.3)

    def logit(x: Tensor, sigma: Tensor) -> Tensor:
        scaled = x / (1 + sigma**2).sqrt()
        out: Tensor = trunk(scaled, sigma.log()[:, 0] / 4)
        return out[:, 0]

    def loss() -> Tensor:
        half = training.batch // 2
        x0 = torch.cat([first.clean(half), second.clean(half)])
        sigma = first.sigma(2 * half)
        x = x0 + sigma * torch.randn(x0.shape, generator=first.generator)
        truth = torch.arange(2 * half).lt(half).to(x)
        return nn.functional.binary_cross_entropy_with_logits(logit(x, sigma), truth)

    _fit(trunk, loss, training)

    def log_prob(x: Tensor, t: Tensor) -> Tensor:
        sigma = t.to(torch.float32).expand(len(x), 1)
        return nn.functional.logsigmoid(logit(x.to(torch.float32), sigma)).to(x)

    return log_prob


class _Data:
    """Fresh samples of a law, and noise levels, all from one generator."""

    def __init__(self, law: GaussianMixture, seed: int) -> None:
        self.law, self.generator = law, torch.Generator().manual_seed(seed)
        self._clean = torch.ones((), dtype=F64), torch.zeros((), dtype=F64)

    def clean(self, count: int) -> Tensor:
        """Samples [count, d], float32."""
        return self.law.sample(count, *self._clean, self.generator).to(torch.float32)

    def sigma(self, count: int) -> Tensor:
        """Noise levels [count, 1]: log-normal at small scales, one in four over the whole range."""
        normal = torch.randn(count, 1, generator=self.generator)
        wide = -4.6 + 7.6 * torch.rand(count, 1, generator=self.generator)
        pick = torch.rand(count, 1, generator=self.generator) < 0.25
        return torch.where(pick, wide, -1.5 + 1.5 * normal).exp()


def _fit(module: nn.Module, loss: Callable[[], Tensor], training: Training) -> None:
    """Train with Adam and cosine decay, then freeze the module."""
    optimizer = torch.optim.Adam(module.parameters(), training.learning_rate)
    decay = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, training.steps)
    with torch.enable_grad():
        for _ in range(training.steps):
            optimizer.zero_grad()
            torch.autograd.backward(loss())
            optimizer.step()
            decay.step()
    module.eval().requires_grad_(False)
