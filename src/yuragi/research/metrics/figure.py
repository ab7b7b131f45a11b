"""A measured number with everything that a reader needs to interpret it.

A figure always comes with the number of pictures, the backend that measured it, the seeds of the
measured pictures, and an interval, because all measures are reported through this class.
"""

from __future__ import annotations

import math
from dataclasses import asdict, dataclass
from typing import Any

from yuragi.errors import InputError
from yuragi.research.metrics.intervals import Interval

__all__ = ["UNKNOWN", "Figure"]

UNKNOWN = "unknown"
"""The text in place of seeds that were not recorded."""


@dataclass(frozen=True)
class Figure:
    """A value with its 95 % interval and its origin.

    Attributes:
        name: the name of the measure, such as ``FD-EffLite0``.
        value: the value.
        low: the lower end of the interval.
        high: the upper end of the interval.
        n: the number of measured pictures.
        against: the number of reference pictures, 0 for a measure without a reference.
        backend: the feature extractor, such as ``efflite0``, or ``pixels``.
        seeds: the seeds of the measured pictures, such as ``0-1999``, or `UNKNOWN`.

    Raises:
        InputError: there are no pictures, no backend or no seeds, or the interval does not contain
            the value.
    """

    name: str
    value: float
    low: float
    high: float
    n: int
    against: int
    backend: str
    seeds: str

    def __post_init__(self) -> None:
        if self.n < 1:
            raise InputError("n", self.n, "1 or more pictures")
        for name in ("backend", "seeds"):
            if not getattr(self, name):
                raise InputError(name, None, f"given with {self.name}")
        if math.isfinite(self.value) and not self.low <= self.value <= self.high:
            raise InputError("interval", (self.low, self.high), f"around {self.value}")

    @classmethod
    def of(
        cls, name: str, found: Interval, n: int, against: int, backend: str, seeds: str
    ) -> Figure:
        """A figure from a value and its interval, which is widened to contain the value.

        An interval from resamples may miss the value, because of rounding or skewness.
        """
        low, high = min(found.low, found.value), max(found.high, found.value)
        return cls(name, found.value, low, high, n, against, backend, seeds)

    def as_dict(self) -> dict[str, Any]:
        """The figure as plain values, for JSON."""
        return asdict(self)

    def __str__(self) -> str:
        against = f" against {self.against}" if self.against else ""
        return (
            f"{self.name} {self.value:.4g} [{self.low:.4g}, {self.high:.4g}] "
            f"(n {self.n}{against}, {self.backend}, seeds {self.seeds})"
        )
