"""Reading pictures and masks safely, and pixels to tensors and back."""

import io
import struct
import zlib

import numpy as np
import pytest
import torch
from PIL import Image, PngImagePlugin

from yuragi.errors import InputError
from yuragi.images.losses import losses
from yuragi.images.read import digest, open_picture, read_mask, read_picture
from yuragi.images.tensors import (
    from_tensor,
    largest_difference,
    mask_tensor,
    tensor_digest,
    to_tensor,
)


def test_tensors_round_trip_every_level():
    levels = np.arange(256, dtype=np.uint8)
    picture = Image.fromarray(np.stack([levels, levels[::-1], levels], -1)[None].repeat(2, 0))
    tensor = to_tensor(picture)
    assert tensor.shape == (1, 3, 2, 256)
    assert tensor.min() == -1
    assert tensor.max() == 1
    assert largest_difference(from_tensor(tensor)[0], picture) == 0


def test_missing_file(tmp_path):
    with pytest.raises(InputError, match="image: the file is missing"):
        read_picture(tmp_path / "nothing.png")


def test_a_folder(tmp_path):
    with pytest.raises(InputError, match="image: this is a folder"):
        read_picture(tmp_path)


def test_no_picture(tmp_path):
    path = tmp_path / "text.png"
    path.write_text("no picture")
    with pytest.raises(InputError, match="is not a picture of a known kind"):
        read_picture(path)


def test_cut_short(tmp_path, picture):
    path = tmp_path / "cut.png"
    picture.save(path)
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])
    with pytest.raises(InputError, match="cannot be read"):
        read_picture(path)


def test_too_many_pixels(tmp_path, picture):
    path = tmp_path / "large.png"
    picture.save(path)
    with pytest.raises(InputError, match="64x48.*at most 3,000 pixels"):
        read_picture(path, max_pixels=3000)
    with pytest.raises(InputError, match="at most 3,000 pixels"):
        read_picture(picture, max_pixels=3000)


def test_a_bomb_is_refused_before_it_is_decoded(tmp_path):
    path = tmp_path / "bomb.png"
    Image.new("L", (20_000, 10_000)).save(path)
    with pytest.raises(InputError, match="at most 40,000,000 pixels"):
        read_picture(path)


EVERY = np.arange(65536, dtype=np.uint16).reshape(256, 256)


def sixteen_bits(path):
    """Pictures with all levels of 16 bits."""
    for name in ("a.png", "little.tif"):
        Image.fromarray(EVERY).save(path / name)
        yield path / name
    Image.fromarray(EVERY.astype(">u2")).save(path / "big.tif")
    yield path / "big.tif"
    yield from (EVERY, EVERY[..., None], torch.from_numpy(EVERY.copy()), Image.fromarray(EVERY))


def test_sixteen_bits_of_grey_are_rounded_to_eight_and_told(tmp_path):
    for source in sixteen_bits(tmp_path):
        opened = open_picture(source, "image")
        assert losses(opened, "it") == ("it has 16 bits a channel, of which 8 are used",)
        read = np.asarray(read_picture(opened))
        assert (read == np.round(EVERY / 257)[..., None]).all()
    colours = np.stack([EVERY, EVERY[::-1], EVERY], -1)
    assert (np.asarray(read_picture(colours)) == np.round(colours / 257)).all()


def test_a_transparent_level_of_sixteen_bits(tmp_path):
    levels = np.arange(0, 2560, 257, dtype=np.uint16)[None]
    Image.fromarray(levels).save(tmp_path / "clear.png", transparency=514)
    read = np.asarray(read_picture(tmp_path / "clear.png"))[0, :, 0]
    assert read.tolist() == [0, 1, 255, *range(3, 10)]


@pytest.mark.parametrize(
    ("mode", "words"), [("I", "32-bit whole numbers"), ("F", "32-bit floating-point numbers")]
)
def test_levels_of_32_bits_are_refused_in_words(tmp_path, mode, words):
    path = tmp_path / "deep.tif"
    Image.new(mode, (8, 8)).save(path)
    for source, name in ((path, str(path)), (Image.new(mode, (8, 8)), "given as an object")):
        with pytest.raises(InputError, match=f"^image: the levels .* are {words} .{name}.; .* 16"):
            read_picture(source)


