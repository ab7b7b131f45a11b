"""What is not used of a picture or a mask."""

import pytest
from PIL import Image

from yuragi.images.losses import losses
from yuragi.images.read import open_picture


def test_a_plain_picture_loses_nothing(picture):
    assert losses(picture, "photo.png") == ()
    opaque = picture.copy()
    opaque.putalpha(255)
    assert losses(opaque, "photo.png") == ()
    assert losses(picture.convert("L"), "mask.png", mask=True) == ()


@pytest.mark.parametrize(("mask", "meaning"), [(False, "white"), (True, "black")])
def test_transparency(picture, mask, meaning):
    clear = picture.convert("L").convert("RGB")
    clear.putalpha(Image.linear_gradient("L").resize(picture.size))
    (said,) = losses(clear, "photo.png", mask)
    assert said.startswith("photo.png is transparent in places")
    assert said.endswith(meaning)


def test_one_transparent_colour(picture):
    few = picture.quantize(8)
    few.info["transparency"] = 0
    assert "transparent" in losses(few, "photo.gif")[0]


@pytest.mark.parametrize("suffix", ["gif", "png", "webp", "tiff"])
def test_further_frames(picture, tmp_path, suffix):
    path = tmp_path / f"moving.{suffix}"
    others = [picture.rotate(10), picture.rotate(20)]
    picture.save(path, save_all=True, append_images=others)
    said = losses(open_picture(path, "image"), path.name)
    assert said == (f"moving.{suffix} has 3 frames, of which only the first is used",)


def test_colours_in_a_mask(picture):
    assert losses(picture, "mask.png", mask=True) == (
        "mask.png has colours, of which only the brightness counts",
    )
