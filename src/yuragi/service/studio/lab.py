"""The data of the page about randomness: samples of an exactly known distribution in the plane.

KL divergences are estimated from n samples by their nearest neighbours (Kozachenko and Leonenko
1987): with r_i the distance of sample i to its k-th neighbour among the others,

    H = psi(n) - psi(k) + log(pi) + 2 mean log r,      KL = -H - mean log p(x_i)
"""

from __future__ import annotations

import math
from functools import lru_cache
from typing import TYPE_CHECKING, Annotated

from fastapi import APIRouter, Query

from yuragi.service.studio.wire import Clouds

if TYPE_CHECKING:
    from torch import Tensor

    from yuragi.core.denoiser import Denoiser
    from yuragi.core.mixture import GaussianMixture

__all__ = ["router"]

router = APIRouter(prefix="/lab")
SAMPLES, STEPS, NEIGHBOUR = 1000, 50, 4
SHOWN = 600
SHIFT = (0.5, 0.4)
"""How far an edit shifts the clean samples: off the distribution, like a dragged patch."""


@router.get("/randomness")
def randomness(
    eta: Annotated[float, Query(ge=0, le=1.5)] = 1.0,
    level: Annotated[float, Query(ge=0.1, le=5)] = 1.0,
    seed: Annotated[int, Query(ge=0, le=2**31)] = 0,
) -> list[Clouds]:
    """Samples of the distribution, edited samples, and these after adding noise and sampling.

    Args:
        eta: the noise of the sampler; 0 is the ODE, 1 the SDE.
        level: the sigma / alpha up to which noise is added to the edited samples.
        seed: the seed of the samples.
    """
    import torch

    from yuragi.core import RecordedNoise, VPSchedule
    from yuragi.core.mixture import MixtureDenoiser
    from yuragi.sample import integrate
    from yuragi.solver import DDIM

    law, schedule = _laws()[0], VPSchedule()
    times = _times(schedule, level)
    right = _drawn(law, seed)
    edited = right + torch.tensor(SHIFT, dtype=right.dtype)
    alpha, sigma = schedule(times[0])
    noise = RecordedNoise([_normal(seed + 2 + step) for step in range(STEPS)])
    state = alpha * edited + sigma * _normal(seed + 1)
    made = integrate(MixtureDenoiser(law, schedule), DDIM(eta), state, times, noise)
    named = {"law": right, "edited": edited, "sampled": made}
    one, zero = torch.ones((), dtype=right.dtype), torch.zeros((), dtype=right.dtype)
    return [_cloud(name, x, law.log_prob(x, one, zero)) for name, x in named.items()]


@router.get("/guidance")
def guidance(
    scale: Annotated[float, Query(ge=1, le=8)] = 3.0,
    seed: Annotated[int, Query(ge=0, le=2**31)] = 0,
) -> list[Clouds]:
    """Guided samples by gain, and how far they are from the distribution that guidance targets.

    That distribution is c (c / u)^(scale - 1), with c the conditional distribution and u the
    unconditional one.
    """
    from yuragi.core import VPSchedule
    from yuragi.core.mixture import MixtureDenoiser
    from yuragi.guidance import Guided, Ratio, RowSumForward, constant, plain
    from yuragi.sample import integrate
    from yuragi.solver import DDIM

    schedule = VPSchedule()
    strong, weak = (MixtureDenoiser(law, schedule) for law in _laws())
    times = _times(schedule, 20.0)
    start = schedule(times[0])[1] * _normal(seed + 1)
    denoisers: dict[str, Denoiser] = {"unguided": strong}
    for name, gain in (("cfg", plain), ("reg", RowSumForward()), ("ratio", Ratio())):
        denoisers[name] = Guided(strong, weak, constant(scale), gain)
    made = []
    for name, denoiser in denoisers.items():
        x = integrate(denoiser, DDIM(0.0), start, times)
        made.append(_cloud(name, x, _tilted(x, scale)))
    return made


