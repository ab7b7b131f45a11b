"""From what a caller says to a complete request: presets resolved, seed drawn, pictures read.

Bad input ends here, before any model is loaded.
"""

from __future__ import annotations

import secrets
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any, TypeVar, cast

from PIL import Image, ImageChops
from pydantic import BaseModel, ValidationError
from torch import Tensor

from yuragi.core import time_grids
from yuragi.drag import Drag, PointPair, RegionPair, parse_points, parse_regions, polygon
from yuragi.edit import climbs
from yuragi.errors import InputError
from yuragi.recipe.guidance_rule import GuidanceRule
from yuragi.recipe.inputs import Pictures, read_pictures
from yuragi.recipe.models import model_folder
from yuragi.recipe.pictures import (
    MAX_PIXELS,
    Source,
    expanded,
    tensor_digest,
)
from yuragi.recipe.presets import drag_preset
from yuragi.recipe.request import (
    DiffEditRequest,
    DragRequest,
    EditRequest,
    InpaintRequest,
    LoRA,
    PasteMethod,
    SampleRequest,
    TranslateRequest,
)
from yuragi.recipe.rules import completed
from yuragi.recipe.samplers import default_solver, redrawing, sampler_of
from yuragi.recipe.values import refusal
from yuragi.solver import make_solver

__all__ = ["drag_request", "drag_settings", "edit_request", "inpaint_request", "sample_request"]

Made = TypeVar("Made", bound=BaseModel)
E = TypeVar("E", bound=EditRequest)


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
    guidance = completed(guidance, model_folder(model))
    if guidance.weak_model is not None:
        _checked_weak(guidance.weak_model)
        if negative_prompt:
            allowed = "empty with --guidance auto: the weaker model is what to stay away from"
            raise InputError("negative_prompt", negative_prompt, allowed)
    _check_scale(guidance, guidance_scale)
    make_solver(solver, eta, steps=num_inference_steps)  # refuses an eta that it has no use for
    spacings = (*time_grids, "native")
    if timestep_spacing not in spacings:
        raise InputError("timestep_spacing", timestep_spacing, "one of " + ", ".join(spacings))
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
    points: Sequence[PointPair] = (),
    regions: Sequence[RegionPair] = (),
    prompt: str = "",
    negative_prompt: str = "",
    num_images: int = 1,
    mask: Source | None = None,
    sampler: str = "sde",
    preset: str = "warp",
    num_inference_steps: int | None = None,
    strength: float | None = None,
    guidance_scale: float | None = None,
    guidance: GuidanceRule = GuidanceRule(),  # noqa: B008 (frozen)
    solver: str | None = None,
    eta: float | None = None,
    seed: int | None = None,
    lora: LoRA | None = None,
    max_pixels: int = MAX_PIXELS,
    resize: int | None = None,
) -> tuple[DragRequest, Mapping[str, Image.Image]]:
    """A complete request to drag; see `yuragi.Model.drag` for the arguments.

    Returns:
        the request and the pictures that it names, by digest.

    Raises:
        InputError: a value that is not allowed.
    """
    guidance = completed(guidance, model_folder(model))
    if guidance.stress:
        raise InputError("stress", True, "a sample: a drag has no gauge")
    if guidance.rule != "cfg":
        raise InputError("guidance", guidance.rule, "cfg for a drag: its scale ramps by itself")
    chosen = drag_preset(preset)
    if sampler not in chosen.solvers:
        raise InputError("sampler", sampler, "one of " + ", ".join(chosen.solvers))
    # An eta asks for the solver that has one.
    solver = solver or ("ddim" if eta is not None else chosen.solvers[sampler])
    pictures = read_pictures(image, mask, max_pixels, resize)
    held = pictures.mask
    polygons = parse_regions(regions, *pictures.size)
    pairs = () if polygons and not points else parse_points(points, *pictures.size)
    if resize is not None:  # what was apart may no longer be
        placed = [(pictures.placed(source), pictures.placed(to)) for source, to in polygons]
        polygons = parse_regions(placed, *pictures.picture.size)
        moved = [cast("PointPair", pictures.placed(pair)) for pair in pairs]
        pairs = parse_points(moved, *pictures.picture.size) if moved else ()
    if held is not None:
        _check_targets([target for _, target in pairs], held)
        _check_regions([target for _, target in polygons], held)
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
        method=chosen.method,
        num_images=num_images,
        lora=lora,
        image=pictures.reference,
        mask=pictures.mask_reference,
        points=pairs,
        regions=[{"source": source, "target": target} for source, target in polygons],
    )
    if isinstance(request.method, PasteMethod):
        _check_paste(request)
        drag_settings(request, request.method)  # refuses a solver that does not fit the sampler
    else:
        climbs(request.num_inference_steps, request.strength)  # refuses too few
        redrawing(request)  # refuses a solver that does not fit
    return request, pictures.by_digest


def _check_paste(request: DragRequest) -> None:
    """What the published method does not have."""
    if request.regions:
        allowed = f"points with the preset {request.preset}; regions are for warp"
        raise InputError("regions", len(request.regions), allowed)


