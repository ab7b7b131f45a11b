r"""The effect of sampling on an edit: the KL to the law of the data along the chain, for any eta.

    gaussian_golden     the KL at the clean end of the golden Gaussian case, by eta, in closed form
    gaussian_measured   the same from steps of DDIM(eta), extrapolated to infinitely many steps
    curves              the KL and Fisher information of an edited law on the line, by eta and
                        level, from densities on a grid after every step; for eta = 0 by change
                        of variables
    rate                the loss of KL per unit of log-SNR: measured, and eta^2 sigma^2 F
    forgetting          rho(t0): the share of an edit that full noise keeps, by the variance of its
                        direction
    toy                 the paper's picture: samples from the right prior and from wrong priors

Source: Nie et al. 2024 (arXiv 2311.01410), section 3 and appendix D.
"""

from __future__ import annotations

from itertools import pairwise
from typing import Any, TypeAlias

import torch
from torch import Tensor

from yuragi.core.mixture import GaussianMixture, MixtureDenoiser
from yuragi.core.schedule import VPSchedule
from yuragi.core.table import TableSchedule, scaled_linear_betas
from yuragi.research.lab.noise import StateNoise
from yuragi.research.lab.problems import line
from yuragi.research.metrics.energy import energy_distance
from yuragi.research.metrics.mixture_kl import Line, Mismatch, correlation
from yuragi.sample import integrate
from yuragi.solver.ddim import DDIM

__all__ = ["ETAS", "PRIORS", "TOY", "contraction", "curve", "measured_golden", "toy_samples"]

F64 = torch.float64
Table: TypeAlias = dict[str, Any]
VP = VPSchedule()
TOY = line([-2.0, 2.0], 0.3)
"""The paper's toy: two modes."""
ETAS = (0.0, 0.3, 0.6, 1.0)
GOLDEN_ETAS = (0.0, 0.5, 1.0, 1.5)
GRID = Line(torch.linspace(-7, 7, 1601, dtype=F64))
TIMES = torch.linspace(1, 1e-3, 201, dtype=F64)
PRIORS = {"right": (0.0, 1.0), "shifted": (1.0, 0.5), "narrow": (0.0, 0.4)}
"""Laws of the state at full noise, as (mean, standard deviation); the first is the true one."""
VARIANCES = (1.0, 0.25, 0.05, 0.01)
STRENGTHS = (0.2, 0.4, 0.6, 0.8)


def contraction(samples: int = 20_000, steps: int = 200, seed: int = 0) -> Table:
    """All tables, ready for JSON.

    Args:
        samples: the number of draws of each toy sampler.
        steps: the number of steps of each toy sampler.
        seed: the seed of its noise.
    """
    curves = {eta: curve(eta) for eta in ETAS}
    return {
        "gaussian_golden": {f"{eta:g}": _golden(eta) for eta in GOLDEN_ETAS},
        "gaussian_measured": {f"{eta:g}": measured_golden(eta) for eta in GOLDEN_ETAS},
        "curves": {f"{eta:g}": found for eta, found in curves.items()},
        "rate": {f"{eta:g}": _rate(eta, curves[eta]) for eta in ETAS if eta > 0},
        "forgetting": _forgetting(),
        "toy": _toy(samples, steps, seed),
    }


def _golden_case() -> tuple[Tensor, Tensor, GaussianMixture, Mismatch]:
    """Data N(2, 0.25) from t = 0.6 to s = 0.02; the edited law at t is N(-0.3, 0.6)."""
    t, s = torch.tensor([0.6, 0.02], dtype=F64)
    alpha, sigma = VP(t)
    variance = (alpha**2 * 0.25 + sigma**2).item()
    start = Mismatch((-0.3 - 2 * alpha.item()) / variance**0.5, 0.6 / variance)
    return t, s, line([2.0], 0.5), start


def _golden(eta: float) -> float:
    t, s, _, start = _golden_case()
    return start.carried(correlation(VP, 0.25, s, t).item(), eta).kl


def measured_golden(eta: float, steps: int = 800) -> float:
    """The golden KL from solver steps, extrapolated from two runs (DDIM is of order 1)."""
    coarse, fine = _stepped_golden(eta, steps), _stepped_golden(eta, 2 * steps)
    return fine**2 / coarse


def _stepped_golden(eta: float, steps: int) -> float:
    """Propagate mean and variance through every step, which is affine for Gaussian data."""
    t, s, data, _ = _golden_case()
    denoiser, solver = MixtureDenoiser(data, VP), DDIM(eta)
    alpha, sigma = VP(torch.stack([t, s]))
    low, high = (alpha / sigma).log()
    # Columns: the data's own marginal, and the edited law.
    variance = torch.stack([0.25 * alpha[0] ** 2 + sigma[0] ** 2, torch.tensor(0.6, dtype=F64)])
    mean = torch.stack([2 * alpha[0], torch.tensor(-0.3, dtype=F64)])
    probe = torch.tensor([[0.0], [1.0]], dtype=F64)
    for here, there in pairwise(VP.time(torch.linspace(low, high, steps + 1, dtype=F64))):
        (out, std), _ = solver.step(denoiser, probe, here, there, None)
        slope = out[1, 0] - out[0, 0]
        mean, variance = slope * mean + out[0, 0], slope**2 * variance + std**2
    gap = ((mean[1] - mean[0]) / variance[0].sqrt()).item()
    return Mismatch(gap, (variance[1] / variance[0]).item()).kl


