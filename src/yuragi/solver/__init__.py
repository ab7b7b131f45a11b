"""Solvers: stateless steps from one noise level to the next, and the names users know them by."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType

from yuragi.core.noise import Noise, no_noise
from yuragi.errors import InputError
from yuragi.solver.base import Levels, Memory, Solver, levels
from yuragi.solver.churn import Churn
from yuragi.solver.ddim import DDIM
from yuragi.solver.dpmpp import DPMSolverPP
from yuragi.solver.heun import Heun
from yuragi.solver.inversion import DDIMInversion

__all__ = [
    "DDIM",
    "Churn",
    "DDIMInversion",
    "DPMSolverPP",
    "Heun",
    "Levels",
    "Memory",
    "Solver",
    "levels",
    "make_solver",
    "solvers",
]

solvers: Mapping[str, Callable[[Noise], Solver]] = MappingProxyType(
    {
        "ddim": lambda noise: DDIM(0.0),
        "ddpm": lambda noise: DDIM(1.0),
        "euler": lambda noise: DDIM(0.0),  # the same method, see `yuragi.solver.ddim`
        "dpm++": lambda noise: DPMSolverPP(order=1),
        "dpm++2m": lambda noise: DPMSolverPP(order=2),
        "sde-dpm++": lambda noise: DPMSolverPP(order=1, stochastic=True),
        "sde-dpm++2m": lambda noise: DPMSolverPP(order=2, stochastic=True),
        "heun": lambda noise: Heun(),
        "churn": lambda noise: Churn(noise),
    }
)
"""Name -> maker. The noise is for a solver whose noise enters its mean; others are handed theirs
by `integrate`."""


def make_solver(name: str, eta: float | None = None, noise: Noise = no_noise) -> Solver:
    """The solver of that name.

    Args:
        name: a key of `solvers`.
        eta: overrides the noise of "ddim"; other names have theirs built in.
        noise: needed by "churn" only.

    Raises:
        InputError: an unknown name, a negative eta, or eta with another solver than "ddim".
    """
    if name not in solvers:
        raise InputError("solver", name, "one of " + ", ".join(solvers))
    if eta is None:
        return solvers[name](noise)
    if name != "ddim":
        raise InputError("eta", eta, f'none with solver "{name}"; only "ddim" takes one')
    return DDIM(eta)
