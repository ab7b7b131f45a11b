r"""The learning rate and the end of a training run, by steps or by the clock.

A step is one batch of the recipe's size. A run with larger batches makes several steps with every
update of the weights, so that the number of samples is always `step` x the recipe's batch size.

With w the warm-up and s the share of the run that is done, both in [0, 1], the learning rate is

    peak . min(s / w, 1) . (1 + cos(pi . max(0, (s - w) / (1 - w)))) / 2

where s is the share of the steps or of the seconds. A recipe with `fall` keeps the peak until that
many steps are left, and the cosine spans those steps. In a run by steps, the linear warm-up counts
the updates that Adam's moments have seen, because a run can start with weights but without moments.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol, TypeVar

from yuragi.research.train.config import Fit

__all__ = ["ByClock", "BySteps", "Pace", "enlarged"]

WARM = 0.04
"""The share of a run by the clock during which the learning rate rises."""

F = TypeVar("F", bound=Fit)


class Pace(Protocol):
    """The pace of a run."""

    @property
    def stride(self) -> int:
        """The number of steps in one update of the weights."""

    def rate(self, step: int, updates: int) -> float | None:
        """The learning rate of the next update, or None if the run is over.

        Args:
            step: the number of steps made so far, in this run and earlier ones.
            updates: the number of updates that Adam's moments have seen.
        """

    def progress(self, step: int) -> tuple[int, int]:
        """How much of the run is done, and the length of the whole run."""


@dataclass(frozen=True)
class BySteps:
    """A run until ``config.steps``; its rate depends on counts only, so it can be interrupted."""

    config: Fit
    stride: int = 1

    def rate(self, step: int, updates: int) -> float | None:
        config = self.config
        if step >= config.steps:
            return None
        fall = config.fall or max(config.steps - config.warmup, 1)
        done = 1 - (config.steps - step) / fall
        rise = min((updates + 1) / config.warmup, 1.0)
        return config.learning_rate * rise * _fall(done)

    def progress(self, step: int) -> tuple[int, int]:
        return step, self.config.steps


@dataclass(frozen=True)
class ByClock:
    """A run until a set time, when the rate reaches zero, no matter how many steps were made.

    Attributes:
        peak: the highest learning rate.
        start: the time at which the run starts, in seconds of the clock.
        end: the time at which it ends.
        stride: the number of steps in one update.
        clock: a function that returns the time in seconds.
    """

    peak: float
    start: float
    end: float
    stride: int
    clock: Callable[[], float] = time.monotonic

    def rate(self, step: int, updates: int) -> float | None:
        share = self._share()
        if share >= 1:
            return None
        return self.peak * min(share / WARM, 1.0) * _fall((share - WARM) / (1 - WARM))

    def progress(self, step: int) -> tuple[int, int]:
        """The progress in seconds."""
        total = max(round(self.end - self.start), 1)
        return min(round(self.clock() - self.start), total), total

    def _share(self) -> float:
        now = self.clock()
        return 1.0 if now >= self.end else (now - self.start) / (self.end - self.start)


def enlarged(config: F, factor: int) -> F:
    """The same training with batches that are larger by a factor.

    The learning rate grows with the square root of the factor, which suits Adam (Malladi et al.
    2022, arXiv 2205.10287). The EMA decay becomes decay^factor, so that the average covers as many
    samples as before (Busbridge et al. 2023, arXiv 2307.13813, "EMA scaling rule").
    """
    changes = {
        "batch": config.batch * factor,
        "learning_rate": config.learning_rate * math.sqrt(factor),
        "ema": config.ema**factor,
    }
    return config.model_copy(update=changes)


def _fall(done: float) -> float:
    """Half a cosine from 1 to 0."""
    return 0.5 * (1 + math.cos(math.pi * min(max(done, 0.0), 1.0)))
