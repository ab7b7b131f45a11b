r"""Does the stress gauge detect guidance that goes too far? A test where the answer is known.

Plain guidance runs at increasing scales. The mean stress that the gauge measures during sampling is
compared with the path-KL to the ideal sampler of the same scale. A gauge is suitable for warnings
if it ranks the scales as the path-KL does (rank correlation 1).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, TypeAlias

import torch
from torch import Tensor

from yuragi.core.mixture import MixtureDenoiser
from yuragi.guidance.guided import Guided
from yuragi.guidance.ratio import Ratio
from yuragi.guidance.stress import Stress, Unrectified
from yuragi.guidance.weight import constant
from yuragi.research.lab.measure import SAMPLING, Effort, draw, problem_errors
from yuragi.research.lab.problems import Problem
from yuragi.research.lab.rules import RULES

__all__ = ["GAUGED", "gauge", "rank_correlation"]

Table: TypeAlias = dict[str, Any]
GAUGED = (0.25, 0.5, 1.0, 2.0, 4.0)
"""The extra weights w, which the gauge must rank correctly."""


def gauge(
    problem: Problem, weights: Sequence[float], noise: Tensor, effort: Effort, seed: int
) -> Table:
    """Stress and path-KL (nats) of plain guidance by weight, and Spearman's rank correlation."""
    stress, path_kl = [], []
    for weight in weights:
        strong = MixtureDenoiser(problem.conditional, SAMPLING)
        weak = MixtureDenoiser(problem.guide, SAMPLING)
        watch = Stress()
        guided = Guided(strong, weak, constant(1 + weight), Unrectified(Ratio()), watch)
        draw(guided, (effort.samples, problem.dimension), effort.steps, seed)
        assert watch.total is not None  # more than one step was measured
        stress.append(watch.total.mean().item())
        rules = {"cfg": RULES["cfg"]}
        path_kl.append(problem_errors(rules, problem, weight, noise, effort, seed)["cfg"].path_kl)
    return {
        "weights": list(weights),
        "stress": stress,
        "path_kl": path_kl,
        "rank": rank_correlation(stress, path_kl),
    }


def rank_correlation(a: Sequence[float], b: Sequence[float]) -> float:
    """Spearman's rank correlation of two lists without ties."""
    ranks = torch.tensor([sorted(values).index(v) for values in (a, b) for v in values])
    return float(torch.corrcoef(ranks.double().view(2, -1))[0, 1])
