"""Sentences about the parts of a picture or a mask that are not used."""

from __future__ import annotations

from PIL import Image, ImageChops

from yuragi.images.colour import other_profile
from yuragi.images.depth import BITS, eight_bits

__all__ = ["losses"]


def losses(picture: Image.Image, name: str, mask: bool = False) -> tuple[str, ...]:
    """What is lost when a picture becomes 8-bit RGB, or a mask black and white.

    Args:
        picture: as returned by `yuragi.images.read.open_picture`.
        name: its name in the sentences.
        mask: whether it is read as a mask.
    """
    found = []
    if (frames := _frames(picture)) > 1:
        found.append(f"{name} has {frames} frames, of which only the first is used")
    picture = eight_bits(picture)
    if BITS in picture.info:
        found.append(f"{name} has {picture.info[BITS]} bits a channel, of which 8 are used")
    if not mask and (profile := other_profile(picture)) is not None:
        found.append(f"{name} has colours in {profile}, which are converted to sRGB")
    whole = picture.convert("RGBA")
    if whole.getchannel("A").getextrema() != (255, 255):
        meaning = "there it counts as black" if mask else "there it becomes white"
        found.append(f"{name} is transparent in places, and {meaning}")
    if mask and _coloured(whole):
        found.append(f"{name} has colours, of which only the brightness counts")
    return tuple(found)


def _frames(picture: Image.Image) -> int:
    try:
        return getattr(picture, "n_frames", 1)
    except Exception:  # damaged after the first frame, which can raise anything, or closed
        return 1


def _coloured(picture: Image.Image) -> bool:
    red, green, blue, _ = picture.split()
    return any(ImageChops.difference(red, other).getbbox() for other in (green, blue))
