r"""Picture files: how they are named and written, and what they carry.

A PNG carries texts and pictures in chunks (`yuragi.images.png`). JPEG and WebP carry them packed
into a PNG of one pixel: a JPEG in APP10 segments that begin with ``yuragi\0``, a WebP in the EXIF
maker note. Both also hold the text ``parameters`` in the EXIF user comment, where other tools look
for it.
"""

from __future__ import annotations

import io
import os
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from PIL import ExifTags, Image

from yuragi.errors import InputError
from yuragi.images.png import Carried, encode_png, png_info, read_png

__all__ = [
    "ANIMATIONS",
    "MAKER_NOTE",
    "SEGMENT",
    "SUFFIXES",
    "animation",
    "as_given",
    "as_stored",
    "check_side",
    "encoded",
    "in_segments",
    "numbered",
    "read_carried",
    "whole",
    "write_file",
    "write_picture",
]

SEGMENT = b"yuragi\0"
SEGMENT_BYTES = 65_533 - len(SEGMENT)
MAKER_NOTE = 0x927C
LONGEST = 60_000
"""The largest number of bytes in a user comment; EXIF in a JPEG is limited to 64 KiB."""
LONGEST_SIDE: Mapping[str, int] = {".jpg": 65_500, ".jpeg": 65_500, ".webp": 16_383}
"""The largest width and height, in pixels, that a file of a suffix can have."""


def _encode_jpeg(picture: Image.Image, carried: Carried) -> bytes:
    segments, file = in_segments(_packed(carried)), io.BytesIO()
    picture.save(file, "JPEG", quality=95, subsampling="4:4:4", exif=_exif(carried), extra=segments)
    return file.getvalue()


def in_segments(packed: bytes) -> bytes:
    """The packed data of a JPEG, as segments of its file."""
    segments = b""
    for start in range(0, len(packed), SEGMENT_BYTES):
        held = SEGMENT + packed[start : start + SEGMENT_BYTES]
        segments += b"\xff\xea" + (2 + len(held)).to_bytes(2, "big") + held
    return segments


def _encode_webp(picture: Image.Image, carried: Carried) -> bytes:
    exif = _whole_exif(carried)
    file = io.BytesIO()
    # Lossy WebP halves the resolution of colours.
    picture.save(file, "WEBP", lossless=True, exact=True, exif=exif)
    return file.getvalue()


def _whole_exif(carried: Carried) -> Image.Exif:
    """EXIF with all data that a file carries."""
    exif = _exif(carried)
    exif.get_ifd(ExifTags.IFD.Exif)[MAKER_NOTE] = _packed(carried)
    return exif


def _packed(carried: Carried) -> bytes:
    return encode_png(Image.new("L", (1, 1)), carried)


def _exif(carried: Carried) -> Image.Exif:
    """EXIF with the text ``parameters`` as its user comment."""
    exif = Image.Exif()
    text = carried.texts.get("parameters", "").encode("utf-16-be")[:LONGEST]
    whole = text.decode("utf-16-be", "ignore").encode("utf-16-be")  # without half a character
    exif.get_ifd(ExifTags.IFD.Exif)[ExifTags.Base.UserComment] = b"UNICODE\0" + whole
    return exif


ENCODERS: Mapping[str, Callable[[Image.Image, Carried], bytes]] = {
    ".png": encode_png,
    ".jpg": _encode_jpeg,
    ".jpeg": _encode_jpeg,
    ".webp": _encode_webp,
}
SUFFIXES = tuple(ENCODERS)
"""The suffixes that names of written pictures can have."""


def _animate_png(
    first: Image.Image, file: io.BytesIO, carried: Carried, rest: Mapping[str, Any]
) -> None:
    first.save(file, "PNG", save_all=True, pnginfo=png_info(carried), **rest)


def _animate_webp(
    first: Image.Image, file: io.BytesIO, carried: Carried, rest: Mapping[str, Any]
) -> None:
    first.save(file, "WEBP", save_all=True, exif=_whole_exif(carried), **rest)


def _animate_gif(
    first: Image.Image, file: io.BytesIO, carried: Carried, rest: Mapping[str, Any]
) -> None:
    comment = carried.texts.get("parameters", "").encode()
    first.save(file, "GIF", save_all=True, comment=comment, **rest)


ANIMATORS: Mapping[str, Callable[[Image.Image, io.BytesIO, Carried, Mapping[str, Any]], None]] = {
    ".gif": _animate_gif,
    ".webp": _animate_webp,
    ".png": _animate_png,
}
ANIMATIONS = tuple(ANIMATORS)
"""The suffixes that names of written animations can have."""

NOTHING = Carried({}, {})


def numbered(argument: str, path: Path, kind: str, count: int) -> list[Path]:
    """The paths of the files for `count` pictures.

    A path with a suffix is a file; several files get numbers. Any other path is a folder, in which
    files are named after the kind of picture.

    Raises:
        InputError: the suffix is not one of `SUFFIXES`; there is no suffix, and the path is not a
            folder.
    """
    if not path.suffix:
        if path.exists() and not path.is_dir():
            raise InputError(argument, str(path), "a folder, or a file name with a suffix")
        return [path / f"{kind}-{k:04d}.png" for k in range(count)]
    if path.suffix.lower() not in SUFFIXES:
        raise InputError(argument, str(path), "a file name ending in " + ", ".join(SUFFIXES))
    if count == 1:
        return [path]
    return [path.with_stem(f"{path.stem}-{k:04d}") for k in range(count)]


