r"""How varied a set of pictures is, from their features.

- `coverage`: share of real pictures whose neighbourhood (distance to their k-th real neighbour)
  holds a generated one. 1 is full coverage; falls when modes are dropped.
- `precision`: share of generated pictures within some real one's neighbourhood.
- `vendi`: exp of the entropy of the eigenvalues of the cosine-similarity matrix over n: the
  effective number of different pictures, 1 to n.

References: Naeem et al. 2020 (arXiv 2002.09797), equation 10 (coverage); Kynkaanniemi et al. 2019
(arXiv 1904.06991), equation 1 (precision); Friedman & Dieng 2022 (arXiv 2210.02410), definition 3.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn

from yuragi.errors import InputError

__all__ = ["coverage", "precision", "vendi"]


def coverage(generated: Tensor, real: Tensor, k: int = 5) -> float:
    """Share of real rows [m, d] with a generated row [n, d] in their neighbourhood.

    Raises:
        InputError: k not below the number of real rows.
    """
    radius = _radius(real, k)
    nearest = torch.cdist(real.double(), generated.double()).amin(1)
    return float((nearest <= radius).double().mean())


def precision(generated: Tensor, real: Tensor, k: int = 5) -> float:
    """Share of generated rows [n, d] within the neighbourhood of a real row [m, d].

    Raises:
        InputError: k not below the number of real rows.
    """
    inside = torch.cdist(generated.double(), real.double()) <= _radius(real, k)
    return float(inside.any(1).double().mean())


def vendi(features: Tensor) -> float:
    """Effective number of different rows of [n, d]; 1 to n."""
    unit = nn.functional.normalize(features.double(), dim=1)
    shares = torch.linalg.svdvals(unit).square() / len(unit)
    shares = shares[shares > 0]
    return float(torch.exp(-(shares * shares.log()).sum()))


def _radius(real: Tensor, k: int) -> Tensor:
    if not 1 <= k < len(real):
        raise InputError("k", k, f"1 to {len(real) - 1}, below the number of real pictures")
    # The nearest of all is the picture itself.
    return torch.cdist(real.double(), real.double()).kthvalue(k + 1, dim=1).values
