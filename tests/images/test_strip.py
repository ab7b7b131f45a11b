"""Files without metadata: nothing of a place is left, and no pixel is changed."""

import io
import zlib
from contextlib import suppress

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image, ImageCms

from located import LATITUDE, TRACES, chunk, exif, located
from yuragi.images.files import read_carried, write_picture
from yuragi.images.png import Carried
from yuragi.images.read import read_picture
from yuragi.images.strip import stripped

KINDS = ("PNG", "JPEG", "WEBP")
MODES = {"PNG": ("RGB", "RGBA", "L", "LA", "P", "1"), "JPEG": ("RGB", "L", "CMYK")}
PROFILE = ImageCms.ImageCmsProfile(ImageCms.createProfile("LAB")).tobytes()
OPTIONS = {
    "PNG": [{}, {"compress_level": 0}, {"icc_profile": PROFILE}, {"dpi": (72, 72)}],
    "JPEG": [
        {},
        {"quality": 30, "progressive": True},
        {"subsampling": "4:4:4", "restart_marker_blocks": 1},
        {"icc_profile": PROFILE * 300, "dpi": (300, 300)},
        {"optimize": True, "restart_marker_rows": 1},
    ],
    "WEBP": [{}, {"lossless": True}, {"icc_profile": PROFILE}],
}


def noise(seed, width, height, mode):
    levels = np.random.default_rng(seed).integers(0, 256, (height, width, 4), np.uint8)
    return Image.fromarray(levels, "RGBA").convert("RGB" if mode == "CMYK" else mode).convert(mode)


def traces(data):
    """What a file still tells of a place."""
    with Image.open(io.BytesIO(data)) as picture:
        picture.load()
        told = {*picture.getexif().get_ifd(0x8825)} | ({*picture.info} & {"xmp", "comment"})
    return told | {trace for trace in TRACES if trace in data}


@st.composite
def files(draw):
    kind = draw(st.sampled_from(KINDS))
    mode = draw(st.sampled_from(MODES.get(kind, ("RGB", "RGBA"))))
    size = draw(st.integers(1, 40)), draw(st.integers(1, 40))
    picture = noise(draw(st.integers(0, 99)), *size, mode)
    orientation = draw(st.integers(1, 8))
    options = draw(st.sampled_from(OPTIONS[kind]))
    return kind, orientation, located(picture, kind, orientation, **options)


@settings(max_examples=150, deadline=None)
@given(files())
def test_no_trace_is_left_and_no_pixel_changes(file):
    kind, orientation, data = file
    kept = stripped(data, kind, orientation)
    assert traces(kept) == set()
    assert read_picture(kept).tobytes() == read_picture(data).tobytes()
    assert stripped(kept, kind, orientation) == kept
    with Image.open(io.BytesIO(kept)) as after, Image.open(io.BytesIO(data)) as before:
        assert after.info.get("icc_profile") == before.info.get("icc_profile")
        assert after.getexif().get(0x0112, 1) == orientation


@pytest.mark.parametrize("kind", KINDS)
def test_the_files_of_these_tests_do_tell_a_place(picture, kind):
    data = located(picture, kind)
    assert {*TRACES[:1]} <= traces(data)
    with Image.open(io.BytesIO(data)) as opened:
        degrees, minutes, seconds = opened.getexif().get_ifd(0x8825)[2]
    assert float(degrees + minutes / 60 + seconds / 3600) == pytest.approx(LATITUDE)


def test_a_second_picture_in_the_file_goes(picture):
    held = io.BytesIO()
    second = picture.transpose(Image.Transpose.ROTATE_180)
    picture.save(held, "MPO", save_all=True, append_images=[second], exif=exif())
    kept = stripped(held.getvalue(), "JPEG", 1)
    with Image.open(io.BytesIO(kept)) as opened:
        assert opened.format == "JPEG"
    assert read_picture(kept).tobytes() == read_picture(held.getvalue()).tobytes()
    assert len(kept) < len(held.getvalue()) / 1.8


def test_the_thumbnail_of_a_jpeg_goes(picture):
    held = io.BytesIO()
    picture.save(held, "JPEG")
    data = held.getvalue()
    assert data[2:4] == b"\xff\xe0"
    small = b"\xff\xe0" + (16 + 12).to_bytes(2, "big") + data[6:18] + b"\x02\x02" + b"Kamakura" * 2
    small = small[: 2 + 16 + 12]
    kept = stripped(data[:2] + small + data[20:], "JPEG", 1)
    assert b"Kama" not in kept
    assert read_picture(kept).tobytes() == read_picture(data).tobytes()


