"""Edits with a mask work on a crop of a large picture; what they do not touch stays as it is."""

import json
import shutil
from dataclasses import replace

import numpy as np
import pytest
from PIL import Image
from skimage.data import astronaut

import yuragi
from promises import (
    assert_different,
    assert_equal_to_rounding,
    assert_identical,
    assert_untouched_outside,
)
from yuragi import InputError
from yuragi.tasks import cropping
from yuragi.tasks.build import build
from yuragi.tasks.cropping import cropping_of
from yuragi.tasks.run import run, run_all
from yuragi.tasks.sdedit import SDEditRequest

pytestmark = pytest.mark.filterwarnings("ignore:the guidance scale is not used")

QUICK = {"num_inference_steps": 4, "guidance_scale": 40.0, "seed": 3}
TOLD = {"source_prompt": "a person with red hair", "prompt": "a person with black hair"}
TASKS = {
    "inpaint": {"prompt": "red hair"},
    "sdedit": {"prompt": "red hair"},
    "translate": TOLD,
    "diffedit": TOLD | {"mask_samples": 2},
}
SIDE = 128
"""Of a cell of the model's latents, and of the pictures that it knows, in pixels."""


def masked(size, *boxes):
    mask = Image.new("L", size)
    for box in boxes:
        mask.paste(255, box)
    return mask


@pytest.fixture(scope="module")
def photo():
    return Image.fromarray(astronaut()).resize((400, 300))


@pytest.mark.parametrize("task", TASKS)
def test_the_network_sees_its_own_size_and_the_rest_stays(task, tiny, photo, seen):
    mask = masked(photo.size, (200, 120, 293, 191))
    result = getattr(tiny, task)(photo, mask=mask, num_images=2, **TASKS[task], **QUICK)
    assert seen == {(SIDE, SIDE)}
    assert result.crop.box == (154, 63, 339, 248)  # 46 pixels around the longer side of 93
    assert result.crop.scale == pytest.approx(SIDE / 185)
    for image in result.images:
        assert_untouched_outside(image, photo, mask)
        assert_untouched_outside(image, photo, result.mask)


@pytest.mark.parametrize(
    ("crop", "white", "box", "size"),
    [
        ("auto", (200, 150, 210, 160), (168, 118, 242, 192), (128, 128)),  # at least 32 around
        ("auto", (0, 0, 60, 20), (0, 0, 124, 124), (128, 128)),  # moved into the picture
        ("auto", (50, 280, 230, 300), (0, 0, 360, 300), (128, 107)),  # no higher than it
        ("auto", (50, 0, 250, 20), None, None),  # all of the picture
        (5, (200, 150, 210, 160), (195, 145, 215, 165), (128, 128)),
        (500, (200, 150, 210, 160), (0, 0, 400, 300), (128, 96)),
        ("off", (200, 150, 210, 160), None, None),
    ],
)
def test_where_a_crop_lies(photo, crop, white, box, size):
    given = {"image": photo, "mask": masked(photo.size, white), "prompt": "red", "crop": crop}
    request, sources = build(SDEditRequest, given)
    found = cropping_of(request, SIDE, sources)
    if box is None:
        assert found is None
    else:
        assert (found.crop.box, found.crop.size) == (box, size)


def test_without_a_mask_nothing_is_cropped(tiny, photo, seen):
    result = tiny.sdedit(photo, prompt="red hair", **QUICK)
    assert seen == {(400, 304)}
    assert (result.crop, result.request.crop) == (None, "off")


def test_off_edits_the_whole_picture(tiny, photo, seen):
    mask = masked(photo.size, (200, 120, 293, 191))
    result = tiny.inpaint(photo, mask, crop="off", **QUICK)
    assert seen == {(400, 304)}
    assert result.crop is None
    assert result.report()["crop"] is None


def test_a_picture_that_the_model_knows_is_edited_as_a_whole(tiny, photo, seen):
    small, mask = photo.crop((100, 0, 228, 100)), masked((128, 100), (60, 40, 70, 50))
    whole = tiny.inpaint(small, mask, crop="off", **QUICK)
    result = tiny.inpaint(small, mask, **QUICK)
    assert seen == {(128, 112)}
    assert_identical(result.image, whole.image)
    assert (result.crop, result.request) == (None, whole.request)


