"""Learning rates by steps and by the clock against their closed forms, and larger batches."""

import math

import pytest

from yuragi.research.train.config import Fit
from yuragi.research.train.pace import WARM, ByClock, BySteps, enlarged

CONFIG = Fit(steps=100, batch=8, learning_rate=2e-3, warmup=10, ema=0.99, seed=0)


class Clock:
    """A clock that stands still until it is moved."""

    def __init__(self, now=0.0):
        self.now = now

    def __call__(self):
        return self.now


def test_the_rate_by_steps_rises_and_falls():
    pace = BySteps(CONFIG)
    assert [pace.rate(k, k) for k in (0, 4, 9)] == pytest.approx([2e-4, 1e-3, 2e-3])
    assert pace.rate(55, 55) == pytest.approx(1e-3)
    assert pace.rate(32, 32) == pytest.approx(2e-3 * (1 + math.cos(math.pi * 22 / 90)) / 2)
    assert pace.rate(99, 99) == pytest.approx(0, abs=1e-6)
    assert pace.rate(100, 100) is None


def test_a_short_fall_leaves_the_rate_before_it_alone():
    short = BySteps(CONFIG.model_copy(update={"fall": 20}))
    longer = BySteps(CONFIG.model_copy(update={"fall": 20, "steps": 200}))
    for step in (4, 9, 50, 80):
        assert short.rate(step, step) == longer.rate(step, step)
    assert short.rate(80, 80) == pytest.approx(2e-3)
    assert short.rate(90, 90) == pytest.approx(1e-3)
    assert longer.rate(185, 185) == pytest.approx(2e-3 * (1 + math.cos(math.pi / 4)) / 2)
    assert short.rate(99, 99) < 2e-5
    assert short.rate(100, 100) is None


def test_new_moments_rise_again_where_the_step_stands():
    pace = BySteps(CONFIG)
    assert pace.rate(55, 0) == pytest.approx(1e-3 / 10)
    assert pace.rate(55, 9) == pytest.approx(1e-3)


def test_the_rate_by_the_clock_is_a_cosine_of_the_time():
    clock = Clock()
    pace = ByClock(3e-3, 1000.0, 1600.0, 16, clock)
    for share in (0, WARM / 2, WARM, 0.1, 0.25, 0.52, 0.75, 0.999):
        clock.now = 1000 + 600 * share
        fall = math.cos(math.pi / 2 * max(0, share - WARM) / (1 - WARM)) ** 2
        expected = 3e-3 * min(share / WARM, 1) * fall
        for step in (0, 12_345):  # however far the machine has come
            assert pace.rate(step, step // 16) == pytest.approx(expected, rel=1e-9, abs=1e-15)
        assert pace.progress(0) == (round(600 * share), 600)
    for late in (1600.0, 9999.0):
        clock.now = late
        assert pace.rate(0, 0) is None
        assert pace.progress(0) == (600, 600)


def test_a_run_without_time_makes_no_update():
    assert ByClock(1e-3, 10.0, 5.0, 1, Clock(10.0)).rate(0, 0) is None


def test_larger_batches_keep_the_memory_of_the_average_in_samples():
    large = enlarged(CONFIG, 16)
    assert (large.batch, large.learning_rate) == (128, pytest.approx(8e-3))
    # What an average keeps of a weight after so many samples does not depend on the batch.
    samples = 6400
    kept = large.ema ** (samples / large.batch)
    assert kept == pytest.approx(CONFIG.ema ** (samples / CONFIG.batch))
    assert enlarged(CONFIG, 1) == CONFIG
