"""The figures of each arm that follow from runs and votes, before any decision."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import torch

from yuragi.research.metrics.intervals import Interval, mean_interval
from yuragi.research.pilot.plan import Plan
from yuragi.research.pilot.run import Row
from yuragi.research.pilot.sequence import Boundary, Clustered, Look, look, looks
from yuragi.research.pilot.votes import Vote

__all__ = ["Against", "Figures", "against", "figures"]


@dataclass(frozen=True)
class Figures:
    """The figures of an arm by itself.

    Attributes:
        arm: the arm.
        runs: the number of its runs.
        evaluations: the mean number of network evaluations of an edit.
        median: the median response time in seconds.
        slow: the response time that 9 of 10 edits do not exceed, in seconds.
        price: the price of the machine for one edit, at the geometric mean of the response times,
            which a few edits on a busy machine hardly change.
        measures: the mean of each automatic measure, and the number of runs that have it.
        accepted: the share of pictures that raters would use as they are.
    """

    arm: str
    runs: int
    evaluations: float
    median: float
    slow: float
    price: float
    measures: Mapping[str, tuple[float, int]]
    accepted: Look

    @property
    def tries(self) -> float:
        """The mean number of edits until one is accepted; infinite if none is accepted."""
        return 1 / self.accepted.mean if self.accepted.mean else math.inf

    @property
    def cost(self) -> Interval:
        """The price of an accepted edit, with the interval of the share that is accepted."""
        _, mean, low, high = self.accepted
        value, cheap, dear = (self.price / p if p else math.inf for p in (mean, high, low))
        return Interval(value, cheap, dear)


@dataclass(frozen=True)
class Against:
    """The comparison of an arm with the baseline.

    Attributes:
        arm: the arm.
        preference: the share of votes for it; a tie counts as half a vote.
        path: the same after growing numbers of votes.
        wins: votes for it.
        ties: ties.
        losses: votes for the baseline.
        differences: the difference in each automatic measure, arm minus baseline, over pictures.
        pictures: the number of pictures on which each difference was measured.
        slower: the response time as a multiple of the baseline's (geometric mean over pictures).
    """

    arm: str
    preference: Look
    path: Sequence[Look]
    wins: int
    ties: int
    losses: int
    differences: Mapping[str, Interval]
    pictures: Mapping[str, int]
    slower: Interval


def figures(plan: Plan, arm: str, rows: Sequence[Row], votes: Sequence[Vote]) -> Figures:
    """The figures of an arm, which must have at least one run."""
    own = [row for row in rows if row.arm == arm]
    seconds = np.array([row.seconds for row in own])
    by_measure = defaultdict[str, list[float]](list)
    for row in own:
        for name, value in row.measures.items():
            by_measure[name].append(value)
    seen = [vote for vote in votes if arm in (vote.left_arm, vote.right_arm)]
    accepted = _clustered(plan, seen, lambda vote: float(vote.accepted(arm)))
    return Figures(
        arm,
        len(own),
        float(np.mean([row.evaluations for row in own])),
        float(np.median(seconds)),
        float(np.quantile(seconds, 0.9)),
        plan.draft.price.per_hour * float(np.exp(np.log(seconds).mean())) / 3600,
        {name: (float(np.mean(x)), len(x)) for name, x in by_measure.items()},
        look(accepted, _boundary(plan), plan.draft.voting.correlations),
    )


def against(plan: Plan, arm: str, rows: Sequence[Row], votes: Sequence[Vote]) -> Against:
    """The comparison of an arm with the baseline; both need runs on two pictures or more."""
    draft = plan.draft
    pair = {arm, draft.baseline}
    direct = [vote for vote in votes if {vote.left_arm, vote.right_arm} == pair]
    scores = _clustered(plan, direct, lambda vote: vote.score(arm))
    names = sorted({name for row in rows for name in row.measures})
    found = {name: _by_picture(plan, arm, rows, _measure(name)) for name in names}
    logs = mean_interval(_by_picture(plan, arm, rows, lambda row: math.log(row.seconds)))
    return Against(
        arm,
        look(scores, _boundary(plan), draft.voting.correlations),
        looks(scores, _boundary(plan), draft.voting.correlations),
        int((scores.values == 1).sum()),
        int((scores.values == 0.5).sum()),
        int((scores.values == 0).sum()),
        {name: mean_interval(each) for name, each in found.items() if len(each) > 1},
        {name: len(each) for name, each in found.items()},
        Interval(*map(math.exp, logs)),
    )


def _measure(name: str) -> Callable[[Row], float | None]:
    return lambda row: row.measures.get(name)


def _by_picture(
    plan: Plan, arm: str, rows: Sequence[Row], value: Callable[[Row], float | None]
) -> torch.Tensor:
    """The mean difference from the baseline on each picture that has both values, [n]."""
    known = {row.key: value(row) for row in rows}
    found = defaultdict[str, list[float]](list)
    for (edit, seed, of), here in known.items():
        base = known.get((edit, seed, plan.draft.baseline))
        if of == arm and here is not None and base is not None:
            found[plan.pictures[edit]].append(here - base)
    return torch.tensor([sum(x) / len(x) for x in found.values()], dtype=torch.float64)


def _clustered(plan: Plan, votes: Sequence[Vote], value: Callable[[Vote], float]) -> Clustered:
    return Clustered.of(
        [value(vote) for vote in votes],
        [vote.rater for vote in votes],
        [plan.pictures[vote.edit] for vote in votes],
    )


def _boundary(plan: Plan) -> Boundary:
    return Boundary.tightest(plan.size.level, plan.size.information)
