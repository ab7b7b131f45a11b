"""Shapes as pictures in black and white."""

from __future__ import annotations

from collections.abc import Sequence

from PIL import Image, ImageDraw

__all__ = ["polygon"]


def polygon(corners: Sequence[tuple[float, float]], size: tuple[int, int]) -> Image.Image:
    """White within the corners, in a picture of width and height; black elsewhere."""
    area = Image.new("L", size)
    ImageDraw.Draw(area).polygon(corners, fill=255, outline=255)
    return area
