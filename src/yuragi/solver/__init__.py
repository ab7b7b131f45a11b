"""Solvers: stateless steps from one noise level to the next, and their names."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeAlias

from yuragi.core.noise import Noise, no_noise
from yuragi.errors import InputError
from yuragi.registry import Registry
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
    "Maker",
    "Memory",
    "Solver",
    "levels",
    "make_solver",
    "solvers",
]


Maker: TypeAlias = Callable[[Noise, int | None], Solver]
"""(noise, steps) -> solver. Only a solver whose noise enters its mean uses them; other solvers
receive their noise from `integrate`."""

_HERE = "yuragi.solver.makers"
solvers: Registry[Maker] = Registry(
    "yuragi.solvers",
    {
        "ddim": f"{_HERE}:ddim",
        "ddpm": f"{_HERE}:ddpm",
        "euler": f"{_HERE}:ddim",  # the same method, see `yuragi.solver.ddim`
        "dpm++": f"{_HERE}:dpmpp",
        "dpm++2m": f"{_HERE}:dpmpp_2m",
        "sde-dpm++": f"{_HERE}:sde_dpmpp",
        "sde-dpm++2m": f"{_HERE}:sde_dpmpp_2m",
        "heun": f"{_HERE}:heun",
        "churn": f"{_HERE}:churn",
    },
)
"""Makers by name. A package adds one through the entry point group ``yuragi.solvers``."""


def make_solver(
    name: str, eta: float | None = None, noise: Noise = no_noise, steps: int | None = None
) -> Solver:
    """Make a solver by its name.

    Args:
        name: a key of `solvers`.
        eta: the amount of noise of the solver "ddim"; the others take none.
        noise: the noise of "churn"; other solvers do not need it.
        steps: the number of steps of the whole grid from pure noise; needed by "churn" only.

    Raises:
        InputError: the name is unknown, eta is negative or given for a solver other than DDIM, or
            "churn" has no steps.
    """
    if name not in solvers:
        raise InputError("solver", name, "one of " + ", ".join(solvers))
    made = solvers[name](noise, steps)
    if eta is None:
        return made
    if not isinstance(made, DDIM) or made.stochastic:
        raise InputError("eta", eta, f'none with solver "{name}": only the solver ddim takes one')
    return DDIM(eta)
