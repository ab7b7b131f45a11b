"""From what a caller says to a complete request: presets resolved, seed drawn, pictures read.

Bad input ends here, before any model is loaded.
"""

from __future__ import annotations

import secrets
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, TypeVar

from PIL import Image
from pydantic import BaseModel, ValidationError
from torch import Tensor

from yuragi.core import time_grids
from yuragi.drag import Drag, PointPair, parse_points
from yuragi.errors import InputError
from yuragi.recipe.models import model_path
from yuragi.recipe.pictures import (
    MAX_PIXELS,
    Source,
    digest,
    read_mask,
    read_picture,
    tensor_digest,
)
from yuragi.recipe.presets import drag_preset
from yuragi.recipe.request import (
    DragRequest,
    GuidanceRule,
    PictureRef,
    SampleRequest,
    refusal,
)
from yuragi.recipe.rules import completed
from yuragi.solver import make_solver

__all__ = ["drag_request", "drag_settings", "sample_request"]

Made = TypeVar("Made", bound=BaseModel)


def sample_request(
    *,
    model: str,
    prompt: str,
    negative_prompt: str,
    num_images: int,
    num_inference_steps: int,
    guidance_scale: float,
    guidance: GuidanceRule,
    solver: str,
    eta: float | None,
    timestep_spacing: str,
    width: int | None,
    height: int | None,
    latents: Tensor | None,
    seed: int | None,
) -> SampleRequest:
    """A complete request to draw pictures; see `yuragi.Model.sample` for the arguments.

    Raises:
        InputError: a value that is not allowed.
    """
    guidance = completed(guidance, model_path(model))
    if guidance.weak_model is not None:
        _checked_weak(guidance.weak_model)
        if negative_prompt:
            allowed = "empty with --guidance auto: the weaker model is what to stay away from"
            raise InputError("negative_prompt", negative_prompt, allowed)
    _check_scale(guidance, guidance_scale)
    make_solver(solver, eta)
    if timestep_spacing not in time_grids:
        raise InputError("timestep_spacing", timestep_spacing, "one of " + ", ".join(time_grids))
    return _validated(
        SampleRequest,
        model=model,
        prompt=prompt,
        negative_prompt=negative_prompt,
        num_images=num_images,
        num_inference_steps=num_inference_steps,
        guidance_scale=guidance_scale,
        guidance=guidance,
        solver=solver,
        eta=eta,
        timestep_spacing=timestep_spacing,
        width=width,
        height=height,
        latents=None if latents is None else tensor_digest(latents),
        seed=_seed(seed),
    )


def drag_request(
    *,
    model: str,
    image: Source,
    points: Sequence[PointPair],
    prompt: str,
    negative_prompt: str,
    mask: Source | None,
    sampler: str,
    preset: str,
    num_inference_steps: int | None,
    strength: float | None,
    guidance_scale: float | None,
    guidance: GuidanceRule,
    solver: str | None,
    eta: float | None,
    seed: int | None,
    max_pixels: int = MAX_PIXELS,
) -> tuple[DragRequest, Mapping[str, Image.Image]]:
    """A complete request to drag points; see `yuragi.Model.drag` for the arguments.

    Returns:
        the request and the pictures that it names, by digest.

    Raises:
        InputError: a value that is not allowed.
    """
    guidance = completed(guidance, model_path(model))
    if guidance.stress:
        raise InputError("stress", True, "a sample: a drag has no gauge")
    if guidance.rule != "cfg":
        raise InputError("guidance", guidance.rule, "cfg for a drag: its scale ramps by itself")
    chosen = drag_preset(preset)
    if sampler not in chosen.solvers:
        raise InputError("sampler", sampler, "one of " + ", ".join(chosen.solvers))
    # An eta asks for the solver that has one.
    solver = solver or ("ddim" if eta is not None else chosen.solvers[sampler])
    picture = read_picture(image, "image", max_pixels)
    pairs = parse_points(points, picture.width, picture.height)
    sources = {digest(picture): picture}
    held = None
    if mask is not None:
        held = read_mask(mask, picture.size, max_pixels)
        sources[digest(held)] = held
        _check_targets(pairs, held)
    scale = _or(guidance_scale, chosen.guidance_scale)
    _check_scale(guidance, scale)
    request = _validated(
        DragRequest,
        model=model,
        prompt=prompt,
        negative_prompt=negative_prompt,
        seed=_seed(seed),
        guidance_scale=scale,
        guidance=guidance,
        num_inference_steps=_or(num_inference_steps, chosen.num_inference_steps),
        solver=solver,
        eta=eta,
        sampler=sampler,
        preset=preset,
        strength=_or(strength, chosen.strength),
        radius=chosen.radius,
        step=chosen.step,
        gain=chosen.gain,
        keep=chosen.keep,
        image=_reference(image, picture),
        mask=None if mask is None or held is None else _reference(mask, held),
        points=pairs,
    )
    drag_settings(request)  # refuses a solver that does not fit the sampler
    return request, sources


def drag_settings(request: DragRequest) -> Drag:
    """The numbers of a request as the drag wants them.

    Raises:
        InputError: a solver that does not fit the sampler, or too few steps.
    """
    return Drag(
        solver=make_solver(request.solver, request.eta),
        stochastic=request.sampler == "sde",
        num_inference_steps=request.num_inference_steps,
        t0=request.strength,
        radius=request.radius,
        step=request.step,
        gain=request.gain,
        keep=request.keep,
    )


def _check_scale(rule: GuidanceRule, scale: float) -> None:
    """A gain needs two sides, and the ratio a weight that is not negative."""
    if rule.gain == "plain" and not rule.stress:
        return
    ends = (scale, scale if rule.start is None else rule.start)
    if ends == (1, 1):
        allowed = "other than 1 with a gain or --stress: at 1 there is no guidance"
        raise InputError("guidance_scale", scale, allowed)
    if (rule.gain in ("ratio", "scheduled") or rule.stress) and min(ends) < 1:
        allowed = "1 or more with the gains ratio and scheduled, and with --stress"
        raise InputError("guidance_scale", min(ends), allowed)


def _checked_weak(name: str) -> None:
    try:
        model_path(name)
    except InputError as error:
        raise InputError("weak_model", error.value, error.allowed) from error


def _check_targets(pairs: Sequence[PointPair], mask: Image.Image) -> None:
    """Where the mask is black nothing can arrive; better say so than change nothing."""
    for _, (x, y) in pairs:
        if mask.getpixel((round(x), round(y))) == 0:
            allowed = "a target where the mask is white; black stays as it is"
            raise InputError("points", f"target {x:g},{y:g}", allowed)


def _or(value: float | None, default: float) -> float:
    return default if value is None else value


def _seed(seed: int | None) -> int:
    return secrets.randbelow(2**32) if seed is None else seed


def _reference(source: Source, picture: Image.Image) -> PictureRef:
    name = "" if isinstance(source, Image.Image) else Path(source).name
    return PictureRef(name=name, digest=digest(picture), width=picture.width, height=picture.height)


def _validated(kind: type[Made], **values: Any) -> Made:
    """Build a request; the first thing that pydantic refuses becomes an `InputError`."""
    try:
        return kind.model_validate(values)
    except ValidationError as error:
        raise refusal(error, values) from error
