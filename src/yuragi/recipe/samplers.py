"""What `sampler`, `solver` and `eta` of a request mean for each edit."""

from __future__ import annotations

from dataclasses import replace

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
    resampled,
)
from yuragi.errors import InputError
from yuragi.recipe.request import (
    DiffEditRequest,
    DragRequest,
    EditRequest,
    InpaintRequest,
    InvertRequest,
    SDEditRequest,
    TranslateRequest,
)
from yuragi.solver import Solver, make_solver

__all__ = ["default_solver", "redrawing", "sampler_of"]


def default_solver(sampler: str, eta: float | None) -> str:
    """DDIM for the ODE, ancestral sampling for the SDE; an eta asks for the solver that has one."""
    return "ddpm" if sampler == "sde" and eta is None else "ddim"


def sampler_of(request: EditRequest) -> Sampler:
    """The way up and down of an edit; the table is in `yuragi.edit.edit`.

    Raises:
        InputError: a solver, an eta or an encoder that does not fit the sampler, or resampling
            without noise or with a solver that remembers earlier steps.
    """
    if isinstance(request, InpaintRequest) and request.resample > 1:
        if request.sampler != "sde":
            raise InputError("resample", request.resample, "1, but with the sampler sde")
        once = redrawing(request)
        if once.solver.order > 1:
            raise InputError("solver", request.solver, "one of order 1, to resample")
        return replace(once, way=resampled(request.resample))
    if isinstance(request, InpaintRequest | SDEditRequest):
        return redrawing(request)
    return _following(request)


def redrawing(request: InpaintRequest | SDEditRequest | DragRequest) -> Sampler:
    """One noise up; down with fresh noise, or none.

    Raises:
        InputError: a solver or an eta that does not fit the sampler.
    """
    solver = _fitting(request, paired=False)
    return Sampler(one_noise, solver, masked if request.sampler == "adaptive" else fresh)


def _following(request: TranslateRequest | DiffEditRequest | InvertRequest) -> Sampler:
    """Up along a path of the picture's own, and down along it, or by the ODE both ways."""
    solver = _fitting(request, paired=True)
    encoder = "chain" if isinstance(request, DiffEditRequest) else request.encoder
    if request.sampler == "ode":
        if encoder != "chain":
            allowed = "chain with the sampler ode, whose way up is its own inverse"
            raise InputError("encoder", encoder, allowed)
        return Sampler(inverted, solver, fresh)
    return Sampler(chain if encoder == "chain" else independent, solver, followed)


def _fitting(request: EditRequest | DragRequest, paired: bool) -> Solver:
    """The solver, if it has noise where the sampler wants it.

    Args:
        request: names solver, eta and sampler.
        paired: the way down is beside a reference.
    """
    solver = make_solver(request.solver, request.eta, steps=request.num_inference_steps)
    noisy = request.sampler != "ode"
    if request.sampler == "adaptive":
        if request.solver != "ddim":
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
