"""Edit a picture by words: every task is a few lines around one `yuragi.edit.Edit`."""

from __future__ import annotations

from dataclasses import dataclass

from PIL import Image
from torch import Tensor

from yuragi.core import Denoiser, SeededNoise
from yuragi.edit import Edit, composite, descent, difference_mask, watch
from yuragi.errors import InputError
from yuragi.guidance import Guided, Stress, constant
from yuragi.recipe.context import Context, Made, batches, mask_cells
from yuragi.recipe.pictures import from_tensor, mask_tensor, to_tensor
from yuragi.recipe.request import DiffEditRequest, EditRequest, TranslateRequest
from yuragi.recipe.result import Gauge
from yuragi.recipe.rules import gain_of, weak_side, weight_of
from yuragi.recipe.samplers import sampler_of

__all__ = ["guided", "run_edit"]


def run_edit(request: EditRequest, context: Context) -> Made:
    """Make the candidates of an edit.

    Raises:
        InputError: a picture that is not there; for DiffEdit, prompts that do not differ, or a mask
            that leaves nothing to change.
    """
    model, before = context.model, context.picture(request.image)
    x0 = model.codec.encode(to_tensor(before).to(model.device))
    mask, sampler = _mask(request, context, x0), sampler_of(request)
    down = descent(model.denoiser.schedule, request.num_inference_steps, request.strength)
    parts = list(batches(request.num_images))
    tick = context.ticker(len(parts) * (len(down) - 1) * sampler.passes)
    gauge, images = Gauge(gain_of(request.guidance).cost), list[Image.Image]()
    cells = None if mask is None else mask.cells
    for rows in parts:
        stress = Stress()
        target = guided(request, context, down, stress)
        edit = Edit(_source(request, context) or target, target, sampler)
        start = x0.expand(len(rows), -1, -1, -1)
        z = edit(start, down, request.seed, list(rows), cells, watch(tick))
        decoded = from_tensor(model.codec.decode(z, before.height, before.width))
        images += [after if mask is None else mask.composite(after, before) for after in decoded]
        gauge = gauge.and_then(stress)
    return Made(images, gauge, mask=None if mask is None else mask.pixels)


def guided(request: EditRequest, context: Context, down: Tensor, stress: Stress) -> Guided:
    """The denoiser of the result."""
    model = context.model
    weight = weight_of(request.guidance, request.guidance_scale, model.denoiser.schedule, down)
    weak = weak_side(request, model, context.weak)
    return Guided(model.bind([request.prompt]), weak, weight, gain_of(request.guidance), stress)


def _source(request: EditRequest, context: Context) -> Denoiser | None:
    """The denoiser of the picture as it is; None where the task does not ask."""
    if not isinstance(request, TranslateRequest | DiffEditRequest):
        return None
    # The same negative prompt on both sides: only what the picture shows may differ.
    model = context.model
    strong, weak = model.bind([request.source_prompt]), model.bind([request.negative_prompt])
    return Guided(strong, weak, constant(request.source_guidance_scale))


@dataclass(frozen=True)
class _Mask:
    """Where a picture may change, in cells of the latent and in pixels."""

    cells: Tensor
    pixels: Image.Image

    def composite(self, after: Image.Image, before: Image.Image) -> Image.Image:
        return Image.composite(after, before, self.pixels)


def _mask(request: EditRequest, context: Context, x0: Tensor) -> _Mask | None:
    model = context.model
    given = None if request.mask is None else context.picture(request.mask)
    if isinstance(request, DiffEditRequest):
        return _found_mask(request, context, x0, given)
    if given is None:
        return None
    return _Mask(mask_cells(mask_tensor(given).to(model.device), model), given)


def _found_mask(
    request: DiffEditRequest, context: Context, x0: Tensor, given: Image.Image | None
) -> _Mask:
    """Where the prompts disagree, within the mask that was given."""
    model, steps = context.model, request.num_inference_steps
    t = descent(model.denoiser.schedule, steps, request.mask_strength)[0]
    cells = difference_mask(
        model.bind([request.source_prompt]),
        model.bind([request.prompt]),
        x0,
        t,
        SeededNoise(request.seed, [0], stream="difference"),
        request.mask_samples,
        request.mask_threshold,
    )
    size = (request.image.width, request.image.height)
    inside = cells
    if given is not None:
        inside = mask_tensor(given).to(model.device)
        cells = composite(cells, 0 * cells, mask_cells(inside, model))
        if not bool(cells.any()):
            raise InputError("mask", "where the prompts agree", "white where they disagree")
    cell = model.codec.cell
    levels = cells[0, 0].mul(255).byte().cpu().numpy().repeat(cell, 0).repeat(cell, 1)
    pixels = Image.fromarray(levels).crop((0, 0, *size))
    if given is not None:
        pixels = Image.composite(pixels, Image.new("L", size, 0), given)
    return _Mask(cells, pixels)
