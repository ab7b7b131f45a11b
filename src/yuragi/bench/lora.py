"""A LoRA of one picture for benchmarks: learned anew, beside those that the user keeps."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory

from PIL import Image

from yuragi.adapters import DiffusionModel
from yuragi.recipe.personal import knowing
from yuragi.recipe.pictures import to_tensor
from yuragi.recipe.request import DragRequest, LoRA

__all__ = ["knowing_anew"]


@contextlib.contextmanager
def knowing_anew(
    request: DragRequest, wanted: LoRA, model: DiffusionModel, picture: Image.Image
) -> Iterator[DiffusionModel]:
    """The model with a LoRA of the picture in it, as `yuragi.recipe.personal.knowing`."""
    z = model.codec.encode(to_tensor(picture).to(model.device))
    with TemporaryDirectory() as folder:
        file = Path(folder) / "lora.safetensors"
        with knowing(request, wanted, model, z, file, lambda step: None) as known:
            yield known
