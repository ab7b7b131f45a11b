"""The middle square of a picture, and margins around one."""

import numpy as np
import pytest
from PIL import Image

from yuragi.errors import InputError
from yuragi.images.resize import centred, covering, expanded


@pytest.mark.parametrize("size", [(30, 10), (10, 30), (10, 10)])
def test_the_middle_square(size):
    picture = Image.new("RGB", size, "red")
    left, top = (size[0] - 10) // 2, (size[1] - 10) // 2
    picture.paste("blue", (left, top, left + 10, top + 10))
    found = np.asarray(centred(picture, 20), int)
    assert found.shape == (20, 20, 3)
    # The filter reaches a little over the square's edges.
    assert (found[6:-6, 6:-6] == (0, 0, 255)).all()
    assert abs(found - (0, 0, 255)).mean() < 15


def test_grey_becomes_rgb():
    assert centred(Image.new("L", (4, 4), 7), 4).getpixel((0, 0)) == (7, 7, 7)


def test_margins_count_as_pixels():
    picture = Image.new("RGB", (10, 20))
    larger, mask = expanded(picture, None, (5, 0, 5, 10), max_pixels=600)
    assert larger.size == mask.size == (20, 30)
    with pytest.raises(InputError, match="expand: the picture would have 20x31 = 620 pixels"):
        expanded(picture, None, (5, 0, 5, 11), max_pixels=600)


def test_a_mask_covers_every_white_pixel():
    large = Image.new("L", (4000, 4000))
    for place in ((10, 10), (3990, 2000)):
        large.putpixel(place, 255)
    small = np.asarray(covering(large, (64, 64)))
    assert small[0, 0] == small[32, 63] == 255
    assert set(np.unique(small)) == {0, 255}
    assert (small > 0).sum() <= 18
