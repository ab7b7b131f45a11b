"""Models by name or path: where they are, what they are, and how to load them."""

from __future__ import annotations

from collections.abc import Mapping
from importlib.resources import files
from pathlib import Path
from typing import TYPE_CHECKING

from yuragi.errors import InputError

if TYPE_CHECKING:
    import torch

    from yuragi.adapters import DiffusionModel

__all__ = ["SHIPPED", "load_model", "load_weak", "model_path"]

SHIPPED: Mapping[str, str] = {
    "portraits": "drawn portraits, 128 x 128, from a description; Stable Diffusion format",
}
"""Names and descriptions of the models inside the package."""


def model_path(name: str | Path) -> Path:
    """The directory of a shipped model, or the path itself.

    Raises:
        InputError: neither a shipped name nor an existing path.
    """
    if str(name) in SHIPPED:
        return Path(str(files("yuragi") / "assets" / "models" / str(name)))
    path = Path(name)
    if not path.exists():
        allowed = f"a shipped model ({', '.join(SHIPPED)}) or the path of a pipeline directory"
        raise InputError("model", str(name), allowed)
    return path


def load_model(
    name: str | Path, device: str | None = None, dtype: torch.dtype | None = None
) -> DiffusionModel:
    """Load a model.

    Args:
        name: a shipped name or a path.
        device: a torch device; by default the GPU when there is one.
        dtype: of the weights; by default float32 on a CPU and float16 elsewhere.

    Raises:
        InputError: see `model_path` and `yuragi.adapters.load_diffusers`.
    """
    from yuragi.adapters import load_diffusers

    return load_diffusers(model_path(name), device, dtype)


def load_weak(name: str | None, strong: DiffusionModel) -> DiffusionModel | None:
    """The weaker model of autoguidance, where and in the precision that the strong one is.

    Raises:
        InputError: as `load_model`, about ``weak_model``.
    """
    if name is None:
        return None
    try:
        return load_model(name, str(strong.device), strong.pipeline.unet.dtype)
    except InputError as error:
        raise InputError("weak_model", error.value, error.allowed) from error
