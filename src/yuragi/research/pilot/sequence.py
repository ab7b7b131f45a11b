r"""Intervals of a mean of votes that stay valid no matter when or how often one looks at them.

Let s be the standard error of the mean m at a look, and V = 1 / s^2 its information. As information
grows, estimates behave like Brownian motion with drift: V (m - mu) has variance V and independent
increments (Jennison & Turnbull 2000, "Group Sequential Methods", section 3.5). This also holds if
part of the variance, such as that of the raters, does not shrink with more votes. Robbins' normal
mixture bounds such a process at all times at once, so that

    |m - mu| <= s sqrt((1 + kappa / V) log((1 + V / kappa) / alpha^2))

holds at all looks with probability 1 - alpha (Robbins 1970; Howard et al. 2021, Annals of
Statistics 49, arXiv 1810.08240; for estimated variances Waudby-Smith et al. 2024, "Time-uniform
central limit theory", Annals of Statistics 52, arXiv 2103.06476). kappa is chosen so that the bound
is tightest at the information that the plan expects: V / kappa = -W_{-1}(-alpha^2 / e) - 1, with
Lambert's W. The half-width there is c s, with c = 3.04 at alpha = 0.05. A single look would have
1.96; the difference is the price of repeated looks.

The standard error is clustered by rater and by picture (Cameron, Gelbach & Miller 2011, Journal of
Business & Economic Statistics 29): with residuals summed by rater, by picture and by both,
s^2 = s_rater^2 + s_picture^2 - s_both^2, but not less than either of the first two terms, which
have the factor G / (G - 1) for G clusters. With few clusters, this estimate is too uncertain, so it
is multiplied by q^2, with q = t_{df, 0.975} / z_{0.975}, where df = G - 1 for the smaller number of
clusters. In addition, s^2 is not less than the value that follows from the correlations that the
plan assumes, if each vote has the variance (1/4 + sum (x - 1/2)^2) / (n + 1). No theorem covers
these two safeguards; the tests and `docs/pilot.md` give the coverage in simulations.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.special import lambertw
from scipy.stats import norm, t

__all__ = [
    "FEWEST_CLUSTERS",
    "FEWEST_VOTES",
    "Boundary",
    "Clustered",
    "Look",
    "design_effect",
    "inflation",
    "look",
    "looks",
    "numbers",
]

FEWEST_CLUSTERS, FEWEST_VOTES = 3, 12
"""With fewer raters, pictures or votes than this, the interval is [0, 1] and says nothing."""
SHOWN = 60
"""The approximate number of looks in a path that is drawn."""


class Look(NamedTuple):
    """The mean of n votes, with an interval that is valid at all looks together."""

    n: int
    mean: float
    low: float
    high: float


@dataclass(frozen=True)
class Clustered:
    """Values of votes, in the order in which they were cast.

    Attributes:
        values: [n], each in [0, 1].
        raters: the number of each vote's rater [n].
        pictures: the number of each vote's picture [n].
    """

    values: NDArray[np.float64]
    raters: NDArray[np.int64]
    pictures: NDArray[np.int64]

    @classmethod
    def of(
        cls, values: Sequence[float], raters: Sequence[object], pictures: Sequence[object]
    ) -> Clustered:
        """Create from the names of raters and pictures."""
        return cls(np.asarray(values, np.float64), numbers(raters), numbers(pictures))

    def first(self, n: int) -> Clustered:
        """The first n votes."""
        return Clustered(self.values[:n], self.raters[:n], self.pictures[:n])

    def squared_error(self, correlations: tuple[float, float]) -> float:
        """s^2 of the mean; infinite if there are too few votes, raters or pictures.

        Args:
            correlations: the assumed correlations of votes by one rater and of votes on one
                picture.
        """
        n = len(self.values)
        by_rater, on_picture = (_counts(x) for x in (self.raters, self.pictures))
        fewest = min(len(by_rater), len(on_picture))
        if n < FEWEST_VOTES or fewest < FEWEST_CLUSTERS:
            return math.inf
        left = self.values - self.values.mean()
        both = self.raters * (int(self.pictures.max()) + 1) + self.pictures
        rater, picture = _within(left, self.raters), _within(left, self.pictures)
        rater *= len(by_rater) / (len(by_rater) - 1)
        picture *= len(on_picture) / (len(on_picture) - 1)
        robust = max(rater + picture - _within(left, both), rater, picture)
        single = (0.25 + float(((self.values - 0.5) ** 2).sum())) / (n + 1)
        assumed = single * design_effect(by_rater.tolist(), on_picture.tolist(), correlations) / n
        return max(robust * inflation(fewest), assumed)


@dataclass(frozen=True)
class Boundary:
    """The half-width of intervals, as a function of the standard error.

    Attributes:
        level: alpha, the probability that the interval at any look misses the mean.
        mixture: kappa, the information at which the mixture is centred.
    """

    level: float
    mixture: float

    @classmethod
    def tightest(cls, level: float, information: float) -> Boundary:
        """The boundary that is tightest at this information."""
        ratio = -float(lambertw(-(level**2) / math.e, -1).real) - 1
        return cls(level, information / ratio)

    def half_width(self, squared_error: float) -> float:
        """The half-width for a squared standard error; infinite if that is infinite."""
        if math.isinf(squared_error):
            return math.inf
        ratio = 1 / (squared_error * self.mixture)  # V / kappa
        return math.sqrt(squared_error * (1 + 1 / ratio) * math.log((1 + ratio) / self.level**2))


def look(votes: Clustered, boundary: Boundary, correlations: tuple[float, float]) -> Look:
    """The mean of all votes with its interval, within [0, 1]; arguments as in `squared_error`."""
    if not len(votes.values):
        return Look(0, 0.5, 0.0, 1.0)
    mean = float(votes.values.mean())
    half = boundary.half_width(votes.squared_error(correlations))
    return Look(len(votes.values), mean, max(mean - half, 0.0), min(mean + half, 1.0))


def looks(votes: Clustered, boundary: Boundary, correlations: tuple[float, float]) -> list[Look]:
    """Looks after growing numbers of votes, the last after all of them."""
    n = len(votes.values)
    counts = sorted(
        {n - k * max(1, n // SHOWN) for k in range(n) if n - k * max(1, n // SHOWN) > 0}
    )
    return [look(votes.first(count), boundary, correlations) for count in counts]


def design_effect(
    by_rater: Sequence[int], on_picture: Sequence[int], correlations: tuple[float, float]
) -> float:
    """D of `yuragi.research.pilot.size`, from the numbers of votes by rater and by picture."""
    n = sum(by_rater)
    shares = (sum(k * k for k in counts) / n - 1 for counts in (by_rater, on_picture))
    return 1 + sum(share * rho for share, rho in zip(shares, correlations, strict=True))


@lru_cache
def inflation(clusters: int) -> float:
    """The factor q^2 on a variance that is estimated from this number of clusters."""
    return float((t.ppf(0.975, clusters - 1) / norm.ppf(0.975)) ** 2)


def _within(left: NDArray[np.float64], clusters: NDArray[np.int64]) -> float:
    """The variance of the mean from the squared sums of residuals in each cluster."""
    return float((np.bincount(clusters, left) ** 2).sum()) / len(left) ** 2


def _counts(clusters: NDArray[np.int64]) -> NDArray[np.int64]:
    """The number of votes in every cluster that has any."""
    counts = np.bincount(clusters)
    return counts[counts > 0].astype(np.int64)


def numbers(names: Sequence[object]) -> NDArray[np.int64]:
    """A number for each name, in the order of first appearance."""
    known: dict[object, int] = {}
    return np.asarray([known.setdefault(name, len(known)) for name in names], np.int64)
