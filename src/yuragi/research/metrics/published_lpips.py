"""LPIPS as published, with torchvision's weights of AlexNet or VGG16 from a local file.

No package registry carries these weights. They are torchvision's files
``alexnet-owt-7be5be79.pth`` and ``vgg16-397923af.pth``, which PyTorch stores in
``~/.cache/torch/hub/checkpoints``.
"""

from __future__ import annotations

import pickle
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import torch
from safetensors import SafetensorError
from safetensors.torch import load_file
from torch import Tensor, nn

from yuragi.errors import InputError
from yuragi.research.metrics.perceptual import LPIPS, channel_weights, convolution

__all__ = ["open_all", "open_lpips"]

SHIFT, SCALE = (-0.030, -0.088, -0.188), (0.458, 0.448, 0.450)
"""What LPIPS subtracts from red, green and blue in [-1, 1], and then divides them by."""
UNREADABLE = (
    OSError,
    RuntimeError,
    LookupError,
    TypeError,
    pickle.UnpicklingError,
    SafetensorError,
)
"""What reading a file that does not contain such weights can raise."""


@dataclass(frozen=True)
class _Trunk:
    """A network of torchvision, as far as LPIPS uses it.

    Attributes:
        name: the name of the distance.
        blocks: the numbers of the convolutions in torchvision's ``features``; the output of each
            block is compared.
        pooled: the numbers of the blocks that begin with pooling.
        window: the side of the pooling windows, whose stride is 2.
        first: the stride and the padding of the first convolution; others have stride 1, and keep
            the size.
        least: the smallest side of a picture.
    """

    name: str
    blocks: Sequence[Sequence[int]]
    pooled: Sequence[int]
    window: int
    first: tuple[int, int]
    least: int


TRUNKS: Mapping[str, _Trunk] = {
    "alex": _Trunk("LPIPS-AlexNet", ((0,), (3,), (6,), (8,), (10,)), (1, 2), 3, (4, 2), 31),
    "vgg": _Trunk(
        "LPIPS-VGG",
        ((0, 2), (5, 7), (10, 12, 14), (17, 19, 21), (24, 26, 28)),
        (1, 2, 3, 4),
        2,
        (1, 1),
        16,
    ),
}


def open_all(said: Sequence[str]) -> list[LPIPS]:
    """Open LPIPS by several networks, each written as in `open_lpips`.

    Raises:
        InputError: a network is given twice, or see `open_lpips`.
        YuragiError: see `open_lpips`.
    """
    nets = [each.partition(":")[0] for each in said]
    if len(set(nets)) < len(nets):
        raise InputError("lpips", ", ".join(said), "different networks")
    return [open_lpips(each) for each in said]


def open_lpips(said: str) -> LPIPS:
    """Open LPIPS as ``alex:FILE`` or ``vgg:FILE``, on the CPU.

    Raises:
        InputError: the network is unknown, or the file is missing or does not contain its weights.
        YuragiError: the package `lpips` is not installed; the message says how to install it.
    """
    net, _, where = said.partition(":")
    allowed = "alex:FILE or vgg:FILE, with torchvision's weights of that network"
    if net not in TRUNKS or not where:
        raise InputError("lpips", said, allowed)
    trunk, weights = TRUNKS[net], channel_weights(net)
    if not Path(where).is_file():
        raise InputError("lpips", said, allowed, f"{where} is not a file")
    try:
        held = _read(Path(where))
        blocks = [_block(trunk, depth, held) for depth in range(len(trunk.blocks))]
    except UNREADABLE as error:
        raise InputError("lpips", said, allowed) from error
    channels = [len(held[f"features.{block[-1]}.bias"]) for block in trunk.blocks]
    if channels != [len(weight) for weight in weights]:
        raise InputError("lpips", said, allowed, "these are the weights of another network")
    origin = f"torchvision, lpips 0.1 ({net})"
    return LPIPS(trunk.name, origin, blocks, weights, _prepared, trunk.least)


def _read(path: Path) -> Mapping[str, Tensor]:
    if path.suffix == ".safetensors":
        return load_file(path)
    held: Mapping[str, Tensor] = torch.load(path, map_location="cpu", weights_only=True)
    return held


def _block(trunk: _Trunk, depth: int, held: Mapping[str, Tensor]) -> nn.Sequential:
    layers: list[nn.Module] = []
    if depth in trunk.pooled:
        layers.append(nn.MaxPool2d(trunk.window, 2))
    for number in trunk.blocks[depth]:
        weight, bias = (held[f"features.{number}.{name}"] for name in ("weight", "bias"))
        stride, padding = trunk.first if number == 0 else (1, weight.shape[-1] // 2)
        layers += [convolution(weight, bias, stride, padding), nn.ReLU()]
    return nn.Sequential(*layers).eval().requires_grad_(False)


def _prepared(images: Tensor) -> Tensor:
    shift, scale = (images.new_tensor(each)[:, None, None] for each in (SHIFT, SCALE))
    return (images - shift) / scale
