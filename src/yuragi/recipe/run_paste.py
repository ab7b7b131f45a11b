"""Drag points by copy and paste at the noisy level: SDE-Drag and ODE-Drag."""

from __future__ import annotations

from PIL import Image

from yuragi.drag import handles
from yuragi.recipe.build import drag_settings
from yuragi.recipe.context import Context, Made, mask_cells
from yuragi.recipe.paste_rows import PasteRows, paste_rows
from yuragi.recipe.pictures import from_tensor, mask_tensor, to_tensor
from yuragi.recipe.request import DragRequest, PasteMethod
from yuragi.recipe.result import Gauge
from yuragi.recipe.rules import gain_of

__all__ = ["run_paste"]


def run_paste(request: DragRequest, method: PasteMethod, context: Context) -> Made:
    """Drag points; the frames are the picture before, and after every sub-drag.

    Raises:
        InputError: a picture that is not there.
    """
    model, before = context.model, context.picture(request.image)
    mask = None if request.mask is None else context.picture(request.mask)
    x0 = model.codec.encode(to_tensor(before).to(model.device))
    moves = handles(request.points, model.codec.cell)
    cells = None if mask is None else mask_cells(mask_tensor(mask).to(model.device), model)
    drag = drag_settings(request, method)
    tick = context.ticker(drag.plan(moves, min(x0.shape[-2:])) * drag.steps)
    rows = PasteRows(x0, [moves], [request.prompt], [0], cells)
    frames = [before]
    for step in paste_rows(request, method, rows, model, tick):
        picture = from_tensor(model.codec.decode(step.latents, before.height, before.width))[0]
        if mask is not None:
            picture = Image.composite(picture, before, mask)
        frames.append(picture)
    return Made(frames[-1:], Gauge(gain_of(request.guidance).cost), frames)
