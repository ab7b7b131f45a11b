r"""Inception score: how sure a classifier is of each picture, and how varied its answers are.

    exp( mean_i KL( p(y | x_i) || mean_j p(y | x_j) ) ),    1 to the number of classes

References: Salimans et al. 2016 (arXiv 1606.03498), section 4.
"""

from __future__ import annotations

from torch import Tensor

__all__ = ["inception_score"]


def inception_score(logits: Tensor) -> float:
    """The score of logits [n, classes], computed in float64 without splits."""
    log_p = logits.double().log_softmax(1)
    p = log_p.exp()
    log_mean = p.mean(0).clamp(min=1e-300).log()
    return float((p * (log_p - log_mean)).sum(1).mean().exp())
