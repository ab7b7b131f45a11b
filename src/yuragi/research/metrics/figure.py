"""A measured number with everything that a reader needs to judge it.

A figure never appears without the number of pictures, what measured it, the seeds of what was
measured, and an interval: this class is the only way in which measures are told.
"""

from __future__ import annotations

import math
from dataclasses import asdict, dataclass
from typing import Any

from yuragi.errors import InputError
from yuragi.research.metrics.frechet import Interval

__all__ = ["UNKNOWN", "Figure"]

UNKNOWN = "unknown"
"""What stands for seeds that nobody recorded."""


@dataclass(frozen=True)
class Figure:
    """A value with its 95 % interval and its origin.

    Attributes:
        name: what was measured, such as ``FD-EffLite0``.
        value: the value.
        low: the lower end of the interval.
        high: its upper end.
        n: pictures measured.
        against: reference pictures, 0 for a measure without a reference.
        backend: what made the features, such as ``efflite0``, or ``pixels``.
        seeds: seeds of the measured pictures, such as ``0-1999``, or `UNKNOWN`.

    Raises:
        InputError: no pictures, no backend, no seeds, or an interval that does not hold the value.
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
                raise InputError(name, None, f"told with {self.name}")
        if math.isfinite(self.value) and not self.low <= self.value <= self.high:
            raise InputError("interval", (self.low, self.high), f"around {self.value}")

    @classmethod
    def of(
        cls, name: str, found: Interval, n: int, against: int, backend: str, seeds: str
    ) -> Figure:
        """A figure from a value with its interval, which is widened to hold the value.

        An interval that comes from resamples may lie beside it, by rounding or by skewness.
        """
        low, high = min(found.low, found.value), max(found.high, found.value)
        return cls(name, found.value, low, high, n, against, backend, seeds)

    def as_dict(self) -> dict[str, Any]:
        """Plain values, for JSON."""
        return asdict(self)

    def __str__(self) -> str:
        against = f" against {self.against}" if self.against else ""
        return (
            f"{self.name} {self.value:.4g} [{self.low:.4g}, {self.high:.4g}] "
            f"(n {self.n}{against}, {self.backend}, seeds {self.seeds})"
        )