def curve(eta: float, prior: str = "shifted") -> Table:
    """The KL and Fisher information of the edited law at every level of `TIMES`.

    With noise, the law of the data goes through the same steps as the edited one, so the KL never
    rises, whatever the step size. Without noise, points move along the ODE with their probability,
    and the KL is taken to the exact marginal of the data, so that any change is integration error.
    """
    walk = _noisy_curve if eta > 0 else _ode_curve
    kls, fishers = walk(eta, prior)
    levels = [(sigma / alpha).item() for alpha, sigma in map(VP, TIMES)]
    return {"noise": levels, "kl": kls, "fisher": fishers}


def _start(prior: str) -> Tensor:
    mean, std = PRIORS[prior]
    return GRID.density(torch.exp(-0.5 * ((GRID.points - mean) / std) ** 2))


def _noisy_curve(eta: float, prior: str) -> tuple[list[float], list[float]]:
    denoiser, solver = MixtureDenoiser(TOY, VP), DDIM(eta)
    own = GRID.density(TOY.log_prob(GRID.points[:, None], *VP(TIMES[0])).exp())
    laws = torch.stack([own, _start(prior)])
    kls, fishers = [GRID.kl(laws[1], laws[0])], [GRID.fisher(laws[1], laws[0])]
    for t, s in pairwise(TIMES):
        (mean, std), _ = solver.step(denoiser, GRID.points[:, None], t, s, None)
        laws = GRID.push(laws, mean[:, 0], std.item())
        kls.append(GRID.kl(laws[1], laws[0]))
        fishers.append(GRID.fisher(laws[1], laws[0]))
    return kls, fishers


def _ode_curve(eta: float, prior: str) -> tuple[list[float], list[float]]:
    """Move points with their probability; the slope of the map gives the density."""
    denoiser, solver = MixtureDenoiser(TOY, VP), DDIM(eta)
    start = _start(prior)
    kept = start > 1e-12
    x, share, log_p = GRID.points[kept, None], start[kept] * GRID.gap, start[kept].log()
    kls, fishers = [], []
    for k, t in enumerate(TIMES):
        if k:
            leaf = x.detach().requires_grad_()
            with torch.enable_grad():
                out = solver.step(denoiser, leaf, TIMES[k - 1], t, None)[0].mean
                (slope,) = torch.autograd.grad(out.sum(), leaf)
            x, log_p = out.detach(), log_p - slope[:, 0].log()
        log_q = TOY.log_prob(x, *VP(t))
        kls.append((share * (log_p - log_q)).sum().item())
        gap = (log_p - log_q).diff() / x[:, 0].diff()
        fishers.append(((share[1:] + share[:-1]) / 2 * gap**2).sum().item())
    return kls, fishers


def _rate(eta: float, found: Table) -> list[dict[str, float]]:
    """The loss of KL per unit of log-SNR in every twentieth step, measured and predicted."""
    noise = torch.tensor(found["noise"], dtype=F64)
    rows = []
    for k in range(5, len(noise) - 1, 20):
        loss = (found["kl"][k] - found["kl"][k + 1]) / (noise[k] / noise[k + 1]).log().item()
        middle = (found["fisher"][k] + found["fisher"][k + 1]) / 2
        sigma = (VP(TIMES[k])[1] * VP(TIMES[k + 1])[1]).item()
        rows.append(
            {
                "noise": (noise[k] * noise[k + 1]).sqrt().item(),
                "measured": loss,
                "predicted": eta**2 * sigma * middle,
            }
        )
    return rows


def _forgetting() -> Table:
    """The correlation of the clean state and that at t0, with Stable Diffusion's schedule."""
    schedule = TableSchedule.from_betas(scaled_linear_betas())
    clean = torch.tensor(schedule.clean, dtype=F64)
    rows = {}
    for strength in STRENGTHS:
        t = torch.tensor(round(strength * 1000) - 1, dtype=F64)
        rows[f"{strength:g}"] = [
            correlation(schedule, variance, clean, t).item() for variance in VARIANCES
        ]
    return {"variances": list(VARIANCES), "rho": rows}


def toy_samples(prior: str, eta: float, count: int, steps: int, seed: int) -> Tensor:
    """End samples [count] of the toy from a prior of `PRIORS`."""
    times = torch.linspace(1, 1e-3, steps + 1, dtype=F64)
    mean, std = PRIORS[prior]
    start = StateNoise(seed, "start")(0, torch.zeros(count, 1, dtype=F64))
    denoiser, noise = MixtureDenoiser(TOY, VP), StateNoise(seed, "steps")
    return integrate(denoiser, DDIM(eta), mean + std * start, times, noise)[:, 0]


def _toy(count: int, steps: int, seed: int) -> Table:
    """The energy distance of samples to the data, and the share of one mode (0.5 is correct)."""
    one, zero = torch.ones((), dtype=F64), torch.zeros((), dtype=F64)
    truth = TOY.sample(count, one, zero, torch.Generator().manual_seed(seed))
    report: Table = {}
    for prior in PRIORS:
        report[prior] = {}
        for eta in (0.0, 1.0):
            ends = toy_samples(prior, eta, count, steps, seed)
            report[prior][f"{eta:g}"] = {
                "energy_distance": energy_distance(ends[:, None], truth),
                "right_mode": (ends > 0).double().mean().item(),
            }
    return report
