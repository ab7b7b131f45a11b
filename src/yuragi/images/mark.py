"""A visible mark: a small label in the corner of a picture that says that a model made it."""

from __future__ import annotations

from PIL import Image, ImageDraw, ImageFont

__all__ = ["MARK", "marked"]

MARK = "AI"
SHARE = 1 / 16
"""Height of the letters, as a share of the picture's shorter side."""
LEAST = 8
"""The smallest height of the letters in pixels at which they can still be read."""


def marked(picture: Image.Image) -> Image.Image:
    """A copy of an RGB picture with the mark in its lower right corner."""
    made = picture.convert("RGB")
    size = max(LEAST, round(min(made.size) * SHARE))
    canvas, font = ImageDraw.Draw(made, "RGBA"), ImageFont.load_default(size)
    pad = max(2, size // 4)
    left, top, right, bottom = canvas.textbbox((0, 0), MARK, font=font)
    width, height = right - left + 2 * pad, bottom - top + 2 * pad
    x, y = made.width - width, made.height - height
    canvas.rectangle((x, y, made.width, made.height), fill=(0, 0, 0, 160))
    canvas.text((x + pad - left, y + pad - top), MARK, font=font, fill=(255, 255, 255, 255))
    return made
