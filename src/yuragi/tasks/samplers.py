"""What `sampler`, `solver` and `eta` of a request mean for each edit."""

from __future__ import annotations

from yuragi.edit import (
    MOST,
    Adaptive,
    Sampler,
    chain,
    followed,
    fresh,
    independent,
    inverted,
    masked,
    one_noise,
)
from yuragi.errors import InputError
from yuragi.solver import DDIM, Solver
from yuragi.tasks.base import OnPicture

__all__ = ["following", "redrawing"]


def redrawing(request: OnPicture) -> Sampler:
    """One noise up; down with fresh noise, or none.

    Raises:
        InputError: a solver or an eta that does not fit the sampler.
    """
    solver = _fitting(request, paired=False)
    return Sampler(one_noise, solver, masked if request.sampler == "adaptive" else fresh)


def following(request: OnPicture, encoder: str) -> Sampler:
    """Up along a path of the picture's own, and down along it, or by the ODE both ways.

    Args:
        request: names sampler, solver and eta.
        encoder: ``chain`` or ``independent``.

    Raises:
        InputError: a solver, an eta or an encoder that does not fit the sampler.
    """
    solver = _fitting(request, paired=True)
    if request.sampler == "ode":
        if encoder != "chain":
            allowed = "chain with the sampler ode, whose way up is its own inverse"
            raise InputError("encoder", encoder, allowed)
        return Sampler(inverted, solver, fresh)
    return Sampler(chain if encoder == "chain" else independent, solver, followed)


def _fitting(request: OnPicture, paired: bool) -> Solver:
    """The solver, if it has noise where the sampler wants it.

    Args:
        request: names solver, eta and sampler.
        paired: the way down is beside a reference.
    """
    solver, noisy = request.make_solver(), request.sampler != "ode"
    if request.sampler == "adaptive":
        if not isinstance(solver, DDIM):
            raise InputError("solver", request.solver, "ddim with the sampler adaptive")
        if request.eta is None or solver.stochastic:
            eta = MOST if request.eta is None else request.eta
            return Adaptive(eta, paired=paired)
    if solver.stochastic == noisy:
        return solver
    if request.eta is not None:
        allowed = (
            f"above 0 with the sampler {request.sampler}" if noisy else "0 with the sampler ode"
        )
        raise InputError("eta", request.eta, allowed)
    kind = "stochastic" if noisy else "deterministic"
    raise InputError("solver", request.solver, f"a {kind} one with the sampler {request.sampler}")
