"""Illustrations of a drag: before and after with points, and an animation of the steps."""

from __future__ import annotations

from collections.abc import Sequence

from PIL import Image, ImageDraw

from yuragi.images.files import NOTHING, animation
from yuragi.images.png import Carried

__all__ = ["animated", "before_after", "with_moves"]

SOURCE, TARGET, OUTLINE = (220, 30, 30), (30, 80, 230), (255, 255, 255)
Move = tuple[tuple[float, float], tuple[float, float]]
SHOWN = 384  # small pictures are enlarged to about this side in pixels


def _enlarged(picture: Image.Image) -> tuple[Image.Image, int]:
    factor = max(1, SHOWN // max(picture.size))
    size = (picture.width * factor, picture.height * factor)
    return picture.resize(size, Image.Resampling.NEAREST), factor


def with_moves(picture: Image.Image, moves: Sequence[Move]) -> Image.Image:
    """The picture, enlarged if small, with a line from each source (red) to its target (blue)."""
    shown, factor = _enlarged(picture.convert("RGB"))
    canvas = ImageDraw.Draw(shown)
    radius = max(3, max(shown.size) // 80)
    for source, target in moves:
        (sx, sy), (tx, ty) = (((x + 0.5) * factor, (y + 0.5) * factor) for x, y in (source, target))
        canvas.line((sx, sy, tx, ty), fill=OUTLINE, width=radius)
        canvas.line((sx, sy, tx, ty), fill=TARGET, width=max(1, radius // 2))
        for (x, y), colour in (((sx, sy), SOURCE), ((tx, ty), TARGET)):
            box = (x - radius, y - radius, x + radius, y + radius)
            canvas.ellipse(box, fill=colour, outline=OUTLINE)
    return shown


def before_after(before: Image.Image, after: Image.Image, moves: Sequence[Move]) -> Image.Image:
    """Both pictures side by side, enlarged if small.

    Args:
        before: the picture before the drag.
        after: the picture after the drag.
        moves: the pairs of source (drawn red) and target (drawn blue), (x, y) in pixels.
    """
    left, right = with_moves(before, moves), with_moves(after, moves)
    gap = max(4, left.width // 48)
    both = Image.new("RGB", (left.width + gap + right.width, left.height), "white")
    both.paste(left, (0, 0))
    both.paste(right, (left.width + gap, 0))
    return both


def animated(
    frames: Sequence[Image.Image],
    suffix: str,
    carried: Carried = NOTHING,
    milliseconds: int = 350,
) -> bytes:
    """The file of a looping animation that rests on the first and last frame.

    Args:
        frames: RGB pictures.
        suffix: one of `yuragi.images.files.ANIMATIONS`.
        carried: the data that the file carries in addition.
        milliseconds: how long a frame is shown.
    """
    shown = [_enlarged(frame)[0] for frame in frames]
    times = [3 * milliseconds, *[milliseconds] * (len(shown) - 2), 3 * milliseconds]
    return animation(shown, suffix, times[: len(shown)], carried)