def test_a_margin_crops_small_pictures_too(tiny, picture, seen):
    mask = masked(picture.size, (20, 20, 30, 30))
    result = tiny.inpaint(picture, mask, crop=8, **QUICK)
    assert seen == {(SIDE, SIDE)}
    assert result.crop.box == (12, 12, 38, 38)
    assert_untouched_outside(result.image, picture, mask)


@pytest.mark.parametrize("task", TASKS)
def test_a_replay_cuts_the_same(task, tiny, photo, monkeypatch, tmp_path):
    mask = masked(photo.size, (200, 120, 220, 150))
    result = getattr(tiny, task)(photo, mask=mask, **TASKS[task], **QUICK)
    (path,) = result.save(tmp_path / "out.png")
    monkeypatch.setattr(cropping, "LEAST", 99)  # of a later version
    again = yuragi.replay(path, tiny)
    assert again.difference == 0
    assert again.result.crop == result.crop
    # A file names the model by its fingerprint, and not by its place on this machine.
    named = result.request.model_copy(update={"model": again.result.request.model})
    assert again.result.request == named
    assert result.request.crop == 32


def test_a_replay_is_given_the_whole_pictures(tiny, photo, tmp_path):
    mask = masked(photo.size, (200, 120, 220, 150))
    result = tiny.inpaint(photo, mask, **QUICK)
    (path,) = result.save(tmp_path / "out.png", embed_sources=False)
    with pytest.raises(InputError, match="source"):
        yuragi.replay(path, tiny)
    assert yuragi.replay(path, tiny, sources=[photo, mask]).difference == 0


def test_the_whole_picture_is_scaled_to_the_size_that_the_model_knows(tiny, photo, seen, tmp_path):
    mask = masked(photo.size, (200, 120, 220, 150))
    result = tiny.inpaint(photo, mask, crop="whole", **QUICK)
    assert result.crop.box == (0, 0, *photo.size)
    assert max(result.crop.size) == SIDE
    assert {max(sides) for sides in seen} == {SIDE}
    assert_untouched_outside(result.image, photo, mask)
    (path,) = result.save(tmp_path / "out.png")
    assert yuragi.replay(path, tiny).difference == 0


def test_a_model_can_prefer_the_whole_picture(pipeline_folder, tmp_path, photo):
    folder = shutil.copytree(pipeline_folder, tmp_path / "model")
    (folder / "defaults.json").write_text(json.dumps({"inpaint": {"crop": "whole"}}))
    mask = masked(photo.size, (200, 120, 220, 150))
    model = yuragi.load(folder, "cpu")
    assert model.inpaint(photo, mask, **QUICK).crop.box == (0, 0, *photo.size)
    assert model.inpaint(photo, mask, crop="auto", **QUICK).crop.box != (0, 0, *photo.size)


def test_a_picture_that_is_small_enough_is_not_scaled_up(tiny, photo):
    small = photo.resize((100, 75))
    mask = masked(small.size, (20, 20, 60, 60))
    assert tiny.inpaint(small, mask, crop="whole", **QUICK).crop is None


def test_crops_of_one_size_share_batches(tiny, photo):
    built = []
    for left in (20, 180, 300):
        mask = masked(photo.size, (left, 100, left + 30, 150))
        given = {"image": photo, "mask": mask, "prompt": "red hair", "strength": 0.5} | QUICK
        built.append(build(SDEditRequest, given))
    sources = {key: held for _, named in built for key, held in named.items()}
    steps = []
    requests = [request for request, _ in built]
    results = run_all(requests, tiny.loaded, sources, lambda done, total: steps.append(total))
    assert steps == [2, 2]  # one batch of two steps
    for (request, named), result in zip(built, results, strict=True):
        alone = run(request, tiny.loaded, named)
        assert_equal_to_rounding(result.image, alone.image)
        assert (result.crop, result.request) == (alone.crop, alone.request)
        assert set(result.sources) == set(named)


def test_the_seam_is_soft(tiny):
    grey = Image.new("RGB", (400, 300), (128,) * 3)
    mask = masked(grey.size, (150, 100, 250, 200))
    result = tiny.inpaint(grey, mask, **QUICK)
    change = np.abs(np.asarray(result.image, float) - 128).mean(-1)[100:200, 150:250]
    edge = [change[k, k : -k or None].mean() for k in range(10)]
    assert edge[0] < edge[3] < edge[9]


