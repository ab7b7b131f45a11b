"""Remove metadata from picture files: places, times, cameras, thumbnails.

Only those parts of a file remain that decide its pixels, their colours and the orientation, and the
record of a result of Yuragi (`yuragi.images.files`). The compressed pixels are copied unchanged, so
nothing is lost.
"""

from __future__ import annotations

import zlib
from collections.abc import Callable, Iterator, Mapping

from PIL import ExifTags, Image

from yuragi.images.files import MAKER_NOTE, SEGMENT, in_segments
from yuragi.images.png import DIGEST_BYTES, SOURCE_CHUNK

__all__ = ["stripped"]

PNG_HEAD = b"\x89PNG\r\n\x1a\n"
PNG_KEPT = frozenset(
    b"IHDR PLTE IDAT IEND tRNS cHRM gAMA iCCP sBIT sRGB cICP mDCV cLLI bKGD pHYs".split()
)
PNG_TEXTS = frozenset({b"tEXt", b"zTXt", b"iTXt"})
RECORD = (b"yuragi\0", b"parameters\0")
"""The beginnings of the texts in results of Yuragi."""
WEBP_KEPT = frozenset({b"VP8X", b"ICCP", b"ALPH", b"VP8 ", b"VP8L"})
WEBP_EXIF, WEBP_XMP = 0x08, 0x04

EOI, SOS, APP0, APP1, APP2, APP10, APP14 = 0xD9, 0xDA, 0xE0, 0xE1, 0xE2, 0xEA, 0xEE
COLOURS: Mapping[int, bytes] = {APP2: b"ICC_PROFILE\0", APP14: b"Adobe"}
ALONE = frozenset({0x01, *range(0xD0, 0xD9)})
"""Markers of a JPEG without a length and data."""


def stripped(data: bytes, kind: str, orientation: int) -> bytes:
    """The file of a still picture without its metadata.

    Args:
        data: a file that can be decoded.
        kind: ``PNG``, ``JPEG`` or ``WEBP``.
        orientation: the orientation in its metadata, as in EXIF; 1 is upright.

    Raises:
        ValueError: the parts of the file do not fit together, or it is an animation.
    """
    exif = Image.Exif()
    if orientation != 1:
        exif[ExifTags.Base.Orientation] = orientation
    try:
        return STRIPPERS[kind](data, exif)
    except IndexError as error:
        raise ValueError("a part of the file ends too early") from error


def _bytes(exif: Image.Exif) -> bytes:
    return exif.tobytes().removeprefix(b"Exif\0\0")


def _png(data: bytes, exif: Image.Exif) -> bytes:
    kept = list(_png_parts(data, exif))
    if not any(part[4:8] == b"IDAT" for part in kept):
        raise ValueError("it has no pixels except those of an animation")
    return b"".join([PNG_HEAD, *kept])


def _png_parts(data: bytes, exif: Image.Exif) -> Iterator[bytes]:
    place = len(PNG_HEAD)
    while place < len(data):
        length = int.from_bytes(data[place : place + 4], "big")
        name, whole = data[place + 4 : place + 8], data[place : place + 12 + length]
        place += len(whole)
        if len(whole) < 12 + length:
            break
        if name in PNG_KEPT or (name in PNG_TEXTS and whole[8:].startswith(RECORD)):
            yield whole
        elif name == SOURCE_CHUNK:
            digest, source = whole[8 : 8 + DIGEST_BYTES], whole[8 + DIGEST_BYTES : -4]
            yield _png_chunk(name, digest + _record(source))
        if name == b"IHDR" and exif:
            yield _png_chunk(b"eXIf", _bytes(exif))
        if name == b"IEND":
            return
    yield _png_chunk(b"IEND", b"")


def _record(data: bytes) -> bytes:
    """A PNG inside another file, without metadata of its own."""
    if not data.startswith(PNG_HEAD):
        return b""
    return b"".join([PNG_HEAD, *_png_parts(data, Image.Exif())])


def _png_chunk(name: bytes, data: bytes) -> bytes:
    checked = name + data
    return len(data).to_bytes(4, "big") + checked + zlib.crc32(checked).to_bytes(4, "big")


