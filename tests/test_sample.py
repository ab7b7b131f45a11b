"""The loop: order of calls, noise, manipulation, errors, independence of the batch."""

import pytest
import torch

from numeric.moments import BIMODAL, F64, GAUSSIAN, SCHEDULES, SOLVERS
from yuragi.core import MixtureDenoiser, NetworkDenoiser, SeededNoise, trailing, v_prediction
from yuragi.errors import InputError
from yuragi.sample import integrate
from yuragi.solver import DDIM, DPMSolverPP

VP = SCHEDULES["vp"]
DENOISER = MixtureDenoiser(GAUSSIAN, VP)
X = torch.randn(4, 3, generator=torch.Generator().manual_seed(0), dtype=F64)


def test_it_is_stepping_by_hand():
    times, noise, solver = trailing(VP, 6), SeededNoise(5), DPMSolverPP(2, stochastic=True)
    x, memory = X, solver.init()
    for i in range(6):
        transition, memory = solver.step(DENOISER, x, times[i], times[i + 1], memory)
        x = transition.draw(noise(i, x))
    assert torch.equal(integrate(DENOISER, solver, X, times, noise), x)


def test_manipulate_sees_every_state_and_replaces_it():
    seen = []

    def manipulate(step, x):
        seen.append((step, x))
        return torch.zeros_like(x) if step == 2 else x

    out = integrate(DENOISER, DDIM(), X, trailing(VP, 5), manipulate=manipulate)
    assert [step for step, _ in seen] == [0, 1, 2, 3, 4]
    assert torch.equal(seen[-1][1], out)
    again = integrate(DENOISER, DDIM(), torch.zeros_like(X), trailing(VP, 5)[3:])
    assert torch.equal(out, again)


def test_noise_is_asked_for_where_it_is_used_only():
    asked = []

    def noise(step, like):
        asked.append(step)
        return torch.zeros_like(like)

    integrate(DENOISER, DDIM(1.0), X, trailing(VP, 4), noise)
    assert asked == [0, 1, 2]  # the step to the clean end has std = 0
    integrate(DENOISER, DDIM(0.0), X, trailing(VP, 4), noise)
    assert asked == [0, 1, 2]


def test_no_gradient_but_no_inference_mode_either():
    def network(x, timestep, condition):
        assert not torch.is_grad_enabled()
        assert not torch.is_inference_mode_enabled()
        with torch.enable_grad():
            y = x.detach().requires_grad_()
            (gradient,) = torch.autograd.grad((y**2).sum(), y)
        return gradient

    denoiser = NetworkDenoiser(network, VP, v_prediction)
    assert not integrate(denoiser, DDIM(), X, trailing(VP, 3)).requires_grad


@pytest.mark.parametrize(
    ("x", "times", "argument"),
    [
        (X, torch.tensor([0.5]), "times"),
        (X, torch.tensor([0.5, 0.6, 0.4]), "times"),
        (X, torch.tensor([2.0, 0.5]), "times"),
        (X[0], torch.tensor([0.5, 0.4]), "x"),
        (X.long(), torch.tensor([0.5, 0.4]), "x"),
    ],
)
def test_bad_input(x, times, argument):
    with pytest.raises(InputError, match=argument):
        integrate(DENOISER, DDIM(), x, times)


def test_a_stochastic_solver_without_noise():
    with pytest.raises(InputError, match="noise"):
        integrate(DENOISER, DDIM(1.0), X, trailing(VP, 3))


class Convolutions(torch.nn.Module):
    def __init__(self):
        super().__init__()
        torch.manual_seed(0)
        self.first = torch.nn.Conv2d(4, 16, 3, padding=1)
        self.last = torch.nn.Conv2d(16, 4, 3, padding=1)

    def forward(self, x, timestep, condition):
        hidden = torch.nn.functional.silu(self.first(x) + timestep[:, None, None, None] / 1000)
        return self.last(hidden)


@pytest.mark.parametrize("name", SOLVERS)
def test_the_same_sample_in_any_batch_and_order(name):
    schedule = SCHEDULES["table"]
    denoiser = NetworkDenoiser(Convolutions(), schedule, v_prediction)

    def run(samples):
        noise = SeededNoise(3, samples)
        like = torch.zeros(len(samples), 4, 8, 8)
        x = SeededNoise(3, samples, stream="start")(0, like)
        return integrate(denoiser, SOLVERS[name](noise, 6), x, trailing(schedule, 6), noise)

    eight = run([0, 1, 2, 3, 4, 5, 6, 7])
    # Noise is the same to the bit; convolution kernels may differ with the batch in the last one.
    assert torch.allclose(run([3]), eight[3:4], atol=2e-6)
    assert torch.allclose(run([7, 3, 0]), eight[[7, 3, 0]], atol=2e-6)


def test_float32_states_stay_float32_and_are_accurate():
    times = trailing(VP, 20)
    denoiser = MixtureDenoiser(BIMODAL, VP)
    x = X[:, :1]
    double = integrate(denoiser, DPMSolverPP(2), x, times)
    single = integrate(denoiser, DPMSolverPP(2), x.float(), times)
    assert single.dtype == torch.float32
    assert torch.allclose(single.double(), double, atol=1e-4)