def drag_settings(request: DragRequest, method: PasteMethod) -> Drag:
    """The numbers of a request as SDE-Drag and ODE-Drag want them.

    Raises:
        InputError: a solver that does not fit the sampler, or too few steps.
    """
    return Drag(
        solver=make_solver(request.solver, request.eta, steps=request.num_inference_steps),
        stochastic=request.sampler == "sde",
        num_inference_steps=request.num_inference_steps,
        t0=request.strength,
        radius=method.radius,
        step=method.step,
        gain=method.gain,
        keep=method.keep,
    )


def edit_request(
    kind: type[E],
    *,
    model: str,
    image: Source,
    mask: Source | None = None,
    max_pixels: int = MAX_PIXELS,
    resize: int | None = None,
    **values: object,
) -> tuple[E, Mapping[str, Image.Image]]:
    """A complete request to edit a picture by words.

    Args:
        kind: class of the request; it names and documents the values.
        model: name or path.
        image: the picture.
        mask: white where it may change.
        max_pixels: larger pictures are refused.
        resize: pixels of the longer side, to which picture and mask are scaled first.
        values: of the request; None leaves its default.

    Returns:
        the request and the pictures that it names, by digest.

    Raises:
        InputError: a value that is not allowed.
    """
    return _edit_request(kind, model, read_pictures(image, mask, max_pixels, resize), values)


def inpaint_request(
    *,
    model: str,
    image: Source,
    mask: Source | None,
    expand: Sequence[int] | None,
    max_pixels: int = MAX_PIXELS,
    resize: int | None = None,
    **values: object,
) -> tuple[InpaintRequest, Mapping[str, Image.Image]]:
    """A complete request to fill a mask, or margins that are added to the picture.

    Args:
        model: name or path.
        image: the picture.
        mask: white where it is filled; None if only margins are.
        expand: pixels to add at left, top, right, bottom.
        max_pixels: larger pictures are refused.
        resize: pixels of the longer side, to which picture and mask are scaled before that.
        values: as in `edit_request`.

    Raises:
        InputError: a value that is not allowed; nothing to fill, or nothing to keep.
    """
    pictures = read_pictures(image, mask, max_pixels, resize)
    if expand is not None and any(expand):
        larger, filled = expanded(pictures.picture, pictures.mask, expand)
        pictures = replace(pictures, picture=larger, mask=filled)
        values["expand"] = tuple(expand)
    if pictures.mask is None:
        raise InputError("mask", None, "a picture, white where to fill; or --expand")
    if pictures.mask.getextrema() == (255, 255):
        raise InputError("mask", "all white", "some black: black marks what stays")
    return _edit_request(InpaintRequest, model, pictures, values)


def _edit_request(
    kind: type[E], model: str, pictures: Pictures, values: Mapping[str, Any]
) -> tuple[E, Mapping[str, Image.Image]]:
    given = {name: value for name, value in values.items() if value is not None}
    guidance = completed(given.pop("guidance", GuidanceRule()), model_folder(model))
    if guidance.weak_model is not None:
        _checked_weak(guidance.weak_model)
    sampler = given.setdefault("sampler", "sde")
    given.setdefault("solver", default_solver(sampler, given.get("eta")))
    given.setdefault("seed", _seed(None))
    request = _validated(
        kind,
        **given,
        model=model,
        guidance=guidance,
        image=pictures.reference,
        mask=pictures.mask_reference,
    )
    if (
        isinstance(request, TranslateRequest | DiffEditRequest)
        and not request.source_prompt.strip()
    ):
        allowed = "a description of what the picture shows now"
        raise InputError("source_prompt", request.source_prompt, allowed)
    _check_scale(request.guidance, request.guidance_scale)
    climbs(request.num_inference_steps, request.strength)  # refuses too few
    sampler_of(request)  # refuses a solver that does not fit
    return request, pictures.by_digest


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
        model_folder(name)
    except InputError as error:
        raise InputError("weak_model", error.value, error.allowed) from error


def _check_targets(targets: Sequence[tuple[float, float]], mask: Image.Image) -> None:
    """Where the mask is black nothing can arrive; better say so than change nothing."""
    for x, y in targets:
        inside = 0 <= x <= mask.width - 1 and 0 <= y <= mask.height - 1
        if inside and mask.getpixel((round(x), round(y))) == 0:
            allowed = "a target where the mask is white; black stays as it is"
            raise InputError("points", f"target {x:g},{y:g}", allowed)


def _check_regions(targets: Sequence[Sequence[tuple[float, float]]], mask: Image.Image) -> None:
    """The same for polygons: some of each must be able to arrive."""
    for corners in targets:
        area = polygon(corners, mask.size)
        if area.getbbox() and not ImageChops.darker(area, mask).getbbox():
            shown = " ".join(f"{x:g},{y:g}" for x, y in corners)
            allowed = "a target some of which is where the mask is white; black stays as it is"
            raise InputError("regions", f"target {shown}", allowed)


def _or(value: float | None, default: float) -> float:
    return default if value is None else value


def _seed(seed: int | None) -> int:
    return secrets.randbelow(2**32) if seed is None else seed


def _validated(kind: type[Made], **values: Any) -> Made:
    """Build a request; the first thing that pydantic refuses becomes an `InputError`."""
    try:
        return kind.model_validate(values)
    except ValidationError as error:
        raise refusal(error, values) from error
