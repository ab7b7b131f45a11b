r"""Whether a result looks whole: a small network trained on true and damaged results.

It reads the picture before and the result, and gives a number d for every 8 x 8 cell. With C the
cells that have changed, the damage of the result is

    d = log sum over C of exp(d_c) - log(|C|) / 2,

which lies between the mean and the maximum, because damage is mostly in one place. The network is
trained so that the true result of a drag has less damage than ghosts, copied boxes, blocks of
colour, wrong cuts, and smeared fills (`yuragi.research.train.wholeness`), with the ranking loss
softplus(d_true - d_damaged) (Burges et al. 2005, ICML, eq. 3). A network trained on photographs and
drawings ships with the package.
"""

from __future__ import annotations

from functools import cache
from importlib.resources import as_file, files
from itertools import pairwise

import torch
from safetensors.torch import load_file
from torch import Tensor, nn

__all__ = ["Wholeness", "shipped_wholeness"]

WIDTHS = (32, 56, 80)
CELL = 8
"""The side of a cell in pixels."""
CHANGED = 0.04
"""The difference above which a pixel counts as changed, for values from -1 to 1."""
NONE = -1e4
"""The damage of a cell that has not changed; finite, because infinity would give NaN gradients."""
NEAR = 9
"""A cell counts as changed if a pixel within half of this many pixels of it has changed."""


class Wholeness(nn.Module):
    """Pictures before and results -> the damage of the results."""

    def __init__(self) -> None:
        super().__init__()
        layers: list[nn.Module] = [
            nn.PixelUnshuffle(2),
            nn.Conv2d(4 * 6, WIDTHS[0], 3, padding=1),
            nn.SiLU(),
        ]
        for before, after in pairwise(WIDTHS):
            layers += [
                nn.Conv2d(before, after, 3, stride=2, padding=1),
                nn.GroupNorm(4, after),
                nn.SiLU(),
                nn.Conv2d(after, after, 3, padding=1),
                nn.GroupNorm(4, after),
                nn.SiLU(),
            ]
        layers += [nn.Conv2d(WIDTHS[-1], WIDTHS[-1], 3, padding=1), nn.SiLU()]
        self.cells = nn.Sequential(*layers, nn.Conv2d(WIDTHS[-1], 1, 1))

    def forward(self, before: Tensor, results: Tensor) -> Tensor:
        """The damage [n] of results, about `NONE` where nothing has changed.

        Args:
            before: the picture before each, [n, 3, h, w] in [-1, 1].
            results: [n, 3, h, w] in [-1, 1].
        """
        spare = [0, -results.shape[-1] % CELL, 0, -results.shape[-2] % CELL]
        before, results = (nn.functional.pad(x, spare, mode="replicate") for x in (before, results))
        differs = (results - before).abs().amax(1, keepdim=True) > CHANGED
        near = nn.functional.max_pool2d(differs.to(results), NEAR, 1, NEAR // 2)
        changed = nn.functional.max_pool2d(near, CELL).flatten(1) > 0
        damage: Tensor = self.cells(torch.cat([results, results - before], 1)).float().flatten(1)
        most: Tensor = damage.masked_fill(~changed, NONE).logsumexp(1)
        return most - changed.sum(1).clamp(min=1).log() / 2


@cache
def shipped_wholeness() -> Wholeness:
    """The network that ships with the package, on the CPU in single precision."""
    network = Wholeness()
    with as_file(files("yuragi") / "assets" / "wholeness.safetensors") as path:
        network.load_state_dict(load_file(path))
    return network.eval().requires_grad_(False)
