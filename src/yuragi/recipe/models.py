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

__all__ = ["SHIPPED", "load_model", "load_weak", "model_folder", "model_path"]

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
        allowed = (
            f"a shipped model ({', '.join(SHIPPED)}), the path of a pipeline directory, "
            "or owner/name on the hub"
        )
        raise InputError("model", str(name), allowed)
    return path


def model_folder(name: str) -> Path | None:
    """The directory or file that a name means; None for the hub's, and for the caller's objects.

    Raises:
        InputError: neither a shipped name, nor an existing path, nor either of these.
    """
    from yuragi.adapters import HUB

    elsewhere = HUB.fullmatch(name) or (name.startswith("<") and name.endswith(">"))
    if elsewhere and name not in SHIPPED and not Path(name).exists():
        return None
    return model_path(name)


def load_model(
    name: str | Path,
    device: str | None = None,
    dtype: torch.dtype | None = None,
    config: Path | None = None,
    offline: bool = False,
    allow_pickle: bool = False,
) -> DiffusionModel:
    """Load a model.

    Args:
        name: a shipped name, a path, or a name on the hub, ``owner/name`` or
            ``owner/name@revision``.
        device: see `yuragi.adapters.Opening`, as for the rest.
        dtype: of the weights.
        config: for a single file, the directory of a pipeline of its kind.
        offline: never ask the hub.
        allow_pickle: read ``.bin`` and ``.ckpt`` files as plain tensors.

    Raises:
        InputError: see `model_path` and `yuragi.adapters.load_diffusers`.
    """
    from yuragi.adapters import HUB, Opening, load_diffusers

    opening = Opening(device, dtype, config, offline, allow_pickle)
    if str(name) not in SHIPPED and not Path(name).exists() and HUB.fullmatch(str(name)):
        return load_diffusers(name, opening)
    return load_diffusers(model_path(name), opening)


def load_weak(name: str | None, strong: DiffusionModel) -> DiffusionModel | None:
    """The weaker model of autoguidance, where and in the precision that the strong one is.

    Raises:
        InputError: as `load_model`, about ``weak_model``.
    """
    if name is None:
        return None
    try:
        return load_model(name, str(strong.device), strong.dtype)
    except InputError as error:
        raise InputError("weak_model", error.value, error.allowed) from error
