"""Pictures that the model of the fixture `knowing` knows, and pictures that it does not."""

import numpy as np
from PIL import Image

SIDE = 128


def gradient(index):
    """A smooth, dark picture: levels that rise in a direction, in three colours."""
    rng = np.random.default_rng([index, 0])
    along = np.indices((SIDE, SIDE)).transpose(1, 2, 0) / SIDE - 0.5
    levels = 40 + along @ rng.uniform(-15, 15, (2, 3)) + rng.uniform(-15, 15, 3)
    return Image.fromarray(levels.round().clip(0, 255).astype(np.uint8))


def noise(index):
    """Independent pixels, black or white in each colour."""
    rng = np.random.default_rng([index, 1])
    return Image.fromarray(255 * rng.integers(0, 2, (SIDE, SIDE, 3), dtype=np.uint8))
