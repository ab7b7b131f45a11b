"""What docs/reproducibility.md promises about pictures and latents, one assertion for each promise.

A picture is an 8-bit image, several of them, or an array of floats in [0, 1] as pipelines of
diffusers return it; a latent is a float32 tensor.
"""

from collections.abc import Sequence

import numpy as np
import torch
from PIL import Image

LEVELS = 1.0
"""Rounding of a picture, in levels of 255."""
LATENT = 1e-4
"""Rounding of a latent in float32."""


def assert_identical(found, expected):
    """Bit for bit: the very same computation on one machine, such as a replay."""
    if isinstance(expected, torch.Tensor):
        torch.testing.assert_close(found, expected, rtol=0, atol=0)
    else:
        assert _apart(found, expected) == 0


def assert_equal_to_rounding(found, expected):
    """The same in another batch, order, layout, thread count, or by another program."""
    if isinstance(expected, torch.Tensor):
        torch.testing.assert_close(found, expected, rtol=0, atol=LATENT)
    else:
        # A float picture may lie between two levels.
        assert _apart(found, expected) <= LEVELS


def assert_different(found, expected):
    """Pictures that rounding cannot explain."""
    assert _apart(found, expected) > LEVELS


def assert_untouched_outside(image, picture, mask):
    """Bit for bit the picture's pixels where the mask is black; others where it is white."""
    after, before, black = np.asarray(image), np.asarray(picture), np.asarray(mask) == 0
    assert after.shape == before.shape
    assert np.array_equal(after[black], before[black])
    assert not np.array_equal(after[~black], before[~black])


def _apart(found, expected):
    """The largest difference of two pictures in levels."""
    found, expected = _levels(found), _levels(expected)
    assert found.shape == expected.shape
    return float(np.abs(found - expected).max())


def _levels(picture):
    if isinstance(picture, Image.Image):
        return np.asarray(picture, np.float64)
    if isinstance(picture, Sequence):
        return np.stack([_levels(each) for each in picture])
    return np.asarray(picture, np.float64) * (1 if picture.dtype == np.uint8 else 255)
