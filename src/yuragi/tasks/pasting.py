"""Run drags by copy and paste at the noisy level: SDE-Drag and ODE-Drag."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import torch
from PIL import Image
from torch import Tensor

from yuragi.drag import Drag, drag_latents, drag_levels, handles
from yuragi.guidance import Guided, constant, ramp
from yuragi.images.tensors import from_tensor, mask_tensor, to_tensor
from yuragi.models.model import DiffusionModel
from yuragi.tasks.context import Context, Row, batches, mask_cells, one_or_each
from yuragi.tasks.drag import DragRequest, PasteMethod
from yuragi.tasks.result import TaskOutput
from yuragi.tasks.sides import away_from, gain_of
from yuragi.tasks.work import Work, rehearsed

__all__ = ["drag_settings", "paste_work", "run_paste", "sub_drags"]


def drag_settings(request: DragRequest, method: PasteMethod) -> Drag:
    """Convert a request to the settings of SDE-Drag and ODE-Drag.

    Raises:
        InputError: the solver does not fit the sampler, or there are too few steps.
    """
    return Drag(
        solver=request.make_solver(),
        stochastic=request.sampler == "sde",
        num_inference_steps=request.num_inference_steps,
        t0=request.strength,
        radius=method.radius,
        step=method.step,
        gain=method.gain,
        keep=method.keep,
    )


def sub_drags(request: DragRequest, method: PasteMethod, model: DiffusionModel) -> int:
    """The number of sub-drags that a request needs on the model's latent."""
    codec, (height, width) = model.codec, (request.image.height, request.image.width)
    rows, columns = codec.padding(height, width)
    side = min(height + rows, width + columns) // codec.cell
    return drag_settings(request, method).plan(handles(request.points, codec.cell), side)


@dataclass(frozen=True)
class _Held:
    """A picture to drag: its mask, its latent, and the cells that can change."""

    before: Image.Image
    pixels: Image.Image | None
    x0: Tensor
    cells: Tensor | None


def run_paste(
    requests: Sequence[DragRequest], method: PasteMethod, context: Context
) -> list[TaskOutput]:
    """Generate the candidates of similar drags.

    The frames show the first candidate after every sub-drag.

    Raises:
        InputError: a picture was not given.
    """
    first, model = requests[0], context.model
    drag = drag_settings(first, method)
    held = [_held(each, context) for each in requests]
    rows = [Row(of, each, k) for of, each in enumerate(requests) for k in range(each.num_images)]
    parts = list(batches(rows))
    tick = context.ticker(len(parts) * sub_drags(first, method, model) * drag.steps)
    made = [
        replace(
            TaskOutput.begun(gain_of(each.guidance).cost),
            frames=[one.before],
            familiarity=context.familiarity(each.image),
        )
        for each, one in zip(requests, held, strict=True)
    ]
    for part in parts:
        cells = [held[row.of].cells for row in part]
        with context.charge(*(row.of for row in part)):
            for step in drag_latents(
                _ramped(first, drag, one_or_each([row.request.prompt for row in part]), model),
                torch.cat([held[row.of].x0 for row in part]),
                [handles(row.request.points, model.codec.cell) for row in part],
                drag,
                [row.request.seed for row in part],
                [row.sample for row in part],
                None if cells[0] is None else torch.cat([c for c in cells if c is not None]),
                tick,
                lambda make: context.kept(tick, lambda: [make()])[0],
            ):
                last = step.index == step.count
                # Before the end, only frames are decoded.
                wanted = [k for k, row in enumerate(part) if last or row.sample == 0]
                if not wanted:
                    continue
                before = held[0].before
                decoded = model.codec.decode(step.latents[wanted], before.height, before.width)
                for k, picture in zip(wanted, from_tensor(decoded), strict=True):
                    row, one = part[k], held[part[k].of]
                    if one.pixels is not None:
                        picture = Image.composite(picture, one.before, one.pixels)
                    if row.sample == 0:
                        made[row.of] = made[row.of].with_frame(picture)
                    if last:
                        made[row.of] = made[row.of].with_image(picture)
    return made


def paste_work(request: DragRequest, method: PasteMethod, context: Context) -> Work:
    """The network calls of a drag; every sub-drag makes equally many."""
    drag = drag_settings(request, method)
    down = drag_levels(context.model.denoiser.schedule, drag)

    def act(part: Sequence[Row[DragRequest]], x0: Tensor, counted: Context) -> Tensor:
        edit = drag.edit(_ramped(request, drag, [request.prompt], counted.model))
        return edit(x0, down, request.seed, [row.sample for row in part])

    one = rehearsed(request, request.num_images, context, act)
    return one * sub_drags(request, method, context.model)


def _held(request: DragRequest, context: Context) -> _Held:
    model, before = context.model, context.picture(request.image)
    pixels = None if request.mask is None else context.picture(request.mask)
    x0 = model.codec.encode(to_tensor(before).to(model.device))
    cells = None if pixels is None else mask_cells(mask_tensor(pixels).to(model.device), model)
    return _Held(before, pixels, x0, cells)


def _ramped(
    request: DragRequest, drag: Drag, prompts: Sequence[str], model: DiffusionModel
) -> Callable[[], Guided]:
    """Make guidance from the full scale at t0 to exactly 1 at the network's cleanest level.

    Each has a gain of its own, with a memory of its own; they share the encoded prompts.
    """
    schedule, scale = model.denoiser.schedule, request.guidance_scale
    read = drag_levels(schedule, drag)[:-1]
    scales = torch.linspace(scale, 1.0, len(read))
    weight = ramp(schedule, read, scales) if len(read) > 1 else constant(scale)
    strong, away = model.bind(prompts), away_from(model, request.negative_prompt, scale == 1)
    return lambda: Guided(strong, away, weight, gain_of(request.guidance))
