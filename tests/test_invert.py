"""Paths and their laws, and what Follow does with an edit."""

from pathlib import Path

import pytest
import torch
from PIL import Image

import yuragi
from numeric.moments import BIMODAL, F64, GAUSSIAN, SCHEDULES, SOLVERS
from yuragi.core import (
    GaussianMixture,
    MixtureDenoiser,
    SeededNoise,
    epsilon,
    no_noise,
    trailing,
    uniform,
)
from yuragi.edit import Adaptive, Halves, beside_path, descent
from yuragi.errors import InputError
from yuragi.images.tensors import to_tensor
from yuragi.invert import Follow, follow, independent_path, markov_path, ode_invert
from yuragi.sample import integrate
from yuragi.solver import DDIM, Churn, DDIMInversion, Heun

VP = SCHEDULES["vp"]
RISING = uniform(VP, 8).flip(0)
X0 = torch.randn(2, 3, generator=torch.Generator().manual_seed(0), dtype=F64)
DENOISER = MixtureDenoiser(GAUSSIAN, VP)
RECORDABLE = [name for name in SOLVERS if name != "churn"]


@pytest.mark.parametrize("schedule", SCHEDULES.values(), ids=SCHEDULES)
@pytest.mark.parametrize("make", [markov_path, independent_path])
def test_a_path_has_the_marginals_at_every_level(make, schedule):
    times = uniform(schedule, 6).flip(0)
    x0 = torch.full((1500, 1), 0.7, dtype=F64)
    path = make(x0, schedule, times, SeededNoise(0))
    assert path[0] is x0
    assert len(path) == len(times)
    for t, x in zip(times[1:], path[1:], strict=True):
        alpha, sigma = schedule(t)
        assert abs(x.mean() - 0.7 * alpha) < 4.5 * sigma / 1500**0.5
        assert abs(x.std() / sigma - 1) < 4.5 / 3000**0.5


def test_the_chain_is_correlated_and_the_independent_path_is_not():
    x0 = torch.zeros(4000, 1, dtype=F64)
    chain = markov_path(x0, VP, RISING, SeededNoise(0))
    apart = independent_path(x0, VP, RISING, SeededNoise(0))
    t, s = RISING[5], RISING[4]
    want = (VP(t)[0] / VP(s)[0] * VP(s)[1] / VP(t)[1]).item()
    correlation = torch.corrcoef(torch.cat([chain[4], chain[5]], 1).T)[0, 1].item()
    assert correlation == pytest.approx(want, abs=0.05)
    assert abs(torch.corrcoef(torch.cat([apart[4], apart[5]], 1).T)[0, 1]) < 0.06


def test_the_markov_chain_is_the_specs():
    path = markov_path(X0, VP, RISING, SeededNoise(1))
    for i in range(8):
        (a_s, _), (a_t, _) = VP(RISING[i]), VP(RISING[i + 1])
        z = SeededNoise(1)(i, X0)
        want = a_t / a_s * path[i] + (1 - (a_t / a_s) ** 2).sqrt() * z
        assert torch.allclose(path[i + 1], want)


@pytest.mark.parametrize("eta", [0.3, 1.0])
@pytest.mark.parametrize("make", [markov_path, independent_path])
def test_the_difference_form_is_recording_the_noise_and_spending_it(make, eta):
    path, times = make(X0, VP, RISING, SeededNoise(1)), RISING.flip(0)
    solver = DDIM(eta)
    x = edited = path[-1] + 0.3
    for i in range(7):  # the last step has std = 0: no noise to record
        reference, _ = solver.step(DENOISER, path[-1 - i], times[i], times[i + 1])
        w = reference.residual(path[-2 - i])
        x = solver.step(DENOISER, x, times[i], times[i + 1])[0].draw(w)
    seen = []
    follow(DENOISER, solver, edited, path, times, lambda i, x: seen.append(x) or x)
    assert torch.allclose(seen[6], x, atol=1e-10)


@pytest.mark.parametrize("schedule", SCHEDULES.values(), ids=SCHEDULES)
@pytest.mark.parametrize("name", RECORDABLE)
def test_an_unedited_state_comes_back_exactly(name, schedule):
    denoiser, times = MixtureDenoiser(BIMODAL, schedule), trailing(schedule, 6)
    x0 = X0[:, :1]
    for make in (markov_path, independent_path):
        path = make(x0, schedule, times.flip(0), SeededNoise(1))
        out = follow(denoiser, SOLVERS[name](None, 6), path[-1], path, times)
        assert torch.allclose(out, x0, atol=1e-12)


def test_ode_inversion_and_following_the_ode_path():
    path = ode_invert(DENOISER, X0, RISING)
    assert len(path) == 9
    assert path[0] is X0
    times = RISING.flip(0)
    assert torch.allclose(follow(DENOISER, DDIM(), path[-1], path, times), X0, atol=1e-12)


def test_inverting_and_generating_is_the_identity_in_the_limit():
    errors = []
    for steps in (100, 200, 400):
        times = uniform(VP, steps)
        noisy = ode_invert(DENOISER, X0, times.flip(0))[-1]
        errors.append((integrate(DENOISER, DDIM(), noisy, times) - X0).abs().max().item())
    assert errors[2] < 0.6 * errors[1] < 0.36 * errors[0] < 0.5


def round_trip(denoiser, x0, steps, strength, solver):
    down = descent(denoiser.schedule, steps, strength)
    top = ode_invert(denoiser, x0, down.flip(0), solver)[-1]
    return (integrate(denoiser, DDIM(), top, down) - x0).square().mean().sqrt().item()


