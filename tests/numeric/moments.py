r"""Exact laws of samplers on Gaussian data, and measured orders of convergence.

With Gaussian data the denoiser is affine, so a whole sampler, with whatever memory, is an affine
map of its start and its noises: x_end = A x_start + B + sum_i c_i z_i. One run of `integrate` on
a batch reads off every coefficient (row 0: nothing, row 1: unit start, row i + 2: unit noise at
step i), and mean and variance of the result follow without Monte Carlo.

`PYTHONPATH=src python tests/numeric/moments.py` prints the table of orders.
"""

import math
from functools import cache

import torch

from yuragi.core import (
    EDMSchedule,
    FlowSchedule,
    GaussianMixture,
    MixtureDenoiser,
    TableSchedule,
    VPSchedule,
    cosine_betas,
    scaled_linear_betas,
)
from yuragi.sample import integrate
from yuragi.solver import DDIM, Churn, DPMSolverPP, Heun

F64 = torch.float64

SCHEDULES = {
    "vp": VPSchedule(),
    "edm": EDMSchedule(),
    "flow": FlowSchedule(),
    "flow-shift3": FlowSchedule(shift=3.0),
    "table": TableSchedule.from_betas(scaled_linear_betas()),
    "table-zero-snr": TableSchedule.from_betas(scaled_linear_betas(), rescale_betas_zero_snr=True),
    # Its last entries have alpha = 4.9e-5, 1.6e-3, ...: sigma / alpha falls by thousands in a step.
    "table-cosine": TableSchedule.from_betas(cosine_betas()),
}

# name -> (noise, steps) -> solver, each as it ships.
SOLVERS = {
    "ddim-0": lambda noise, steps: DDIM(0.0),
    "ddim-0.5": lambda noise, steps: DDIM(0.5),
    "ddim-1": lambda noise, steps: DDIM(1.0),
    "dpm++1": lambda noise, steps: DPMSolverPP(order=1),
    "dpm++2m": lambda noise, steps: DPMSolverPP(order=2),
    "sde-dpm++1": lambda noise, steps: DPMSolverPP(order=1, stochastic=True),
    "sde-dpm++2m": lambda noise, steps: DPMSolverPP(order=2, stochastic=True),
    "heun": lambda noise, steps: Heun(),
    "churn": Churn,
}

# lambda of the SDE family dx = [f x - (1 + lambda^2)/2 g^2 score] dt + lambda g dw.
LAMBDAS = {"ddim-0.5": 0.5, "ddim-1": 1.0, "sde-dpm++1": 1.0, "sde-dpm++2m": 1.0}

MEANS = torch.tensor([[1.0, -0.5, 2.0]], dtype=F64)
VARIANCES = torch.tensor([[1.5, 0.25, 0.02]], dtype=F64)
GAUSSIAN = GaussianMixture.diagonal(torch.ones(1, dtype=F64), MEANS, VARIANCES)
BIMODAL = GaussianMixture.diagonal(
    torch.tensor([0.3, 0.7], dtype=F64),
    torch.tensor([[-1.5], [1.0]], dtype=F64),
    torch.tensor([[0.09], [0.16]], dtype=F64),
)


class Probe:
    """Row i + 2 gets a unit noise at step i, every other row none."""

    def __call__(self, step, like):
        z = torch.zeros_like(like)
        z[step + 2] = 1
        return z


def marginal(schedule, t):
    """Mean and variance [d] of the data's marginal at time t."""
    alpha, sigma = schedule(t)
    return alpha * MEANS[0], alpha**2 * VARIANCES[0] + sigma**2


def sampled_law(make, schedule, times, mean, variance):
    """Exact mean and variance [d] of the sampler's result from a start N(mean, variance)."""
    steps, dims = len(times) - 1, MEANS.shape[1]
    x = torch.zeros(steps + 2, dims, dtype=F64)
    x[1] = 1
    probe = Probe()
    out = integrate(MixtureDenoiser(GAUSSIAN, schedule), make(probe, steps), x, times, noise=probe)
    slope, noises = out[1] - out[0], out[2:] - out[0]
    return slope * mean + out[0], slope**2 * variance + (noises**2).sum(0)


