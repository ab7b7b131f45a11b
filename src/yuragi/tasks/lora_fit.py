"""Fit a LoRA to the picture of a drag, and cache it."""

from __future__ import annotations

import contextlib
import hashlib
import json
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

from PIL import Image
from torch import Tensor, nn

from yuragi.core import NOISE_VERSION
from yuragi.edit import descent
from yuragi.folders import cache_folder
from yuragi.images.resize import fitting, scaled
from yuragi.images.tensors import to_tensor
from yuragi.models.fingerprint import fingerprint_of
from yuragi.models.lora import LoRAFit, adapted, learned, trainable
from yuragi.models.model import DiffusionModel
from yuragi.tasks.context import Context
from yuragi.tasks.drag import DragRequest, LoRA
from yuragi.tasks.work import Call, Work

__all__ = ["lora_fitted", "lora_work", "with_fitted_lora"]


@contextlib.contextmanager
def lora_fitted(request: DragRequest, context: Context) -> Iterator[Context]:
    """The context with the LoRA of the request in its model; it is removed afterwards.

    Finished LoRAs are cached in the folder ``lora``, keyed by everything that determines them.

    Raises:
        InputError: the model is not `trainable`, or the picture was not given.
    """
    if request.lora is None:
        yield context
        return
    model, wanted = context.model, request.lora
    trainable(model)
    file = _file(request, wanted, model)
    z = model.codec.encode(to_tensor(_fitted_to(request, context)).to(model.device))
    done = wanted.steps
    with with_fitted_lora(
        request, wanted, model, z, file, lambda step: context.on_progress(step, done)
    ) as known:
        yield replace(
            context,
            model=known,
            bound={},  # denoisers bound before do not have the LoRA
            known={},  # with the LoRA, the model knows this picture better
            on_progress=lambda step, total: context.on_progress(done + step, done + total),
        )


def lora_work(request: DragRequest, context: Context) -> Work:
    """The network calls of fitting the LoRA; none if there is no LoRA or it is cached.

    Raises:
        InputError: the model is not `trainable`.
    """
    if request.lora is None:
        return Work()
    trainable(context.model)
    if _file(request, request.lora, context.model).exists():
        return Work()
    return Work({Call(1, reverse=True): request.lora.steps})


def _fitted_to(request: DragRequest, context: Context) -> Image.Image:
    """The picture, scaled to the size that the model knows if the drag works on a crop of it."""
    picture, native = context.picture(request.image), context.model.native_size
    return scaled(picture, fitting(picture.size, native)) if request.crops(native) else picture


def _file(request: DragRequest, wanted: LoRA, model: DiffusionModel) -> Path:
    """The file of the finished LoRA."""
    parts = model.pipeline.components.items()
    decides = [
        # All parts: the autoencoder makes the latent, and text encoders read the prompt.
        {name: fingerprint_of(part) for name, part in parts if isinstance(part, nn.Module)},
        model.card.config,
        request.image.digest,
        request.crops(model.native_size),
        request.prompt,
        NOISE_VERSION,
        *wanted.model_dump(exclude={"floor"}).values(),
    ]
    key = hashlib.blake2b(json.dumps(decides).encode(), digest_size=16).hexdigest()
    return cache_folder("lora") / f"{key}.safetensors"


@contextlib.contextmanager
def with_fitted_lora(
    request: DragRequest,
    wanted: LoRA,
    model: DiffusionModel,
    z: Tensor,
    file: Path,
    on_step: Callable[[int], None],
) -> Iterator[DiffusionModel]:
    """The model with a LoRA of one picture; the LoRA is removed afterwards.

    Args:
        request: the request with prompt and levels of the drag.
        wanted: the settings of the LoRA.
        model: the model.
        z: the clean latent of the picture [1, c, h, w].
        file: the file of the finished LoRA, which is used if it exists.
        on_step: a function called with the number of finished steps.
    """
    fit = LoRAFit(wanted.rank, wanted.steps, wanted.learning_rate)
    weights = learned(model, z, request.prompt, fit, wanted.seed, file, on_step)
    top = descent(model.denoiser.schedule, request.num_inference_steps, request.strength)[0]
    with adapted(model, weights, fit.rank, wanted.floor, top.item()) as known:
        yield known
