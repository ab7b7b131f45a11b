r"""DiffEdit's mask: where two prompts disagree about a picture.

    d = mean over noises of |x0_target - x0_source| at (alpha x_0 + sigma eps), mean over channels
    m = local mean of min(d, 3 mean d)
    mask = [ m / max m > threshold ]

Differences in x_0 and in eps give the same mask, because they differ by a factor at one level. The
local mean, over 3 x 3 cells, is not part of the paper. It closes small gaps and removes single
cells.

Source: Couairon et al. 2023 (arXiv 2210.11427), section 3.2, step 1.
"""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor, nn

from yuragi.core import Denoiser, Noise

__all__ = ["difference_mask"]

CLIP = 3.0
"""Factor on the mean at which outliers are clipped."""
SIDE = 3
"""The side in cells of the local mean."""


def difference_mask(
    source: Denoiser,
    target: Denoiser,
    x0: Tensor,
    t: Tensor,
    noise: Noise,
    samples: int,
    threshold: float,
    on_sample: Callable[[], None] = lambda: None,
) -> Tensor:
    """The mask [b, 1, h, w]: 1 where the target's prediction differs from the source's.

    It is 0 everywhere if the two predictions are equal everywhere.

    Args:
        source: the denoiser under the condition that describes the picture.
        target: the denoiser under the condition that describes the result.
        x0: the clean latents [b, c, h, w].
        t: the time at which the predictions are compared.
        noise: the source of noise, with one draw per sample.
        samples: the number of noise samples to average over.
        threshold: the relative difference above which the mask is 1, in (0, 1).
        on_sample: a function called after each noise sample.
    """
    alpha, sigma = source.schedule(t)
    total = torch.zeros_like(x0[:, :1])
    with torch.no_grad():
        for k in range(samples):
            eps = noise(k, x0)
            x = alpha.to(x0) * x0 + sigma.to(x0) * (0.0 if eps is None else eps)
            total += (target(x, t) - source(x, t)).abs().mean(1, keepdim=True)
            on_sample()
    clipped = torch.minimum(total, CLIP * total.mean((2, 3), keepdim=True))
    # Borders are repeated: a mean of fewer cells would be larger there.
    bordered = nn.functional.pad(clipped, (SIDE // 2,) * 4, mode="replicate")
    near = nn.functional.avg_pool2d(bordered, SIDE, stride=1)
    return (near > threshold * near.amax((2, 3), keepdim=True)).to(x0)
