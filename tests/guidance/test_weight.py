"""Weights: values at the ends, in between, and what they refuse."""

import itertools
import math

import pytest
import torch

from guidance.exact import gaussian
from numeric.moments import BIMODAL, F64, SCHEDULES
from numeric.progress import by_time
from yuragi.core import MixtureDenoiser, uniform
from yuragi.errors import InputError
from yuragi.guidance import (
    Guided,
    by_step,
    cfg_plus_plus,
    constant,
    cosine,
    interval,
    linear,
    ramp,
)
from yuragi.sample import integrate
from yuragi.solver import DDIM

ONE = gaussian([0.0], 4.0)


@pytest.mark.parametrize("schedule", SCHEDULES.values(), ids=SCHEDULES)
def test_a_ramp_is_exact_at_its_levels_and_constant_beyond(schedule):
    span = schedule.noisiest - schedule.clean
    times = torch.linspace(schedule.clean, schedule.clean + 0.6 * span, 7, dtype=F64)
    scales = torch.linspace(1, 3, 7, dtype=F64)
    weight = ramp(schedule, times, scales)
    at = [weight(*schedule(t)).item() for t in times]
    assert at == (scales - 1).tolist()
    assert weight(*schedule(torch.tensor(schedule.noisiest))).item() == 2
    between = [weight(*schedule((a + b) / 2)) for a, b in itertools.pairwise(times)]
    assert all(at[i] < value < at[i + 1] for i, value in enumerate(between))
    falling = ramp(schedule, times.flip(0), scales.flip(0))
    assert [falling(*schedule(t)).item() for t in times] == at


@pytest.mark.parametrize(
    ("times", "scales", "argument"),
    [
        ([0.1, 0.2], [1.0], "guidance_scales"),
        ([0.1], [1.0], "guidance_scales"),
        ([0.2, 0.2], [1.0, 2.0], "times"),
    ],
)
def test_bad_ramps(times, scales, argument):
    with pytest.raises(InputError, match=argument):
        ramp(SCHEDULES["vp"], torch.tensor(times), scales)


@pytest.mark.parametrize("schedule", SCHEDULES.values(), ids=SCHEDULES)
def test_progress_runs_from_start_to_clean(schedule):
    times = uniform(schedule, 8)
    seen = [by_time(schedule)(*schedule(t)).item() for t in times]
    assert seen == pytest.approx([k / 8 for k in range(9)], abs=1e-9)
    # By step it is 1 at the last level that is read, so that rules reach their scale.
    seen = [by_step(schedule, times)(*schedule(t)).item() for t in times]
    assert seen == pytest.approx([*(k / 7 for k in range(8)), 1], abs=1e-9)
    single = by_step(schedule, uniform(schedule, 1))
    assert single(*schedule(times[0])).item() == 1


def test_linear_and_cosine_at_their_ends():
    schedule = SCHEDULES["flow"]
    progress = by_time(schedule)
    ends = [schedule(torch.tensor(t, dtype=F64)) for t in (1.0, 0.5, 0.0)]
    assert [linear(progress, 5.0, start=2.0)(*e).item() for e in ends] == pytest.approx([1, 2.5, 4])
    assert [cosine(progress, 5.0)(*e).item() for e in ends] == pytest.approx([0, 2, 4])
    late = cosine(progress, 5.0, power=3.0)(*ends[1]).item()
    assert late == pytest.approx(2 * (1 - math.cos(math.pi / 8)))


def test_interval_in_noise_and_in_steps():
    schedule = SCHEDULES["edm"]
    weight = interval(3.0, 0.28, 2.9)
    at = lambda s: weight(*schedule(torch.tensor(s, dtype=F64))).item()  # noqa: E731
    assert [at(s) for s in (0.27, 0.28, 1.0, 2.9, 2.91)] == [0, 2, 2, 2, 0]
    times = uniform(SCHEDULES["flow"], 10)
    weight = interval(3.0, 0.25, 0.55, by_step(SCHEDULES["flow"], times))
    on = [weight(*SCHEDULES["flow"](t)).item() > 0 for t in times[:-1]]
    assert on == [0.25 <= k / 9 <= 0.55 for k in range(10)]


@pytest.mark.parametrize("steps", [11, 21, 51])
def test_the_bounds_of_an_interval_of_shares_are_inside(steps):
    """Of k / n, which is rounded, in the range 0.1 to 0.3 in whole steps."""
    schedule = SCHEDULES["flow"]
    times = uniform(schedule, steps)
    weight = interval(3.0, 0.1, 0.3, by_step(schedule, times))
    guided = [k for k, t in enumerate(times[:-1]) if weight(*schedule(t)) > 0]
    assert guided == [k for k in range(steps) if steps - 1 <= 10 * k <= 3 * (steps - 1)]


@pytest.mark.parametrize("blend", [0.3, 1.0])
@pytest.mark.parametrize("name", ["vp", "flow", "table"])
def test_cfg_plus_plus_is_its_own_update(name, blend):
    """x_s = alpha_s (u + blend (c - u)) + sigma_s eps_u, step by step."""
    schedule = SCHEDULES[name]
    # Not from alpha = 0, where the noise of the weak side says nothing about it.
    times = uniform(schedule, 12)[1:]
    strong, weak = (MixtureDenoiser(m, schedule) for m in (BIMODAL, ONE))
    x = start = torch.randn(5, 1, generator=torch.Generator().manual_seed(0), dtype=F64)
    for t, s in itertools.pairwise(times):
        (a, o), (a_s, o_s) = schedule(t), schedule(s)
        c, u = strong(x, t), weak(x, t)
        x = a_s * (u + blend * (c - u)) + o_s * (x - a * u) / o
    guided = Guided(strong, weak, cfg_plus_plus(schedule, times, blend))
    assert torch.allclose(integrate(guided, DDIM(), start, times), x, atol=1e-10)


@pytest.mark.parametrize(
    ("make", "argument"),
    [
        (lambda p: constant(math.nan), "guidance_scale"),
        (lambda p: constant(math.inf), "guidance_scale"),
        (lambda p: linear(p, math.inf), "guidance_scale"),
        (lambda p: linear(p, 2.0, math.nan), "start"),
        (lambda p: cosine(p, math.nan), "guidance_scale"),
        (lambda p: cosine(p, 2.0, 0.0), "power"),
        (lambda p: interval(2.0, 1.0, 1.0), "interval"),
        (lambda p: interval(math.nan, 0.0, 1.0), "guidance_scale"),
        (lambda p: cfg_plus_plus(SCHEDULES["vp"], uniform(SCHEDULES["vp"], 3), 1.5), "blend"),
    ],
)
def test_refused(make, argument):
    with pytest.raises(InputError, match=argument):
        make(by_time(SCHEDULES["vp"]))
