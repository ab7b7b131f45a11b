r"""How far a result consists of what the picture before shows.

The coherence of Simakov et al. (2008, CVPR, eq. 1): for every patch p of the result r that has
changed, the squared distance to the most similar patch of the picture b before,

    coherence = mean over p in r of  min over q in b of  |p - q|^2 / |p|

with |p| the number of values in a patch. Blocks of other colours, two pictures on top of each other
and edges that cut through an even surface are like nothing in b. Content that merely moved is.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn

__all__ = ["coherence"]

PATCH, STRIDE = 5, 2
"""The side of a patch and the distance between the patches of the result, in pixels."""
CHANGED = 0.04
"""The difference from which a pixel has changed, of values from -1 to 1."""
AT_ONCE = 1024


def coherence(result: Tensor, before: Tensor) -> Tensor:
    """The coherence, 0-dim: 0 for what only moved, and for no change.

    Args:
        result: the result [3, h, w] in [-1, 1].
        before: the picture before, [3, h, w] in [-1, 1].
    """
    differs = (result - before).abs().amax(0, keepdim=True) > CHANGED
    changed = nn.functional.max_pool2d(differs.to(result), PATCH, 1, PATCH // 2) > 0
    picked = torch.zeros_like(changed)
    picked[..., ::STRIDE, ::STRIDE] = True
    looked_at = (changed & picked).flatten()
    if not bool(looked_at.any()):
        return result.new_zeros(())
    known, sought = _patches(before), _patches(result)[looked_at]
    lengths = known.square().sum(1)
    errors = [
        # |p - q|^2 = |p|^2 + |q|^2 - 2 p q
        part.square().sum(1) + (lengths - 2 * part @ known.T).amin(1)
        for part in sought.split(AT_ONCE)  # type: ignore[no-untyped-call]
    ]
    return (torch.cat(errors).clamp(min=0) / known.shape[1]).mean()


def _patches(picture: Tensor) -> Tensor:
    """The patch around every pixel, [h w, values]."""
    padded = nn.functional.pad(picture[None], [PATCH // 2] * 4, mode="replicate")
    return nn.functional.unfold(padded, PATCH)[0].T
