"""The audit, folded into counts and distributions.

Every process that is asked reads the rows that were added since it was last asked. So the numbers
are those of all workers, and a restart loses none, because all rows are read the first time.
"""

from __future__ import annotations

from bisect import bisect_left
from collections import Counter, defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from yuragi.service.audit import PAGE, rows_after
from yuragi.service.database import Database
from yuragi.service.drift import Window
from yuragi.service.figures import SCORES
from yuragi.service.states import ENDED, State

__all__ = ["SECONDS", "Distribution", "Fold", "Labels"]

Labels = tuple[str, ...]
SECONDS = (0.1, 0.3, 1.0, 3.0, 10.0, 30.0, 100.0, 300.0, 1000.0, 3000.0)
BYTES = tuple(float(2**power) for power in range(28, 38))
BOUNDS: Mapping[str, Sequence[float]] = {
    "familiarity": (0.1, 0.2, 0.3, 0.5, 0.7, 0.85, 1.0, 1.2, 1.5, 2.0, 3.0),
    "intent": (0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 0.95, 1.0),
    "background_error": (0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2),
    "stress": (0.001, 0.01, 0.1, 1.0, 10.0, 100.0, 1000.0),
}


@dataclass
class Distribution:
    """The numbers of values between bounds.

    Attributes:
        bounds: the rising upper bounds of the classes; one more class has no bound.
        counts: the number of values in each class.
        total: the sum of the values.
    """

    bounds: Sequence[float]
    counts: list[int] = field(default_factory=list)
    total: float = 0.0

    def add(self, value: float) -> None:
        """Add a value."""
        if not self.counts:
            self.counts = [0] * (len(self.bounds) + 1)
        self.counts[bisect_left(self.bounds, value)] += 1
        self.total += value

    @property
    def buckets(self) -> list[tuple[str, float]]:
        """The number of values up to each bound, as Prometheus expects them."""
        sums, so_far = list[tuple[str, float]](), 0
        for bound, count in zip([*self.bounds, float("inf")], self.counts, strict=True):
            so_far += count
            sums.append(("+Inf" if bound == float("inf") else repr(bound), so_far))
        return sums


def _spread(bounds: Sequence[float]) -> Callable[[], dict[Labels, Distribution]]:
    return lambda: defaultdict(lambda: Distribution(bounds))


@dataclass
class Fold:
    """The figures of the audit so far.

    Attributes:
        database: where the audit is.
        queued: how often jobs were queued, by task.
        ended: how many jobs ended, by task and state.
        failures: the failures, by task and kind.
        evaluations: the evaluations of the network, by task, solver, rule and gain.
        waits: seconds from submission, or from a retry, to the first start after it, by task.
        runs: seconds from the first start to the end, by task, solver, rule and gain.
        memory: the peak memory of a worker in bytes up to the end of a job, by task.
        scores: the values of a score, by score and model.
        windows: the same for alarms.
    """

    database: Database
    queued: Counter[Labels] = field(default_factory=Counter)
    ended: Counter[Labels] = field(default_factory=Counter)
    failures: Counter[Labels] = field(default_factory=Counter)
    evaluations: Counter[Labels] = field(default_factory=Counter)
    waits: dict[Labels, Distribution] = field(default_factory=_spread(SECONDS))
    runs: dict[Labels, Distribution] = field(default_factory=_spread(SECONDS))
    memory: dict[Labels, Distribution] = field(default_factory=_spread(BYTES))
    scores: dict[Labels, Distribution] = field(default_factory=dict)
    windows: dict[Labels, Window] = field(default_factory=dict)
    _last: int = 0

    def update(self) -> None:
        """Read the rows that were added since the last time; call it in one thread at a time."""
        while page := self._page():
            for row in page:
                self._add(row)
            self._last = page[-1]["number"]

    def _page(self) -> Sequence[Mapping[str, Any]]:
        with self.database.reading() as connection:
            return rows_after(connection, self._last, PAGE)

    def _add(self, row: Mapping[str, Any]) -> None:
        task, state, told = row["kind"], row["state"], row["figures"]
        if state == State.QUEUED:
            self.queued[task,] += 1
        if state not in ENDED:
            return
        self.ended[task, state] += 1
        if "failure" in told:
            self.failures[task, told["failure"]] += 1
        how = task, told["solver"], told["rule"], told["gain"]
        # Earlier versions wrote null for a number that was not finite.
        told = {name: each for name, each in told.items() if each is not None}
        self.evaluations[how] += told.get("evaluations", 0)
        for spread, labels, name in (
            (self.waits, (task,), "wait_s"),
            (self.runs, how, "run_s"),
            (self.memory, (task,), "memory_bytes"),
        ):
            if name in told:
                spread[labels].add(told[name])
        for score in SCORES:
            if score in told:
                named = score, row["model"]
                self.scores.setdefault(named, Distribution(BOUNDS[score])).add(told[score])
                self.windows.setdefault(named, Window(score)).add(told[score])
