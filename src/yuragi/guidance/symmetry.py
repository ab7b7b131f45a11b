r"""Is a trained denoiser's Jacobian symmetric, and can differences see it?

The Jacobian of an exact denoiser is (alpha / sigma^2) Cov[x_0 | x_t], hence symmetric; gains that
use J v in place of J^T v rely on it. For independent random unit-variance p and q,

    kappa^2 = |J - J^T|^2 / |J|^2 = E (p^T J q - q^T J p)^2 / E (p^T J q)^2     (Frobenius norms)

because E (p^T A q)^2 = |A|^2. 0 means symmetric, 2 means no relation between J and J^T, and 4 means
antisymmetric.

`roughness` compares the finite difference with one of twice the step: it shows the errors from
rounding (a step too short) and from curvature (a step too long).

References: Hutchinson 1990 (probing with random vectors).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import torch
from torch import Tensor

from yuragi.core.denoiser import Denoiser
from yuragi.guidance.evaluate import evaluate
from yuragi.guidance.finite_difference import network_dtype, perturb, step_size
from yuragi.guidance.gain import rows

__all__ = ["Probe", "probe"]


class Probe(NamedTuple):
    """The results of random products with the Jacobian of a denoiser at one noise level.

    Attributes:
        kappa2: the asymmetry |J - J^T|^2 / |J|^2.
        roughness: the relative change of a difference when its step is doubled; root mean square.
    """

    kappa2: float
    roughness: float


def probe(denoiser: Denoiser, x: Tensor, t: Tensor, pairs: int = 4, seed: int = 0) -> Probe:
    """Probe the Jacobian at states x [b, *d]: b times `pairs` pairs of random vectors.

    Args:
        denoiser: the denoiser with its condition bound.
        x: states at this level.
        t: the time, 0-dim.
        pairs: the number of pairs of vectors for each state; each costs four evaluations.
        seed: the seed of the vectors.
    """
    generator = torch.Generator().manual_seed(seed)
    _, sigma = denoiser.schedule(t)
    dtype = network_dtype(denoiser, x)
    h = step_size(None, dtype) * sigma
    skew = size = change = drift = 0.0
    for _ in range(pairs):
        p, q = (
            torch.randn(x.shape, generator=generator).sign().to(x) for _ in range(2)
        )  # random signs have unit variance and the smallest variance of the estimate
        along_q, along_p, twice_q = _differences(
            denoiser, x, t, ((q, h), (p, h), (q, 2 * h)), dtype
        )
        pjq, qjp = _dot(p, along_q), _dot(q, along_p)
        skew += float((pjq - qjp).square().sum())
        size += float((pjq.square() + qjp.square()).sum()) / 2
        change += float((along_q - twice_q).square().sum())
        drift += float(along_q.square().sum())
    if size == 0 or drift == 0:  # the denoiser does not depend on the state
        return Probe(float("nan"), float("nan"))
    return Probe(skew / size, (change / drift) ** 0.5)


def _differences(
    denoiser: Denoiser,
    x: Tensor,
    t: Tensor,
    steps: Sequence[tuple[Tensor, Tensor]],
    dtype: torch.dtype,
) -> list[Tensor]:
    """(D(x + h v) - D(x)) / h for pairs (v, h), with steps that survive rounding; one batch."""
    moves = [perturb(x, direction, h, dtype) for direction, h in steps]
    x0, *there = evaluate([(denoiser, x), *((denoiser, moved) for moved, _ in moves)], t)
    return [
        (value - x0) / rows(_norm(change) / _norm(direction), x)
        for value, (_, change), (direction, _) in zip(there, moves, steps, strict=True)
    ]


def _norm(x: Tensor) -> Tensor:
    norm: Tensor = x.flatten(1).norm(dim=1)
    return norm


def _dot(a: Tensor, b: Tensor) -> Tensor:
    return (a.double() * b.double()).flatten(1).sum(1)
