"""Simulated pilots, in which the truth is known.

They measure how often the intervals of `yuragi.research.pilot.sequence` contain the truth at all
looks, and how often the votes of `yuragi.research.pilot.size` find the effect that they are for.

A latent normal variable decides a vote: above q for the arm, below -q for the baseline, and a tie
between them. Raters and pictures have tastes of their own, which make votes correlated.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from itertools import product
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import brentq
from scipy.stats import norm

from yuragi.research.pilot.sequence import FEWEST_VOTES, Boundary, Clustered, design_effect, look

__all__ = [
    "CORRELATIONS",
    "EXTENTS",
    "SHIFTS",
    "Extent",
    "coverage",
    "power",
    "preference",
    "simulated",
    "simulations",
]

TIES, LEVEL, POWER, ASSUMED = 0.2, 0.05, 0.8, (0.05, 0.1)
"""The share of ties without a preference, and what the plan assumes: level, power, correlations."""
BETWEEN = 3
"""There is a look after every third vote."""


class Extent(NamedTuple):
    """How large a pilot is: raters, pictures, and seeds of each picture."""

    raters: int
    pictures: int
    seeds: int


EXTENTS = (Extent(3, 6, 4), Extent(4, 8, 3), Extent(6, 12, 2), Extent(12, 24, 1))
CORRELATIONS = ((0.0, 0.0), ASSUMED, (0.2, 0.3))
SHIFTS = (0.0, 0.25)
"""The settings for which the coverage is measured."""
FOUND = (Extent(6, 12, 1), Extent(6, 12, 2), Extent(8, 24, 1), Extent(12, 12, 1), Extent(20, 30, 1))
"""The sizes for which the power is measured."""


def preference(shift: float) -> float:
    """The expected score of a vote whose latent variable has the mean of `shift` in `simulated`."""
    q, d = norm.ppf(0.5 + TIES / 2), norm.ppf(0.5 + shift)
    return float(norm.cdf(d - q) + norm.cdf(d + q)) / 2


def simulated(
    rng: np.random.Generator, extent: Extent, correlations: tuple[float, float], shift: float
) -> tuple[Clustered, float]:
    """The votes of a pilot in the order in which they come, and the true preference.

    Args:
        rng: the source of all draws.
        extent: how large the pilot is.
        correlations: of the latent variables of one rater and of those on one picture.
        shift: how much more often than half of the time the latent variable is positive.
    """
    raters, pictures, seeds = extent
    q, d = norm.ppf(0.5 + TIES / 2), norm.ppf(0.5 + shift)
    each = pictures * seeds
    of_rater = rng.normal(0, math.sqrt(correlations[0]), (raters, 1))
    of_picture = rng.normal(0, math.sqrt(correlations[1]), pictures).repeat(seeds)
    own = rng.normal(0, math.sqrt(1 - sum(correlations)), (raters, each))
    latent = d + of_rater + of_picture + own
    scores = np.where(latent > q, 1.0, np.where(latent < -q, 0.0, 0.5))
    order: NDArray[np.int64] = np.stack([rng.permutation(each) for _ in range(raters)], 1).ravel()
    who = np.tile(np.arange(raters), each)
    return Clustered(scores[who, order], who, order // seeds), preference(shift)


def coverage(
    extent: Extent, correlations: tuple[float, float], shift: float, pilots: int, seed: int
) -> float:
    """The share of pilots in which the intervals at all looks contain the truth."""
    rng, bound = np.random.default_rng(seed), Boundary.tightest(LEVEL, _information(extent))
    whole = 0
    for _ in range(pilots):
        votes, truth = simulated(rng, extent, correlations, shift)
        looks = (look(votes.first(n), bound, ASSUMED) for n in _counts(votes))
        whole += all(low <= truth <= high for _, _, low, high in looks)
    return whole / pilots


def power(extent: Extent, pilots: int, seed: int) -> tuple[float, float, float]:
    """How often pilots find the effect for which the formula says `POWER`.

    Returns:
        the effect; the share of pilots that find it with all votes; and the share that find it at
        some look, the last of which has all votes.
    """
    rng, information = np.random.default_rng(seed), _information(extent)
    bound = Boundary.tightest(LEVEL, information)
    constant = Boundary.tightest(LEVEL, 1.0).half_width(1.0) + float(norm.ppf(POWER))
    effect = constant / math.sqrt(information)
    shift = brentq(lambda x: preference(x) - 0.5 - effect, 0.0, 0.499999)
    at_end = on_way = 0
    for _ in range(pilots):
        votes, _ = simulated(rng, extent, ASSUMED, shift)
        last = look(votes, bound, ASSUMED).low > 0.5
        at_end += last
        on_way += last or any(
            look(votes.first(n), bound, ASSUMED).low > 0.5 for n in _counts(votes)
        )
    return effect, at_end / pilots, on_way / pilots


def simulations(pilots: int, seed: int, on_progress: Callable[[int, int], None]) -> dict[str, Any]:
    """Coverage and power in all settings that `docs/pilot.md` shows, as plain values.

    Args:
        pilots: the number of pilots of each setting.
        seed: the seed of every setting.
        on_progress: a function called with (settings done, all settings).
    """
    covering = list(product(EXTENTS, CORRELATIONS, SHIFTS))
    total = len(covering) + len(FOUND)
    covered: list[dict[str, Any]] = []
    for extent, correlations, shift in covering:
        share = coverage(extent, correlations, shift, pilots, seed)
        setting = {"correlations": list(correlations), "preference": preference(shift)}
        covered.append({**extent._asdict(), **setting, "covered": share})
        on_progress(len(covered), total)
    found: list[dict[str, Any]] = []
    for extent in FOUND:
        effect, at_end, on_way = power(extent, pilots, seed)
        found.append({**extent._asdict(), "effect": effect, "at_end": at_end, "on_way": on_way})
        on_progress(len(covered) + len(found), total)
    assumed = {"level": LEVEL, "power": POWER, "correlations": list(ASSUMED), "ties": TIES}
    return {"assumed": assumed, "between": BETWEEN, "coverage": covered, "found": found}


def _information(extent: Extent) -> float:
    """V of `yuragi.research.pilot.size` for all votes."""
    raters, pictures, seeds = extent
    by_rater, on_picture = [pictures * seeds] * raters, [raters * seeds] * pictures
    effect = design_effect(by_rater, on_picture, ASSUMED)
    return sum(by_rater) / ((1 - TIES) / 4 * effect)


def _counts(votes: Clustered) -> Sequence[int]:
    """The numbers of votes at the looks."""
    return range(FEWEST_VOTES, len(votes.values) + 1, BETWEEN)
