"""The record of a file that lost its plain metadata, from its content credentials."""

from __future__ import annotations

import io
from dataclasses import replace
from importlib.util import find_spec

from PIL import Image

from yuragi.images.read import MAX_PIXELS, digest
from yuragi.provenance.process import ChildError
from yuragi.provenance.read import Credentials, Damaged, read_credentials
from yuragi.tasks.record import Record, parse_record

__all__ = ["signed_record"]


def signed_record(data: bytes) -> Record | None:
    """The record in the content credentials of a file, with notes about them.

    None if they contain no record, or the optional dependencies ``c2pa`` are not installed.

    Args:
        data: the bytes of a picture file.
    """
    # The library runs in a process of its own, which takes a tenth of a second to start.
    if b"c2pa" not in data or find_spec("c2pa") is None:
        return None
    try:
        found = read_credentials(data)
    except (Damaged, ChildError):
        return None
    if found is None or not found.record:
        return None
    try:
        record = parse_record(found.record, _pictures(found))
    except ValueError:
        return None
    notes = ["the request was read from the content credentials, because the plain one is gone"]
    if found.failures:
        notes.append("the file was altered since it was signed")
    return replace(record, notes=notes)


def _pictures(found: Credentials) -> dict[str, Image.Image]:
    """The input pictures in the credentials, by the digest that is their title."""
    held: dict[str, Image.Image] = {}
    for title, data in found.pictures.items():
        try:
            with Image.open(io.BytesIO(data), formats=("PNG",)) as picture:
                if picture.width * picture.height > MAX_PIXELS:
                    continue
                picture.load()
        except (OSError, SyntaxError, ValueError):
            continue
        if digest(picture) == title:
            held[title] = picture
    return held
