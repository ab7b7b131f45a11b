"""Digests of pictures."""

import torch

from yuragi.research.metrics.levels import digests_of, levels_of


def test_levels_are_those_of_files():
    images = torch.tensor([-1.5, -1.0, 0.0, 0.999, 1.0]).expand(1, 3, 1, 5)
    assert levels_of(images)[0, 0, 0].tolist() == [0, 0, 128, 255, 255]


def test_a_digest_is_of_the_pixels_alone():
    """Not of the batch, and not of what rounding to levels removes."""
    images = torch.rand(3, 3, 8, 8, generator=torch.Generator().manual_seed(0)) * 2 - 1
    images = levels_of(images).float() / 127.5 - 1
    found = digests_of(images)
    assert len(set(found)) == 3
    assert all(0 <= digest < 2**64 for digest in found)
    assert digests_of(images[1:] + 1e-4) == found[1:]
