import math
from dataclasses import replace

import pytest

from yuragi.research.metrics.intervals import Interval
from yuragi.research.pilot.decision import decide, defects, overall
from yuragi.research.pilot.figures import Against, Figures
from yuragi.research.pilot.run import read_rows
from yuragi.research.pilot.sequence import Look
from yuragi.research.pilot.votes import Vote


def against(n, mean, half, slower=1.0, kept=0.0):
    preference = Look(n, mean, mean - half, mean + half)
    differences = {"kept": Interval(kept, kept - 0.01, kept + 0.01)}
    slow = Interval(slower, slower, slower)
    return Against("sde", preference, [preference], 0, 0, 0, differences, {"kept": 4}, slow)


def arm(name, accepted=0.5, price=0.01):
    look = Look(100, accepted, accepted - 0.1, accepted + 0.1)
    return Figures(name, 8, 8.0, 1.0, 1.2, price, {}, look)


@pytest.fixture
def rule(small):
    """What the rule says of some figures; the plan seeks 0.45 above one half."""
    plan, _, _ = small

    def say(found, own=None, broken=()):
        return decide(plan, found, own or arm("sde"), arm("ode"), broken)

    return say, plan.size.votes


def test_go_needs_the_whole_interval_and_every_guard(rule):
    say, planned = rule
    assert say(against(20, 0.8, 0.25)).outcome == "go"
    assert say(against(20, 0.8, 0.31)).outcome == "extend"
    for failing in ({"slower": 1.6}, {"kept": -0.21}):
        # More accepted edits pay the time back, so that only one guard fails.
        better = arm("sde", accepted=0.7)
        verdict = say(against(planned - 1, 0.8, 0.25, **failing), better)
        assert (verdict.outcome, verdict.reason) == ("extend", "guard_open")
        assert [guard.holds for guard in verdict.guards].count(False) == 1
        assert say(against(planned, 0.8, 0.25, **failing), better).outcome == "stop"
    slow = against(planned, 0.8, 0.25, slower=1.4)
    assert say(slow).reason == "guard"
    # More time is paid back by more accepted edits.
    assert say(slow, arm("sde", accepted=0.6)).outcome == "go"


def costlier(verdict):
    return next(guard for guard in verdict.guards if guard.name == "costlier")


def test_the_cost_compares_paired_times_and_not_means(rule):
    """A few edits on a busy machine change the mean of all seconds, but not the paired ratio."""
    say, planned = rule
    guard = costlier(say(against(planned, 0.8, 0.25, slower=1.05), arm("sde", price=0.05)))
    assert guard.value == pytest.approx(1.05)
    assert guard.holds
    assert guard.limit == 1.25


def test_an_arm_like_the_baseline_is_not_too_costly(rule):
    say, planned = rule
    assert costlier(say(against(planned, 0.8, 0.25, slower=1.1), arm("sde", accepted=0.48))).holds


def test_the_cost_where_nothing_was_accepted(small):
    plan, _, _ = small
    none, some = 0.0, 0.5
    guards = {
        (own, base): costlier(
            decide(plan, against(8, 0.8, 0.25), arm("sde", own), arm("ode", base), [])
        )
        for own, base in ((none, none), (none, some), (some, none))
    }
    values = {key: (guard.value, guard.holds) for key, guard in guards.items()}
    assert values == {
        (none, none): (None, False),
        (none, some): (math.inf, False),
        (some, none): (0.0, True),
    }


def test_a_measure_that_is_missing_does_not_hold(rule):
    say, planned = rule
    found = replace(against(planned - 1, 0.8, 0.25), differences={}, pictures={})
    verdict = say(found)
    assert verdict.outcome == "extend"
    (guard,) = (each for each in verdict.guards if not each.holds)
    assert (guard.name, guard.value, guard.limit) == ("kept", None, -0.2)
    assert say(replace(found, preference=Look(planned, 0.8, 0.55, 1.0))).reason == "guard"


def test_stop_where_the_effect_can_no_longer_be_there(rule):
    say, planned = rule
    assert say(against(20, 0.6, 0.3)).reason == "no_effect"
    verdict = say(against(planned * 2, 0.7, 0.3))
    assert (verdict.outcome, verdict.reason) == ("stop", "no_more_votes")
    assert verdict.most_left == verdict.planned_left == 0


def test_extend_says_how_many_votes_are_left(rule):
    say, planned = rule
    verdict = say(against(planned - 3, 0.75, 0.3))
    assert (verdict.outcome, verdict.planned_left) == ("extend", 3)
    assert verdict.most_left == planned + 3


def test_nothing_is_decided_with_a_defect(rule):
    say, _ = rule
    assert say(against(20, 0.8, 0.2), broken=["plan_changed"]).outcome == "void"


def test_the_best_arm_decides(rule):
    say, _ = rule
    go, extend, stop = (say(against(20, m, h)) for m, h in ((0.8, 0.2), (0.75, 0.3), (0.5, 0.3)))
    assert overall([stop, go, extend]) == "go"
    assert overall([stop, extend]) == "extend"
    assert overall([stop, stop]) == "stop"


def test_defects(small):
    plan, _, folder = small
    rows = read_rows(folder)
    assert defects(plan, rows, []) == []
    assert defects(plan, rows[1:], []) == ["runs_missing"]
    vote = Vote("r", "p", "red-0", 3, "ode", "sde", "tie", False, False, "other", False)
    assert defects(plan, rows, [vote]) == ["plan_changed"]
    for other in ({"weights": "0"}, {"weak_weights": "0"}):
        assert defects(plan, [replace(rows[0], **other), *rows[1:]], []) == ["other_weights"]
    # As many as a third of the evaluations may be left unused, but not more.
    fewer = [replace(row, evaluations=4) if row.arm == "ode" else row for row in rows]
    assert defects(plan, fewer, []) == ["budget_unequal"]
    free = plan.draft.budget.model_copy(update={"evaluations": None})
    unequal = plan.model_copy(update={"draft": plan.draft.model_copy(update={"budget": free})})
    assert "budget_unequal" not in defects(unequal, fewer, [])