def _webp(data: bytes, exif: Image.Exif) -> bytes:
    chunks, place = list[tuple[bytes, bytes]](), 12
    end = min(len(data), 8 + int.from_bytes(data[4:8], "little"))
    while place + 8 <= end:
        name, length = (
            data[place : place + 4],
            int.from_bytes(data[place + 4 : place + 8], "little"),
        )
        chunks.append((name, data[place + 8 : place + 8 + length]))
        place += 8 + length + length % 2
    held = dict(chunks)
    if b"ANMF" in held:
        raise ValueError("it is an animation")
    if record := _record(_maker_note(held.get(b"EXIF", b""))):
        exif.get_ifd(ExifTags.IFD.Exif)[MAKER_NOTE] = record
    kept = [b"WEBP"]
    for name, each in chunks:
        if name == b"VP8X":
            flags = each[0] & ~(WEBP_EXIF | WEBP_XMP) | (WEBP_EXIF if _told(exif) else 0)
            kept.append(_riff(name, bytes([flags]) + each[1:]))
        elif name in WEBP_KEPT:
            kept.append(_riff(name, each))
    if _told(exif):
        kept.append(_riff(b"EXIF", _bytes(exif)))
    return _riff(b"RIFF", b"".join(kept))


def _told(exif: Image.Exif) -> bool:
    return bool(exif) or bool(exif.get_ifd(ExifTags.IFD.Exif))


def _maker_note(told: bytes) -> bytes:
    """The data in the EXIF maker note; empty if it is damaged."""
    exif = Image.Exif()
    try:
        exif.load(told)
        note = exif.get_ifd(ExifTags.IFD.Exif).get(MAKER_NOTE)
    except Exception:  # damaged metadata can raise anything in Pillow
        return b""
    return note if isinstance(note, bytes) else b""


def _riff(name: bytes, data: bytes) -> bytes:
    return name + len(data).to_bytes(4, "little") + data + bytes(len(data) % 2)


def _jpeg(data: bytes, exif: Image.Exif) -> bytes:
    head, rest, record = [b"\xff\xd8"], list[bytes](), b""
    for marker, segment, scan in _segments(data):
        if marker == APP0 and segment.startswith(b"JFIF\0") and len(head) == 1:
            head.append(_segment(marker, segment[:12] + b"\0\0"))  # without its thumbnail
        elif marker in COLOURS and segment.startswith(COLOURS[marker]):
            rest.append(_segment(marker, segment))
        elif marker == APP10 and segment.startswith(SEGMENT):
            record += segment.removeprefix(SEGMENT)
        elif marker < APP0:
            rest.append(_segment(marker, segment) + scan)
    if exif:
        head.append(_segment(APP1, b"Exif\0\0" + _bytes(exif)))
    return b"".join([*head, in_segments(_record(record)), *rest, b"\xff\xd9"])


def _segment(marker: int, data: bytes) -> bytes:
    return bytes([0xFF, marker]) + (2 + len(data)).to_bytes(2, "big") + data


def _segments(data: bytes) -> Iterator[tuple[int, bytes, bytes]]:
    """The segments of a JPEG: marker, data, and the compressed pixels that follow."""
    place = 2
    while (place := data.find(b"\xff", place)) >= 0:
        while place < len(data) and data[place] == 0xFF:
            place += 1
        marker = data[place] if place < len(data) else EOI
        place += 1
        if marker == EOI:
            return
        if marker == 0 or marker in ALONE:
            continue
        length = int.from_bytes(data[place : place + 2], "big")
        segment = data[place + 2 : place + length]
        if length < 2 or len(segment) < length - 2:
            raise ValueError("a segment of the JPEG ends too early")
        place = begin = place + length
        if marker == SOS:
            place = _after_scan(data, place)
        yield marker, segment, data[begin:place]


def _after_scan(data: bytes, place: int) -> int:
    """The end of the compressed pixels that begin at this place."""
    while (place := data.find(b"\xff", place)) >= 0:
        follows = data[place + 1] if place + 1 < len(data) else EOI
        if follows == 0xFF:
            place += 1
        elif follows == 0 or 0xD0 <= follows <= 0xD7:
            place += 2
        else:
            return place
    return len(data)


STRIPPERS: Mapping[str, Callable[[bytes, Image.Exif], bytes]] = {
    "PNG": _png,
    "JPEG": _jpeg,
    "WEBP": _webp,
}
