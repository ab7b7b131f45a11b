r"""Measures that compare pictures with their true counterparts, inside and outside a region.

- `region_psnr`: 10 log10(4 / mean squared error) in dB, for values in [-1, 1]; limited to 60, so
  that an identical region does not dominate a mean.
- `ssim`: structural similarity, averaged over regions (Wang et al. 2004, by scikit-image).
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch
from torch import Tensor

from yuragi.drag.areas import mean_within

__all__ = ["EQUAL", "region_psnr", "ssim"]

EQUAL = 60.0
"""The PSNR of identical pictures, in dB."""


def region_psnr(images: Tensor, truth: Tensor, region: Tensor) -> Tensor:
    """The PSNR of every picture within its region, [n].

    Args:
        images: the pictures [n, 3, h, w] in [-1, 1].
        truth: the true pictures, of the same shape and range.
        region: the regions [n, h, w] to average over, True inside; an empty one gives NaN.
    """
    error = mean_within((images - truth).double().square().mean(1), region)
    return (10 * (4 / error.clamp(min=1e-12)).log10()).clamp(max=EQUAL)


def ssim(images: Tensor, truth: Tensor, regions: Sequence[Tensor]) -> list[Tensor]:
    """The mean SSIM of every picture over each region, [n] per region."""
    from skimage.metrics import structural_similarity

    maps = []
    for image, true in zip(images, truth, strict=True):
        pair = (each.permute(1, 2, 0).double().cpu().numpy() for each in (image, true))
        _, full = structural_similarity(  # type: ignore[no-untyped-call]
            *pair, channel_axis=2, data_range=2.0, full=True
        )
        maps.append(torch.from_numpy(np.asarray(full)).mean(2))
    return [mean_within(torch.stack(maps), region.cpu()) for region in regions]
