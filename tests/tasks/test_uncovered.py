"""A drag of a large picture imagines what it uncovers in a crop, and keeps all other pixels."""

import json

import numpy as np
import pytest
import torch
from PIL import Image, ImageDraw
from skimage.data import astronaut

import yuragi
from promises import assert_equal_to_rounding, assert_identical
from yuragi import InputError
from yuragi.images.tensors import from_tensor
from yuragi.tasks import cropping
from yuragi.tasks.build import build
from yuragi.tasks.drag import DragRequest
from yuragi.tasks.run import estimate, run, run_all
from yuragi.tasks.uncovered import uncovered
from yuragi.tasks.warping import preview, warped_by, warped_part

SIDE = 128
"""The side of pictures that the tiny model knows. It doubts whatever it is shown."""
CELL = 4
QUICK = {"prompt": "a person", "seed": 3, "num_inference_steps": 4}


def region(left, top, width, height, right, down):
    corners = [
        (left, top),
        (left + width, top),
        (left + width, top + height),
        (left, top + height),
    ]
    return [(corners, [(x + right, y + down) for x, y in corners])]


MOVED = region(200, 100, 60, 50, 30, 0)


@pytest.fixture(scope="module")
def photo():
    return Image.fromarray(astronaut()).resize((600, 450))


def vacated(request, picture, mask=None):
    return warped_by(request, picture, mask).vacated[0, 0].numpy()


def test_only_what_is_uncovered_comes_from_the_crop(tiny, photo, seen):
    result = tiny.drag(photo, regions=MOVED, num_images=2, **QUICK)
    assert seen == {(SIDE, SIDE), (SIDE, 96)}  # the crop, and the whole to rank the candidates
    assert len(result.intent) == 2
    left, top, right, bottom = result.crop.box
    area = vacated(result.request, photo)
    rows, columns = np.nonzero(area)
    assert left <= columns.min() - 32
    assert top <= rows.min() - 32
    assert right >= columns.max() + 32
    assert bottom >= rows.max() + 32
    warp = np.asarray(preview(result.request, photo))
    for image in result.images:
        changed = (np.asarray(image) != warp).any(-1)
        assert not changed[~area].any()
        assert changed[area].mean() > 0.5
    # What moved has the pixels that it had, bit for bit.
    after, before = (np.asarray(each) for each in (result.image, photo))
    assert (after[105:145, 235:285] == before[105:145, 205:255]).all()


def test_the_seam_is_soft(tiny, photo):
    result = tiny.drag(photo, regions=region(200, 100, 80, 80, 60, 0), **QUICK)
    change = np.asarray(result.image, float) - np.asarray(result.frames[1], float)
    change = np.abs(change).mean(-1)[110:170, 201:255].mean(0)
    assert change[0] < change[3] < change[8]


