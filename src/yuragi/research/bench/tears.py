r"""Whether a flow folds or tears a picture.

- `folds`: the share of pixels at which the Jacobian of the flow is 0 or less;
- `tears`: the share of pixels next to which a flow jumps by more than `JUMP` pixels.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["folds", "tears"]

JUMP = 2.0


def folds(back: NDArray[Any]) -> float:
    """The share of folded pixels of a backward flow [h, w, 2] in pixels."""
    across, down = np.diff(back, axis=1)[:-1], np.diff(back, axis=0)[:, :-1]
    jacobian = across[..., 0] * down[..., 1] - across[..., 1] * down[..., 0]
    return float((jacobian <= 0).mean())


def tears(shift: NDArray[Any]) -> float:
    """The share of pixels next to which a displacement [h, w, 2] in pixels jumps."""
    down, across = (np.linalg.norm(np.diff(shift, axis=axis), axis=-1) > JUMP for axis in (0, 1))
    return float((down[:, :-1] | across[:-1]).mean())
