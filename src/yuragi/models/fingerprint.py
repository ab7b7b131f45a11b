"""Fingerprints of weights in a directory, a file or a module."""

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
    """The BLAKE2b digest (32 hexadecimal digits) of the weights in a directory or a file.

    It covers name, size, first and last MiB of every weight file, so that it is quick even for
    gigabytes. It distinguishes versions of a model, but does not protect against forgery.
    """
    return fingerprints(path)[0]


def fingerprints(path: Path) -> tuple[str, dict[str, str]]:
    """The fingerprint of a directory, and that of every weight file by name."""
    whole, files = hashlib.blake2b(digest_size=16), {}
    for name, file in _files(path).items():
        own = hashlib.blake2b(digest_size=16)
        for part in _edges(name, file):
            whole.update(part)
            own.update(part)
        files[name] = own.hexdigest()
    return whole.hexdigest(), files


def _files(path: Path) -> dict[str, Path]:
    """The weight files of a directory, or a single file, by name."""
    if path.is_file():
        return {path.name: path}
    files = sorted(file for file in path.rglob("*") if file.suffix in WEIGHTS)
    return {file.relative_to(path).as_posix(): file for file in files}


def _edges(name: str, file: Path) -> Iterator[bytes]:
    """The data of a file that enter the fingerprint."""
    size = file.stat().st_size
    yield f"{name} {size} ".encode()
    with file.open("rb") as opened:
        yield opened.read(EDGE)
        opened.seek(max(size - EDGE, 0))
        yield opened.read(EDGE)


def fingerprint_of(module: nn.Module) -> str:
    """The fingerprint of a module: name, shape, precision and first numbers of every tensor.

    A quantised weight is represented by the tensors that it stores, such as integers and scales.
    """
    state = hashlib.blake2b(digest_size=16)
    for whole, tensor in module.state_dict().items():
        for name, part in _stored(whole, _here(module, whole, tensor)):
            state.update(f"{name} {tuple(part.shape)} {part.dtype} ".encode())
            few = part.detach().flatten()[:FEW].to("cpu", torch.float32)
            state.update(few.contiguous().numpy().tobytes())
    return state.hexdigest()


def _stored(name: str, tensor: Tensor) -> Iterator[tuple[str, Tensor]]:
    """A tensor, or the tensors that a quantised tensor of torchao consists of."""
    if not is_traceable_wrapper_subclass(tensor):
        yield name, tensor
        return
    parts, _ = tensor.__tensor_flatten__()
    for part in parts:
        yield from _stored(f"{name}.{part}", getattr(tensor, part))


def _here(module: nn.Module, name: str, tensor: Tensor) -> Tensor:
    """A tensor of a module; for an offloaded module, from the place where weights are stored."""
    if tensor.device.type != "meta":
        return tensor
    from accelerate.utils import align_module_device

    path, _, leaf = name.rpartition(".")
    owner = module.get_submodule(path)
    with align_module_device(owner, torch.device("cpu")):
        found: Tensor = owner.state_dict()[leaf]
        return found