def test_what_a_hole_covered_does_not_show_along_its_edge(tiny):
    box, rings = (150, 100, 250, 200), []
    for colour in ("red", "blue"):
        covered = Image.new("RGB", (400, 300), (128,) * 3)
        covered.paste(colour, box)
        made = tiny.inpaint(covered, masked(covered.size, box), **QUICK).image.crop(box)
        rings.append(np.asarray(made, float)[[0, -1]])
    assert np.abs(rings[0] - rings[1]).mean() < 8  # with the covered colours: 150


@pytest.mark.parametrize("side", [30, 180])  # scaled up, and down
def test_a_crop_returns_to_where_it_was(tiny, side):
    rows, columns = np.mgrid[:300, :400] / 2
    gradient = Image.fromarray(np.stack([rows, columns, rows + 9], -1).astype(np.uint8))
    mask = masked(gradient.size, (150, 90, 150 + side, 90 + side))
    given = {"image": gradient, "mask": mask, "prompt": "red"} | QUICK
    request, sources = build(SDEditRequest, given)
    cropping = cropping_of(request, SIDE, sources)
    cut, parts = cropping.cut()
    made = run(cut, tiny.loaded, parts)
    unchanged = replace(made, images=[parts[cut.image.digest]])
    back = cropping.put_back(unchanged).image
    assert np.abs(np.asarray(back, float) - np.asarray(gradient)).max() <= 1


def test_parts_thinner_than_a_pixel_of_the_crop_are_edited_too(tiny, photo):
    picture = photo.resize((1600, 1200))
    mask = masked(picture.size, (300, 300, 301, 900), (900, 300, 901, 900))
    result = tiny.inpaint(picture, mask, **QUICK)
    assert result.crop.scale < 0.2
    assert_identical(result.mask.convert("RGB"), mask.convert("RGB"))
    assert_untouched_outside(result.image, picture, mask)
    assert_different(result.image.crop((900, 300, 901, 900)), picture.crop((900, 300, 901, 900)))


def test_a_photograph_of_twelve_megapixels(tiny, photo, seen):
    picture = Image.fromarray(astronaut()).resize((4000, 3000))
    mask = masked(picture.size, (1000, 1000, 1400, 1400))
    result = tiny.inpaint(picture, mask, **QUICK)
    assert seen == {(SIDE, SIDE)}
    assert result.image.size == picture.size
    assert_untouched_outside(result.image, picture, mask)


@pytest.mark.parametrize("value", ["some", "", "0", -3, 1.5, True])
def test_other_margins_are_refused(tiny, photo, value):
    mask = masked(photo.size, (200, 120, 220, 150))
    with pytest.raises(InputError, match="^crop must be auto, whole, off, or a whole number"):
        tiny.inpaint(photo, mask, crop=value)


def test_a_missing_mask_is_told(tiny, photo):
    mask = masked(photo.size, (200, 120, 220, 150))
    request, sources = build(SDEditRequest, {"image": photo, "mask": mask, "prompt": "red"})
    del sources[request.mask.digest]
    with pytest.raises(InputError, match=request.mask.digest):
        run(request, tiny.loaded, sources)


def test_the_command_tells_the_crop(cli, photo, pipeline_folder, tmp_path):
    photo.save(tmp_path / "photo.png")
    masked(photo.size, (200, 120, 220, 150)).save(tmp_path / "mask.png")
    shared = ["photo.png", "--model", pipeline_folder, "--mask", "mask.png", "--steps", 2]
    code, out, err = cli("inpaint", *shared, "-o", "out.png")
    assert (code, out) == (0, "out.png\n"), err
    assert "edited the crop 163,88 to 257,182, scaled by 1.36" in err
    assert "at its best around" not in err
    code, out, _ = cli("inpaint", *shared, "-o", "more.png", "--crop", 64, "--json")
    told = json.loads(out)
    assert code == 0
    assert told["crop"] == {"box": [131, 56, 289, 214], "scale": pytest.approx(SIDE / 158)}
    assert told["request"]["crop"] == 64
    code, _, err = cli("inpaint", *shared, "-o", "last.png", "--crop", "off")
    assert code == 0
    assert "at its best around" in err


def test_what_is_not_used_of_a_picture_is_said_for_a_crop_too(tiny, photo):
    clear = photo.convert("RGBA")
    clear.putalpha(Image.new("L", photo.size, 200))
    mask = masked(photo.size, (40, 40, 80, 80))
    for crop in ("off", "auto"):
        with pytest.warns(yuragi.YuragiWarning, match="transparent"):
            made = tiny.inpaint(clear, mask, prompt="red hair", crop=crop, num_inference_steps=2)
        assert any("transparent" in each for each in made.warnings)