@pytest.mark.parametrize("steps", [10, 20, 50])
@pytest.mark.parametrize("schedule", ["table", "table-zero-snr", "vp", "flow"])
def test_holding_the_velocity_brings_data_of_little_variance_back_closer(schedule, steps):
    """As latents are: most directions of a picture's vary far less than the noise."""
    one = torch.ones(1, 1, dtype=F64)
    law = GaussianMixture.diagonal(one[0], 0.5 * one, 0.05 * one)
    denoiser = MixtureDenoiser(law, SCHEDULES[schedule])
    x0 = 0.5 + 0.05**0.5 * torch.linspace(-2, 2, 9, dtype=F64)[:, None]
    velocity, eps = (
        round_trip(denoiser, x0, steps, 0.8, solver)
        for solver in (None, DDIMInversion(held=epsilon))
    )
    assert velocity < 0.85 * eps


def test_holding_the_velocity_brings_a_portrait_back_closer():
    examples = Path(yuragi.__file__).parent / "assets" / "examples"
    model = yuragi.load("portraits", "cpu").loaded
    with Image.open(examples / "portrait-0.png") as picture, torch.no_grad():
        x0 = model.codec.encode(to_tensor(picture.convert("RGB")))
    denoiser = model.bind([(examples / "portrait-0.txt").read_text("utf-8").strip()])
    velocity, eps = (
        round_trip(denoiser, x0, 10, 0.8, solver) for solver in (None, DDIMInversion(held=epsilon))
    )
    assert velocity < 0.65 * eps


def test_other_solvers_invert_from_above_the_clean_end():
    times = torch.linspace(0.05, 0.9, 60, dtype=F64)
    path = ode_invert(DENOISER, X0, times, Heun())
    assert torch.allclose(integrate(DENOISER, Heun(), path[-1], times.flip(0)), X0, atol=1e-2)


def test_one_path_serves_a_batch_of_edits():
    path = [x[:1] for x in markov_path(X0, VP, RISING, SeededNoise(1))]
    edits = path[-1] + torch.tensor([[0.0], [0.5], [-0.5]], dtype=F64)
    out = follow(DENOISER, DDIM(1.0), edits, path, RISING.flip(0))
    assert out.shape == edits.shape
    assert torch.allclose(out[:1], X0[:1], atol=1e-12)
    assert not torch.allclose(out[1], out[2])


def test_manipulation_along_the_way():
    path = markov_path(X0, VP, RISING, SeededNoise(1))

    def restore(step, x):  # what a mask does, everywhere
        return path[-2 - step]

    out = follow(DENOISER, DDIM(1.0), path[-1] + 1, path, RISING.flip(0), restore)
    assert torch.equal(out, X0)


def test_a_solver_that_hides_its_noise_is_refused_by_name():
    path = markov_path(X0, VP, RISING, SeededNoise(1))
    with pytest.raises(InputError, match="Churn"):
        Follow(Churn(SeededNoise(0), 8), path)
    with pytest.raises(InputError, match="Follow"):
        Follow(Follow(DDIM(), path), path)


@pytest.mark.parametrize(
    ("call", "argument"),
    [
        (lambda: markov_path(X0, VP, RISING.flip(0), SeededNoise(0)), "times"),
        (lambda: markov_path(X0, VP, RISING[1:], SeededNoise(0)), "times"),
        (lambda: independent_path(X0, VP, RISING[1:], SeededNoise(0)), "times"),
        (lambda: markov_path(X0, VP, RISING, no_noise), "noise"),
        (lambda: ode_invert(DENOISER, X0, RISING.flip(0)), "times"),
        (lambda: ode_invert(DENOISER, X0, RISING, DDIM(1.0)), "solver"),
        (lambda: Follow(DDIM(), [X0]), "path"),
        (lambda: follow(DENOISER, DDIM(), X0, [X0] * 3, RISING.flip(0)), "times"),
        (lambda: follow(DENOISER, DDIM(), X0, [X0] * 9, RISING), "times"),
        (lambda: integrate(DENOISER, Follow(DDIM(), [X0] * 3), X0, RISING.flip(0)), "path"),
    ],
)
def test_bad_input(call, argument):
    with pytest.raises(InputError, match=argument):
        call()


@pytest.mark.parametrize(
    "solver", [DDIM(1.0), Adaptive(need=beside_path)], ids=["ddim", "adaptive"]
)
def test_rows_can_share_a_path(solver):
    """Also if edited states and references have denoisers of their own, or are compared."""
    other = GaussianMixture.diagonal(
        torch.ones(1, dtype=F64),
        torch.tensor([[-1.0, 1.0, 3.0]], dtype=F64),
        torch.full((1, 3), 0.1, dtype=F64),
    )
    halves = Halves(MixtureDenoiser(other, VP), DENOISER)
    x0 = X0[:1].view(1, 3, 1, 1)
    shared = markov_path(x0, VP, RISING[:6], SeededNoise(0))
    own = [state.repeat(3, 1, 1, 1) for state in shared]
    x = own[-1] + torch.linspace(0, 1, 3, dtype=F64).view(3, 1, 1, 1)
    times = RISING[:6].flip(0)
    expected = follow(halves, solver, x, own, times)
    assert torch.allclose(follow(halves, solver, x, shared, times), expected, atol=1e-12)