def test_sixteen_bits_of_colour_are_cut_to_eight_and_told():
    """A PNG of one pixel: 16 bits of red, green and blue."""
    levels = (0x12FF, 0x3400, 0xABCD)
    row = zlib.compress(b"\0" + struct.pack(">3H", *levels))
    head = struct.pack(">2I5B", 1, 1, 16, 2, 0, 0, 0)
    data = b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", row) + chunk(b"IEND", b"")
    assert read_picture(data).getpixel((0, 0)) == (0x12, 0x34, 0xAB)
    (said,) = losses(open_picture(data, "image"), "deep.png")
    assert said == "deep.png has 16 bits a channel, of which 8 are used"


def chunk(kind, data):
    crc = struct.pack(">I", zlib.crc32(kind + data))
    return struct.pack(">I", len(data)) + kind + data + crc


@pytest.mark.parametrize("kind", ["WEBP", "PNG"])
@pytest.mark.parametrize("exif", [b"MM\0*", b"XX\0*\0\0\0\x08\0\1"])
def test_damaged_exif_data_turn_nothing(kind, exif):
    file = io.BytesIO()
    Image.new("RGB", (16, 9), (10, 20, 30)).save(file, kind, exif=b"Exif\0\0" + exif)
    with pytest.raises((SyntaxError, struct.error)):
        open_picture(file.getvalue(), "image").getexif()
    assert read_picture(file.getvalue()).size == (16, 9)


@pytest.mark.parametrize("error", [struct.error("too short"), TypeError("Missing dimensions")])
def test_whatever_a_damaged_file_raises_is_told(error, monkeypatch, tmp_path, picture):
    def load(picture):
        raise error

    picture.save(tmp_path / "damaged.png")
    monkeypatch.setattr(PngImagePlugin.PngImageFile, "load", load)
    with pytest.raises(InputError, match=f"image: the file cannot be read: {error}"):
        read_picture(tmp_path / "damaged.png")


def test_transparency_is_laid_on_white(tmp_path):
    path = tmp_path / "clear.png"
    Image.new("RGBA", (4, 4), (10, 20, 30, 0)).save(path)
    assert read_picture(path).getpixel((0, 0)) == (255, 255, 255)


@pytest.mark.parametrize("mode", ["L", "P", "1", "CMYK", "LA"])
def test_every_common_mode_becomes_rgb(picture, mode):
    source = picture.convert("RGBA").convert("LA") if mode == "LA" else picture.convert(mode)
    assert read_picture(source).mode == "RGB"


def test_turned_upright_and_stripped(tmp_path, picture):
    path = tmp_path / "turned.jpg"
    exif = Image.Exif()
    exif[0x0112] = 6  # rotate by 90 degrees
    exif[0x010E] = "a secret"
    picture.save(path, exif=exif)
    read = read_picture(path)
    assert read.size == (48, 64)
    assert not read.info
    assert 0x010E not in read.getexif()


def test_mask_of_any_mode_is_black_and_white(picture):
    grey = Image.new("RGBA", picture.size, (200, 200, 200, 255))
    grey.paste((90, 90, 90, 255), (0, 0, 10, 48))
    mask = read_mask(grey, picture.size)
    assert mask.mode == "L"
    tensor = mask_tensor(mask)
    assert tensor.shape == (1, 1, 48, 64)
    assert tensor[..., :10].max() == 0
    assert tensor[..., 10:].min() == 1


def test_strokes_on_an_empty_layer_are_the_mask(picture):
    layer = Image.new("RGBA", picture.size, (255, 255, 255, 0))
    layer.paste((255, 255, 255, 255), (0, 0, 10, 48))
    tensor = mask_tensor(read_mask(layer, picture.size))
    assert tensor[..., :10].min() == 1
    assert tensor[..., 10:].max() == 0


def test_mask_of_another_size(picture):
    with pytest.raises(InputError, match="mask.*64x48"):
        read_mask(Image.new("L", (10, 10), 255), picture.size)


def test_a_mask_of_zeros_and_ones(picture, tmp_path):
    inside = np.zeros((48, 64), np.uint8)
    inside[10:20, 30:40] = 1
    Image.fromarray(inside).save(tmp_path / "mask.png")
    right = digest(read_mask(inside.astype(bool), picture.size))
    for mask in (inside, torch.from_numpy(inside), tmp_path / "mask.png"):
        assert digest(read_mask(mask, picture.size)) == right
    with pytest.raises(InputError, match="all black"):
        read_mask(inside * 2, picture.size)


