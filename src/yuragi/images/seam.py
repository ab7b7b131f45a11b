"""A soft seam between a picture and what is put into it."""

from __future__ import annotations

import numpy as np
from PIL import Image
from scipy.ndimage import binary_erosion, maximum_filter

__all__ = ["softened"]


def softened(mask: Image.Image, width: int) -> Image.Image:
    """A mask whose white rises from its edge inwards; what was black stays black.

    It rises over so many pixels, or over as many as there are where the mask is thinner, so that
    the middle of every part stays white. The border of the picture is no edge.

    Args:
        mask: black and white.
        width: width of the seam in pixels, 1 to 127.
    """
    inside = np.asarray(mask) > 127
    depth = np.zeros(inside.shape, np.uint8)
    for _ in range(width):
        depth += inside
        inside = binary_erosion(inside, border_value=1)
    deepest = maximum_filter(depth, 2 * width - 1)
    share = depth / np.maximum(deepest, 1, dtype=np.float32)
    return Image.fromarray((255 * share).round().astype(np.uint8))
