"""Run edits that a prompt describes."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import torch
from PIL import Image
from torch import Tensor

from yuragi.core import Denoiser, SeededNoise
from yuragi.edit import Edit as LatentEdit
from yuragi.edit import PromptPull, climbs, composite, descent, difference_mask, watch
from yuragi.errors import InputError
from yuragi.guidance import Guidance, Guided, Stress, constant
from yuragi.images.tensors import from_tensor, mask_tensor, to_tensor
from yuragi.models.familiarity import familiarity
from yuragi.tasks.base import Described, Edit
from yuragi.tasks.context import Context, Row, Ticker, batches, mask_cells, one_or_each
from yuragi.tasks.diffedit import DiffEditRequest
from yuragi.tasks.result import TaskOutput
from yuragi.tasks.sides import away_from, gain_of, guided
from yuragi.tasks.work import Call, Work, rehearsed

__all__ = ["edit_work", "run_edit"]


@dataclass(frozen=True)
class _Held:
    """A picture to edit, and its mask.

    Attributes:
        before: the picture.
        x0: the latent of the picture [1, c, h, w].
        cells: the mask of cells [1, 1, h, w], 1 where the latent can change; None if it can
            change everywhere.
        pixels: the mask of pixels.
    """

    before: Image.Image
    x0: Tensor
    cells: Tensor | None = None
    pixels: Image.Image | None = None


def run_edit(requests: Sequence[Edit], context: Context) -> list[TaskOutput]:
    """Generate the candidates of similar requests.

    Raises:
        InputError: a picture was not given, or the model cannot denoise at the level where the edit
            begins; for DiffEdit, the predictions under the two prompts do not differ, or the mask
            leaves nothing to change.
    """
    first, model = requests[0], context.model
    sampler = first.make_sampler()
    down = descent(model.denoiser.schedule, first.num_inference_steps, first.strength)
    model.denoiser.check(down[0])  # before DiffEdit looks for its mask at another level
    rows = [Row(of, each, k) for of, each in enumerate(requests) for k in range(each.num_images)]
    parts = list(batches(rows))
    steps = climbs(first.num_inference_steps, first.strength)
    samples = first.mask_samples if isinstance(first, DiffEditRequest) else 0
    searches = samples * len(list(batches(requests)))
    tick = context.ticker(searches + len(parts) * steps * sampler.passes)
    held = [_held(each, context) for each in requests]
    if searches:
        held = _disagreeing(requests, held, context, tick)
    made = [
        replace(TaskOutput.begun(gain_of(each.guidance).cost), mask=one.pixels)
        for each, one in zip(requests, held, strict=True)
    ]
    for part in parts:
        x0 = torch.cat([held[row.of].x0 for row in part])
        cells = [held[row.of].cells for row in part]
        mask = None if cells[0] is None else torch.cat([c for c in cells if c is not None])

        def edited(
            part: Sequence[Row[Edit]] = part, x0: Tensor = x0, mask: Tensor | None = mask
        ) -> Sequence[Tensor]:
            stress = Stress()
            return [_edited(part, x0, down, mask, context, stress, tick), *stress.readings]

        with context.charge(*(row.of for row in part)):
            z, *readings = context.kept(tick, edited)
        stress = Stress.of(readings)
        before = held[0].before
        pictures = from_tensor(model.codec.decode(z, before.height, before.width))
        for k, (row, after) in enumerate(zip(part, pictures, strict=True)):
            one = held[row.of]
            if one.pixels is not None:
                after = Image.composite(after, one.before, one.pixels)
            made[row.of] = made[row.of].with_image(after, stress, k)
    return [
        replace(one, familiarity=_familiarity(each, one.images[0], context))
        for each, one in zip(requests, made, strict=True)
    ]


def _familiarity(request: Edit, result: Image.Image, context: Context) -> float | None:
    """How well the model knows the picture of a request, or its result; see `Edit.discards`."""
    if request.discards:
        return familiarity(context.model, result)
    return context.familiarity(request.image)


def edit_work(request: Edit, context: Context) -> Work:
    """The network calls of an edit."""
    schedule = context.model.denoiser.schedule
    down = descent(schedule, request.num_inference_steps, request.strength)
    work = rehearsed(
        request,
        request.num_images,
        context,
        lambda part, x0, counted: _edited(part, x0, down, None, counted, Stress(), lambda: None),
    )
    if isinstance(request, DiffEditRequest):  # both prompts, to find where they differ
        work += Work({Call(1): 2 * request.mask_samples})
    return work


def _edited(
    part: Sequence[Row[Edit]],
    x0: Tensor,
    down: Tensor,
    mask: Tensor | None,
    context: Context,
    stress: Stress,
    tick: Callable[[], None],
) -> Tensor:
    """The edited latents of some rows, from their clean latents [b, c, h, w]."""
    first = part[0].request
    prompts = one_or_each([row.request.prompt for row in part])
    pull = PromptPull() if first.pulls else None

    def gauges(read: Guidance, weight: Tensor, alpha: Tensor, sigma: Tensor) -> None:
        stress(read, weight, alpha, sigma)
        if pull is not None:
            pull.watch(read, weight, alpha, sigma)

    target = guided(first, context, prompts, down, gauges)
    source = _source(part, target, context)
    edit = LatentEdit(source, target, first.make_sampler(), pull=pull)
    seeds, samples = [row.request.seed for row in part], [row.sample for row in part]
    return edit(x0, down, seeds, samples, mask, watch(tick))


def _held(request: Edit, context: Context) -> _Held:
    """The picture of a request and its mask."""
    before = context.picture(request.image)
    x0 = context.model.codec.encode(to_tensor(before).to(context.model.device))
    if request.mask is None:
        return _Held(before, x0)
    pixels = context.picture(request.mask)
    return _Held(before, x0, mask_cells(mask_tensor(pixels).to(x0.device), context.model), pixels)


def _source(part: Sequence[Row[Edit]], target: Guided, context: Context) -> Denoiser:
    """The denoiser under the source prompt; the target's for tasks without a source prompt."""
    first = part[0].request
    if not isinstance(first, Described):
        return target
    # Both denoisers have the same negative prompt, so that only the descriptions differ.
    told = [row.request.source_prompt for row in part if isinstance(row.request, Described)]
    strong, scale = context.model.bind_bare(one_or_each(told)), first.source_guidance_scale
    away = away_from(context.model, first.negative_prompt, scale == 1)
    return Guided(strong, away, constant(scale))


