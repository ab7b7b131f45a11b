"""Black-and-white pictures of shapes."""

from __future__ import annotations

from collections.abc import Sequence

from PIL import Image, ImageDraw

__all__ = ["polygon"]


def polygon(corners: Sequence[tuple[float, float]], size: tuple[int, int]) -> Image.Image:
    """A picture that is white inside the polygon and black elsewhere."""
    area = Image.new("L", size)
    ImageDraw.Draw(area).polygon(corners, fill=255, outline=255)
    return area
