"""What a PNG carries survives; what it is made from is written whole or not at all."""

import pytest
from PIL import Image

from yuragi.images.png import Carried, read_carried, write_png
from yuragi.images.read import MAX_PIXELS, digest


def read(path):
    with Image.open(path) as opened:
        opened.load()
        return read_carried(opened, MAX_PIXELS)


def test_texts_and_sources_round_trip(tmp_path, picture):
    path = tmp_path / "out.png"
    mask = picture.convert("L")
    sources = {digest(picture): picture, digest(mask): mask}
    write_png(path, picture, Carried({"yuragi": "{}", "parameters": "揺らぎ é"}, sources))
    carried = read(path)
    assert carried.texts == {"yuragi": "{}", "parameters": "揺らぎ é"}
    assert {key: digest(held) for key, held in carried.sources.items()} == {k: k for k in sources}
    assert [entry.name for entry in tmp_path.iterdir()] == ["out.png"]


def test_long_sources_are_no_problem(tmp_path, picture):
    # Text chunks are limited to 1 MiB; pictures are not text.
    large = Image.effect_noise((1500, 1500), 90).convert("RGB")
    write_png(tmp_path / "out.png", picture, Carried({}, {digest(large): large}))
    assert set(read(tmp_path / "out.png").sources) == {digest(large)}


def test_other_files_carry_nothing(tmp_path, picture):
    picture.save(tmp_path / "a.jpg")
    carried = read(tmp_path / "a.jpg")
    assert not carried.texts
    assert not carried.sources


def test_a_failed_write_leaves_what_was_there(tmp_path, picture):
    path = tmp_path / "out.png"
    path.write_bytes(b"precious")
    with pytest.raises(ValueError, match="hex"):
        write_png(path, picture, Carried({}, {"no digest": picture}))
    assert path.read_bytes() == b"precious"
    assert [entry.name for entry in tmp_path.iterdir()] == ["out.png"]
