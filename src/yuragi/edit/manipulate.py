"""Changes of a state after a step, and of the picture at the end.

A `Manipulation` is `(step index, x) -> x`; see `yuragi.sample.integrate`. Masks are 1 where the
picture can change and 0 where it must not.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from torch import Tensor

from yuragi.sample import Manipulation

__all__ = ["composite", "everything", "keep_outside", "watch"]


def everything(step: int, x: Tensor) -> Tensor:
    """Change nothing, for edits of the whole picture."""
    return x


def keep_outside(mask: Tensor, path: Sequence[Tensor]) -> Manipulation:
    """Replace the state by a recorded path outside the mask.

    Args:
        mask: the mask [1 or b, 1, h, w], 1 inside.
        path: the states in the order of noise, clean first; after step i of a descent from its end
            the state is at level ``len(path) - 2 - i``.
    """

    def manipulate(step: int, x: Tensor) -> Tensor:
        return composite(x, path[len(path) - 2 - step], mask)

    return manipulate


def watch(on_step: Callable[[], None]) -> Manipulation:
    """Change nothing; call `on_step` after every step (progress; raise in it to cancel)."""

    def manipulate(step: int, x: Tensor) -> Tensor:
        on_step()
        return x

    return manipulate


def composite(inside: Tensor, outside: Tensor, mask: Tensor) -> Tensor:
    """`inside` where the mask is 1, `outside` where it is 0, bit for bit (no arithmetic)."""
    return inside.where(mask > 0, outside)
