r"""How good and how varied a set of pictures is, by its neighbours among real ones.

The neighbourhood of a picture reaches to its k-th nearest fellow of the same set.

- `precision`: share of generated pictures within some real one's neighbourhood.
- `recall`: share of real pictures within some generated one's neighbourhood.
- `density`: real neighbourhoods that hold a generated picture, over k, on average: 1 for equal
  laws; unlike precision it is not fooled by one outlier among the real ones.
- `coverage`: share of real pictures whose neighbourhood holds a generated one. 1 is full coverage;
  falls when modes are dropped.
- `vendi`: exp of the entropy of the eigenvalues of the cosine-similarity matrix over n: the
  effective number of different pictures, 1 to n.

References: Naeem et al. 2020 (arXiv 2002.09797), equations 8 (density) and 10 (coverage);
Kynkaanniemi et al. 2019 (arXiv 1904.06991), equation 1 (precision, recall); Friedman & Dieng 2022
(arXiv 2210.02410), definition 3.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import torch
from torch import Tensor, nn

from yuragi.errors import InputError

__all__ = ["K", "Neighbours", "coverage", "precision", "vendi"]

K = 5


@dataclass(frozen=True, eq=False)
class Neighbours:
    """Who is whose neighbour: generated rows [n, d] and real rows [m, d].

    Args:
        generated: features.
        real: features of real pictures.
        k: neighbours that a neighbourhood holds.

    Raises:
        InputError: k not below both numbers of rows, when a value is asked for.
    """

    generated: Tensor
    real: Tensor
    k: int = K

    def of(self, picked: Tensor) -> Neighbours:
        """The same for some of the generated pictures, int64 [p]."""
        return Neighbours(self.generated[picked], self.real, self.k).knowing(self._real_radius)

    def knowing(self, real_radius: Tensor) -> Neighbours:
        """With the neighbourhoods of the real pictures, which need not be found again."""
        self.__dict__["_real_radius"] = real_radius
        return self

    @property
    def precision(self) -> float:
        """Share of generated pictures in a real neighbourhood."""
        return float(self._in_real.any(0).double().mean())

    @property
    def recall(self) -> float:
        """Share of real pictures in a generated neighbourhood."""
        inside = self._distances <= _radius(self.generated, self.k, "generated")
        return float(inside.any(1).double().mean())

    @property
    def density(self) -> float:
        """Real neighbourhoods around a generated picture, over k."""
        return float(self._in_real.double().sum(0).mean() / self.k)

    @property
    def coverage(self) -> float:
        """Share of real neighbourhoods with a generated picture in them."""
        return float(self._in_real.any(1).double().mean())

    @cached_property
    def _distances(self) -> Tensor:
        """[m, n]."""
        return torch.cdist(self.real.double(), self.generated.double())

    @cached_property
    def _real_radius(self) -> Tensor:
        """[m]."""
        return _radius(self.real, self.k, "real")

    @cached_property
    def _in_real(self) -> Tensor:
        """Whether real neighbourhood i holds generated picture j, [m, n]."""
        return self._distances <= self._real_radius[:, None]


def coverage(generated: Tensor, real: Tensor, k: int = K) -> float:
    """Share of real rows [m, d] with a generated row [n, d] in their neighbourhood.

    Raises:
        InputError: k not below the number of real rows.
    """
    return Neighbours(generated, real, k).coverage


def precision(generated: Tensor, real: Tensor, k: int = K) -> float:
    """Share of generated rows [n, d] within the neighbourhood of a real row [m, d].

    Raises:
        InputError: k not below the number of real rows.
    """
    return Neighbours(generated, real, k).precision


def vendi(features: Tensor) -> float:
    """Effective number of different rows of [n, d]; 1 to n."""
    unit = nn.functional.normalize(features.double(), dim=1)
    shares = torch.linalg.svdvals(unit).square() / len(unit)
    shares = shares[shares > 0]
    return float(torch.exp(-(shares * shares.log()).sum()))


def _radius(rows: Tensor, k: int, kind: str) -> Tensor:
    if not 1 <= k < len(rows):
        raise InputError("k", k, f"1 to {len(rows) - 1}, below the number of {kind} pictures")
    # The nearest of all is the picture itself.
    return torch.cdist(rows.double(), rows.double()).kthvalue(k + 1, dim=1).values
