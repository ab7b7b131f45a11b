"""Wrappers of gains, annealed conditions, classifiers and the stress gauge."""

import itertools

import pytest
import torch

from guidance.exact import ALL, CLASS, F64, VP, at_level, exact, gaussian, normal
from numeric.progress import by_time
from yuragi.core import (
    Counting,
    EDMSchedule,
    NetworkDenoiser,
    SeededNoise,
    epsilon,
    karras,
    uniform,
)
from yuragi.errors import InputError
from yuragi.guidance import (
    Annealed,
    Guided,
    LookAhead,
    Projected,
    Ratio,
    Rescaled,
    RowSum,
    Scheduled,
    Stress,
    Unclassified,
    Unrectified,
    ZeroStar,
    constant,
    evaluate,
    plain,
)
from yuragi.guidance.finite_difference import network_dtype
from yuragi.sample import integrate
from yuragi.solver import DDIM

W = torch.tensor(2.0, dtype=F64)
STRONG, WEAK = exact(CLASS), exact(ALL)


def at(ratio, rows=6):
    return at_level(VP, ratio, normal(rows, 2))


def test_look_ahead_is_exact_for_a_linear_log_reward():
    """R = exp(b x0): the exact guided denoiser is the strong one at x + (sigma^2 / alpha) b."""
    b = torch.tensor([0.7, -0.4], dtype=F64)
    t, x = at(0.8)
    alpha, sigma = VP(t)
    weak = Unclassified(STRONG, lambda x, t: x @ b / VP(t)[0])
    # The classifier's gradient is b / alpha, so the push is (sigma^2 / alpha^2) b.
    got = Guided(STRONG, weak, constant(3.0), LookAhead(plain))(x, t)
    assert torch.allclose(got, STRONG(x + 2 * sigma**2 / alpha * b, t), atol=1e-12)
    # Which is the law tilted by exp(2 b x0), computed another way: shift every component.
    tilted = [
        CLASS.weights.log()
        + CLASS.means @ (2 * b)
        + torch.einsum("kij,i,j->k", CLASS.covariances, b, b) * 2,
        CLASS.means + CLASS.covariances @ (2 * b),
    ]
    law = type(CLASS)(tilted[0].softmax(0), tilted[1], CLASS.covariances)
    assert torch.allclose(got, exact(law)(x, t), atol=1e-10)


def test_projected_removes_the_part_along_x0():
    t, x = at(0.8)
    found = Projected(plain, parallel=0.0)(STRONG, WEAK, x, t, W)
    assert (found.direction * found.x0).sum(1).abs().max() < 1e-12
    whole = Projected(plain, parallel=1.0)(STRONG, WEAK, x, t, W)
    assert torch.allclose(whole.direction, whole.difference)
    part = Projected(plain, parallel=0.25)(STRONG, WEAK, x, t, W)
    assert torch.allclose(part.direction, 0.75 * found.direction + 0.25 * whole.direction)


def test_projected_bounds_the_length_and_averages_steps():
    first, second = at(0.8), at(0.6)
    bounded = Projected(plain, parallel=1.0, norm=0.1)(STRONG, WEAK, first[1], first[0], W)
    assert bounded.direction.norm(dim=1).max() <= 0.1 + 1e-12
    gain = Projected(plain, parallel=1.0, momentum=-0.5)
    a, b = (gain(STRONG, WEAK, x, t, W) for t, x in (first, second))
    assert torch.allclose(b.direction, b.difference - 0.5 * a.difference)


def test_rescaled_keeps_the_spread_of_the_strong_side():
    t, x = at_level(VP, 0.8, normal(6, 2))
    for share in (0.0, 0.3, 1.0):
        got = Guided(STRONG, WEAK, constant(3.0), Rescaled(plain, share))(x, t)
        c, g = STRONG(x, t), Guided(STRONG, WEAK, constant(3.0))(x, t)
        same = g * (c.std(1) / g.std(1))[:, None]
        assert torch.allclose(got, share * same + (1 - share) * g)


def test_zero_star_fits_the_weak_velocity_first():
    t, x = at(0.8)
    alpha, sigma = VP(t)
    velocity = lambda x0: (x - (alpha + sigma) * x0) / sigma  # noqa: E731
    c, u = velocity(STRONG(x, t)), velocity(WEAK(x, t))
    s = ((c * u).sum(1) / (u * u).sum(1))[:, None]
    want = s * u + 3 * (c - s * u)
    got = Guided(STRONG, WEAK, constant(3.0), ZeroStar())(x, t)
    assert torch.allclose(velocity(got), want)
    still = Guided(STRONG, WEAK, constant(3.0), ZeroStar(still_above=0.5))(x, t)
    assert velocity(still).abs().max() < 1e-12


def told(x, t, condition):
    return x * 0 + condition["text"].mean((1, 2))[:, None]


def annealed(**changes):
    text = {"text": normal(1, 5, 3), "ids": torch.ones(1, 2, dtype=torch.long)}
    denoiser = NetworkDenoiser(told, VP, epsilon, text)
    values = {"progress": by_time(VP), "noise": SeededNoise(3, stream="cads")} | changes
    return denoiser, Annealed(denoiser, **values)


