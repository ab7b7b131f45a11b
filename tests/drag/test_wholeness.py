"""The shipped network sees damage that any eye sees, in pictures it was not trained on."""

import pytest
import torch
from skimage import data

from yuragi.drag.intent import shrunk
from yuragi.drag.wholeness import NONE, Wholeness, shipped_wholeness

NAMES = ("camera", "coins", "hubble_deep_field", "immunohistochemistry", "retina", "cat", "brick")
"""Pictures of scikit-image that neither the suites nor the training use."""


def picture(name):
    pixels = torch.from_numpy(getattr(data, name)().copy()).float()
    channels = pixels.expand(3, *pixels.shape) if pixels.ndim == 2 else pixels.permute(2, 0, 1)
    return shrunk(channels[None] / 127.5 - 1)[0]


def moved(before):
    """A smooth move of the middle, as a drag without damage would make it."""
    height, width = before.shape[1:]
    y, x = torch.meshgrid(torch.arange(height), torch.arange(width), indexing="ij")
    away = ((x / width - 0.5) ** 2 + (y / height - 0.5) ** 2) / 0.35**2
    shift = 12 * (1 - away).clamp(min=0) ** 2
    grid = torch.stack([(x - shift + 0.5) / width * 2 - 1, (y + 0.5) / height * 2 - 1], -1)
    return torch.nn.functional.grid_sample(
        before[None], grid[None], padding_mode="border", align_corners=False
    )[0]


def damage(before, *results):
    stacked = torch.stack(results)
    return shipped_wholeness()(before.expand_as(stacked), stacked).tolist()


def ghost(before, after):
    return (before + after) / 2


def blocks(before, after):
    made = after.clone()
    height, width = made.shape[1:]
    for k, colour in enumerate(([1.0, -1, -1], [-1.0, 1, -1], [-1.0, -1, 1])):
        top, left = height // 2 - 8, width // 2 - 12 + 8 * k
        made[:, top : top + 8, left : left + 8] = torch.tensor(colour)[:, None, None]
    return made


@pytest.mark.parametrize("damaged", [blocks, ghost])
def test_damage_is_worse_than_a_smooth_move(damaged):
    """In all of the pictures but one."""
    worse = []
    for name in NAMES:
        before = picture(name)
        after = moved(before)
        whole, broken = damage(before, after, damaged(before, after))
        worse.append(broken > whole)
    assert sum(worse) >= len(worse) - 1


def test_no_change_is_no_damage():
    before = picture("camera")
    assert damage(before, before)[0] < NONE / 2


def test_any_size_is_read_and_what_has_not_changed_does_not_count():
    torch.manual_seed(0)
    network = Wholeness().eval()
    before = torch.rand(1, 3, 101, 77) * 2 - 1
    result = before.clone()
    result[..., 40:60, 30:50] *= -1
    with torch.no_grad():
        found = network(before, result)
        assert found.shape == (1,)
        # An unchanged corner far away is out of the network's sight and out of the sum.
        other = before.clone(), result.clone()
        for x in other:
            x[..., :4, :4] = 0
        assert network(*other).item() == pytest.approx(found.item(), abs=0.05)
