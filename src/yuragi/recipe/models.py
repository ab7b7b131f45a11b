"""Models by name or path: where they are, what they are, and loading each of them once."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from functools import lru_cache
from importlib.resources import files
from pathlib import Path
from typing import TYPE_CHECKING

from yuragi.errors import InputError

if TYPE_CHECKING:
    from yuragi.adapters import DiffusionModel

__all__ = ["SHIPPED", "fingerprint", "load_model", "model_path"]

SHIPPED: Mapping[str, str] = {
    "portraits": "drawn portraits, 128 x 128, from a description; Stable Diffusion format",
}
"""Names and descriptions of the models inside the package."""

_EDGE = 1 << 20


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


def load_model(name: str | Path, device: str | None = None) -> DiffusionModel:
    """Load a model, or return it if this process has loaded it before.

    Args:
        name: a shipped name or a path.
        device: a torch device; by default the GPU when there is one.

    Raises:
        InputError: see `model_path` and `yuragi.adapters.load_diffusers`.
    """
    return _loaded(model_path(name), device)


@lru_cache(maxsize=2)
def _loaded(path: Path, device: str | None) -> DiffusionModel:
    from yuragi.adapters import load_diffusers

    return load_diffusers(path, device)


@lru_cache(maxsize=8)
def fingerprint(path: Path) -> str:
    """A short name for the weights in a directory, quick even for gigabytes.

    Covers name, size, first and last MiB of every safetensors file; it tells versions of a model
    apart, it is no protection against forgery.
    """
    state = hashlib.blake2b(digest_size=16)
    for file in sorted(path.rglob("*.safetensors")):
        size = file.stat().st_size
        state.update(f"{file.relative_to(path).as_posix()} {size} ".encode())
        with file.open("rb") as opened:
            state.update(opened.read(_EDGE))
            opened.seek(max(size - _EDGE, 0))
            state.update(opened.read(_EDGE))
    return state.hexdigest()
