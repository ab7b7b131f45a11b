"""The meaning of `sampler`, `solver` and `eta` for each edit."""

from __future__ import annotations

from yuragi.edit import (
    MOST,
    Adaptive,
    Sampler,
    beside_path,
    chain,
    followed,
    fresh,
    independent,
    inverted,
    one_noise,
    where_needed,
)
from yuragi.errors import InputError
from yuragi.solver import DDIM, Solver
from yuragi.tasks.base import OnPicture

__all__ = ["following", "redrawing"]


def redrawing(request: OnPicture) -> Sampler:
    """One noise sample on the way up; fresh noise, or none, on the way down.

    Raises:
        InputError: the solver or eta does not fit the sampler.
    """
    solver = _fitting(request, paired=False)
    return Sampler(one_noise, solver, where_needed if request.sampler == "adaptive" else fresh)


def following(request: OnPicture, encoder: str) -> Sampler:
    """Record a path of noise on the way up and follow it down, or use the ODE both ways.

    Args:
        request: the request with sampler, solver and eta.
        encoder: the way up, ``chain`` or ``independent``.

    Raises:
        InputError: the solver, eta or encoder does not fit the sampler.
    """
    solver = _fitting(request, paired=True)
    if request.sampler == "ode":
        if encoder != "chain":
            allowed = "chain with the sampler ode, whose way up is its own inverse"
            raise InputError("encoder", encoder, allowed)
        return Sampler(inverted, solver, fresh)
    return Sampler(chain if encoder == "chain" else independent, solver, followed)


def _fitting(request: OnPicture, paired: bool) -> Solver:
    """The solver, checked to have noise if and only if the sampler needs it.

    Args:
        request: the request with solver, eta and sampler.
        paired: whether edited states and their references share a batch on the way down.
    """
    solver, noisy = request.make_solver(), request.sampler != "ode"
    if request.sampler == "adaptive":
        if not isinstance(solver, DDIM):
            raise InputError("solver", request.solver, "ddim with the sampler adaptive")
        if request.eta is None or solver.stochastic:
            eta = solver.eta if solver.stochastic else MOST
            return Adaptive(eta, beside_path) if paired else Adaptive(eta)
    if solver.stochastic == noisy:
        return solver
    if request.eta is not None:
        allowed = (
            f"above 0 with the sampler {request.sampler}" if noisy else "0 with the sampler ode"
        )
        raise InputError("eta", request.eta, allowed)
    kind = "stochastic" if noisy else "deterministic"
    raise InputError("solver", request.solver, f"a {kind} one with the sampler {request.sampler}")
