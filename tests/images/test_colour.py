"""Pictures in other colour spaces look the same in sRGB."""

import io

import numpy as np
import pytest
from PIL import Image, ImageCms

from yuragi.images.colour import other_profile, to_srgb
from yuragi.images.losses import losses
from yuragi.images.read import open_picture, read_picture


def stored(picture, profile, **options):
    file = io.BytesIO()
    picture.save(file, "PNG", icc_profile=profile, **options)
    return file.getvalue()


def test_srgb_and_nothing_stay_as_they_are():
    picture = Image.fromarray(np.random.default_rng(0).integers(0, 255, (9, 7, 3), np.uint8))
    srgb = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    for data in (stored(picture, srgb), stored(picture, None)):
        assert other_profile(open_picture(data, "image")) is None
        assert np.array_equal(read_picture(data), picture)
        assert losses(open_picture(data, "image"), "it") == ()


def test_a_damaged_profile_is_ignored():
    picture = Image.new("RGB", (4, 4), (10, 20, 30))
    data = stored(picture, b"no profile")
    assert read_picture(data).getpixel((0, 0)) == (10, 20, 30)


def test_grey_with_another_gamma_becomes_srgb():
    """Gamma 1: half of the light is 188 in sRGB, by its formula."""
    data = stored(Image.new("L", (4, 4), 128), gamma_profile(1.0))
    opened = open_picture(data, "image")
    assert other_profile(opened) == "linear grey"
    value = 128 / 255
    want = 255 * (1.055 * value ** (1 / 2.4) - 0.055)
    assert np.abs(np.asarray(to_srgb(opened), float) - want).max() <= 1.5
    assert np.abs(np.asarray(read_picture(data), float) - want).max() <= 1.5
    (said,) = losses(opened, "grey.png")
    assert said == "grey.png has colours in linear grey, which are converted to sRGB"


@pytest.mark.parametrize("form", ["palette", "palette, one transparent", "one transparent"])
def test_colours_in_any_form_become_srgb(form):
    """Swapped primaries: red becomes blue and blue red, whatever the file's form."""
    picture = Image.new("RGB", (4, 4), (255, 0, 0))
    picture.paste((0, 255, 0), (0, 0, 2, 4))
    options = {}
    if form.startswith("palette"):
        picture = picture.quantize(2)
    if form.endswith("transparent"):
        options["transparency"] = picture.getpixel((0, 0))
    data = stored(picture, swapped_profile(), **options)
    opened = open_picture(data, "image")
    assert other_profile(opened) is not None
    left, right = (read_picture(data).getpixel((x, 0)) for x in (0, 3))
    assert left == ((255, 255, 255) if options else (0, 255, 0))
    assert right == (0, 0, 255)
    said = losses(opened, "it")
    assert any("converted to sRGB" in each for each in said)
    assert any("becomes white" in each for each in said) == bool(options)


def test_a_profile_that_does_not_fit_is_neither_used_nor_told():
    data = stored(Image.new("RGB", (4, 4), (10, 20, 30)), gamma_profile(1.0))
    opened = open_picture(data, "image")
    assert other_profile(opened) is None
    assert losses(opened, "it") == ()
    assert read_picture(data).getpixel((0, 0)) == (10, 20, 30)


def swapped_profile():
    """A profile without a name: sRGB with red and blue exchanged."""
    data = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    red, blue, name = (data.index(tag, 128) for tag in (b"rXYZ", b"bXYZ", b"desc"))
    made = bytearray(data)
    made[red : red + 4], made[blue : blue + 4] = b"bXYZ", b"rXYZ"
    made[name : name + 4] = b"xxxx"  # the description
    return bytes(made)


def gamma_profile(gamma):
    """A version 2 profile for grey with this gamma, after the ICC's specification."""
    name = b"linear grey"
    desc = b"desc" + bytes(4) + (len(name) + 1).to_bytes(4, "big") + name + bytes(1 + 78)
    white = (
        b"XYZ "
        + bytes(4)
        + b"".join(round(v * 65536).to_bytes(4, "big") for v in (0.9642, 1.0, 0.8249))
    )
    curve = b"curv" + bytes(4) + (1).to_bytes(4, "big") + round(gamma * 256).to_bytes(2, "big")
    tags, table, at = [(b"desc", desc), (b"wtpt", white), (b"kTRC", curve)], b"", 128 + 4 + 3 * 12
    body = b""
    for tag, data in tags:
        padded = data + bytes(-len(data) % 4)
        table += tag + (at + len(body)).to_bytes(4, "big") + len(data).to_bytes(4, "big")
        body += padded
    size = at + len(body)
    head = size.to_bytes(4, "big") + bytes(4) + b"\x02\x10\x00\x00" + b"mntrGRAYXYZ "
    head += bytes(12) + b"acsp" + bytes(128 - 40 - 12 - 48)
    head = head.ljust(68, b"\0") + white[8:]
    return head.ljust(128, b"\0") + len(tags).to_bytes(4, "big") + table + body
