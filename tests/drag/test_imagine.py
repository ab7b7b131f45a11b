"""What a model that knows the data doubts, and that only vacated pixels are imagined."""

import numpy as np
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image
from torch import nn

from yuragi.core import GaussianMixture, MixtureDenoiser, SeededNoise, VPSchedule
from yuragi.drag.imagine import doubtful, seam
from yuragi.drag.warp import Warped
from yuragi.tasks.uncovered import Part, Uncovered

CELLS = 64
DENOISER = MixtureDenoiser(
    GaussianMixture.diagonal(
        torch.ones(1), torch.full((1, CELLS), -1.0), torch.full((1, CELLS), 0.01)
    ),
    VPSchedule(),
)


def test_a_wrong_filling_is_doubted_and_a_right_one_is_not():
    z = torch.full((2, 1, 8, 8), -1.0)
    z[1, :, 2:6, 2:6] = 1.0
    vacated = torch.zeros(1, 1, 8, 8)
    vacated[..., 2:6, 2:6] = 1
    cells = doubtful(DENOISER, z, vacated, SeededNoise(0, [0, 1]), 0.3)
    assert cells[0].sum() == 0
    assert torch.equal(cells[1], vacated[0])
    everything = doubtful(DENOISER, z, vacated, SeededNoise(0, [0, 1]), 0.0)
    assert torch.equal(everything, vacated.expand(2, -1, -1, -1))


def test_only_vacated_pixels_and_a_seam_are_imagined():
    vacated = torch.zeros(1, 1, 32, 32, dtype=torch.bool)
    vacated[..., 10:20, 10:20] = True
    again = torch.zeros(1, 1, 32, 32)
    again[..., 8:24, 8:16] = 1  # the left part is doubted
    found = seam(vacated, again, None)[0, 0]
    assert (found[11:19, 11:16] == 1).all()
    assert (found[:, 16:] == 0).all()
    assert (found[:8] == 0).all()
    mask = torch.zeros(1, 1, 32, 32)
    mask[..., :14, :] = 1
    assert (seam(vacated, again, mask)[0, 0, 14:] == 0).all()


side = st.integers(64, 520)


@given(side, side, st.sampled_from([4, 8, 16]), st.sampled_from([1, 2, 8]), st.data())
@settings(derandomize=True, max_examples=40, deadline=None)
def test_cells_lie_where_the_codec_puts_them(height, width, cell, depth, data):
    """Whatever the padding, all of what was vacated is imagined, and nothing but a seam beside."""
    vacated = torch.zeros(1, 1, height, width, dtype=torch.bool)
    top, left = data.draw(st.integers(0, height - 8)), data.draw(st.integers(0, width - 8))
    vacated[..., top : top + 20, left : left + 30] = True
    rows, columns = (-length % (cell * depth) for length in (height, width))
    padded = nn.functional.pad(vacated.float(), (0, columns, 0, rows))
    cells = nn.functional.max_pool2d(padded, cell)
    whole = (0, 0, width, height)
    black = torch.full((1, 3, height, width), -1.0)
    part = Part(whole, Warped(black, torch.zeros(1, 1, height, width), vacated), None)
    image = Image.new("RGB", (width, height))
    shown = Uncovered(image, part, whole, black, vacated, None)
    found = torch.from_numpy(np.array(shown.imagined(-black, cells, cell)))[None, None, ..., 0]
    assert (found[vacated] == 255).all()
    beside = nn.functional.max_pool2d(vacated.float(), 5, 1, 2) > 0
    assert (found[~beside] == 0).all()
