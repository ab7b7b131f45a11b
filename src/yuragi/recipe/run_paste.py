"""Drag points of a picture."""

from __future__ import annotations

import torch
from PIL import Image

from yuragi.drag import drag_latents, drag_levels, handles
from yuragi.guidance import Guided, constant, ramp
from yuragi.recipe.build import drag_settings
from yuragi.recipe.context import Context, Made, mask_cells
from yuragi.recipe.pictures import from_tensor, mask_tensor, to_tensor
from yuragi.recipe.request import DragRequest
from yuragi.recipe.result import Gauge
from yuragi.recipe.rules import gain_of

__all__ = ["run_drag"]


def run_drag(request: DragRequest, context: Context) -> Made:
    """Drag points; the frames are the picture before, and after every sub-drag.

    Raises:
        InputError: a picture that is not there.
    """
    model, before = context.model, context.picture(request.image)
    mask = None if request.mask is None else context.picture(request.mask)
    drag = drag_settings(request)
    levels = drag_levels(model.denoiser.schedule, drag)
    # From exactly 1 at the cleanest level that the network reads, to the full scale at t0.
    scales = torch.linspace(request.guidance_scale, 1.0, len(levels) - 1)
    read = levels[:-1]
    weight = (
        ramp(model.denoiser.schedule, read, scales)
        if len(read) > 1
        else constant(request.guidance_scale)
    )
    denoiser = Guided(
        model.bind([request.prompt]),
        model.bind([request.negative_prompt]),
        weight,
        gain_of(request.guidance),
    )
    pixels = to_tensor(before).to(model.device)
    latents = model.codec.encode(pixels)
    moves = handles(request.points, model.codec.cell)
    inside = None if mask is None else mask_tensor(mask).to(model.device)
    cells = None if inside is None else mask_cells(inside, model)
    total = drag.plan(moves, min(latents.shape[-2:])) * drag.steps
    tick = context.ticker(total)
    frames = [before]
    for step in drag_latents(denoiser, latents, moves, drag, request.seed, cells, tick):
        after = model.codec.decode(step.latents, before.height, before.width)
        picture = from_tensor(after)[0]
        if mask is not None:
            picture = Image.composite(picture, before, mask)
        frames.append(picture)
    return Made(frames[-1:], Gauge(gain_of(request.guidance).cost), frames)
