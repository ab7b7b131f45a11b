"""A short name for weights: in a directory, in a file, or in a module."""

from __future__ import annotations

import hashlib
from pathlib import Path

import torch
from torch import Tensor, nn

__all__ = ["fingerprint", "fingerprint_of"]

EDGE = 1 << 20
FEW = 1 << 14


def fingerprint(path: Path) -> str:
    """BLAKE2b (hex, 32 characters) of the weights in a directory, quick even for gigabytes.

    Covers name, size, first and last MiB of every safetensors file, or of a single file; it tells
    versions of a model apart, it is no protection against forgery.
    """
    state = hashlib.blake2b(digest_size=16)
    for file in [path] if path.is_file() else sorted(path.rglob("*.safetensors")):
        size = file.stat().st_size
        name = file.name if file == path else file.relative_to(path).as_posix()
        state.update(f"{name} {size} ".encode())
        with file.open("rb") as opened:
            state.update(opened.read(EDGE))
            opened.seek(max(size - EDGE, 0))
            state.update(opened.read(EDGE))
    return state.hexdigest()


def fingerprint_of(module: nn.Module) -> str:
    """The same of a module: name, shape and precision of every tensor, and its first numbers."""
    state = hashlib.blake2b(digest_size=16)
    for name, tensor in module.state_dict().items():
        state.update(f"{name} {tuple(tensor.shape)} {tensor.dtype} ".encode())
        few = _here(module, name, tensor).detach().flatten()[:FEW].to("cpu", torch.float32)
        state.update(few.contiguous().numpy().tobytes())
    return state.hexdigest()


def _here(module: nn.Module, name: str, tensor: Tensor) -> Tensor:
    """A tensor of a module; of an offloaded one from where its weights rest."""
    if tensor.device.type != "meta":
        return tensor
    from accelerate.utils import align_module_device

    path, _, leaf = name.rpartition(".")
    owner = module.get_submodule(path)
    with align_module_device(owner, torch.device("cpu")):
        found: Tensor = owner.state_dict()[leaf]
        return found
