"""What a PNG carries survives."""

import io

from PIL import Image

from yuragi.images.png import Carried, encode_png, read_png
from yuragi.images.read import MAX_PIXELS, digest


def read(data):
    with Image.open(io.BytesIO(data)) as opened:
        opened.load()
        return read_png(opened, MAX_PIXELS)


def test_texts_and_sources_round_trip(picture):
    mask = picture.convert("L")
    sources = {digest(picture): picture, digest(mask): mask}
    texts = {"yuragi": "{}", "parameters": "揺らぎ é"}
    carried = read(encode_png(picture, Carried(texts, sources)))
    assert carried.texts == texts
    assert {key: digest(held) for key, held in carried.sources.items()} == {k: k for k in sources}


def test_long_sources_are_no_problem(picture):
    # Text chunks are limited to 1 MiB; pictures are not text.
    large = Image.effect_noise((1500, 1500), 90).convert("RGB")
    carried = read(encode_png(picture, Carried({}, {digest(large): large})))
    assert set(carried.sources) == {digest(large)}
