"""`resize`: picture, mask, points and regions are scaled together, and a replay finds the file."""

import numpy as np
import pytest
from PIL import Image

from yuragi.errors import InputError
from yuragi.images.resize import fitting, scaled
from yuragi.tasks.build import Reading, build
from yuragi.tasks.drag import DragRequest
from yuragi.tasks.inpaint import InpaintRequest
from yuragi.tasks.replay import read_result, replay
from yuragi.tasks.sdedit import SDEditRequest


def asked(kind, resize=None, **values):
    return build(kind, values, Reading(resize=resize))


@pytest.fixture
def photo(tmp_path):
    """300 x 200 with a white square from (60, 40) to (120, 100), and the square as a mask."""
    picture = Image.effect_noise((300, 200), 20).convert("RGB")
    picture.paste((255, 255, 255), (60, 40, 120, 100))
    picture.save(tmp_path / "photo.png")
    mask = Image.new("L", (300, 200))
    mask.paste(255, (60, 40, 120, 100))
    mask.save(tmp_path / "mask.png")
    return tmp_path / "photo.png", tmp_path / "mask.png"


@pytest.mark.parametrize(
    ("size", "side", "expected"),
    [((300, 200), 150, (150, 100)), ((200, 300), 64, (43, 64)), ((100, 1), 16, (16, 1))],
)
def test_the_proportion_stays(size, side, expected):
    assert fitting(size, side) == expected


@pytest.mark.parametrize("side", [0, 15, 16385, -1])
def test_sides_have_bounds(photo, side):
    with pytest.raises(InputError, match="^resize.*(16|16384)"):
        asked(
            DragRequest, model="portraits", image=photo[0], points=[((1, 1), (2, 2))], resize=side
        )


def test_points_and_regions_stay_on_what_they_name(photo):
    square = [(60, 40), (119, 40), (119, 99), (60, 99)]
    mask = Image.new("L", (300, 200), 255)
    mask.paste(0, (0, 0, 300, 10))
    mask.save(photo[1])
    request, _ = asked(
        DragRequest,
        model="portraits",
        image=photo[0],
        mask=photo[1],
        points=[((89.5, 69.5), (99.5, 69.5))],
        regions=[(square, [(x + 10, y) for x, y in square])],
        resize=150,
    )
    assert (request.image.width, request.image.height) == (150, 100)
    assert (request.mask.width, request.mask.height) == (150, 100)
    # Centres of pixels are whole numbers: 89.5 is the square's middle, and half of 90 less a half.
    ((source, target),) = request.points
    assert source == pytest.approx((44.5, 34.5))
    assert target == pytest.approx((49.5, 34.5))
    (region,) = request.regions
    assert region.source[0] == pytest.approx((29.75, 19.75))
    assert region.target[0] == pytest.approx((34.75, 19.75))


def test_the_mask_is_scaled_with_the_picture(photo):
    values = {"model": "portraits", "image": photo[0], "mask": photo[1], "prompt": "red"}
    request, sources = asked(SDEditRequest, resize=150, **values)
    small = np.asarray(sources[request.mask.digest])
    assert set(np.unique(small)) == {0, 255}
    assert (small[20:50, 30:60] == 255).all()
    assert (small == 255).sum() == 30 * 30


def test_places_are_checked_against_the_picture_as_it_was(photo):
    outside = [((299, 199), (301, 10))]
    with pytest.raises(InputError, match="x 0 to 299"):
        asked(DragRequest, model="portraits", image=photo[0], points=outside, resize=64)
    kept = [((299, 199), (0, 0))]
    request, _ = asked(DragRequest, model="portraits", image=photo[0], points=kept, resize=64)
    ((source, _),) = request.points
    assert source == (63, 42)


def test_margins_are_added_after_it(photo):
    request, sources = asked(
        InpaintRequest,
        model="portraits",
        image=photo[0],
        mask=None,
        expand=(8, 0, 0, 0),
        resize=60,
        prompt="",
    )
    assert (request.image.width, request.image.height) == (68, 40)
    assert sources[request.image.digest].size == (68, 40)


@pytest.mark.parametrize("expand", [None, (8, 0, 0, 0)])
def test_a_replay_finds_the_file_as_it_is(tiny, tmp_path, photo, expand):
    settings = {"num_inference_steps": 4, "seed": 0, "resize": 64}
    if expand is None:
        result = tiny.sdedit(photo[0], prompt="a person", mask=photo[1], **settings)
        assert result.image.size == (64, 43)
    else:
        result = tiny.inpaint(photo[0], photo[1], prompt="a person", expand=expand, **settings)
    result.save(tmp_path / "out.png", embed_sources=False)
    record, kept = read_result(tmp_path / "out.png")
    assert not record.sources
    again = replay(record, kept, tiny.loaded, list(photo))
    assert again.difference == 0


def test_nothing_changes_without_it(photo):
    request, sources = asked(SDEditRequest, model="portraits", image=photo[0], prompt="red")
    assert sources[request.image.digest].size == (300, 200)


def test_a_mask_stays_black_and_white():
    mask = Image.new("L", (9, 9))
    mask.paste(255, (0, 0, 4, 9))
    assert set(np.unique(np.asarray(scaled(mask, (4, 4))))) <= {0, 255}


def test_a_region_may_leave_the_picture(photo):
    square = [(200, 40), (290, 40), (290, 99), (200, 99)]
    away = [(x + 50, y) for x, y in square]
    request, _ = asked(
        DragRequest,
        model="portraits",
        image=photo[0],
        points=[],
        regions=[(square, away)],
        resize=150,
    )
    (region,) = request.regions
    shifts = [tx - sx for (sx, _), (tx, _) in zip(region.source, region.target, strict=True)]
    assert shifts == pytest.approx([25.0] * 4)


def test_places_that_scaling_joins_are_refused(photo):
    near = [((0, 50), (1, 50))]
    with pytest.raises(InputError, match="nothing moves, because every target is at its"):
        asked(DragRequest, model="portraits", image=photo[0], points=near, resize=16)
    joined = [((100, 50), (0, 50)), ((150, 50), (1, 50))]
    with pytest.raises(InputError, match="two points have the same target"):
        asked(DragRequest, model="portraits", image=photo[0], points=joined, resize=16)


def test_a_mask_that_scaling_wipes_out_is_refused(photo):
    thin = Image.new("L", (300, 200))
    thin.paste(255, (60, 0, 61, 200))
    values = {"model": "portraits", "image": photo[0], "mask": thin, "prompt": "red"}
    with pytest.raises(InputError, match="^mask: no white is left .all black at 60x40.; "):
        asked(SDEditRequest, resize=60, **values)


def test_too_many_pixels_are_refused_after_scaling_too(photo):
    values = {"image": photo[0], "prompt": "red"}
    with pytest.raises(InputError, match="resize.*at most 100,000 pixels"):
        build(SDEditRequest, values, Reading(resize=600, max_pixels=100_000))