@pytest.mark.parametrize("side", [600, 200])
def test_what_the_network_is_shown_returns_to_where_it_was(tiny, side):
    """A network that changes nothing: then nothing changes but by scaling, up and down."""
    rows, columns = np.mgrid[:side, :side] * 200 / side
    smooth = Image.fromarray(np.stack([rows, columns, rows + 9], -1).astype(np.uint8))
    result = tiny.drag(smooth, regions=region(60, 60, 40, 40, 20, 0), **QUICK)

    request, native = result.request, tiny.loaded.native_size
    part = warped_part(request, smooth, None)
    shown = uncovered(request, smooth, part, native)
    height, width = shown.seen.shape[-2:]
    every = torch.ones(1, 1, -(-height // CELL), -(-width // CELL))
    back = shown.imagined(shown.seen, every, CELL)
    difference = np.abs(np.asarray(back, float) - np.asarray(shown.image, float))
    assert difference.max() <= 12
    assert difference[vacated(request, smooth)].mean() <= 2


def test_a_mask_does_the_same(tiny, photo, seen):
    mask = Image.new("L", photo.size)
    ImageDraw.Draw(mask).rectangle((190, 90, 290, 130), fill=255)
    result = tiny.drag(photo, regions=MOVED, mask=mask, **QUICK)
    assert seen == {(SIDE, SIDE)}
    black = np.asarray(mask) == 0
    assert (np.asarray(result.image)[black] == np.asarray(photo)[black]).all()
    area = vacated(result.request, photo, mask)
    warp = np.asarray(preview(result.request, photo, mask))
    changed = (np.asarray(result.image) != warp).any(-1)
    assert changed.any()
    assert not changed[~area].any()


@pytest.mark.parametrize(
    ("crop", "sees", "box"),
    [
        ("auto", {(SIDE, SIDE)}, True),
        (5, {(SIDE, SIDE)}, True),
        ("off", {(608, 464)}, False),
    ],
)
def test_how_much_is_shown(tiny, photo, seen, crop, sees, box):
    result = tiny.drag(photo, regions=MOVED, crop=crop, **QUICK)
    assert seen == sees
    assert (result.crop is not None) == box
    assert result.request.crop == {"auto": 32, 5: 5, "off": "off"}[crop]


def test_all_of_a_picture_is_shown_at_the_size_of_the_model(tiny, photo, seen):
    result = tiny.drag(photo, regions=region(10, 10, 300, 400, 280, 0), **QUICK)
    assert seen == {(SIDE, 96)}
    assert result.crop.box == (0, 0, *photo.size)


def test_small_pictures_and_bends_are_not_cropped(tiny, photo, seen):
    small = photo.resize((128, 96))
    result = tiny.drag(small, regions=region(20, 20, 20, 20, 9, 0), **QUICK)
    assert (result.crop, result.request.crop, seen) == (None, "off", {(128, 96)})
    seen.clear()
    bent = tiny.drag(photo, points=[((300, 200), (320, 210))], **QUICK)
    assert (bent.crop, bent.evaluations, seen) == (None, 0, set())
    assert bent.request.crop == "off"


def test_a_margin_crops_small_pictures_too(tiny, photo, seen):
    small = photo.resize((128, 96))
    result = tiny.drag(small, regions=region(20, 20, 20, 20, 9, 0), crop=8, **QUICK)
    assert seen == {(SIDE, SIDE)}
    assert result.crop.scale > 1


def test_a_replay_cuts_the_same(tiny, photo, monkeypatch, tmp_path):
    result = tiny.drag(photo, regions=MOVED, **QUICK)
    (path,) = result.save(tmp_path / "out.png")
    monkeypatch.setattr(cropping, "LEAST", 99)  # of a later version
    again = yuragi.replay(path, tiny)
    assert again.difference == 0
    # A file names the model by its fingerprint, and not by its place on this machine.
    named = result.request.model_copy(update={"model": again.result.request.model})
    assert (again.result.crop, again.result.request) == (result.crop, named)


def test_crops_of_several_sizes_run_each_in_their_batch(tiny, photo):
    """Near the picture's border a crop is not square; every result is what it is alone."""
    given = QUICK | {"image": photo.resize((400, 180))}
    places = [
        region(60, 20, 40, 30, 20, 0),
        region(200, 60, 30, 40, 0, 25),
        region(60, 5, 120, 140, 40, 0),
    ]
    built = [build(DragRequest, given | {"regions": regions}) for regions in places]
    sources = {key: each for _, named in built for key, each in named.items()}
    results = run_all([request for request, _ in built], tiny.loaded, sources)
    assert len({result.crop.size for result in results}) == 2
    for (request, named), result in zip(built, results, strict=True):
        alone = run(request, tiny.loaded, named)
        assert_equal_to_rounding(result.image, alone.image)
        assert (result.crop, result.evaluations) == (alone.crop, alone.evaluations)


def test_the_part_that_is_warped_is_all_that_changes(photo):
    """The warp of the part is that of the whole, where the filling sees the same."""
    request, _ = build(DragRequest, QUICK | {"image": photo, "regions": MOVED})
    part, whole = warped_part(request, photo, None), warped_by(request, photo, None)
    left, top, right, bottom = part.box
    assert (right - left) * (bottom - top) < 600 * 450 / 3
    picture = from_tensor(whole.picture)[0]
    changed = np.abs(np.asarray(picture, int) - np.asarray(photo, int)).max(-1) > 0
    rows, columns = np.nonzero(changed)
    assert columns.min() >= 195
    assert columns.max() <= 295
    assert rows.min() >= 95
    assert rows.max() <= 155
    assert_identical(picture, preview(request, photo))


def test_a_lora_is_fitted_at_the_size_of_the_model(tiny, photo, seen, monkeypatch, tmp_path):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    result = tiny.drag(photo, regions=MOVED, lora=yuragi.LoRA(rank=2, steps=2), **QUICK)
    assert seen == {(SIDE, 96), (SIDE, SIDE)}
    assert result.crop.size == (SIDE, SIDE)


def test_twelve_megapixels(tiny, photo, seen):
    picture = photo.resize((4000, 3000))
    request, sources = build(
        DragRequest, QUICK | {"image": picture, "regions": region(1500, 1000, 400, 400, 200, 0)}
    )
    expected = estimate(request, tiny.loaded, sources)
    result = run(request, tiny.loaded, sources)
    assert seen == {(SIDE, SIDE)}
    assert expected.evaluations == result.evaluations == 1 + 2 * 2
    after, before = np.asarray(result.image), np.asarray(picture)
    assert (after[1010:1390, 1710:2090] == before[1010:1390, 1510:1890]).all()
    assert (after[:990] == before[:990]).all()


def test_a_margin_is_refused_with_sde_drag(tiny, photo):
    with pytest.raises(InputError, match="^crop must be auto or off with SDE-Drag"):
        tiny.drag(photo, points=[((300, 200), (320, 210))], preset="paper", crop=32)


def test_the_command_tells_the_crop(cli, photo, pipeline_folder, tmp_path):
    photo.save(tmp_path / "photo.png")
    asked = ["drag", "photo.png", "--model", pipeline_folder, "--steps", 4, "--seed", 3]
    asked += ["--region", "200,100 260,100 260,150 200,150:230,100 290,100 290,150 230,150"]
    code, out, err = cli(*asked, "--crop", 40, "-o", "out.png", "--json")
    assert code == 0, err
    told = json.loads(out)
    assert told["request"]["crop"] == 40
    assert told["crop"]["box"][0] < 200
