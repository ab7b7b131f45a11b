"""References to pictures by the digest of their pixels, so that requests contain no paths."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Literal

from yuragi.options.values import Strict

__all__ = ["Mask", "Picture", "PictureRef", "Reads"]


class PictureRef(Strict):
    """A reference to a picture by its content.

    Attributes:
        name: file name without folders, for people.
        digest: BLAKE2b (32 hexadecimal digits) of mode, size and pixels.
        width: in pixels.
        height: in pixels.
        notes: what the file held that was not used, a sentence each.
    """

    name: str
    digest: str
    width: int
    height: int
    notes: tuple[str, ...] = ()


@dataclass(frozen=True)
class Reads:
    """An annotation that says how the picture of a reference is read from a file.

    Attributes:
        kind: ``picture`` gives 8-bit RGB, ``mask`` gives black and white.
    """

    kind: Literal["picture", "mask"]


Picture = Annotated[PictureRef, Reads("picture")]
Mask = Annotated[PictureRef, Reads("mask")]
