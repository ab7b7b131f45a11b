"""Smooth flows arrive, fold nothing, and keep what is far away or held."""

import numpy as np
import pytest
import torch

from numeric.jacobian import jacobian
from promises import assert_untouched_outside
from yuragi.drag.bend import Hold, bend, reach_of
from yuragi.drag.warp import bent
from yuragi.images.tensors import from_tensor, mask_tensor, to_tensor

SIZE = (200, 160)
CASES = {
    "one": [((90, 70), (90, 50))],
    "far": [((60, 80), (150, 60))],
    "together": [((60, 60), (80, 70)), ((100, 60), (120, 70))],
    "opposite, side by side": [((80, 80), (80, 100)), ((88, 80), (88, 60))],
    "crossing": [((70, 80), (110, 86)), ((90, 60), (92, 110))],
    "changing places": [((80, 80), (100, 80)), ((100, 80), (80, 80))],
    "one stays": [((80, 80), (80, 80)), ((95, 80), (110, 80))],
    "turning": [((90, 60), (105, 75)), ((105, 75), (90, 90)), ((75, 75), (90, 60))],
}


@pytest.mark.parametrize("points", CASES.values(), ids=CASES)
def test_every_point_arrives_and_nothing_folds(points):
    flow = bend(points, reach_of(points, SIZE))
    source, target = (np.array([pair[side] for pair in points], float) for side in (0, 1))
    assert np.linalg.norm(flow.back(target) - source, axis=1).max() < 0.05
    assert jacobian(flow.back, *SIZE).min() > 0


@pytest.mark.parametrize("points", CASES.values(), ids=CASES)
def test_the_picture_follows(points):
    """A smooth picture whose colours tell places: what arrives at a target was at its source."""
    y, x = np.mgrid[: SIZE[1], : SIZE[0]]
    picture = torch.tensor(np.stack([x / SIZE[0], y / SIZE[1], 0 * x])).float()[None] * 2 - 1
    made = bent(picture, bend(points, reach_of(points, SIZE)), None)
    assert not made.uncovers
    for (x0, y0), (x1, y1) in points:
        red, green, _ = (made.picture[0, :, y1, x1] + 1) / 2 * torch.tensor([*SIZE, 0])
        assert abs(red - x0) < 0.5
        assert abs(green - y0) < 0.5


def test_what_lies_between_points_goes_with_them():
    flow = bend([((60, 40), (75, 50)), ((60, 120), (75, 130))], 50)
    between = np.array([(75, y) for y in range(50, 131, 8)], float)
    np.testing.assert_allclose(flow.back(between), between - [15, 10], atol=1e-6)
    assert jacobian(flow.back, *SIZE).min() > 0


def test_what_lies_between_points_that_turn_turns():
    middle = np.array([100, 80])
    corners = np.array([(-30, -30), (30, -30), (30, 30), (-30, 30)])
    turned = np.array([[0.8, -0.6], [0.6, 0.8]])
    points = [(tuple(middle + c), tuple(middle + turned @ c)) for c in corners]
    flow = bend(points, reach_of(points, SIZE))
    inside = np.array([(x, y) for x in (-20, 0, 20) for y in (-20, 0, 20)])
    found = flow.back(middle + inside @ turned.T)
    np.testing.assert_allclose(found, middle + inside, atol=0.01)
    assert jacobian(flow.back, *SIZE).min() > 0


def test_what_is_beyond_reach_stays_bit_for_bit():
    picture = torch.rand(1, 3, SIZE[1], SIZE[0]) * 2 - 1
    made = bent(picture, bend([((100, 80), (105, 80))], 30), None)
    y, x = np.mgrid[: SIZE[1], : SIZE[0]]
    far = torch.tensor(np.hypot(x - 102.5, y - 80) > 34)
    assert torch.equal(made.picture[..., far], picture[..., far])
    assert not torch.equal(made.picture, picture)


def test_a_rigid_share_moves_undistorted():
    flow = bend([((100, 80), (110, 84))], 60, rigid=0.5)
    around = np.array([110, 84]) + 20 * np.array([[1, 0], [0, 1], [-1, 0], [0, -1]])
    np.testing.assert_allclose(flow.back(around), around - [10, 4], atol=1e-9)
    assert jacobian(flow.back, *SIZE).min() > 0


def test_a_mask_holds_what_is_outside():
    noise = np.random.default_rng(0).integers(0, 255, (SIZE[1], SIZE[0], 3), np.uint8)
    from PIL import Image, ImageDraw

    picture, mask = Image.fromarray(noise), Image.new("L", SIZE, 0)
    ImageDraw.Draw(mask).ellipse((60, 40, 140, 120), fill=255)
    points = [((100, 80), (112, 76))]
    reach = reach_of(points, SIZE)
    flow = bend(points, reach, hold=Hold(np.asarray(mask) > 0, reach))
    np.testing.assert_allclose(flow.back(np.array([[112.0, 76.0]])), [[100, 80]], atol=0.05)
    assert jacobian(flow.back, *SIZE).min() > 0
    made = bent(to_tensor(picture), flow, mask_tensor(mask))
    assert_untouched_outside(from_tensor(made.picture)[0], picture, mask)


@pytest.mark.parametrize("seed", range(5))
def test_points_that_get_into_each_others_way_fold_nothing(seed):
    """Random drags all over the picture: they need not all arrive, but the picture holds."""
    rng = np.random.default_rng(seed)
    ends = rng.uniform((20, 20), (180, 140), (2, 6, 2))
    points = [(tuple(a), tuple(b)) for a, b in zip(*ends, strict=True)]
    assert jacobian(bend(points, reach_of(points, SIZE)).back, *SIZE).min() > 0
