"""Edit a picture by words."""

from __future__ import annotations

from dataclasses import dataclass

from PIL import Image
from torch import Tensor

from yuragi.edit import climbs, composite, watch
from yuragi.errors import InputError
from yuragi.guidance import Stress
from yuragi.recipe.context import Context, Made, batches, mask_cells
from yuragi.recipe.edit_rows import Rows, disagreement, edit_rows
from yuragi.recipe.pictures import from_tensor, mask_tensor, to_tensor
from yuragi.recipe.request import DiffEditRequest, EditRequest, TranslateRequest
from yuragi.recipe.result import Gauge
from yuragi.recipe.rules import gain_of
from yuragi.recipe.samplers import sampler_of

__all__ = ["run_edit"]


def run_edit(request: EditRequest, context: Context) -> Made:
    """Make the candidates of an edit.

    Raises:
        InputError: a picture that is not there; for DiffEdit, prompts that do not differ, or a mask
            that leaves nothing to change.
    """
    model, before = context.model, context.picture(request.image)
    x0 = model.codec.encode(to_tensor(before).to(model.device))
    sources = []
    if isinstance(request, TranslateRequest | DiffEditRequest):
        sources = [request.source_prompt]
    mask = _mask(request, context, Rows(x0, [request.prompt], sources, [0]))
    cells = None if mask is None else mask.cells
    parts = list(batches(request.num_images))
    steps = climbs(request.num_inference_steps, request.strength)
    tick = context.ticker(len(parts) * steps * sampler_of(request).passes)
    gauge, images = Gauge(gain_of(request.guidance).cost), list[Image.Image]()
    for part in parts:
        stress = Stress()
        start = x0.expand(len(part), -1, -1, -1)
        rows = Rows(start, [request.prompt], sources, list(part), cells)
        z = edit_rows(request, rows, model, context.weak, watch(tick), stress)
        decoded = from_tensor(model.codec.decode(z, before.height, before.width))
        images += [after if mask is None else mask.composite(after, before) for after in decoded]
        gauge = gauge.and_then(stress)
    return Made(images, gauge, mask=None if mask is None else mask.pixels)


@dataclass(frozen=True)
class _Mask:
    """Where a picture may change, in cells of the latent and in pixels."""

    cells: Tensor
    pixels: Image.Image

    def composite(self, after: Image.Image, before: Image.Image) -> Image.Image:
        return Image.composite(after, before, self.pixels)


def _mask(request: EditRequest, context: Context, rows: Rows) -> _Mask | None:
    """The mask that was given, or for DiffEdit what it finds within."""
    model = context.model
    given = None if request.mask is None else context.picture(request.mask)
    allowed = None if given is None else mask_cells(mask_tensor(given).to(model.device), model)
    if not isinstance(request, DiffEditRequest):
        return None if given is None or allowed is None else _Mask(allowed, given)
    cells = disagreement(request, rows, model)
    if allowed is not None:
        cells = composite(cells, 0 * cells, allowed)
        if not bool(cells.any()):
            raise InputError("mask", "where the prompts agree", "white where they disagree")
    size, cell = (request.image.width, request.image.height), model.codec.cell
    levels = cells[0, 0].mul(255).byte().cpu().numpy().repeat(cell, 0).repeat(cell, 1)
    pixels = Image.fromarray(levels).crop((0, 0, *size))
    if given is not None:
        pixels = Image.composite(pixels, Image.new("L", size, 0), given)
    return _Mask(cells, pixels)
