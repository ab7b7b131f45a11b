r"""Problems for guidance: pairs of Gaussian mixtures, the conditional law c and the guidance law u.

`named` contains the eight problems of the comparison. Those on the line are given by numbers. For
the two in the plane, only the kind is published (three anisotropic Gaussians with standard
deviations .3-.45 x .1-.12). Their means and angles are our choice, so their path-KLs agree with
other suites only in order of magnitude.

`family` draws further problems of the same four kinds at random, so that a default can be chosen
on some of them and reported on others.

References: the toys of Gao et al. 2025 (arXiv 2501.18865; "paper" and "ckpt" are the two settings
of its released one-dimensional experiment) and of Karras et al. 2024 (arXiv 2406.02507).
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType

import torch
from torch import Tensor

from yuragi.core.mixture import GaussianMixture
from yuragi.errors import InputError

__all__ = ["Problem", "family", "line", "mixed", "named", "plane"]

F64 = torch.float64


@dataclass(frozen=True, eq=False)
class Problem:
    """Guidance away from `guide` towards `conditional`.

    Args:
        name: the name, which is unique within a report and begins with the dimension.
        conditional: the conditional law c.
        guide: the guidance law u.
        exact: whether guidance without any correction is exact (a pure mean shift), so that ratios
            of path-KLs have no meaning.
    """

    name: str
    conditional: GaussianMixture
    guide: GaussianMixture
    exact: bool = False

    @property
    def dimension(self) -> int:
        """The number of dimensions of a sample."""
        return self.conditional.means.shape[1]


def line(means: Sequence[float], std: float | Sequence[float]) -> GaussianMixture:
    """A mixture on the line with equal weights; one standard deviation, or one per component."""
    stds = [std] * len(means) if isinstance(std, int | float) else std
    k = len(means)
    variances = torch.tensor(stds, dtype=F64)[:, None] ** 2
    weights = torch.full((k,), 1 / k, dtype=F64)
    return GaussianMixture.diagonal(weights, torch.tensor(means, dtype=F64)[:, None], variances)


def plane(
    means: Sequence[tuple[float, float]], ellipses: Sequence[tuple[float, float, float]]
) -> GaussianMixture:
    """A mixture in the plane with equal weights.

    An ellipse is (long std, short std, angle of the long axis).
    """
    covariances = []
    for long, short, angle in ellipses:
        cos, sin = math.cos(angle), math.sin(angle)
        turn = torch.tensor([[cos, -sin], [sin, cos]], dtype=F64)
        covariances.append(turn @ torch.tensor([long**2, short**2], dtype=F64).diag() @ turn.mT)
    k = len(means)
    weights = torch.full((k,), 1 / k, dtype=F64)
    return GaussianMixture(weights, torch.tensor(means, dtype=F64), torch.stack(covariances))


def mixed(share: float, first: GaussianMixture, second: GaussianMixture) -> GaussianMixture:
    """The marginal share * first + (1 - share) * second, which contains the class `first`."""
    return GaussianMixture(
        torch.cat([share * first.weights, (1 - share) * second.weights]),
        torch.cat([first.means, second.means]),
        torch.cat([first.covariances, second.covariances]),
    )


def blurred(mixture: GaussianMixture, shrink: float, widen: float, add: float) -> GaussianMixture:
    """The law of a worse model: means times shrink, covariances times widen plus add * I."""
    covariances = widen * mixture.covariances + add * torch.eye(mixture.means.shape[1], dtype=F64)
    return GaussianMixture(mixture.weights, shrink * mixture.means, covariances)


def _named() -> dict[str, Problem]:
    two = line([0.5, 1.5], 0.25)
    three = plane(
        [(-1.0, 1.0), (1.0, 0.6), (0.1, -0.5)],
        [(0.45, 0.10, 0.3), (0.30, 0.12, 1.4), (0.40, 0.11, 2.4)],
    )
    others = plane(
        [(-1.2, -0.6), (1.3, -0.7), (0.1, 1.5)],
        [(0.40, 0.12, 2.0), (0.35, 0.10, 0.9), (0.45, 0.11, 0.1)],
    )
    rest = line([-1.5, -0.2], 0.35)
    problems = [
        Problem("1D-mean-shift", line([1.0], 0.5), line([0.0], 0.5), exact=True),
        Problem("1D-sharpen", line([0.5], 0.3), line([0.0], 1.0)),
        Problem("1D-ckpt", two, line([-2.0, 0.0], 0.5)),
        Problem("1D-paper", two, line([-1.0, 1.0], 0.5)),
        Problem("1D-marginal", two, mixed(0.3, two, rest)),
        Problem("1D-autoG", line([-1.0, 1.0], 0.25), line([-1.0, 1.0], 0.45)),
        Problem("2D-marginal", three, mixed(0.3, three, others)),
        Problem("2D-autoG", three, blurred(three, 0.9, 1.5, 0.04)),
    ]
    return {problem.name: problem for problem in problems}


named: Mapping[str, Problem] = MappingProxyType(_named())
"""The problems of the comparison, by name."""


def family(seed: int, count: int, dimension: int) -> list[Problem]:
    """`count` random problems; the kinds marginal, autoG, sharpen and shift alternate.

    Raises:
        InputError: the dimension is not 1 to 3.
    """
    if dimension not in (1, 2, 3):
        raise InputError("dimension", dimension, "1 to 3")
    generator = torch.Generator().manual_seed(1000 * dimension + seed)
    problems = []
    for i in range(count):
        kind = list(_KINDS)[i % len(_KINDS)]
        conditional = _random(generator, 2 + i % 2, dimension, 1.5, (0.15, 0.4))
        guide = _KINDS[kind](generator, conditional)
        problems.append(Problem(f"{dimension}D-{kind}-{seed}-{i}", conditional, guide))
    return problems


def _marginal(generator: torch.Generator, conditional: GaussianMixture) -> GaussianMixture:
    rest = _random(generator, 3, conditional.means.shape[1], 2.0, (0.2, 0.5))
    return mixed(_uniform(generator, 0.15, 0.5), conditional, rest)


def _autoguidance(generator: torch.Generator, conditional: GaussianMixture) -> GaussianMixture:
    shrink, widen = _uniform(generator, 0.85, 1.0), _uniform(generator, 1.2, 2.0)
    return blurred(conditional, shrink, widen, _uniform(generator, 0.01, 0.08))


def _sharpen(generator: torch.Generator, conditional: GaussianMixture) -> GaussianMixture:
    """One wide Gaussian near the conditional law."""
    return _random(generator, 1, conditional.means.shape[1], 0.5, (0.9, 1.5))


def _shift(generator: torch.Generator, conditional: GaussianMixture) -> GaussianMixture:
    """The same law, shifted and slightly wider."""
    wider = blurred(conditional, 1.0, _uniform(generator, 1.02, 1.2), 0.0)
    distance = torch.tensor(
        [_uniform(generator, 0.2, 0.6) for _ in range(conditional.means.shape[1])], dtype=F64
    )
    return GaussianMixture(wider.weights, wider.means - distance, wider.covariances)


_KINDS: Mapping[str, Callable[[torch.Generator, GaussianMixture], GaussianMixture]] = {
    "marginal": _marginal,
    "autoG": _autoguidance,
    "sharpen": _sharpen,
    "shift": _shift,
}


def _random(
    generator: torch.Generator, count: int, dimension: int, reach: float, std: tuple[float, float]
) -> GaussianMixture:
    """Equal weights, means within +-reach, and standard deviations in `std` along random axes."""
    means = reach * (2 * torch.rand(count, dimension, generator=generator, dtype=F64) - 1)
    stds = std[0] + (std[1] - std[0]) * torch.rand(count, dimension, generator=generator, dtype=F64)
    turns, _ = torch.linalg.qr(
        torch.randn(count, dimension, dimension, generator=generator, dtype=F64)
    )
    covariances: Tensor = turns @ torch.diag_embed(stds**2) @ turns.mT
    weights = torch.full((count,), 1 / count, dtype=F64)
    return GaussianMixture(weights, means, (covariances + covariances.mT) / 2)


def _uniform(generator: torch.Generator, low: float, high: float) -> float:
    return low + (high - low) * torch.rand((), generator=generator, dtype=F64).item()
