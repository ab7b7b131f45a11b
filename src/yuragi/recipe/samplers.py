"""What `sampler`, `solver` and `eta` of a request mean for each edit."""

from __future__ import annotations

from yuragi.edit import Sampler, chain, followed, fresh, independent, inverted, one_noise, resampled
from yuragi.errors import InputError
from yuragi.recipe.request import EditRequest, InpaintRequest, SDEditRequest, TranslateRequest
from yuragi.solver import Solver, make_solver

__all__ = ["default_solver", "sampler_of"]


def default_solver(sampler: str, eta: float | None) -> str:
    """DDIM for the ODE, ancestral sampling for the SDE; an eta asks for the solver that has one."""
    return "ddpm" if sampler == "sde" and eta is None else "ddim"


def sampler_of(request: EditRequest) -> Sampler:
    """The way up and down of an edit; the table is in `yuragi.edit.edit`.

    Raises:
        InputError: a solver or an eta that does not fit the sampler, or resampling without noise.
    """
    solver = _fitting(request)
    noisy = request.sampler == "sde"
    if isinstance(request, InpaintRequest) and request.resample > 1:
        if not noisy:
            raise InputError("resample", request.resample, "1 with the sampler ode")
        return Sampler(one_noise, solver, resampled(request.resample))
    if isinstance(request, InpaintRequest | SDEditRequest):
        return Sampler(one_noise, solver, fresh)
    if not noisy:
        return Sampler(inverted, solver)
    loose = isinstance(request, TranslateRequest) and request.encoder == "independent"
    return Sampler(independent if loose else chain, solver, followed)


def _fitting(request: EditRequest) -> Solver:
    """The solver, if it has noise where the sampler wants it."""
    solver, noisy = make_solver(request.solver, request.eta), request.sampler == "sde"
    if solver.stochastic == noisy:
        return solver
    if request.eta is not None:
        allowed = "above 0 with the sampler sde" if noisy else "0 or nothing with the sampler ode"
        raise InputError("eta", request.eta, allowed)
    kind = "stochastic" if noisy else "deterministic"
    raise InputError("solver", request.solver, f"a {kind} one with the sampler {request.sampler}")
