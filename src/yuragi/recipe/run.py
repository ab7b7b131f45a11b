"""Run a request: the one way from a request to a result, for every caller."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import torch
from PIL import Image
from torch import Tensor, nn

from yuragi import __version__
from yuragi.adapters import DiffusionModel
from yuragi.drag import drag_latents, drag_levels, handles
from yuragi.edit import watch
from yuragi.errors import InputError
from yuragi.guidance import Guided, Stress, constant, ramp
from yuragi.recipe.build import drag_settings
from yuragi.recipe.pictures import from_tensor, mask_tensor, tensor_digest, to_tensor
from yuragi.recipe.request import DragRequest, PictureRef, SampleRequest
from yuragi.recipe.result import Gauge, Origin, Result
from yuragi.recipe.rows import sample_rows, start_noise
from yuragi.recipe.rules import gain_of, weak_side, weight_of

__all__ = ["Progress", "run"]

Progress = Callable[[int, int], None]
"""(steps done, steps in all); raise in it to cancel."""

BATCH = 8  # pictures sampled together: bounds memory, and never changes a result's noise


def run(
    request: SampleRequest | DragRequest,
    model: DiffusionModel,
    sources: Mapping[str, Image.Image],
    on_progress: Progress = lambda done, total: None,
    latents: Tensor | None = None,
    weak: DiffusionModel | None = None,
) -> Result:
    """Run a request.

    Args:
        request: complete; see `yuragi.recipe.request`.
        model: the model that it names, loaded.
        sources: the pictures that it names, by digest.
        on_progress: called after every solver step.
        latents: start noise (num_images, c, h, w) for a sample request that names it.
        weak: the weaker model of autoguidance, loaded, for a request that names one.

    Raises:
        InputError: a value that does not fit the model or the pictures; before the model runs.
    """
    model, counter = model.counting()
    frames: list[Image.Image] = []
    counters = [counter]
    if weak is not None:
        weak, weak_counter = weak.counting()
        counters.append(weak_counter)
    if isinstance(request, SampleRequest):
        images, gauge = _sample(request, model, weak, on_progress, latents)
    else:
        frames = _drag(request, model, sources, on_progress)
        images, gauge = frames[-1:], Gauge(gain_of(request.guidance).cost)
    evaluations = sum(each.evaluations for each in counters)
    return Result(images, request, evaluations, _origin(model, weak), sources, frames, gauge)


def _origin(model: DiffusionModel, weak: DiffusionModel | None) -> Origin:
    cuda = model.device.type == "cuda"
    device = torch.cuda.get_device_name(model.device) if cuda else model.device.type
    dtype = str(model.pipeline.unet.dtype).removeprefix("torch.")
    weak_weights = "" if weak is None else weak.weights
    return Origin(__version__, torch.__version__, device, dtype, model.weights, weak_weights)


def _ticker(on_progress: Progress, total: int) -> Callable[[], None]:
    done = 0

    def tick() -> None:
        nonlocal done
        done += 1
        on_progress(done, total)

    return tick


def _sample(
    request: SampleRequest,
    model: DiffusionModel,
    weak: DiffusionModel | None,
    on_progress: Progress,
    latents: Tensor | None,
) -> tuple[list[Image.Image], Gauge]:
    codec = model.codec
    width = _side("width", request.width, model)
    height = _side("height", request.height, model)
    count = request.num_images
    cells = (count, codec.channels, height // codec.cell, width // codec.cell)
    if latents is not None and tuple(latents.shape) != cells:
        raise InputError("latents", tuple(latents.shape), f"a tensor of shape {cells}")
    if request.latents != (None if latents is None else tensor_digest(latents)):
        allowed = f"the start noise that the request names ({request.latents})"
        raise InputError("latents", "another or none", allowed)
    schedule = model.denoiser.schedule
    times = model.grids[request.timestep_spacing](schedule, request.num_inference_steps)
    strong, away = model.bind([request.prompt]), weak_side(request, model, weak)
    weight = weight_of(request.guidance, request.guidance_scale, schedule, times)
    gauge = Gauge(gain_of(request.guidance).cost)
    batches = [range(i, min(i + BATCH, count)) for i in range(0, count, BATCH)]
    tick = _ticker(on_progress, len(batches) * request.num_inference_steps)
    images: list[Image.Image] = []
    for rows in batches:
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
    return images, gauge


def _side(name: str, given: int | None, model: DiffusionModel) -> int:
    """A side in pixels; the model's own where none is given."""
    side = model.native_size if given is None else given
    if side % model.codec.multiple:
        raise InputError(name, side, f"a multiple of {model.codec.multiple} pixels")
    return side


def _drag(
    request: DragRequest,
    model: DiffusionModel,
    sources: Mapping[str, Image.Image],
    on_progress: Progress,
) -> list[Image.Image]:
    """The picture before, and after every sub-drag."""
    before = _source(sources, request.image)
    mask = None if request.mask is None else _source(sources, request.mask)
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
    cells = None if inside is None else _mask_cells(inside, model)
    total = drag.plan(moves, min(latents.shape[-2:])) * drag.steps
    tick = _ticker(on_progress, total)
    frames = [before]
    for step in drag_latents(denoiser, latents, moves, drag, request.seed, cells, tick):
        after = model.codec.decode(step.latents, before.height, before.width)
        picture = from_tensor(after)[0]
        if mask is not None:
            picture = Image.composite(picture, before, mask)
        frames.append(picture)
    return frames


def _mask_cells(inside: Tensor, model: DiffusionModel) -> Tensor:
    """A cell may change if any of its pixels may."""
    multiple, cell = model.codec.multiple, model.codec.cell
    height, width = inside.shape[-2:]
    padded = nn.functional.pad(inside, (0, -width % multiple, 0, -height % multiple))
    return nn.functional.max_pool2d(padded, cell)


def _source(sources: Mapping[str, Image.Image], named: PictureRef) -> Image.Image:
    if named.digest not in sources:
        allowed = f"the picture {named.name or 'without a name'} with digest {named.digest}"
        raise InputError("source", "missing", allowed)
    return sources[named.digest]
