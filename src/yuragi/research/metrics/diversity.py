r"""The quality and diversity of a set of pictures, measured by its neighbours among real ones.

The neighbourhood of a picture extends to its k-th nearest neighbour in the same set.

- `precision`: the share of generated pictures in the neighbourhood of at least one real picture.
- `recall`: the share of real pictures in the neighbourhood of at least one generated picture.
- `density`: the mean number of real neighbourhoods that contain a generated picture, divided by k.
  It is 1 if both sets have the same distribution. Unlike precision, it is robust to a single
  outlier among the real pictures.
- `coverage`: the share of real pictures whose neighbourhood contains a generated picture. 1 is full
  coverage; it falls when modes are dropped.
- `vendi`: the exponential of the entropy of the eigenvalues of the cosine-similarity matrix divided
  by n. This is the effective number of different pictures, 1 to n.

References: Naeem et al. 2020 (arXiv 2002.09797), equations 8 (density) and 10 (coverage);
Kynkaanniemi et al. 2019 (arXiv 1904.06991), equation 1 (precision, recall); Friedman & Dieng 2022
(arXiv 2210.02410), definition 3.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor, nn

from yuragi.errors import InputError

__all__ = ["K", "Neighbours", "coverage", "vendi"]

K = 5


@dataclass(frozen=True, eq=False)
class Neighbours:
    """The neighbours of generated and real pictures.

    Attributes:
        inside: whether the neighbourhood of a real picture contains a generated one, [m, n].
        across: the distances from each real to each generated picture, [m, n].
        among: the distances between generated pictures, [n, n].
        k: the number of neighbours in a neighbourhood.
    """

    inside: Tensor
    across: Tensor
    among: Tensor
    k: int

    @classmethod
    def between(cls, generated: Tensor, real: Tensor, k: int = K) -> Neighbours:
        """The neighbours of generated rows [n, d] and real rows [m, d].

        Raises:
            InputError: k is not below the number of real rows.
        """
        generated, real = generated.double(), real.double()
        radius = _radius(torch.cdist(real, real), k, "real")
        across = torch.cdist(real, generated)
        return cls(across <= radius[:, None], across, torch.cdist(generated, generated), k)

    def of(self, picked: Tensor) -> Neighbours:
        """The neighbours of a selection of the generated pictures, given by indices int64 [p]."""
        return Neighbours(
            self.inside.index_select(1, picked),
            self.across.index_select(1, picked),
            self.among.index_select(0, picked).index_select(1, picked),
            self.k,
        )

    @property
    def precision(self) -> float:
        """The share of generated pictures in a real neighbourhood."""
        return float(self.inside.any(0).double().mean())

    @property
    def recall(self) -> float:
        """The share of real pictures in a generated neighbourhood.

        Raises:
            InputError: k is not below the number of generated pictures.
        """
        found = self.across <= _radius(self.among, self.k, "generated")
        return float(found.any(1).double().mean())

    @property
    def density(self) -> float:
        """The mean number of real neighbourhoods around a generated picture, divided by k."""
        return float(self.inside.double().sum(0).mean() / self.k)

    @property
    def coverage(self) -> float:
        """The share of real neighbourhoods that contain a generated picture."""
        return float(self.inside.any(1).double().mean())


def coverage(generated: Tensor, real: Tensor) -> float:
    """The share of real rows [m, d] with a generated row [n, d] in their neighbourhood.

    Raises:
        InputError: there are not more than `K` real rows.
    """
    return Neighbours.between(generated, real).coverage


def vendi(features: Tensor) -> float:
    """The effective number of different rows of [n, d], 1 to n."""
    unit = nn.functional.normalize(features.double(), dim=1)
    shares = torch.linalg.svdvals(unit).square() / len(unit)
    shares = shares[shares > 0]
    return float(torch.exp(-(shares * shares.log()).sum()))


def _radius(distances: Tensor, k: int, kind: str) -> Tensor:
    """The distance from each picture to its k-th neighbour, [n], from all distances [n, n]."""
    if not 1 <= k < len(distances):
        raise InputError("k", k, f"1 to {len(distances) - 1}, below the number of {kind} pictures")
    # The nearest one is the picture itself.
    return distances.kthvalue(k + 1, dim=1).values
