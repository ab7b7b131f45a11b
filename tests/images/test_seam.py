"""Soft seams lie inside a mask and leave the middle of each of its parts white."""

import numpy as np
from PIL import Image

from yuragi.images.seam import softened


def soft(mask, width):
    return np.asarray(softened(Image.fromarray(np.where(mask, 255, 0).astype(np.uint8)), width))


def test_white_rises_from_the_edge_inwards_over_the_width():
    mask = np.zeros((40, 60), bool)
    mask[10:, 20:] = True
    found = soft(mask, 4)
    assert (found[~mask] == 0).all()
    assert found[30, 18:26].tolist() == [0, 0, 64, 128, 191, 255, 255, 255]
    assert (found[14:, 24:] == 255).all()  # the border of the picture is no edge


def test_what_is_thinner_than_the_seam_is_white_in_its_middle():
    mask = np.zeros((40, 60), bool)
    mask[5, :] = True
    mask[20:24, :] = True
    found = soft(mask, 8)
    assert (found[5] == 255).all()
    assert found[18:26, 30].tolist() == [0, 0, 128, 255, 255, 128, 0, 0]


def test_all_white_stays_white():
    assert (soft(np.ones((9, 9), bool), 8) == 255).all()
