"""95 % intervals of shares, and of the difference between two shares.

They have a width even if a share is 0 or 1. The hits need not be whole: each of n captions can
count with the share of its pictures.
"""

from __future__ import annotations

from yuragi.research.metrics.intervals import NORMAL, Interval

__all__ = ["share_difference", "wilson"]


def wilson(hits: float, n: int) -> tuple[float, float]:
    """The 95 % interval of the share hits / n, by Wilson 1927 (JASA 22.158), equation 3."""
    share, square = hits / n, NORMAL**2
    middle = (share + square / (2 * n)) / (1 + square / n)
    half = NORMAL / (1 + square / n) * (share * (1 - share) / n + square / (4 * n * n)) ** 0.5
    return max(middle - half, 0.0), min(middle + half, 1.0)


def share_difference(hits: float, others: float, n: int) -> Interval:
    """The difference hits / n - others / n with a 95 % interval, from those of both shares.

    Shares of the same cases usually vary together, and then the interval is longer than it needs
    to be.

    Reference: Newcombe 1998 (Statistics in Medicine 17.873), method 10.
    """
    one, two = hits / n, others / n
    (low, high), (other_low, other_high) = wilson(hits, n), wilson(others, n)
    value = one - two
    below = ((one - low) ** 2 + (other_high - two) ** 2) ** 0.5
    above = ((high - one) ** 2 + (two - other_low) ** 2) ** 0.5
    return Interval(value, value - below, value + above)
