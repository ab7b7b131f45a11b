"""A short name for weights: in a directory, in a file, or in a module."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from pathlib import Path

import torch
from torch import Tensor, nn
from torch.utils._python_dispatch import is_traceable_wrapper_subclass

__all__ = ["fingerprint", "fingerprint_of", "fingerprints"]

EDGE = 1 << 20
FEW = 1 << 14
WEIGHTS = (".safetensors", ".bin", ".ckpt", ".pt", ".pth", ".pkl", ".pickle")


def fingerprint(path: Path) -> str:
    """BLAKE2b (hex, 32 characters) of the weights in a directory, quick even for gigabytes.

    Covers name, size, first and last MiB of every weight file, or of a single file; it tells
    versions of a model apart, it is no protection against forgery.
    """
    return fingerprints(path)[0]


def fingerprints(path: Path) -> tuple[str, dict[str, str]]:
    """The same, and of every weight file by itself, by name; every file is read once."""
    whole, files = hashlib.blake2b(digest_size=16), {}
    for name, file in _files(path).items():
        own = hashlib.blake2b(digest_size=16)
        for part in _edges(name, file):
            whole.update(part)
            own.update(part)
        files[name] = own.hexdigest()
    return whole.hexdigest(), files


def _files(path: Path) -> dict[str, Path]:
    """Weight files of a directory, or a single file, by name."""
    if path.is_file():
        return {path.name: path}
    files = sorted(file for file in path.rglob("*") if file.suffix in WEIGHTS)
    return {file.relative_to(path).as_posix(): file for file in files}


def _edges(name: str, file: Path) -> Iterator[bytes]:
    """What tells a file apart."""
    size = file.stat().st_size
    yield f"{name} {size} ".encode()
    with file.open("rb") as opened:
        yield opened.read(EDGE)
        opened.seek(max(size - EDGE, 0))
        yield opened.read(EDGE)


def fingerprint_of(module: nn.Module) -> str:
    """The same of a module: name, shape and precision of every tensor, and its first numbers.

    A quantised weight counts by the tensors that it keeps, such as integers and their scales.
    """
    state = hashlib.blake2b(digest_size=16)
    for whole, tensor in module.state_dict().items():
        for name, part in _stored(whole, _here(module, whole, tensor)):
            state.update(f"{name} {tuple(part.shape)} {part.dtype} ".encode())
            few = part.detach().flatten()[:FEW].to("cpu", torch.float32)
            state.update(few.contiguous().numpy().tobytes())
    return state.hexdigest()


def _stored(name: str, tensor: Tensor) -> Iterator[tuple[str, Tensor]]:
    """A tensor, or those that one without numbers of its own is made of (quantised by torchao)."""
    if not is_traceable_wrapper_subclass(tensor):
        yield name, tensor
        return
    parts, _ = tensor.__tensor_flatten__()
    for part in parts:
        yield from _stored(f"{name}.{part}", getattr(tensor, part))


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
