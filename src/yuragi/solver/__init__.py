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


def _churn(noise: Noise, steps: int | None) -> Churn:
    if steps is None:
        raise InputError("steps", None, "how many the run has: churn shares its noise among them")
    return Churn(noise, steps)


solvers: Mapping[str, Callable[[Noise, int | None], Solver]] = MappingProxyType(
    {
        "ddim": lambda noise, steps: DDIM(0.0),
        "ddpm": lambda noise, steps: DDIM(1.0),
        "euler": lambda noise, steps: DDIM(0.0),  # the same method, see `yuragi.solver.ddim`
        "dpm++": lambda noise, steps: DPMSolverPP(order=1),
        "dpm++2m": lambda noise, steps: DPMSolverPP(order=2),
        "sde-dpm++": lambda noise, steps: DPMSolverPP(order=1, stochastic=True),
        "sde-dpm++2m": lambda noise, steps: DPMSolverPP(order=2, stochastic=True),
        "heun": lambda noise, steps: Heun(),
        "churn": _churn,
    }
)
"""Name -> maker from (noise, steps). Both are for a solver whose noise enters its mean; others are
handed theirs by `integrate`."""


def make_solver(
    name: str, eta: float | None = None, noise: Noise = no_noise, steps: int | None = None
) -> Solver:
    """The solver of that name.

    Args:
        name: a key of `solvers`.
        eta: overrides the noise of "ddim"; other names have theirs built in.
        noise: needed by "churn" only.
        steps: of the whole grid from pure noise; likewise.

    Raises:
        InputError: an unknown name, a negative eta, eta with another solver than "ddim", or "churn"
            without steps.
    """
    if name not in solvers:
        raise InputError("solver", name, "one of " + ", ".join(solvers))
    if eta is None:
        return solvers[name](noise, steps)
    if name != "ddim":
        raise InputError("eta", eta, f'none with solver "{name}"; only "ddim" takes one')
    return DDIM(eta)
