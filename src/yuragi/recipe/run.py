"""Run a request: the one way from a request to a result, for every caller."""

from __future__ import annotations

from collections.abc import Mapping

import torch
from PIL import Image
from torch import Tensor

from yuragi import __version__
from yuragi.adapters import DiffusionModel
from yuragi.core import NOISE_VERSION
from yuragi.device import enough_memory
from yuragi.recipe.context import Context, Made, Progress
from yuragi.recipe.models import with_version
from yuragi.recipe.request import DragRequest, InvertRequest, Request, SampleRequest
from yuragi.recipe.result import Origin, Result
from yuragi.recipe.run_drag import run_drag
from yuragi.recipe.run_edit import run_edit
from yuragi.recipe.run_invert import run_invert
from yuragi.recipe.run_sample import run_sample

__all__ = ["Progress", "run"]


def run(
    request: Request,
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
        OutOfMemoryError: too much for the device.
    """
    model, counter = model.at(*_size(request, model)).counting()
    counters = [counter]
    if weak is not None:
        weak, weak_counter = weak.at(*_size(request, weak)).counting()
        counters.append(weak_counter)
    with enough_memory(model.device):
        made = _made(request, Context(model, weak, sources, on_progress), latents)
    return Result(
        images=made.images,
        request=request.model_copy(update={"model": with_version(request.model, model.weights)}),
        evaluations=sum(each.evaluations for each in counters),
        origin=_origin(model, weak),
        sources=sources,
        frames=made.frames,
        guidance=made.gauge,
        mask=made.mask,
        reconstruction=made.reconstruction,
        intent=made.intent,
    )


def _size(request: Request, model: DiffusionModel) -> tuple[int, int]:
    """Height and width of the pictures in pixels."""
    if isinstance(request, SampleRequest):
        return request.height or model.native_size, request.width or model.native_size
    return request.image.height, request.image.width


def _made(request: Request, context: Context, latents: Tensor | None) -> Made:
    match request:
        case SampleRequest():
            return run_sample(request, context, latents)
        case DragRequest():
            return run_drag(request, context)
        case InvertRequest():
            return run_invert(request, context)
        case _:
            return run_edit(request, context)


def _origin(model: DiffusionModel, weak: DiffusionModel | None) -> Origin:
    cuda = model.device.type == "cuda"
    device = torch.cuda.get_device_name(model.device) if cuda else model.device.type
    dtype = str(model.dtype).removeprefix("torch.")
    weak_weights = "" if weak is None else weak.weights
    return Origin(
        __version__,
        torch.__version__,
        device,
        dtype,
        model.weights,
        NOISE_VERSION,
        weak_weights,
        model.card,
    )