def test_black_mask(picture):
    with pytest.raises(InputError, match="mask.*white marks what may change"):
        read_mask(Image.new("L", picture.size, 100), picture.size)


def test_digests_tell_pixels_and_shapes_apart(picture):
    other = picture.copy()
    other.putpixel((3, 3), (1, 2, 3))
    turned = Image.frombytes("RGB", (48, 64), picture.tobytes())
    assert digest(picture) == digest(picture.copy())
    assert len({digest(picture), digest(other), digest(turned)}) == 3
    z = torch.zeros(2, 3)
    assert tensor_digest(z) != tensor_digest(z.view(3, 2))


def forms(picture, path):
    """The same picture in every form that is accepted."""
    picture.save(path)
    pixels = np.array(picture)
    tensor = torch.from_numpy(pixels).permute(2, 0, 1)
    return {
        "path": path,
        "text": str(path),
        "picture": picture,
        "bytes": path.read_bytes(),
        "file in memory": io.BytesIO(path.read_bytes()),
        "array": pixels,
        "array of another order": np.asfortranarray(pixels),
        "array with an opaque layer": np.dstack([pixels, np.full((48, 64), 255, np.uint8)]),
        "floats": (pixels / 255).astype(np.float32),
        "tensor": tensor,
        "batch of one": tensor[None],
        "floats of a tensor": (tensor / 255).requires_grad_(),
        "half precision": (tensor / 255).half(),
    }


def test_a_picture_is_the_same_in_every_form(tmp_path, picture):
    found = forms(picture, tmp_path / "a.png")
    assert {name: digest(read_picture(form)) for name, form in found.items()} == {
        name: digest(picture) for name in found
    }
    with (tmp_path / "a.png").open("rb") as opened:
        assert digest(read_picture(opened)) == digest(picture)


def test_a_mask_is_the_same_in_every_form(picture):
    inside = np.zeros((48, 64), bool)
    inside[10:20, 30:40] = True
    levels = inside.astype(np.uint8) * 255
    tensor = torch.from_numpy(inside)
    forms = [inside, levels, levels[..., None], inside.astype(float), tensor]
    forms += [tensor[None], tensor[None, None].float(), Image.fromarray(levels)]
    assert len({digest(read_mask(form, picture.size)) for form in forms}) == 1


def test_an_array_that_changes_later_does_not_change_the_picture():
    pixels = np.zeros((4, 4, 3), np.uint8)
    read = read_picture(pixels)
    pixels[:] = 255
    assert read.getpixel((0, 0)) == (0, 0, 0)


@pytest.mark.parametrize(
    ("given", "told"),
    [
        (7, "int"),
        (["a.png"], "list"),
        (np.zeros((4, 5, 2), np.uint8), "ndarray .4, 5, 2."),
        (np.zeros((0, 5, 3), np.uint8), "ndarray .0, 5, 3."),
        (torch.zeros(5, 4, 3), "Tensor .5, 4, 3."),
        (torch.zeros(2, 3, 4, 5), "Tensor .2, 3, 4, 5."),
        (np.zeros((4, 5, 3), np.int64), "numbers of type int64"),
        (np.zeros((4, 5, 3)) - 1, "floats from -1 to -1"),
        (np.full((4, 5, 3), 255.0), "floats from 255 to 255"),
        (np.full((4, 5, 3), np.nan), "floats from nan to nan"),
    ],
)
def test_what_is_no_picture_is_told_what_is(given, told):
    allowed = "^image must be a path, a PIL image, .*from 0 to 1"
    with pytest.raises(InputError, match=rf"{allowed} \(given: {told}"):
        read_picture(given)


@pytest.mark.parametrize("given", [b"no picture", io.BytesIO(), io.StringIO("text")])
def test_bytes_and_files_without_a_picture(given):
    with pytest.raises(InputError, match="^image: the file (is not a picture|cannot be read)"):
        read_picture(given)


def test_arrays_have_limits_too():
    with pytest.raises(InputError, match="64x48.*at most 3,000 pixels"):
        read_picture(np.zeros((48, 64, 3), np.uint8), max_pixels=3000)
