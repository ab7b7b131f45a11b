"""The media type of the bytes of a file, by their beginning."""

from __future__ import annotations

from yuragi.errors import InputError

__all__ = ["media_type"]


def media_type(data: bytes, argument: str = "image", name: str = "a file") -> str:
    """The media type of a picture.

    Raises:
        InputError: it is not a PNG, JPEG, WebP, GIF or TIFF.
    """
    if data.startswith(b"RIFF") and data[8:12] == b"WEBP":
        return "image/webp"
    for beginning, found in BEGINNINGS.items():
        if data.startswith(beginning):
            return found
    raise InputError(argument, name, "a picture file (PNG, JPEG, WebP, GIF or TIFF)")


BEGINNINGS = {
    b"\x89PNG\r\n\x1a\n": "image/png",
    b"\xff\xd8\xff": "image/jpeg",
    b"GIF8": "image/gif",
    b"II*\0": "image/tiff",
    b"MM\0*": "image/tiff",
}