def _disagreeing(
    requests: Sequence[Edit], held: Sequence[_Held], context: Context, tick: Ticker
) -> list[_Held]:
    """The pictures with the masks that DiffEdit finds, inside the given masks."""
    found = []
    for part in batches(range(len(requests))):
        asked = [each for each in (requests[k] for k in part) if isinstance(each, DiffEditRequest)]
        first, model = asked[0], context.model
        steps = first.num_inference_steps
        level = descent(model.denoiser.schedule, steps, first.mask_strength)[0]
        noise = SeededNoise([each.seed for each in asked], [0] * len(asked), stream="difference")
        with context.charge(*part):
            cells = difference_mask(
                model.bind_bare(one_or_each([each.source_prompt for each in asked])),
                context.bind(one_or_each([each.prompt for each in asked])),
                torch.cat([held[k].x0 for k in part]),
                level,
                noise,
                first.mask_samples,
                first.mask_threshold,
                tick,
            )
        for row, each in enumerate(asked):
            if not bool(cells[row].any()):
                allowed = "another than the source prompt: they agree about the whole picture"
                raise InputError("prompt", each.prompt, allowed)
        found += [
            _within(held[k], cells[row : row + 1], context.model.codec.cell)
            for row, k in enumerate(part)
        ]
    return found


def _within(held: _Held, cells: Tensor, cell: int) -> _Held:
    """A picture with its found mask of cells, restricted to the given mask."""
    if held.cells is not None:
        cells = composite(cells, 0 * cells, held.cells)
        if not bool(cells.any()):
            raise InputError("mask", "where the prompts agree", "white where they disagree")
    size = held.before.size
    levels = cells[0, 0].mul(255).byte().cpu().numpy().repeat(cell, 0).repeat(cell, 1)
    pixels = Image.fromarray(levels).crop((0, 0, *size))
    if held.pixels is not None:
        pixels = Image.composite(pixels, Image.new("L", size, 0), held.pixels)
    return replace(held, cells=cells, pixels=pixels)
