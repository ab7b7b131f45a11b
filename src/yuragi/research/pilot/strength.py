r"""Strengths of three arms or more, from all votes together (Bradley & Terry 1952).

Arm i is preferred to arm j with probability 1 / (1 + exp(-(s_i - s_j))); a tie counts as half a
vote for each. The library choix maximises the likelihood (Maystre & Grossglauser 2015, "Fast and
accurate inference of Plackett-Luce models"), with slight regularisation, so that an arm that never
loses has a finite strength. Strengths are given relative to the baseline.

The intervals come from a bootstrap that draws raters and pictures, each with replacement, and
weights a vote by how often both were drawn (Owen 2007, "The pigeonhole bootstrap"). Few clusters
vary too little when they are drawn again, so the intervals are enlarged by the factor q of
`yuragi.research.pilot.sequence`, and there are none with fewer clusters than it asks for. They are
valid for one look and one arm, not for many; the decision uses the intervals of that module.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import torch
from numpy.typing import NDArray

from yuragi.errors import missing_extra
from yuragi.research.metrics.intervals import Interval, spread_interval
from yuragi.research.pilot.sequence import FEWEST_CLUSTERS, inflation, numbers
from yuragi.research.pilot.votes import Vote

__all__ = ["strengths"]

DRAWS, REGULARISATION = 200, 0.01


def strengths(
    arms: Sequence[str], baseline: str, votes: Sequence[Vote], picture_of: Mapping[str, str]
) -> dict[str, Interval]:
    """The strength of each arm relative to the baseline, in logits, with a 95 % interval.

    There are none if fewer raters voted, or on fewer pictures, than `FEWEST_CLUSTERS`.

    Args:
        arms: the arms.
        baseline: one of them.
        votes: votes on pairs of them.
        picture_of: the digest of the picture of each edit.

    Raises:
        MissingExtraError: choix is not installed.
    """
    number = {arm: k for k, arm in enumerate(arms)}
    raters = numbers([vote.rater for vote in votes])
    pictures = numbers([picture_of[vote.edit] for vote in votes])
    fewest = min(len(set(raters)), len(set(pictures)))
    if fewest < FEWEST_CLUSTERS:
        return {}
    left = np.array([number[vote.left_arm] for vote in votes])
    right = np.array([number[vote.right_arm] for vote in votes])
    for_left = np.array([vote.score(vote.left_arm) for vote in votes])

    def fitted(weights: NDArray[np.float64]) -> NDArray[np.float64]:
        wins = np.zeros((len(arms), len(arms)))
        np.add.at(wins, (left, right), weights * for_left)
        np.add.at(wins, (right, left), weights * (1 - for_left))
        found = _maximum(wins)
        return np.asarray(found - found[number[baseline]], np.float64)

    rng = np.random.default_rng(0)
    drawn = [
        fitted(_multiplicity(rng, raters) * _multiplicity(rng, pictures)) for _ in range(DRAWS)
    ]
    whole = fitted(np.ones(len(votes)))
    resampled = torch.from_numpy(np.stack(drawn)) * inflation(fewest) ** 0.5
    return {arm: spread_interval(float(whole[k]), resampled[:, k]) for arm, k in number.items()}


def _maximum(wins: NDArray[np.float64]) -> NDArray[np.float64]:
    """The strengths that maximise the likelihood of wins [k, k], of the row over the column."""
    try:
        import choix
    except ImportError as error:
        raise missing_extra("Bradley-Terry strengths", "pilot") from error
    return np.asarray(choix.ilsr_pairwise_dense(wins, alpha=REGULARISATION), np.float64)


def _multiplicity(rng: np.random.Generator, clusters: NDArray[np.int64]) -> NDArray[np.float64]:
    """How often the cluster of each vote is drawn; there are as many draws as clusters."""
    count = int(clusters.max()) + 1
    times = np.bincount(rng.integers(count, size=count), minlength=count)
    return times[clusters].astype(np.float64)
