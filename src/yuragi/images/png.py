r"""PNG files that contain text, and the input pictures of a result.

Each input picture is stored in a private chunk ``yuSo`` (ancillary, safe to copy): 16 bytes of
digest, then the picture as PNG. So the file alone can be replayed. Paths and metadata of inputs are
not stored.
"""

from __future__ import annotations

import io
from collections.abc import Mapping
from dataclasses import dataclass

from PIL import Image, PngImagePlugin

__all__ = ["DIGEST_BYTES", "SOURCE_CHUNK", "Carried", "encode_png", "png_info", "read_png"]

SOURCE_CHUNK = b"yuSo"
DIGEST_BYTES = 16


@dataclass(frozen=True)
class Carried:
    """The data that a file carries in addition to its picture.

    Attributes:
        texts: the texts by name.
        sources: the input pictures by hexadecimal digest.
    """

    texts: Mapping[str, str]
    sources: Mapping[str, Image.Image]


def encode_png(picture: Image.Image, carried: Carried) -> bytes:
    """The bytes of a PNG of `picture` and the data that it carries."""
    file = io.BytesIO()
    picture.save(file, "PNG", pnginfo=png_info(carried))
    return file.getvalue()


def png_info(carried: Carried) -> PngImagePlugin.PngInfo:
    """The data that a file carries, in the form that Pillow needs."""
    info = PngImagePlugin.PngInfo()
    for name, text in carried.texts.items():
        info.add_text(name, text)
    for key, source in carried.sources.items():
        held = io.BytesIO()
        source.save(held, "PNG")
        info.add(SOURCE_CHUNK, bytes.fromhex(key) + held.getvalue())
    return info


def read_png(picture: Image.Image, max_pixels: int) -> Carried:
    """The data that an opened and loaded picture carries; empty if it is not a PNG.

    Raises:
        ValueError, OSError, SyntaxError: a contained picture is damaged or has too many pixels.
    """
    sources = {}
    for name, data, *_ in getattr(picture, "private_chunks", []):
        if name == SOURCE_CHUNK:
            held = Image.open(io.BytesIO(data[DIGEST_BYTES:]), formats=("PNG",))
            if held.width * held.height > max_pixels:
                raise ValueError(f"a carried picture of {held.width}x{held.height} pixels")
            held.load()
            sources[data[:DIGEST_BYTES].hex()] = held
    return Carried(dict(getattr(picture, "text", {})), sources)
