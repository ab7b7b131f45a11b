"""Drag points by copy and paste at the noisy level: SDE-Drag and ODE-Drag."""

from __future__ import annotations

from PIL import Image

from yuragi.drag import handles
from yuragi.recipe.build import drag_settings
from yuragi.recipe.context import Context, Made, batches, mask_cells
from yuragi.recipe.paste_rows import PasteRows, paste_rows
from yuragi.recipe.pictures import from_tensor, mask_tensor, to_tensor
from yuragi.recipe.request import DragRequest, PasteMethod
from yuragi.recipe.result import Gauge
from yuragi.recipe.rules import gain_of

__all__ = ["run_paste"]


def run_paste(request: DragRequest, method: PasteMethod, context: Context) -> Made:
    """Make the candidates of a drag; the frames are the first one's, after every sub-drag.

    Raises:
        InputError: a picture that is not there.
    """
    model, before = context.model, context.picture(request.image)
    mask = None if request.mask is None else context.picture(request.mask)
    x0 = model.codec.encode(to_tensor(before).to(model.device))
    moves = handles(request.points, model.codec.cell)
    cells = None if mask is None else mask_cells(mask_tensor(mask).to(model.device), model)
    drag = drag_settings(request, method)
    parts = list(batches(request.num_images))
    tick = context.ticker(len(parts) * drag.plan(moves, min(x0.shape[-2:])) * drag.steps)
    images, frames = list[Image.Image](), [before]
    for part in parts:
        count = len(part)
        start = x0.expand(count, -1, -1, -1)
        rows = PasteRows(start, [moves] * count, [request.prompt], list(part), cells)
        pictures = list[Image.Image]()
        for step in paste_rows(request, method, rows, model, tick):
            last = step.index == step.count
            shown = step.latents if last else step.latents[:1]
            pictures = from_tensor(model.codec.decode(shown, before.height, before.width))
            if mask is not None:
                pictures = [Image.composite(each, before, mask) for each in pictures]
            if part.start == 0:
                frames.append(pictures[0])
        images += pictures
    return Made(images, Gauge(gain_of(request.guidance).cost), frames)