def test_annealed_conditions():
    denoiser, wrapped = annealed(begin=0.2, end=0.6, scale=0.5)
    t_of = lambda done: torch.tensor(1 - done, dtype=F64)  # noqa: E731
    x = normal(4, 2)
    late = wrapped.at(x, t_of(0.7)).condition
    assert late is denoiser.condition
    early, middle = (wrapped.at(x, t_of(p)).condition for p in (0.1, 0.4))
    for condition in (early, middle):
        assert condition["text"].shape == (4, 5, 3)
        assert torch.equal(condition["ids"], torch.ones(4, 2, dtype=torch.long))
        assert not torch.allclose(condition["text"][0], condition["text"][1])
        # Rescaled: the mean and the spread of the prompt.
        clean = denoiser.condition["text"]
        assert torch.allclose(condition["text"].mean((1, 2)), clean.mean())
        assert torch.allclose(condition["text"].std((1, 2)), clean.std())
    raw = annealed(begin=0.2, end=0.6, scale=0.5, mix=0.0)[1].at(x, t_of(0.4)).condition["text"]
    part = (raw - 0.5**0.5 * denoiser.condition["text"]) / (0.5 * 0.5**0.5)
    assert part.std() == pytest.approx(1, abs=0.2)


def test_annealed_samples_do_not_depend_on_the_batch():
    _, wrapped = annealed()
    x, t = normal(4, 2), torch.tensor(0.9, dtype=F64)
    one = Annealed(wrapped.denoiser, wrapped.progress, SeededNoise(3, [2], "cads"))
    assert torch.allclose(wrapped(x, t)[2:3], one(x[2:3], t))
    assert torch.equal(evaluate([(wrapped, x)], t)[0], wrapped(x, t))


@pytest.mark.parametrize(
    ("changes", "argument"),
    [({"begin": 0.5, "end": 0.4}, "begin"), ({"scale": -1.0}, "scale"), ({"mix": 2.0}, "mix")],
)
def test_annealed_refuses(changes, argument):
    with pytest.raises(InputError, match=argument):
        annealed(**changes)


@pytest.mark.parametrize("condition", [None, {"class_labels": torch.tensor([3])}])
def test_annealed_needs_a_condition_that_can_be_noised(condition):
    with pytest.raises(InputError, match="condition"):
        Annealed(NetworkDenoiser(told, VP, epsilon, condition), by_time(VP), SeededNoise(0))


@pytest.mark.parametrize(
    "log_prob",
    [
        lambda x, t: x.detach().sum(1),
        lambda x, t: x,
        lambda x, t: x.sum(),
    ],
)
def test_a_classifier_must_answer_and_have_a_gradient(log_prob):
    """And what is wrong with it is said before the network runs."""
    counter = Counting(told)
    strong = NetworkDenoiser(counter, VP, epsilon, {"text": torch.zeros(1, 5, 3, dtype=F64)})
    t, x = at(0.8)
    with pytest.raises(InputError, match="log_prob"):
        Guided(strong, Unclassified(strong, log_prob), constant(2.0))(x, t)
    assert counter.calls == 0


def test_parts_of_a_batch_keep_their_annealed_conditions():
    _, wrapped = annealed()
    weak = wrapped.denoiser.bind(
        {**wrapped.denoiser.condition, "text": torch.zeros(1, 5, 3).double()}
    )
    x, t = normal(4, 2), torch.tensor(0.9, dtype=F64)
    whole, parts = (Guided(wrapped, weak, constant(3.0), RowSum(batch=n))(x, t) for n in (4, 3))
    assert torch.allclose(whole, parts)


def test_annealing_in_half_precision_steps_as_far_as_the_network_needs():
    class Half:
        dtype = torch.bfloat16

        def __call__(self, x, t, condition):
            assert x.dtype == torch.bfloat16
            return told(x, t, condition)

    _, wrapped = annealed()
    strong = Annealed(
        NetworkDenoiser(Half(), VP, epsilon, wrapped.denoiser.condition),
        wrapped.progress,
        wrapped.noise,
    )
    seen = []

    def gain(strong, weak, x, t, weight):
        seen.append(network_dtype(strong, x))
        return plain(strong, weak, x, t, weight)

    Guided(strong, wrapped, constant(2.0), gain)(normal(2, 2), torch.tensor(0.9, dtype=F64))
    assert seen == [torch.bfloat16]


def stress_of(scale, gain, times, rows=64):
    schedule = EDMSchedule(sigma_max=10.0)
    strong, weak = (
        exact(gaussian([0.5, 0.0], 0.09), schedule),
        exact(gaussian([0, 0], 1.0), schedule),
    )
    stress = Stress()
    guided = Guided(strong, weak, constant(scale), gain, stress)
    integrate(guided, DDIM(1.0), 10 * normal(rows, 2), times, SeededNoise(0))
    return stress


def test_stress_grows_with_the_scale_and_settles_with_the_steps():
    schedule = EDMSchedule(sigma_max=10.0)
    totals = [
        stress_of(scale, Unrectified(Ratio(0.0)), karras(schedule, 40)).total.mean()
        for scale in (1.25, 1.5, 2.0, 3.0, 5.0)
    ]
    assert all(a < b for a, b in itertools.pairwise(totals))
    finer = stress_of(3.0, Unrectified(Ratio(0.0)), karras(schedule, 160)).total.mean()
    assert totals[3] == pytest.approx(finer, rel=0.25)


def test_stress_reads_rho():
    schedule = EDMSchedule(sigma_max=10.0)
    table = Scheduled((0.01, 100.0), (2.0, 2.0))
    stress = stress_of(2.0, table, uniform(schedule, 20))
    assert stress.rho.tolist() == pytest.approx([2.0] * 64)
    assert stress.total.shape == (64,)
    silent = stress_of(2.0, plain, uniform(schedule, 4))
    assert silent.total is None
    assert silent.rho is None


def test_unrectified_is_plain_guidance():
    t, x = at(0.8)
    found = Unrectified(Ratio())(STRONG, WEAK, x, t, W)
    assert torch.equal(found.direction, plain(STRONG, WEAK, x, t, W).direction)
    assert found.reading is not None
