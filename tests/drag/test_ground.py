"""Which things can be cut out, and which are held by what lies around them."""

from importlib.resources import files

import numpy as np
import pytest
from PIL import Image
from skimage import data

from yuragi.drag.ground import Ground
from yuragi.drag.region import moving
from yuragi.research.train.motions import motion


def test_an_area_without_surroundings_lies_on_no_even_ground():
    ground = Ground(Image.new("RGB", (40, 40)), np.ones((40, 40), np.bool_))
    assert not ground.is_even
    assert ground.holds


@pytest.mark.parametrize("number", range(6))
def test_things_in_drawings_lie_on_even_ground(number):
    case = motion("validation", number)
    picture = Image.fromarray(case.before)
    assert Ground(picture, moving(picture, case.points, [], None)).is_even


@pytest.mark.parametrize("name", ["astronaut", "chelsea", "coffee"])
def test_things_in_photographs_do_not(name):
    picture = Image.fromarray(getattr(data, name)())
    middle = (picture.width / 2, picture.height / 2)
    area = moving(picture, [(middle, (middle[0] + 9, middle[1]))], [], None)
    assert not Ground(picture, area).is_even


BUN, FACE, MOUTH = (150, 48), (150, 120), (158, 177)


@pytest.mark.parametrize(
    ("points", "attached"),
    [
        ([BUN], True),
        ([FACE], True),
        ([MOUTH], False),
        ([BUN, (150, 230)], False),
    ],
)
def test_a_bun_is_attached_to_a_head_and_a_whole_head_to_nothing(points, attached):
    shipped = files("yuragi") / "assets" / "examples" / "portrait-4.png"
    with shipped.open("rb") as file:
        picture = Image.open(file).convert("RGB")
    area = moving(picture, [(point, point) for point in points], [], None)
    assert Ground(picture, area).holds is attached


def test_a_mark_on_a_thing_in_a_photograph_is_held_by_it():
    """The logo on the rocket: most of the ring around it is sky."""
    picture = Image.fromarray(data.rocket())
    area = moving(picture, [((320, 150), (360, 140))], [], None)
    assert 0 < area.mean() < 0.001
    assert Ground(picture, area).holds
