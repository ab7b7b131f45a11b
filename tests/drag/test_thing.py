"""The thing in a mask is found on ground of many colours."""

import numpy as np
import pytest
from PIL import Image, ImageDraw
from skimage import data

from yuragi.drag.flow import flow_of
from yuragi.drag.thing import thing


@pytest.fixture(scope="module")
def scene():
    """A red disc in front of a photograph, its area, and a mask over a shift of 90 pixels."""
    picture = Image.fromarray(data.astronaut()).resize((300, 300))
    ImageDraw.Draw(picture).ellipse((60, 120, 120, 180), fill=(250, 20, 30))
    area, mask = Image.new("L", (300, 300)), Image.new("L", (300, 300))
    ImageDraw.Draw(area).ellipse((60, 120, 120, 180), fill=255)
    ImageDraw.Draw(mask).rounded_rectangle((48, 108, 222, 192), 30, fill=255)
    return picture, np.asarray(area) > 0, mask


def found(picture, mask, points):
    return thing(picture, points, flow_of([(b, a) for a, b in points]), mask)


def overlap(one, other):
    return (one & other).sum() / (one | other).sum()


def test_the_disc_is_found(scene):
    picture, area, mask = scene
    cut = found(picture, mask, [((90, 150), (180, 150))])
    assert overlap(cut, area) > 0.93


def test_at_any_size(scene):
    picture, area, mask = scene
    large = [each.resize((900, 900), Image.Resampling.NEAREST) for each in (picture, mask)]
    cut = found(*large, [((271, 451), (541, 451))])
    assert cut.shape == (900, 900)
    assert overlap(cut[1::3, 1::3], area) > 0.9


def test_what_would_leave_the_mask_is_not_the_thing(scene):
    picture, _, mask = scene
    cut = found(picture, mask, [((90, 150), (180, 150))])
    moved = np.roll(cut, 90, axis=1)
    assert not (cut & (np.asarray(mask) == 0)).any()
    assert (moved & (np.asarray(mask) == 0)).sum() <= 0.01 * cut.sum()


def test_a_picture_of_one_colour_gives_all_that_can_move():
    grey, mask = Image.new("RGB", (100, 100), "grey"), Image.new("L", (100, 100))
    ImageDraw.Draw(mask).rectangle((20, 40, 79, 59), fill=255)
    cut = found(grey, mask, [((30, 50), (60, 50))])
    assert cut[42:58, 22:48].all()
    assert not cut[:, 55:].any()
