"""Intervals of shares."""

from __future__ import annotations

__all__ = ["wilson"]


def wilson(hits: int, n: int) -> tuple[float, float]:
    """The 95 % interval of the share hits / n, by Wilson 1927 (JASA 22.158), equation 3."""
    from scipy.stats import binomtest  # takes a second to import

    found = binomtest(hits, n).proportion_ci(0.95, "wilson")
    return float(found.low), float(found.high)