def exact_law(schedule, t, s, lam, mean, variance):
    """The continuous process's law at s (spec 1.4): delta and R - 1 shrink by rho^(lambda^2)."""
    (mean_t, var_t), (mean_s, var_s) = marginal(schedule, t), marginal(schedule, s)
    rho = schedule(t)[0] / schedule(s)[0] * (var_s / var_t).sqrt()
    c = rho ** (lam**2)
    delta = c * (mean - mean_t) / var_t.sqrt()
    ratio = 1 + c**2 * (variance / var_t - 1)
    return mean_s + delta * var_s.sqrt(), ratio * var_s


def log_snr_grid(schedule, steps, low=-2.0, high=2.5):
    return schedule.time(torch.linspace(low, high, steps + 1, dtype=F64))


def slope(counts, errors):
    """The exponent of errors ~ counts^-p by least squares; infinite if all errors are rounding."""
    if max(errors) < 1e-12:
        return math.inf
    x = torch.tensor([math.log(n) for n in counts], dtype=F64)
    y = torch.tensor([math.log(e) for e in errors], dtype=F64)
    x, y = x - x.mean(), y - y.mean()
    return -((x * y).sum() / (x * x).sum()).item()


def moment_orders(name, schedule, counts=(32, 64, 128)):
    """Measured orders (mean, variance) from a start that is off the marginal.

    For churn, whose continuous limit has a noise rate of its own, from the marginal.
    """
    means, variances = [], []
    for steps in counts:
        times = log_snr_grid(schedule, steps)
        mean, variance = marginal(schedule, times[0])
        if name != "churn":
            mean, variance = mean + 0.7, 1.6 * variance
        lam = LAMBDAS.get(name, 0.0)
        got = sampled_law(SOLVERS[name], schedule, times, mean, variance)
        want = exact_law(schedule, times[0], times[-1], lam, mean, variance)
        means.append((got[0] - want[0]).abs().max().item())
        variances.append((got[1] - want[1]).abs().max().item())
    return slope(counts, means), slope(counts, variances)


def trajectories(solver, schedule, steps):
    """Where the ODE carries 31 points, on a bimodal (nonlinear) mixture."""
    alpha, sigma = schedule(log_snr_grid(schedule, 1)[0])
    x = torch.linspace(-2.5, 2.5, 31, dtype=F64)[:, None] * (alpha**2 + sigma**2).sqrt()
    denoiser = MixtureDenoiser(BIMODAL, schedule)
    return integrate(denoiser, solver, x, log_snr_grid(schedule, steps))


@cache
def reference_trajectories(schedule):
    """Extrapolated: its error is far below that of the finest run under test."""
    fine, coarse = (trajectories(Heun(), schedule, steps) for steps in (2048, 1024))
    return fine + (fine - coarse) / 3


def path_order(name, schedule, counts=(64, 128, 256)):
    """Measured order of an ODE solver's trajectories."""
    reference = reference_trajectories(schedule)
    errors = [
        (trajectories(SOLVERS[name](None, steps), schedule, steps) - reference).abs().mean().item()
        for steps in counts
    ]
    return slope(counts, errors)


def order_table(schedules=("vp", "edm", "flow")):
    """Rows (solver, schedule, declared, mean, variance, trajectory or None)."""
    rows = []
    for name in SOLVERS:
        solver = SOLVERS[name](None, 64)
        for key in schedules:
            mean, variance = moment_orders(name, SCHEDULES[key])
            path = None if solver.stochastic else path_order(name, SCHEDULES[key])
            rows.append((name, key, solver.order, mean, variance, path))
    return rows


if __name__ == "__main__":
    print(f"{'solver':12} {'schedule':9} declared     mean variance     path")
    for name, key, declared, mean, variance, path in order_table():
        measured = (
            "-" if p is None else "exact" if p == math.inf else f"{p:.3f}"
            for p in (mean, variance, path)
        )
        print(f"{name:12} {key:9} {declared:8d}", *(f"{m:>8}" for m in measured))
