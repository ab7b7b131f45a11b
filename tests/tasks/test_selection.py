"""Handles of a selection: what they do to its corners, and to a picture."""

import numpy as np
import pytest
from PIL import Image

from yuragi.errors import InputError
from yuragi.images.read import MAX_PIXELS
from yuragi.tasks.build import build
from yuragi.tasks.drag import DragRequest
from yuragi.tasks.inputs import read_pictures
from yuragi.tasks.selection import Selection
from yuragi.tasks.warping import preview

SQUARE = [(10, 10), (20, 10), (20, 20), (10, 20)]


def placed(corners, **handles):
    (region,) = Selection(select=corners, **handles).regions()
    return region


def test_move():
    source, target = placed(SQUARE, move=(5, -3))
    assert source == tuple(SQUARE)
    assert target == ((15, 7), (25, 7), (25, 17), (15, 17))


def test_a_quarter_turn_clockwise():
    """As seen, with y down, the upper left corner goes to the upper right."""
    _, target = placed(SQUARE, rotate=90)
    assert np.allclose(target, [(20, 10), (20, 20), (10, 20), (10, 10)])


def test_resize_keeps_the_middle():
    _, target = placed(SQUARE, enlarge=2)
    assert np.allclose(target, [(5, 5), (25, 5), (25, 25), (5, 25)])
    _, target = placed(SQUARE, enlarge=0.5)
    assert np.allclose(target, [(12.5, 12.5), (17.5, 12.5), (17.5, 17.5), (12.5, 17.5)])


def test_all_at_once():
    """The formula for one corner, by hand: c = (15, 15), x - c = (-5, -5)."""
    _, target = placed(SQUARE, move=(1, 2), rotate=90, enlarge=3)
    assert np.allclose(target[0], (15 + 15 + 1, 15 - 15 + 2))


@pytest.mark.parametrize(
    ("arguments", "name"),
    [
        ({}, "select"),
        ({"rotate": 360}, "select"),
        ({"enlarge": 0, "move": (1, 1)}, "enlarge"),
        ({"enlarge": 101}, "enlarge"),
        ({"move": (float("nan"), 0)}, "move"),
    ],
)
def test_bad_handles(arguments, name):
    with pytest.raises(InputError, match=f"^{name}"):
        placed(SQUARE, **arguments)


@pytest.mark.parametrize("corners", [[], SQUARE[:2], [10, 10, 20, 20], "1,1 2", 5])
def test_no_corners(corners):
    with pytest.raises(InputError, match="^select must be .*corners"):
        placed(corners, move=(1, 1))


@pytest.mark.parametrize("move", [5, (5,), (1, 2, 3), "1", "1,2,3"])
def test_malformed_moves_are_refused(move):
    with pytest.raises(InputError, match="^move must be two numbers of pixels"):
        placed(SQUARE, move=move)


def test_handles_need_a_selection():
    for name, value in (("move", (1, 1)), ("rotate", 10), ("enlarge", 2)):
        with pytest.raises(InputError, match=f"^{name}: there is nothing to {name} .*(select)"):
            Selection(**{name: value}).regions()
    assert Selection().regions() == []


def check(picture, mask=None, resize=None, **handles):
    pictures = read_pictures(picture, mask, MAX_PIXELS, resize)
    Selection(select=SQUARE, **handles).check(pictures)


@pytest.mark.parametrize("resize", [None, 32])
def test_a_selection_goes_to_a_place_in_the_picture_and_its_mask(picture, resize):
    left = Image.new("L", picture.size, 0)
    left.paste(255, (0, 0, 24, 48))
    for mask in (None, left):
        check(picture, mask, resize, move=(-19, 0))  # partly outside
        with pytest.raises(InputError, match="^select: the target is completely outside.*-20,10 "):
            check(picture, mask, resize, move=(-30, 0))
    check(picture, None, resize, move=(25, 0))
    with pytest.raises(InputError, match="^select: the mask is black all over the target"):
        check(picture, left, resize, move=(25, 0))
    with pytest.raises(InputError, match="^select must be inside the picture"):
        check(picture.crop((0, 0, 15, 48)), None, resize, move=(1, 0))
    Selection().check(read_pictures(picture, None, MAX_PIXELS, resize))


def test_a_turned_selection_on_a_picture(tiny):
    """The warp alone: a bar within the selection stands up."""
    pixels = np.full((64, 64, 3), 40, np.uint8)
    pixels[30:34, 20:44] = (250, 240, 10)
    corners = [(18, 18), (46, 18), (46, 46), (18, 46)]
    request, _ = build(
        DragRequest, {"image": Image.fromarray(pixels), "select": corners, "rotate": 90, "seed": 0}
    )
    turned = np.asarray(preview(request, Image.fromarray(pixels)), int)
    bright = turned[..., 0] > 150
    rows, columns = np.nonzero(bright)
    assert rows.max() - rows.min() > 3 * (columns.max() - columns.min())
