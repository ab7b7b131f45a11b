"""Functions (noise, steps) -> solver for the built-in solvers; see `yuragi.solver.solvers`."""

from __future__ import annotations

from yuragi.core.noise import Noise
from yuragi.errors import InputError
from yuragi.solver.churn import Churn
from yuragi.solver.ddim import DDIM
from yuragi.solver.dpmpp import DPMSolverPP
from yuragi.solver.heun import Heun

__all__ = ["churn", "ddim", "ddpm", "dpmpp", "dpmpp_2m", "heun", "sde_dpmpp", "sde_dpmpp_2m"]


def ddim(noise: Noise, steps: int | None) -> DDIM:
    """DDIM without noise."""
    return DDIM(0.0)


def ddpm(noise: Noise, steps: int | None) -> DDIM:
    """Ancestral sampling."""
    return DDIM(1.0)


def dpmpp(noise: Noise, steps: int | None) -> DPMSolverPP:
    """DPM-Solver++ of first order."""
    return DPMSolverPP(order=1)


def dpmpp_2m(noise: Noise, steps: int | None) -> DPMSolverPP:
    """DPM-Solver++ of second order."""
    return DPMSolverPP(order=2)


def sde_dpmpp(noise: Noise, steps: int | None) -> DPMSolverPP:
    """DPM-Solver++ of first order, as an SDE."""
    return DPMSolverPP(order=1, stochastic=True)


def sde_dpmpp_2m(noise: Noise, steps: int | None) -> DPMSolverPP:
    """DPM-Solver++ of second order, as an SDE."""
    return DPMSolverPP(order=2, stochastic=True)


def heun(noise: Noise, steps: int | None) -> Heun:
    """Heun's method."""
    return Heun()


def churn(noise: Noise, steps: int | None) -> Churn:
    """EDM's stochastic sampler.

    Raises:
        InputError: the number of steps is missing.
    """
    if steps is None:
        raise InputError("steps", None, "the number of steps, among which churn shares its noise")
    return Churn(noise, steps)