@pytest.mark.parametrize("kind", ["PNG", "WEBP"])
def test_animations(picture, kind):
    held = io.BytesIO()
    picture.save(held, kind, save_all=True, append_images=[picture.rotate(180)])
    if kind == "WEBP":
        with pytest.raises(ValueError, match="animation"):
            stripped(held.getvalue(), kind, 1)
        return
    kept = stripped(held.getvalue(), kind, 1)
    assert b"acTL" not in kept
    assert read_picture(kept).tobytes() == picture.tobytes()


def of_a_frame_only():
    """A PNG of one pixel that Pillow reads from a frame of an animation, because it has no IDAT."""
    size = (1).to_bytes(4, "big") * 2
    frame = bytes(4) + size + bytes(8) + bytes([0, 1, 0, 1, 0, 0])
    pixels = zlib.compress(b"\0\x10\x20\x30")
    parts = [
        chunk(b"IHDR", size + bytes([8, 2, 0, 0, 0])),
        chunk(b"acTL", (1).to_bytes(4, "big") + bytes(4)),
        chunk(b"fcTL", frame),
        chunk(b"fdAT", (1).to_bytes(4, "big") + pixels),
        chunk(b"IEND", b""),
    ]
    return b"\x89PNG\r\n\x1a\n" + b"".join(parts)


def test_a_png_with_nothing_but_a_frame_of_an_animation_is_refused():
    data = of_a_frame_only()
    assert read_picture(data).getpixel((0, 0)) == (16, 32, 48)
    with pytest.raises(ValueError, match="no pixels except those of an animation"):
        stripped(data, "PNG", 1)


def test_a_record_with_such_a_png_does_not_refuse_the_picture(picture):
    held = io.BytesIO()
    picture.save(held, "PNG")
    head, rest = held.getvalue()[:33], held.getvalue()[33:]
    kept = stripped(head + chunk(b"yuSo", bytes(16) + of_a_frame_only()) + rest, "PNG", 1)
    assert read_picture(kept).tobytes() == picture.tobytes()


def test_texts_that_tell_the_orientation(picture):
    held = io.BytesIO()
    picture.save(held, "PNG")
    head, rest = held.getvalue()[:33], held.getvalue()[33:]
    told = "\nexif\n      1\n" + exif(6).tobytes().hex()
    data = head + chunk(b"tEXt", b"Raw profile type exif\0" + told.encode()) + rest
    kept = stripped(data, "PNG", 6)
    assert read_picture(kept).tobytes() == read_picture(data).tobytes()
    assert read_picture(kept).size == (48, 64)


@pytest.mark.parametrize("suffix", [".png", ".jpg", ".webp"])
def test_the_record_of_a_result_stays(picture, tmp_path, suffix):
    source = picture.copy()
    carried = Carried({"yuragi": "{}" * 40_000, "parameters": "a person"}, {"ab" * 16: source})
    file = tmp_path / f"result{suffix}"
    write_picture(file, picture, carried)
    kind = {".png": "PNG", ".jpg": "JPEG", ".webp": "WEBP"}[suffix]
    kept = stripped(file.read_bytes(), kind, 6)
    with Image.open(io.BytesIO(kept)) as opened:
        opened.load()
        found = read_carried(opened, 10_000)
        assert opened.getexif()[0x0112] == 6
    assert found.texts == carried.texts
    assert found.sources["ab" * 16].tobytes() == source.tobytes()


def test_the_picture_inside_a_record_tells_no_place_either(picture):
    inner = located(picture, "PNG")
    held = io.BytesIO()
    picture.save(held, "PNG")
    head, rest = held.getvalue()[:33], held.getvalue()[33:]
    data = head + chunk(b"yuSo", bytes(16) + inner) + rest
    assert b"Kamakura" in data
    kept = stripped(data, "PNG", 1)
    assert b"yuSo" in kept
    assert b"Kamakura" not in kept


@settings(max_examples=300, deadline=None)
@given(st.sampled_from(KINDS), st.integers(1, 8), st.data())
def test_any_bytes_end_soon(kind, orientation, data):
    held = io.BytesIO()
    noise(0, 9, 7, "RGB").save(held, kind)
    whole = bytearray(held.getvalue())
    for _ in range(data.draw(st.integers(0, 4))):
        whole[data.draw(st.integers(0, len(whole) - 1))] = data.draw(st.integers(0, 255))
    cut = bytes(whole[: data.draw(st.integers(0, len(whole)))])
    with suppress(ValueError):
        assert isinstance(stripped(cut, kind, orientation), bytes)
