"""Drags by warp: what changes, what it costs, candidates, replay, the preview."""

import numpy as np
import pytest
from PIL import Image, ImageDraw
from skimage import data

from promises import assert_equal_to_rounding, assert_identical, assert_untouched_outside
from yuragi.errors import InputError
from yuragi.tasks import warping
from yuragi.tasks.build import build
from yuragi.tasks.context import Context
from yuragi.tasks.drag import DragRequest
from yuragi.tasks.guidance import Guidance
from yuragi.tasks.run import run
from yuragi.tasks.warping import preview, run_warp

POINTS = [((20, 22), (40, 18)), ((20, 26), (40, 22))]


@pytest.fixture(scope="module")
def scene():
    """A disc on four even bands, which two points cut out and of which the filling is not exact."""
    pixels = np.tile(np.repeat([30, 90, 160, 220], 16)[None, :, None], (48, 1, 3)).astype(np.uint8)
    picture = Image.fromarray(pixels)
    ImageDraw.Draw(picture).ellipse((12, 16, 28, 32), fill="red")
    return picture


@pytest.fixture(scope="module")
def doubted(tiny, scene):
    """All that is uncovered is drawn anew: the tiny network believes in nothing."""
    return tiny.drag(scene, POINTS, prompt="red", seed=3, num_images=3, num_inference_steps=6)


def test_the_disc_arrives_and_the_rest_stays(doubted, scene):
    for image in doubted.images:
        assert np.abs(np.array(image.getpixel((40, 20))) - [255, 0, 0]).max() < 25
        after, before = np.array(image, int), np.array(scene, int)
        assert (after[:10] == before[:10]).all()
        assert (after[36:] == before[36:]).all()


def test_candidates_differ_where_something_was_uncovered(doubted):
    first, second = (np.array(image, int) for image in doubted.images[:2])
    differs = np.abs(first - second).max(2) > 0
    assert differs.any()
    rows, columns = np.nonzero(differs)
    assert rows.min() >= 12
    assert columns.max() <= 33


def test_what_is_cut_out_is_sought_once_for_estimate_run_and_scores(
    tiny, scene, doubted, monkeypatch
):
    sought, cut_out = [], warping.cut_out
    monkeypatch.setattr(warping, "cut_out", lambda *given: sought.append(given) or cut_out(*given))
    options = {"image": scene, "points": POINTS, "prompt": "red", "seed": 3}
    options |= {"num_images": 3, "num_inference_steps": 6}
    request, sources = build(DragRequest, options)
    told = []
    result = run(request, tiny.loaded, sources, on_estimate=told.append)
    assert len(told) == len(sought) == 1
    for one, same in zip(result.images, doubted.images, strict=True):
        assert_identical(one, same)


def test_evaluations(doubted):
    # One for the doubt; 3 of 6 levels, strong and weak. Then all of them and the picture before
    # are looked at once, to rank them.
    assert doubted.evaluations == 3 * (1 + 3 * 2) + 4


RULES = {"everywhere": ("0:1e9", {}), "nowhere": ("1e8:1e9", {"guidance_scale": 1.0})}


@pytest.mark.parametrize(("interval", "like"), RULES.values(), ids=RULES)
def test_a_rule_guides_what_is_drawn(tiny, scene, doubted, interval, like):
    alone = doubted.request.model_copy(update={"num_images": 1})
    rule = Guidance(rule={"name": "interval", "interval": interval})
    ruled = run(alone.model_copy(update={"guidance": rule}), tiny.loaded, doubted.sources)
    expected = run(alone.model_copy(update=like), tiny.loaded, doubted.sources)
    assert ruled.evaluations == expected.evaluations
    assert_equal_to_rounding(ruled.image, expected.image)


def test_stress_is_measured_where_something_is_drawn(tiny, doubted):
    gauge = Guidance(gain={"name": "plain", "stress": True})
    changes = {"num_images": 1, "guidance": gauge}
    result = run(doubted.request.model_copy(update=changes), tiny.loaded, doubted.sources)
    assert len(result.guidance.stress) == 1
    assert result.guidance.stress[0] > 0


def test_without_doubt_the_warp_is_the_result(tiny, scene, doubted):
    method = doubted.request.method.model_copy(update={"doubt": 1e9})
    request = doubted.request.model_copy(update={"method": method, "num_images": 1})
    result = run(request, tiny.loaded, doubted.sources)
    assert result.evaluations == 1
    assert_identical(result.image, preview(request, scene))
    assert_identical(result.frames[1], result.image)


def test_a_candidate_does_not_depend_on_the_others(tiny, scene, doubted):
    alone = tiny.drag(scene, POINTS, prompt="red", seed=3, num_inference_steps=6)
    assert_equal_to_rounding(alone.image, doubted.images[0])


