"""References to pictures by the digest of their pixels, so that requests contain no paths."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Annotated, Literal

from pydantic import BaseModel

from yuragi.errors import InputError
from yuragi.options.option import inner
from yuragi.options.values import Strict

if TYPE_CHECKING:
    from PIL import Image

__all__ = ["Mask", "Picture", "PictureRef", "Reads", "picture_of", "pictures_of"]


class PictureRef(Strict):
    """A reference to a picture by its content.

    Attributes:
        name: the file name without folders, for display.
        digest: the BLAKE2b digest (32 hexadecimal digits) of mode, size and pixels.
        width: the width in pixels.
        height: the height in pixels.
        notes: what the file contained that was not used, one sentence each.
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


def picture_of(named: PictureRef, sources: Mapping[str, Image.Image]) -> Image.Image:
    """The picture of a reference, from pictures by digest.

    Raises:
        InputError: the picture is missing.
    """
    if named.digest not in sources:
        allowed = f"the picture {named.name or 'without a name'} with digest {named.digest}"
        raise InputError("source", "missing", allowed)
    return sources[named.digest]


@cache
def pictures_of(kind: type[BaseModel]) -> frozenset[str]:
    """The names of the options of a request class that are pictures."""
    fields = kind.model_fields.items()
    return frozenset(name for name, info in fields if inner(info.annotation) is PictureRef)
