"""The decision to go, extend or stop, by the rule that the plan fixed.

The rule compares an arm with the baseline by the interval of the arm's preference, which is valid
at any look:

- **go**: the whole interval lies above one half, and every guard holds;
- **stop**: the whole interval lies below one half plus the effect that the plan seeks; or the rule
  allows no more votes; or all planned votes were cast, and a guard does not hold;
- **extend**: otherwise.

Guards compare estimates with limits in the rule: the loss in each automatic measure, the response
time, and the cost of an accepted edit. The cost is compared as the ratio of response times, paired
by edit and seed, times the baseline's share of accepted edits over that of the arm: means of times
that are not paired would let a few edits on a busy machine decide. A guard on something that was
not measured does not hold.
Nothing is decided (**void**) if pictures were made or votes were cast under another plan, if runs
are missing or of other weights, or if the arms used different budgets although the plan sets an
equal budget.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from yuragi.research.pilot.arms import request_of
from yuragi.research.pilot.figures import Against, Figures
from yuragi.research.pilot.plan import Plan
from yuragi.research.pilot.run import Row
from yuragi.research.pilot.votes import Vote

__all__ = ["Guard", "Outcome", "Verdict", "decide", "defects", "overall"]

Outcome = Literal["go", "extend", "stop", "void"]


@dataclass(frozen=True)
class Guard:
    """A condition in addition to the votes.

    Attributes:
        name: ``slower``, ``costlier``, or the name of a measure.
        value: the estimate; None if the measure was not measured on two pictures or more, or if no
            edit of either arm was accepted.
        limit: the largest allowed value of ``slower`` and ``costlier``, the smallest of a measure.
        holds: whether the value is within the limit.
    """

    name: str
    value: float | None
    limit: float
    holds: bool


@dataclass(frozen=True)
class Verdict:
    """What the rule says about an arm.

    Attributes:
        arm: the arm.
        outcome: what to do.
        reason: the name of the sentence that says why.
        guards: the conditions in addition to the votes.
        planned_left: votes left until the planned end.
        most_left: votes left until the pilot stops.
    """

    arm: str
    outcome: Outcome
    reason: str
    guards: Sequence[Guard]
    planned_left: int
    most_left: int


def decide(
    plan: Plan, found: Against, own: Figures, baseline: Figures, broken: Sequence[str]
) -> Verdict:
    """What the rule says about an arm.

    Args:
        plan: the plan.
        found: the comparison of the arm with the baseline.
        own: the figures of the arm.
        baseline: the figures of the baseline.
        broken: what `defects` found.
    """
    rule, size = plan.draft.rule, plan.size
    guards = [
        Guard("slower", found.slower.value, rule.slower, found.slower.value <= rule.slower),
        *_cost(plan, found, own, baseline),
        *(_loss(found, name, loss) for name, loss in rule.losses.items()),
    ]
    preference, most = found.preference, round(size.votes * rule.extension)
    hold = all(guard.holds for guard in guards)
    cases: list[tuple[bool, Outcome, str]] = [
        (bool(broken), "void", "void"),
        (preference.low > 0.5 and hold, "go", "preferred"),
        (preference.high < 0.5 + plan.draft.voting.effect, "stop", "no_effect"),
        (preference.n >= most, "stop", "no_more_votes"),
        (preference.n >= size.votes and not hold, "stop", "guard"),
        (preference.low > 0.5, "extend", "guard_open"),
        (True, "extend", "open"),
    ]
    outcome, reason = next((what, why) for applies, what, why in cases if applies)
    left = max(size.votes - preference.n, 0), max(most - preference.n, 0)
    return Verdict(found.arm, outcome, reason, guards, *left)


def overall(verdicts: Sequence[Verdict]) -> Outcome:
    """The outcome of the pilot: that of the most promising arm."""
    order: Sequence[Outcome] = ("void", "go", "extend", "stop")
    return min((verdict.outcome for verdict in verdicts), key=order.index)


def defects(plan: Plan, rows: Sequence[Row], votes: Sequence[Vote]) -> list[str]:
    """The names of the defects that make a decision void."""
    found = []
    if {plan.digest} < {plan.digest, *(row.plan for row in rows), *(vote.plan for vote in votes)}:
        found.append("plan_changed")
    wanted = {
        (edit.name, seed, arm.name)
        for edit in plan.draft.edits
        for seed in plan.seeds
        for arm in plan.draft.arms
    }
    if wanted - {row.key for row in rows}:
        found.append("runs_missing")
    if any(row.weights != plan.weights or row.weak_weights != _weak(plan, row) for row in rows):
        found.append("other_weights")
    if plan.draft.budget.evaluations is not None and _unequal(plan, rows):
        found.append("budget_unequal")
    return found


def _weak(plan: Plan, row: Row) -> str:
    """The fingerprint of the weaker model that a run needed; empty if it needed none."""
    request = request_of(plan, row.edit, row.arm, row.seed)
    return "" if request.weak_model is None else plan.weak_weights.get(request.weak_model, "")


def _unequal(plan: Plan, rows: Sequence[Row]) -> bool:
    """Whether the arms used different numbers of evaluations, by more than the tolerance."""
    spent = {
        arm.name: sum(row.evaluations for row in rows if row.arm == arm.name)
        for arm in plan.draft.arms
    }
    return min(spent.values()) < max(spent.values()) * (1 - plan.draft.budget.tolerance)


def _loss(found: Against, name: str, loss: float) -> Guard:
    """The guard on the loss in a measure."""
    if name not in found.differences:
        return Guard(name, None, -loss, holds=False)
    value = found.differences[name].value
    return Guard(name, value, -loss, value >= -loss)


def _cost(plan: Plan, found: Against, own: Figures, baseline: Figures) -> list[Guard]:
    """The guard on the cost of an accepted edit, if there are votes and the machine has a price."""
    if not own.accepted.n or not baseline.accepted.n or not plan.draft.price.per_hour:
        return []
    limit, accepted = plan.draft.rule.costlier, (own.accepted.mean, baseline.accepted.mean)
    if not any(accepted):
        return [Guard("costlier", None, limit, holds=False)]
    ratio = found.slower.value * accepted[1] / accepted[0] if accepted[0] else math.inf
    return [Guard("costlier", ratio, limit, ratio <= limit)]
