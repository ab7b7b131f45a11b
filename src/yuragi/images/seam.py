"""A soft seam between a picture and the content that is put into it."""

from __future__ import annotations

import numpy as np
from PIL import Image
from scipy.ndimage import binary_erosion, maximum_filter

__all__ = ["softened"]


def softened(mask: Image.Image, width: int) -> Image.Image:
    """A mask whose white rises from its edge inwards; what was black stays black.

    It rises over `width` pixels, or over fewer where the mask is thinner, so that the middle of
    every part stays white. The border of the picture does not count as an edge.

    Args:
        mask: black and white.
        width: the width of the seam in pixels, 1 to 127.
    """
    inside = np.asarray(mask) > 127
    depth = np.zeros(inside.shape, np.uint8)
    for _ in range(width):
        depth += inside
        inside = binary_erosion(inside, border_value=1)
    deepest = maximum_filter(depth, 2 * width - 1)
    share = depth / np.maximum(deepest, 1, dtype=np.float32)
    return Image.fromarray((255 * share).round().astype(np.uint8))
