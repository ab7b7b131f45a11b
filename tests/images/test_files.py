"""Files carry texts and pictures in every format, and are written whole or not at all."""

import io

import pytest
from PIL import ExifTags, Image

from promises import assert_identical
from yuragi.errors import InputError
from yuragi.images.files import SUFFIXES, as_stored, numbered, read_carried, write_picture
from yuragi.images.png import Carried
from yuragi.images.read import MAX_PIXELS, digest, read_picture

TEXTS = {"yuragi": '{"a": "揺らぎ"}', "parameters": "揺らぎ é"}


def opened(path):
    with Image.open(path) as picture:
        picture.load()
    return picture


@pytest.mark.parametrize("suffix", SUFFIXES)
def test_what_a_file_carries_round_trips(tmp_path, picture, suffix):
    path = tmp_path / f"out{suffix}"
    mask = picture.convert("L")
    noise = Image.effect_noise((400, 400), 90).convert("RGB")  # more than a JPEG's segment holds
    sources = {digest(each): each for each in (picture, mask, noise)}
    write_picture(path, picture, Carried(TEXTS, sources))
    carried = read_carried(opened(path), MAX_PIXELS)
    assert carried.texts == TEXTS
    assert {key: digest(held) for key, held in carried.sources.items()} == {k: k for k in sources}
    assert [entry.name for entry in tmp_path.iterdir()] == [path.name]


@pytest.mark.parametrize("suffix", SUFFIXES)
def test_the_format_is_what_the_name_says(tmp_path, picture, suffix):
    path = tmp_path / "new" / "folder" / f"out{suffix.upper()}"
    write_picture(path, picture)
    kept = opened(path)
    assert kept.format == {".jpg": "JPEG"}.get(suffix, suffix[1:].upper())
    assert_identical(as_stored(picture, kept.format), kept.convert("RGB"))
    if suffix in (".png", ".webp"):
        assert_identical(picture, kept)
    assert not read_carried(kept, MAX_PIXELS).texts


@pytest.mark.parametrize("suffix", [".jpg", ".webp"])
def test_other_tools_find_the_parameters(tmp_path, picture, suffix):
    write_picture(tmp_path / f"out{suffix}", picture, Carried(TEXTS, {}))
    exif = opened(tmp_path / f"out{suffix}").getexif().get_ifd(ExifTags.IFD.Exif)
    comment = exif[ExifTags.Base.UserComment]
    assert comment.removeprefix(b"UNICODE\0").decode("utf-16-be") == "揺らぎ é"


def test_a_long_prompt_fits_into_a_jpeg(tmp_path, picture):
    texts = {"parameters": "a red cat " * 20_000, "yuragi": "{}"}
    write_picture(tmp_path / "out.jpg", picture, Carried(texts, {}))
    assert read_carried(opened(tmp_path / "out.jpg"), MAX_PIXELS).texts == texts


def test_a_jpeg_keeps_the_resolution_of_colours(tmp_path, picture):
    write_picture(tmp_path / "out.jpg", picture)
    assert {layer[1:3] for layer in opened(tmp_path / "out.jpg").layer} == {(1, 1)}


@pytest.mark.parametrize("suffix", SUFFIXES)
def test_what_a_file_carries_stays_out_of_what_is_made_of_it(tmp_path, picture, suffix):
    write_picture(tmp_path / f"out{suffix}", picture, Carried(TEXTS, {digest(picture): picture}))
    read = read_picture(tmp_path / f"out{suffix}")
    assert not read_carried(read, MAX_PIXELS).texts
    assert not read.info


def test_other_files_carry_nothing(picture):
    for format in ("JPEG", "WEBP", "PNG", "BMP"):
        file = io.BytesIO()
        picture.save(file, format)
        carried = read_carried(opened(file), MAX_PIXELS)
        assert not carried.texts
        assert not carried.sources


def test_a_large_carrier_is_not_decoded(tmp_path, picture, monkeypatch):
    monkeypatch.setattr(Image, "new", lambda mode, size: Image.linear_gradient("L"))
    write_picture(tmp_path / "out.webp", picture, Carried(TEXTS, {}))
    with pytest.raises(ValueError, match="carrier of 256x256"):
        read_carried(opened(tmp_path / "out.webp"), MAX_PIXELS)


def test_a_failed_write_leaves_what_was_there(tmp_path, picture):
    path = tmp_path / "out.png"
    path.write_bytes(b"precious")
    with pytest.raises(ValueError, match="hex"):
        write_picture(path, picture, Carried({}, {"no digest": picture}))
    assert path.read_bytes() == b"precious"
    assert [entry.name for entry in tmp_path.iterdir()] == ["out.png"]


def test_several_pictures_are_numbered(tmp_path):
    assert numbered("o", tmp_path / "a.jpg", "drag", 1) == [tmp_path / "a.jpg"]
    assert numbered("o", tmp_path / "a.jpg", "drag", 2) == [
        tmp_path / "a-0000.jpg",
        tmp_path / "a-0001.jpg",
    ]
    assert numbered("o", tmp_path / "new", "drag", 1) == [tmp_path / "new" / "drag-0000.png"]


def test_names_that_no_picture_can_have(tmp_path):
    with pytest.raises(InputError, match=r"^o must be .* in .png, .jpg, .jpeg, .webp .*a.tiff"):
        numbered("o", tmp_path / "a.tiff", "drag", 1)
    (tmp_path / "file").touch()
    with pytest.raises(InputError, match="^o.*folder.*file"):
        numbered("o", tmp_path / "file", "drag", 1)


@pytest.mark.parametrize(("suffix", "longest"), [(".webp", 16_383), (".JPG", 65_500)])
def test_a_side_that_a_format_cannot_hold_is_refused(tmp_path, suffix, longest):
    path = tmp_path / f"out{suffix}"
    write_picture(path, Image.new("RGB", (longest, 1)))
    with pytest.raises(InputError, match=f"a side of at most {longest:,} pixels"):
        write_picture(tmp_path / f"more{suffix}", Image.new("RGB", (1, longest + 1)))
    assert list(tmp_path.iterdir()) == [path]


@pytest.mark.parametrize("text", ["揺" * 40_000, "😀" * 20_000, "a" + "😀" * 20_000])
def test_long_texts_are_cut_for_other_tools(tmp_path, picture, text):
    path = tmp_path / "out.jpg"
    write_picture(path, picture, Carried({"parameters": text}, {}))
    comment = opened(path).getexif().get_ifd(ExifTags.IFD.Exif)[ExifTags.Base.UserComment]
    found = comment.removeprefix(b"UNICODE\0").decode("utf-16-be")
    assert found == text[: len(found)]
    assert 2 * 29_999 <= len(found.encode("utf-16-be")) <= 60_000
