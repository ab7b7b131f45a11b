"""Run sample requests."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import torch
from torch import Tensor

from yuragi.edit import watch
from yuragi.errors import InputError
from yuragi.guidance import Stress
from yuragi.images.tensors import from_tensor, tensor_digest
from yuragi.models.model import DiffusionModel
from yuragi.tasks.context import Context, Row, batches, one_or_each
from yuragi.tasks.result import TaskOutput
from yuragi.tasks.sample import SampleRequest
from yuragi.tasks.sampling import sample_rows, start_noise
from yuragi.tasks.sides import gain_of, guided
from yuragi.tasks.work import Work, rehearsed

__all__ = ["run_sample", "sample_work"]


def run_sample(requests: Sequence[SampleRequest], context: Context) -> list[TaskOutput]:
    """Generate the pictures of similar requests.

    Raises:
        InputError: sides or latents do not fit the model or the request.
    """
    first, model, codec = requests[0], context.model, context.model.codec
    width, height = _side("width", first.width, model), _side("height", first.height, model)
    if codec.padding(height, width) != (0, 0):
        allowed = f"{width}, the width: this model's network knows squares only"
        raise InputError("height", height, allowed)
    cells = (codec.channels, height // codec.cell, width // codec.cell)
    _check_latents(first, context.latents, cells)
    times = _times(first, model)
    rows = [Row(of, each, k) for of, each in enumerate(requests) for k in range(each.num_images)]
    parts = list(batches(rows))
    # The grid "native" can have more or fewer levels than steps.
    tick = context.ticker(len(parts) * (len(times) - 1))
    made = [TaskOutput.begun(gain_of(each.guidance).cost) for each in requests]
    for part in parts:
        seeds, samples = [row.request.seed for row in part], [row.sample for row in part]
        if context.latents is None:
            start = start_noise(seeds, samples, cells, model.device)
        else:
            start = context.latents[samples].to(model.device, torch.float32)

        def drawn(
            part: Sequence[Row[SampleRequest]] = part, start: Tensor = start
        ) -> Sequence[Tensor]:
            stress = Stress()
            return [_drawn(part, start, times, context, stress, tick), *stress.readings]

        with context.charge(*(row.of for row in part)):
            z, *readings = context.kept(tick, drawn)
        stress = Stress.of(readings)
        pictures = from_tensor(codec.decode(z, height, width))
        for k, (row, picture) in enumerate(zip(part, pictures, strict=True)):
            made[row.of] = made[row.of].with_image(picture, stress, k)
    return made


def sample_work(request: SampleRequest, context: Context) -> Work:
    """The network calls of a request."""
    times = _times(request, context.model)
    return rehearsed(
        request,
        request.num_images,
        context,
        lambda part, start, counted: _drawn(part, start, times, counted, Stress(), lambda: None),
    )


def _times(request: SampleRequest, model: DiffusionModel) -> Tensor:
    grid = model.grids[request.timestep_spacing]
    try:
        return grid(model.denoiser.schedule, request.num_inference_steps)
    except InputError as error:
        if error.argument == "steps":
            raise error.called("num_inference_steps") from error
        raise


def _drawn(
    part: Sequence[Row[SampleRequest]],
    start: Tensor,
    times: Tensor,
    context: Context,
    stress: Stress,
    tick: Callable[[], None],
) -> Tensor:
    """The latents of some rows from their start noise [b, c, h, w]."""
    first = part[0].request
    denoiser = guided(
        first, context, one_or_each([row.request.prompt for row in part]), times, stress
    )
    seeds, samples = [row.request.seed for row in part], [row.sample for row in part]
    return sample_rows(denoiser, first.solver, first.eta, times, seeds, samples, start, watch(tick))


def _check_latents(request: SampleRequest, latents: Tensor | None, cells: tuple[int, ...]) -> None:
    shape = (request.num_images, *cells)
    if latents is not None and tuple(latents.shape) != shape:
        raise InputError("latents", tuple(latents.shape), f"a tensor of shape {shape}")
    if request.latents != (None if latents is None else tensor_digest(latents)):
        allowed = f"the start noise that the request names ({request.latents})"
        raise InputError("latents", "another or none", allowed)


def _side(name: str, given: int | None, model: DiffusionModel) -> int:
    """A side in pixels; by default the model's own."""
    side = model.native_size if given is None else given
    if side % model.codec.multiple:
        raise InputError(name, side, f"a multiple of {model.codec.multiple} pixels")
    return side