@pytest.mark.parametrize("sampler", ["ode", "adaptive"])
def test_other_samplers_and_masks(tiny, scene, sampler):
    mask = Image.new("L", scene.size, 0)
    ImageDraw.Draw(mask).rectangle((8, 10, 52, 40), fill=255)
    result = tiny.drag(
        scene, POINTS, mask=mask, sampler=sampler, seed=1, num_inference_steps=6, prompt="red"
    )
    assert_untouched_outside(result.image, scene, mask)
    again = run(result.request, tiny.loaded, result.sources)
    assert_identical(again.image, result.image)


def test_regions(tiny, scene):
    corners = ((10, 14), (30, 14), (30, 34), (10, 34))
    moved = tuple((x + 20, y - 4) for x, y in corners)
    result = tiny.drag(scene, regions=[(corners, moved)], seed=1, num_inference_steps=6)
    assert np.abs(np.array(result.image.getpixel((40, 20))) - [255, 0, 0]).max() < 25


def photograph():
    """A disc in front of a photograph, and a mask over the disc and the place where it goes."""
    picture = Image.fromarray(data.astronaut()).resize((160, 160))
    ImageDraw.Draw(picture).ellipse((30, 60, 60, 90), fill=(250, 20, 30))
    mask = Image.new("L", picture.size)
    ImageDraw.Draw(mask).rounded_rectangle((25, 55, 115, 95), 15, fill=255)
    return picture, mask, [((45, 75), (95, 75))]


def test_a_cut_moves_the_thing_in_the_mask_as_a_whole(tiny):
    picture, mask, points = photograph()
    cut = tiny.preview_drag(picture, points, mask=mask, motion="cut")
    for x, y in ((95, 75), (83, 75), (107, 75), (95, 63)):
        assert np.abs(np.array(cut.getpixel((x, y)), int) - [250, 20, 30]).max() < 40
    for x, y in ((45, 75), (35, 75), (45, 65)):
        assert cut.getpixel((x, y))[1] > 40
    bent = tiny.preview_drag(picture, points, mask=mask)
    assert np.abs(np.array(bent, int) - np.array(cut, int)).max() > 60
    assert_untouched_outside(cut, picture, mask)


def test_a_cut_of_a_photograph_needs_to_know_where(tiny):
    picture, _, points = photograph()
    with pytest.raises(InputError, match="nothing says where the thing under the points ends"):
        tiny.preview_drag(picture, points, motion="cut")


def test_a_bend_never_cuts(tiny, scene):
    result = tiny.drag(scene, POINTS, motion="bend", seed=0)
    assert result.evaluations == 0
    assert_identical(result.image, tiny.preview_drag(scene, POINTS, motion="bend"))
    region = [([(9, 9), (40, 9), (40, 40)], [(19, 9), (50, 9), (50, 40)])]
    with pytest.raises(InputError, match="regions, which are cut out"):
        tiny.drag(scene, regions=region, motion="bend")


def test_a_preview_bends_as_the_drag_does(tiny):
    picture, _, points = photograph()
    knobs = {"radius": 40, "rigid": 0.3}
    made = tiny.drag(picture, points, seed=0, **knobs).image
    assert_identical(made, tiny.preview_drag(picture, points, **knobs))


def test_the_published_method_takes_no_motion(tiny, scene):
    with pytest.raises(InputError, match="moves boxes and does not use it"):
        tiny.drag(scene, POINTS, preset="paper", motion="cut")


def test_a_white_mask_is_no_mask(tiny):
    """In a bend, the black of a mask stays in place, and so would the corners of a white one."""
    picture = Image.fromarray(data.astronaut()).resize((200, 200))
    points = [((3, 3), (1, 18))]
    white = Image.new("L", picture.size, 255)
    without, within = (
        tiny.preview_drag(picture, points, mask=mask, motion="bend") for mask in (None, white)
    )
    assert_identical(within, without)


def test_candidates_are_scored_by_the_cut_that_was_made(tiny):
    """In the smaller picture that is scored, nothing would say where the disc ends."""
    dots = np.random.default_rng(1).integers(0, 2, (256, 256)).astype(np.uint8) * 255
    picture = Image.fromarray(dots).resize((768, 768), Image.Resampling.NEAREST).convert("RGB")
    ImageDraw.Draw(picture).ellipse((256, 256, 512, 512), fill="red")
    points = [((374, 384), (538, 384)), ((394, 384), (558, 384))]
    options = {"motion": "cut", "seed": 0, "num_images": 2, "num_inference_steps": 2}
    result = tiny.drag(picture, points, **options)
    assert sorted(result.ranking) == [0, 1]
    assert all(each.arrival > 0.9 for each in result.intent)


def test_a_picture_is_encoded_once_for_all_candidates(doubted, tiny, monkeypatch):
    codec, seen = type(tiny.loaded.codec), []
    encode = codec.encode
    monkeypatch.setattr(codec, "encode", lambda self, x: seen.append(x) or encode(self, x))
    context = Context(tiny.loaded, None, doubted.sources, lambda *at: None, lambda: 0)
    assert len(run_warp([doubted.request], doubted.request.method, context)[0].images) == 3
    assert len(seen) == 1
