"""The soft edge of a thing moves with it, and a point on the edge takes the thing."""

import numpy as np
import pytest
from PIL import Image, ImageDraw

from yuragi.drag.region import moving

WIDTH, HEIGHT = 400, 300
BODY = (100, 80, 299, 219)


def _silhouette(colour, ground):
    """A body with legs; reduced to the working size, its edge gets colours in between."""
    picture = Image.new("RGB", (WIDTH, HEIGHT), ground)
    draw = ImageDraw.Draw(picture)
    draw.rectangle(BODY, fill=colour)
    for left in (110, 171, 262):
        draw.rectangle((left, 200, left + 21, 281), fill=colour)
    return picture, (np.asarray(picture) == colour).all(2)


@pytest.mark.parametrize("colour", [(0, 0, 0), (200, 60, 40)])
@pytest.mark.parametrize("source", [(200, 150), (200, 80), (101, 150), (240, 219), (121, 281)])
def test_a_point_anywhere_on_a_thing_takes_all_of_it(colour, source):
    picture, thing = _silhouette(colour, (255, 255, 255))
    found = moving(picture, [(source, (source[0] + 20, source[1]))], [], None)
    assert found[thing].mean() > 0.99
    # At most an edge of two working pixels more.
    assert found.sum() < 1.12 * thing.sum()


def test_an_outline_is_no_edge():
    """A line that is darker than both its sides stays a thing of its own."""
    picture = Image.new("RGB", (256, 256), (255, 240, 220))
    draw = ImageDraw.Draw(picture)
    draw.rectangle((60, 60, 190, 190), fill=(220, 180, 150))
    draw.line((90, 120, 160, 120), fill=(60, 20, 20), width=2)
    found = moving(picture, [((125, 120), (125, 110))], [], None)
    line = (np.asarray(picture) == (60, 20, 20)).all(2)
    assert found[line].mean() > 0.9
    assert found.sum() < 4 * line.sum()
