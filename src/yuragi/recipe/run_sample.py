"""Draw pictures from a prompt."""

from __future__ import annotations

import torch
from PIL import Image
from torch import Tensor

from yuragi.adapters import DiffusionModel
from yuragi.edit import watch
from yuragi.errors import InputError
from yuragi.guidance import Guided, Stress
from yuragi.recipe.context import Context, Made, batches
from yuragi.recipe.pictures import from_tensor, tensor_digest
from yuragi.recipe.request import SampleRequest
from yuragi.recipe.result import Gauge
from yuragi.recipe.rows import sample_rows, start_noise
from yuragi.recipe.rules import gain_of, weak_side, weight_of

__all__ = ["run_sample"]


def run_sample(request: SampleRequest, context: Context, latents: Tensor | None) -> Made:
    """Draw pictures.

    Args:
        request: complete.
        context: model and progress.
        latents: start noise, for a request that names it.

    Raises:
        InputError: sides or latents that do not fit the model or the request.
    """
    model, codec = context.model, context.model.codec
    width = _side("width", request.width, model)
    height = _side("height", request.height, model)
    if codec.padding(height, width) != (0, 0):
        allowed = f"{width}, the width: this model's network knows squares only"
        raise InputError("height", height, allowed)
    count = request.num_images
    cells = (count, codec.channels, height // codec.cell, width // codec.cell)
    if latents is not None and tuple(latents.shape) != cells:
        raise InputError("latents", tuple(latents.shape), f"a tensor of shape {cells}")
    if request.latents != (None if latents is None else tensor_digest(latents)):
        allowed = f"the start noise that the request names ({request.latents})"
        raise InputError("latents", "another or none", allowed)
    schedule = model.denoiser.schedule
    times = model.grids[request.timestep_spacing](schedule, request.num_inference_steps)
    strong, away = (
        model.bind([request.prompt]),
        weak_side(request, model, context.weak, [request.prompt]),
    )
    weight = weight_of(request.guidance, request.guidance_scale, schedule, times)
    gauge = Gauge(gain_of(request.guidance).cost)
    parts = list(batches(count))
    tick = context.ticker(len(parts) * (len(times) - 1))  # native may have more or fewer levels
    images: list[Image.Image] = []
    for rows in parts:
        if latents is None:
            start = start_noise(request.seed, rows, cells[1:], model.device)
        else:
            start = latents[rows.start : rows.stop].to(model.device, torch.float32)
        stress = Stress()
        guided = Guided(strong, away, weight, gain_of(request.guidance), stress)
        solver, eta, seed = request.solver, request.eta, request.seed
        z = sample_rows(guided, solver, eta, times, seed, rows, start, watch(tick))
        images += from_tensor(codec.decode(z, height, width))
        gauge = gauge.and_then(stress)
    return Made(images, gauge)


def _side(name: str, given: int | None, model: DiffusionModel) -> int:
    """A side in pixels; the model's own where none is given."""
    side = model.native_size if given is None else given
    if side % model.codec.multiple:
        raise InputError(name, side, f"a multiple of {model.codec.multiple} pixels")
    return side
