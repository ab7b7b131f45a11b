"""Drag points or regions by one warp, and imagine what it uncovers."""

from __future__ import annotations

from PIL import Image
from torch import Tensor

from yuragi.core import SeededNoise
from yuragi.drag import Warped, doubtful, flow_of, moving, shown, warp
from yuragi.edit import Edit, climbs, descent, watch
from yuragi.guidance import Guided, Stress
from yuragi.recipe.context import Context, Made, batches, mask_cells
from yuragi.recipe.pictures import from_tensor, mask_tensor, to_tensor
from yuragi.recipe.request import DragRequest, WarpMethod
from yuragi.recipe.result import Gauge
from yuragi.recipe.rules import away_from, gain_of, weight_of
from yuragi.recipe.samplers import redrawing

__all__ = ["preview", "run_warp", "warped_by"]


def run_warp(request: DragRequest, method: WarpMethod, context: Context) -> Made:
    """Make the candidates of a drag; the frames are the picture before, the warp, the first result.

    Raises:
        InputError: a picture that is not there.
    """
    model, before = context.model, context.picture(request.image)
    held = None if request.mask is None else context.picture(request.mask)
    mask = None if held is None else mask_tensor(held).to(model.device)
    warped = warped_by(request, before, held, mask, to_tensor(before).to(model.device))
    z = model.codec.encode(warped.picture)
    vacated = mask_cells(warped.vacated.to(z), model)
    down = descent(model.denoiser.schedule, request.num_inference_steps, request.strength)
    parts = list(batches(request.num_images))
    tick = context.ticker(len(parts) * climbs(request.num_inference_steps, request.strength))
    strong = model.bind([request.prompt])
    away = away_from(model, request.negative_prompt, request.guidance_scale)
    weight = weight_of(request.guidance, request.guidance_scale, model.denoiser.schedule, down)
    gauge, images = Gauge(gain_of(request.guidance).cost), list[Image.Image]()
    for part in parts:
        rows = list(part)
        start = z.expand(len(rows), -1, -1, -1)
        stress = Stress()
        denoiser = Guided(strong, away, weight, gain_of(request.guidance), stress)
        noise = SeededNoise(request.seed, rows, stream="doubt")
        cells = doubtful(strong, start, vacated, noise, method.doubt)
        pictures = warped.picture.expand(len(rows), -1, -1, -1)
        if bool(cells.any()):
            edit = Edit(denoiser, denoiser, redrawing(request))
            edited = edit(start, down, request.seed, rows, cells, watch(tick))
            imagined = model.codec.decode(edited, before.height, before.width)
            pictures = shown(warped, imagined, cells, model.codec.cell, mask)
        made = from_tensor(pictures)
        images += made if held is None else [Image.composite(one, before, held) for one in made]
        gauge = gauge.and_then(stress)
    return Made(images, gauge, [before, from_tensor(warped.picture)[0], images[0]])


def preview(
    request: DragRequest, picture: Image.Image, mask: Image.Image | None = None
) -> Image.Image:
    """The warp alone: what a drag with the method warp begins with. Asks no network."""
    held = None if mask is None else mask_tensor(mask)
    return from_tensor(warped_by(request, picture, mask, held, to_tensor(picture)).picture)[0]


def warped_by(
    request: DragRequest,
    before: Image.Image,
    held: Image.Image | None,
    mask: Tensor | None,
    pixels: Tensor,
) -> Warped:
    """The warp of a picture (1, 3, h, w) that a request asks for; no network.

    Args:
        request: what to move.
        before: the picture.
        held: its mask, white where it may change.
        mask: the same as a tensor (1, 1, h, w).
        pixels: the picture as a tensor.
    """
    regions = [(region.source, region.target) for region in request.regions]
    area = moving(before, request.points, regions, held)
    return warp(pixels, area, flow_of(request.points, regions), mask)
