"""Alarms when pictures or results differ from earlier ones.

Each score of quality is watched for each version of a model, over the latest `RECENT` values.

Familiarity has a reference of its own: the model's calibration, in which at most `SHARE` of known
pictures seem foreign. With k of n recent pictures foreign, the alarm is on if the probability of k
or more is below `RARE`.

Intent, background error and stress have none, so the first `REFERENCE` values of the model are the
reference. The alarm is on if the Mann-Whitney test finds the recent values worse with a p-value
below `RARE`, and a recent value is worse than one of the reference in more than the share `WORSE`
of all pairs.

Windows overlap and are tested again and again, so over a long time false alarms are more frequent
than `RARE`.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass, field

__all__ = ["HIGHER", "KNOWN", "LEAST", "RECENT", "REFERENCE", "SHARE", "Drift", "Window"]

RECENT = 50
REFERENCE = 200
LEAST = 10
"""The least number of recent values that are tested."""
LEAST_REFERENCE = 50
RARE = 1e-4
WORSE = 0.7
SHARE = 0.005
"""The largest share of known pictures whose familiarity is below `KNOWN`."""
KNOWN = 1.0
"""The least familiarity of a known picture (`yuragi.models.familiarity`)."""
HIGHER = frozenset({"familiarity", "intent"})
"""Scores for which higher values are better."""


@dataclass(frozen=True)
class Drift:
    """Whether a score drifted.

    Attributes:
        alarm: whether it did.
        probability: the probability of such values, or worse ones, if nothing has changed; 1 while
            there are too few values.
        recent: the number of recent values.
        reference: the number of values that they are compared with; 0 for a calibration.
        said: the same in words.
    """

    alarm: bool
    probability: float
    recent: int
    reference: int
    said: str


@dataclass
class Window:
    """The values of a score of a model, in the order in which they arrive.

    Attributes:
        score: the name of the score.
        first: the values of the reference.
        latest: the recent values.
    """

    score: str
    first: list[float] = field(default_factory=list)
    latest: deque[float] = field(default_factory=lambda: deque(maxlen=RECENT))

    def add(self, value: float) -> None:
        """Add the next value."""
        if self.score != "familiarity" and len(self.first) < REFERENCE:
            self.first.append(value)
        else:
            self.latest.append(value)

    @property
    def drift(self) -> Drift:
        """The drift of the current values."""
        recent = list(self.latest)
        if len(recent) < LEAST:
            words = f"too few recent values ({len(recent)} of {LEAST})"
            return Drift(False, 1.0, len(recent), len(self.first), words)
        if self.score == "familiarity":
            return _foreign(recent)
        if len(self.first) < LEAST_REFERENCE:
            return Drift(False, 1.0, len(recent), len(self.first), "too few values to compare with")
        return _worse(recent, self.first, self.score in HIGHER)


def _foreign(recent: Sequence[float]) -> Drift:
    from scipy.stats import binom

    count = sum(value < KNOWN for value in recent)
    probability = float(binom.sf(count - 1, len(recent), SHARE))
    said = f"{count} of the last {len(recent)} pictures are foreign to the model"
    return Drift(probability < RARE, probability, len(recent), 0, said)


def _worse(recent: Sequence[float], first: Sequence[float], higher: bool) -> Drift:
    from scipy.stats import mannwhitneyu

    test = mannwhitneyu(recent, first, alternative="less" if higher else "greater")
    pairs = float(test.statistic) / (len(recent) * len(first))
    worse = 1 - pairs if higher else pairs
    probability = float(test.pvalue)
    share = f"{100 * worse:.0f} % of pairs"
    said = f"a recent value is worse than one of the first {len(first)} in {share}"
    alarm = probability < RARE and worse > WORSE
    return Drift(alarm, probability, len(recent), len(first), said)
