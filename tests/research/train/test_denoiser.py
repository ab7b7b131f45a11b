"""The weights of the denoiser's loss."""

import torch

from yuragi.research.train.config import Focus, read_recipe
from yuragi.research.train.denoiser import cell_weights
from yuragi.research.train.pairs import pair
from yuragi.research.train.portraits import draw

CENTRE = Focus(row=0.5, column=0.5, height=0.1, width=0.2, weight=5)


def test_without_a_focus_all_cells_weigh_the_same():
    torch.testing.assert_close(cell_weights(8, ()), torch.ones(8, 8))


def test_the_centre_weighs_as_much_as_asked_beside_the_rest_and_the_mean_is_1():
    weights = cell_weights(33, [CENTRE])
    torch.testing.assert_close(weights.mean(), torch.tensor(1.0))
    torch.testing.assert_close(weights[16, 16] / weights[0, 0], torch.tensor(5.0))
    assert weights[16, 20] > weights[20, 16]  # wider than high


def test_overlapping_parts_are_summed():
    weights = cell_weights(33, [CENTRE, CENTRE])
    torch.testing.assert_close(weights[16, 16] / weights[0, 0], torch.tensor(9.0))


def test_the_recipe_weighs_what_another_mouth_changes():
    weights = cell_weights(256, read_recipe().denoiser.focus)
    for index in range(8):
        one = pair("validation", index, "mouth")
        before, after = (torch.from_numpy(draw(it, 256)).float() for it in (one.before, one.after))
        changed = (after - before).abs().sum(-1)
        assert (weights * changed).sum() / changed.sum() > 2.5