@lru_cache(maxsize=1)
def _laws() -> tuple[GaussianMixture, GaussianMixture]:
    """A conditional distribution with three modes, and the unconditional one, which contains it."""
    import torch

    from yuragi.core.mixture import GaussianMixture

    def plane(
        means: list[tuple[float, float]], ellipses: list[tuple[float, float, float]]
    ) -> tuple[Tensor, Tensor]:
        turned = []
        for long, short, angle in ellipses:
            cos, sin = math.cos(angle), math.sin(angle)
            turn = torch.tensor([[cos, -sin], [sin, cos]], dtype=torch.float64)
            axes = torch.tensor([long**2, short**2], dtype=torch.float64).diag()
            turned.append(turn @ axes @ turn.mT)
        return torch.tensor(means, dtype=torch.float64), torch.stack(turned)

    means, spreads = plane(
        [(-1.0, 1.0), (1.0, 0.6), (0.1, -0.5)],
        [(0.45, 0.10, 0.3), (0.30, 0.12, 1.4), (0.40, 0.11, 2.4)],
    )
    more, wider = plane(
        [(-1.2, -0.6), (1.3, -0.7), (0.1, 1.5)],
        [(0.40, 0.12, 2.0), (0.35, 0.10, 0.9), (0.45, 0.11, 0.1)],
    )
    third = torch.full((3,), 1 / 3, dtype=torch.float64)
    everything = GaussianMixture(
        torch.cat([0.3 * third, 0.7 * third]), torch.cat([means, more]), torch.cat([spreads, wider])
    )
    return GaussianMixture(third, means, spreads), everything


def _times(schedule: object, level: float) -> Tensor:
    """Times from sigma / alpha = level to the clean end, evenly spaced in log level."""
    import torch

    from yuragi.core import VPSchedule

    assert isinstance(schedule, VPSchedule)
    levels = torch.linspace(math.log(level), math.log(0.005), STEPS, dtype=torch.float64)
    inner = torch.stack([schedule.time(-each) for each in levels])
    return torch.cat([inner, torch.tensor([schedule.clean], dtype=torch.float64)])


def _drawn(law: GaussianMixture, seed: int) -> Tensor:
    import torch

    one, zero = torch.ones((), dtype=torch.float64), torch.zeros((), dtype=torch.float64)
    return law.sample(SAMPLES, one, zero, torch.Generator().manual_seed(seed))


def _normal(seed: int) -> Tensor:
    import torch

    generator = torch.Generator().manual_seed(seed)
    return torch.randn(SAMPLES, 2, generator=generator, dtype=torch.float64)


def _tilted(x: Tensor, scale: float) -> Tensor:
    """The log density [n] of c (c / u)^(scale - 1), normalized on a grid."""
    import torch

    one, zero = torch.ones((), dtype=torch.float64), torch.zeros((), dtype=torch.float64)
    c, u = _laws()

    def log_prob(places: Tensor) -> Tensor:
        return scale * c.log_prob(places, one, zero) - (scale - 1) * u.log_prob(places, one, zero)

    axis = torch.linspace(-4, 4, 401, dtype=torch.float64)
    grid = torch.cartesian_prod(axis, axis)
    area = 2 * math.log(float(axis[1] - axis[0]))
    return log_prob(x) - (log_prob(grid).logsumexp(0) + area)


def _cloud(name: str, x: Tensor, log_prob: Tensor) -> Clouds:
    shown = [(round(a, 3), round(b, 3)) for a, b in x[:SHOWN].tolist()]
    return Clouds(name=name, points=shown, kl=_kl(x, log_prob))


def _kl(x: Tensor, log_prob: Tensor) -> float:
    import numpy as np
    from scipy.spatial import cKDTree
    from scipy.special import digamma

    places = x.numpy()
    radius = cKDTree(places).query(places, NEIGHBOUR + 1)[0][:, -1]
    logs = 2 * np.log(np.maximum(radius, 1e-12)).mean()
    entropy = digamma(len(x)) - digamma(NEIGHBOUR) + math.log(math.pi) + logs
    return max(0.0, float(-entropy - log_prob.mean()))