def check_side(argument: str, suffix: str, size: tuple[int, int]) -> None:
    """Refuse a picture that is too large for the format of a file.

    Args:
        argument: the name of the argument in errors.
        suffix: the suffix of the file's name.
        size: the width and height in pixels.

    Raises:
        InputError: a side is longer than the format allows.
    """
    longest = LONGEST_SIDE.get(suffix.lower())
    if longest is not None and max(size) > longest:
        reason = f"the picture has {size[0]}x{size[1]} pixels, more than such a file can hold"
        raise InputError(argument, suffix, f".png, or a side of at most {longest:,} pixels", reason)


def as_given(data: bytes) -> bytes:
    """The bytes of a file as they are."""
    return data


def write_picture(
    path: Path,
    picture: Image.Image,
    carried: Carried = NOTHING,
    finish: Callable[[bytes], bytes] = as_given,
) -> None:
    """Write a picture in the format of the file's suffix.

    The file is written completely or not at all; its folder is created if it is missing.

    Args:
        path: ends in one of `SUFFIXES`.
        picture: RGB or grey.
        carried: the data that the file carries in addition.
        finish: a function that gets the finished bytes and can change them, for example to sign
            them.

    Raises:
        InputError: the picture is too large for the format.
        OSError: the folder cannot be written.
    """
    write_file(path, encoded(path.suffix, picture, carried, finish))


def encoded(
    suffix: str,
    picture: Image.Image,
    carried: Carried = NOTHING,
    finish: Callable[[bytes], bytes] = as_given,
) -> bytes:
    """The bytes of a picture's file; `suffix` is one of `SUFFIXES`, see `write_picture`.

    Raises:
        InputError: the picture is too large for this format.
    """
    check_side("format", suffix, picture.size)
    return finish(ENCODERS[suffix.lower()](picture, carried))


def write_file(path: Path, data: bytes) -> None:
    """Write a file completely or not at all; its folder is created if it is missing.

    Raises:
        OSError: the folder cannot be written.
    """
    with whole(path) as partial:
        partial.write_bytes(data)


@contextmanager
def whole(path: Path) -> Iterator[Path]:
    """Another path to write to, whose file becomes that of `path` if the block ends well.

    Raises:
        OSError: the folder cannot be written.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=path.parent, prefix=".yuragi-") as folder:
        partial = Path(folder) / path.name
        yield partial
        os.replace(partial, path)


def animation(
    frames: Sequence[Image.Image], suffix: str, times: Sequence[int], carried: Carried
) -> bytes:
    """The bytes of a looping animation.

    Args:
        frames: RGB pictures of one size.
        suffix: ``.gif``, ``.webp`` or ``.png``. A GIF carries only the text ``parameters``.
        times: how long each frame is shown, in milliseconds.
        carried: the data that the file carries in addition.
    """
    file = io.BytesIO()
    ANIMATORS[suffix](
        frames[0], file, carried, {"append_images": frames[1:], "duration": list(times), "loop": 0}
    )
    return file.getvalue()


def as_stored(picture: Image.Image, format: str | None) -> Image.Image:
    """The RGB picture that a file of this format (``JPEG`` ...) returns; None for no file."""
    if format != "JPEG":
        return picture.convert("RGB")
    with Image.open(io.BytesIO(_encode_jpeg(picture, NOTHING))) as stored:
        return stored.convert("RGB")


def read_carried(picture: Image.Image, max_pixels: int) -> Carried:
    """The data that an opened and loaded picture carries; empty if Yuragi did not write it.

    Raises:
        ValueError, OSError, SyntaxError: the data is damaged or has more pixels.
    """
    packed = UNPACKERS[picture.format](picture) if picture.format in UNPACKERS else b""
    if not packed:
        return read_png(picture, max_pixels)
    with Image.open(io.BytesIO(packed), formats=("PNG",)) as carrier:
        if carrier.size != (1, 1):
            raise ValueError(f"a carrier of {carrier.width}x{carrier.height} pixels")
        carrier.load()
        return read_png(carrier, max_pixels)


def _in_segments(picture: Image.Image) -> bytes:
    held = [data for name, data in getattr(picture, "applist", []) if name == "APP10"]
    return b"".join(data[len(SEGMENT) :] for data in held if data.startswith(SEGMENT))


def _in_maker_note(picture: Image.Image) -> bytes:
    note = picture.getexif().get_ifd(ExifTags.IFD.Exif).get(MAKER_NOTE, b"")
    return note if isinstance(note, bytes) else b""


UNPACKERS: Mapping[str | None, Callable[[Image.Image], bytes]] = {
    "JPEG": _in_segments,
    "WEBP": _in_maker_note,
}
