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

import torch
from torch import Tensor, nn

from yuragi.errors import InputError

__all__ = ["K", "Neighbours", "coverage", "precision", "vendi"]

K = 5


@dataclass(frozen=True, eq=False)
class Neighbours:
    """Who is whose neighbour, among generated and real pictures.

    Attributes:
        inside: whether the neighbourhood of a real picture holds a generated one, [m, n].
        across: distances from each real to each generated picture, [m, n].
        among: distances between generated pictures, [n, n].
        k: neighbours that a neighbourhood holds.
    """

    inside: Tensor
    across: Tensor
    among: Tensor
    k: int

    @classmethod
    def between(cls, generated: Tensor, real: Tensor, k: int = K) -> Neighbours:
        """Of generated rows [n, d] among real rows [m, d].

        Raises:
            InputError: k not below the number of real rows.
        """
        generated, real = generated.double(), real.double()
        radius = _radius(torch.cdist(real, real), k, "real")
        across = torch.cdist(real, generated)
        return cls(across <= radius[:, None], across, torch.cdist(generated, generated), k)

    def of(self, picked: Tensor) -> Neighbours:
        """The same for some of the generated pictures, int64 [p]."""
        return Neighbours(
            self.inside.index_select(1, picked),
            self.across.index_select(1, picked),
            self.among.index_select(0, picked).index_select(1, picked),
            self.k,
        )

    @property
    def precision(self) -> float:
        """Share of generated pictures in a real neighbourhood."""
        return float(self.inside.any(0).double().mean())

    @property
    def recall(self) -> float:
        """Share of real pictures in a generated neighbourhood.

        Raises:
            InputError: k not below the number of generated pictures.
        """
        found = self.across <= _radius(self.among, self.k, "generated")
        return float(found.any(1).double().mean())

    @property
    def density(self) -> float:
        """Real neighbourhoods around a generated picture, over k."""
        return float(self.inside.double().sum(0).mean() / self.k)

    @property
    def coverage(self) -> float:
        """Share of real neighbourhoods with a generated picture in them."""
        return float(self.inside.any(1).double().mean())


def coverage(generated: Tensor, real: Tensor, k: int = K) -> float:
    """Share of real rows [m, d] with a generated row [n, d] in their neighbourhood.

    Raises:
        InputError: k not below the number of real rows.
    """
    return Neighbours.between(generated, real, k).coverage


def precision(generated: Tensor, real: Tensor, k: int = K) -> float:
    """Share of generated rows [n, d] within the neighbourhood of a real row [m, d].

    Raises:
        InputError: k not below the number of real rows.
    """
    return Neighbours.between(generated, real, k).precision


def vendi(features: Tensor) -> float:
    """Effective number of different rows of [n, d]; 1 to n."""
    unit = nn.functional.normalize(features.double(), dim=1)
    shares = torch.linalg.svdvals(unit).square() / len(unit)
    shares = shares[shares > 0]
    return float(torch.exp(-(shares * shares.log()).sum()))


def _radius(distances: Tensor, k: int, kind: str) -> Tensor:
    """From distances of pictures to their fellows, [n, n], to the k-th nearest one, [n]."""
    if not 1 <= k < len(distances):
        raise InputError("k", k, f"1 to {len(distances) - 1}, below the number of {kind} pictures")
    # The nearest of all is the picture itself.
    return distances.kthvalue(k + 1, dim=1).values
