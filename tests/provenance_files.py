"""Altered files, for the tests of provenance."""

import io

from PIL import Image


def altered(data):
    """The same file with other pixels, and its credentials as they were."""
    with Image.open(io.BytesIO(data)) as opened:
        opened.load()
    if opened.format == "PNG":
        return with_other_pixel(data, opened)
    changed = bytearray(data)
    # Near the end of a JPEG, and near the beginning of the pixels of a WebP.
    changed[data.index(b"VP8") + 30 if opened.format == "WEBP" else len(data) - 200] ^= 0x10
    return bytes(changed)


def with_other_pixel(data, opened):
    """A PNG with its pixels encoded anew, between the other chunks of the old file."""
    other = opened.convert("RGB")
    other.putpixel((3, 3), (1, 2, 3))
    held = io.BytesIO()
    other.save(held, "PNG")
    image = [each for each in chunks(held.getvalue()) if each[4:8] == b"IDAT"]
    *kept, end = [each for each in chunks(data) if each[4:8] != b"IDAT"]
    return data[:8] + b"".join([*kept, *image, end])


def chunks(data):
    """The chunks of a PNG, whole."""
    at = 8
    while at < len(data):
        size = int.from_bytes(data[at : at + 4], "big") + 12
        yield data[at : at + size]
        at += size
