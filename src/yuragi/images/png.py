r"""PNG files that contain text, and the input pictures of a result.

Each input picture is stored in a private chunk ``yuSo`` (ancillary, safe to copy): 16 bytes of
digest, then the picture as PNG. So the file alone can be replayed. Paths and metadata of inputs are
not stored.
"""

from __future__ import annotations

import io
import os
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from PIL import Image, PngImagePlugin

__all__ = ["Carried", "read_carried", "write_png"]

SOURCE_CHUNK = b"yuSo"
DIGEST_BYTES = 16


@dataclass(frozen=True)
class Carried:
    """The additional contents of a PNG file.

    Attributes:
        texts: the text chunks by name.
        sources: the input pictures by hexadecimal digest.
    """

    texts: Mapping[str, str]
    sources: Mapping[str, Image.Image]


def write_png(path: Path, picture: Image.Image, carried: Carried) -> None:
    """Write `picture` with its additional contents. The file is written completely or not at all.

    Raises:
        OSError: the folder cannot be written.
    """
    info = PngImagePlugin.PngInfo()
    for name, text in carried.texts.items():
        info.add_text(name, text)
    for key, source in carried.sources.items():
        held = io.BytesIO()
        source.save(held, "PNG")
        info.add(SOURCE_CHUNK, bytes.fromhex(key) + held.getvalue())
    with tempfile.TemporaryDirectory(dir=path.parent, prefix=".yuragi-") as folder:
        partial = Path(folder) / path.name
        picture.save(partial, "PNG", pnginfo=info)
        os.replace(partial, path)


def read_carried(picture: Image.Image, max_pixels: int) -> Carried:
    """The additional contents of an opened and loaded picture; empty if it is not a PNG.

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
