"""The measured order of convergence is the declared one."""

import pytest

from numeric.moments import SCHEDULES, SOLVERS, moment_orders, path_order


@pytest.mark.parametrize("schedule", ["vp", "edm", "flow"])
@pytest.mark.parametrize("name", SOLVERS)
def test_moments_converge_at_the_declared_order(name, schedule):
    declared = SOLVERS[name](None, 64).order
    slowest = min(moment_orders(name, SCHEDULES[schedule]))
    assert declared - 0.12 < slowest < declared + 0.12


@pytest.mark.parametrize(
    "name", [name for name in SOLVERS if not SOLVERS[name](None, 64).stochastic]
)
def test_trajectories_of_a_nonlinear_ode_converge_at_the_declared_order(name):
    declared = SOLVERS[name](None, 64).order
    assert declared - 0.1 < path_order(name, SCHEDULES["vp"]) < declared + 0.25
