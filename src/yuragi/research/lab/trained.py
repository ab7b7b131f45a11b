"""The comparison of guidance rules on trained networks: which of the exact results still hold.

The targets are exact, but the denoisers of the rules are learned from samples
(`yuragi.research.lab.learned`). One more problem uses a trained classifier for guidance: the class
against the rest, both equally likely. The win ratio is measured on the paper's own networks
(`yuragi.research.lab.toy`).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, TypeAlias

import torch

from yuragi.core.denoiser import Denoiser
from yuragi.guidance.classifier import Unclassified
from yuragi.guidance.symmetry import probe
from yuragi.research.lab.learned import Training, learn_classifier, learn_denoiser
from yuragi.research.lab.measure import SCHEDULE, Effort, Rules, make_levels, win_ratios
from yuragi.research.lab.noise import keyed
from yuragi.research.lab.problems import Problem, line, mixed, named
from yuragi.research.lab.reg import WIN_WEIGHTS, WINS
from yuragi.research.lab.toy import ToyTraining, learn_toy
from yuragi.research.metrics.joint import JointTarget
from yuragi.research.metrics.path_kl import compare, log_spaced

__all__ = ["compare_trained"]

F64 = torch.float64
PROBLEMS = ("1D-paper", "1D-marginal", "1D-autoG", "2D-marginal", "2D-autoG")
PROBED = (0.1, 0.5, 2.0)

Table: TypeAlias = dict[str, Any]


def compare_trained(
    rules: Rules,
    weights: Sequence[float],
    effort: Effort,
    training: Training,
    toy: ToyTraining,
    seed: int,
    on_part: Callable[[int, int], None],
) -> Table:
    """Train the networks and measure every rule on them.

    Args:
        rules: the rules by name.
        weights: the extra weights w.
        effort: the number of levels and states.
        training: the training of each network.
        toy: the training of each of the paper's networks.
        seed: the seed of networks, states and probes.
        on_part: a function called with (problems done, all problems).

    Returns:
        ``path_kl[w][problem][rule]``, ``kappa2[problem]`` of the conditional network by
        sigma / alpha, and ``win_ratio[problem][w][rule]`` on the paper's networks.
    """
    report: Table = {"path_kl": {f"{w:g}": {} for w in weights}, "kappa2": {}, "win_ratio": {}}
    report |= {"training": vars(training).copy(), "toy": vars(toy).copy()}
    total = len(PROBLEMS) + 1 + len(WINS)
    for k, problem in enumerate(named[name] for name in PROBLEMS):
        on_part(k, total)
        strong = learn_denoiser(problem.conditional, SCHEDULE, training, seed)
        weak = learn_denoiser(problem.guide, SCHEDULE, training, seed + 1)
        _add(report, rules, problem, strong, weak, effort, seed)
    on_part(len(PROBLEMS), total)
    _add(report, rules, *_classified(training, seed), effort, seed)
    for k, problem in enumerate(named[name] for name in WINS):
        on_part(len(PROBLEMS) + 1 + k, total)
        pair = (
            learn_toy(problem.conditional, toy, seed),
            learn_toy(problem.guide, toy, seed + 1),
        )
        report["win_ratio"][problem.name] = {
            f"{weight:g}": win_ratios(rules, problem, pair, weight, effort.grid)
            for weight in WIN_WEIGHTS
        }
    on_part(total, total)
    return report


def _classified(training: Training, seed: int) -> tuple[Problem, Denoiser, Denoiser]:
    """Classifier guidance: the weak denoiser is the strong one minus the classifier's gradient."""
    conditional, rest = line([0.5, 1.5], 0.25), line([-1.5, -0.2], 0.35)
    problem = Problem("1D-classifier", conditional, mixed(0.5, conditional, rest))
    strong = learn_denoiser(conditional, SCHEDULE, training, seed)
    log_prob = learn_classifier(conditional, rest, training, seed + 1)
    return problem, strong, Unclassified(strong, log_prob)


def _add(
    report: Table,
    rules: Rules,
    problem: Problem,
    strong: Denoiser,
    weak: Denoiser,
    effort: Effort,
    seed: int,
) -> None:
    noise = log_spaced(0.02, 10.0, effort.levels)
    for key, row in report["path_kl"].items():
        target = JointTarget(problem.conditional, problem.guide, float(key))
        levels = make_levels(problem, target, noise, effort, seed)
        row[problem.name] = {
            name: compare(rule(strong, weak, float(key)), levels).path_kl
            for name, rule in rules.items()
        }
    kappa2 = {}
    for k, level in enumerate(PROBED):
        t = torch.tensor(level, dtype=F64)
        x = problem.conditional.sample(64, torch.ones((), dtype=F64), t, keyed(seed, k))
        with torch.no_grad():
            kappa2[f"{level:g}"] = probe(strong, x, t, pairs=16, seed=seed).kappa2
    report["kappa2"][problem.name] = kappa2
