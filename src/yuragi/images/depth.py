"""Pictures with more than 8 bits a channel."""

from __future__ import annotations

from PIL import Image

__all__ = ["BITS", "eight_bits"]

BITS = "yuragi.bits"
"""The entry of a picture's `info` with its bits per channel before some of them were dropped."""


def eight_bits(picture: Image.Image) -> Image.Image:
    """A grey picture of 16 bits with 8 bits, rounded; any other picture as it is."""
    if not picture.mode.startswith("I;16"):
        return picture
    grey = picture.convert("I").point(lambda level: level / 257 + 0.5).convert("L")
    grey.info[BITS] = 16
    if "transparency" in grey.info:
        grey.info["transparency"] = round(grey.info["transparency"] / 257)
    return grey
