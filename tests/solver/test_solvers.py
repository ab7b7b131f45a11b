"""Every solver goes through the same properties."""

import itertools
import math

import pytest
import torch

from numeric.moments import BIMODAL, F64, GAUSSIAN, SCHEDULES, SOLVERS
from yuragi.core import (
    GaussianMixture,
    MixtureDenoiser,
    NetworkDenoiser,
    SeededNoise,
    TableSchedule,
    no_noise,
    sample,
    trailing,
    uniform,
    v_prediction,
)
from yuragi.errors import InputError
from yuragi.sample import integrate
from yuragi.solver import DDIM, Churn, DDIMInversion, DPMSolverPP, Heun, make_solver, solvers

NOISE = SeededNoise(0)


def build(name):
    return SOLVERS[name](NOISE, 20)


def start(shape=(3, 3), dtype=F64):
    return torch.randn(*shape, generator=torch.Generator().manual_seed(0), dtype=dtype)


def interior(schedule):
    """A step between two levels with signal and noise."""
    t, s = schedule.time(torch.tensor([-0.5, 0.3], dtype=F64))
    return t, s


@pytest.mark.parametrize("name", solvers)
def test_a_solver_evaluates_as_often_as_it_declares(name):
    inner, asked = MixtureDenoiser(GAUSSIAN, SCHEDULES["vp"]), []

    class Asked:
        schedule = inner.schedule

        def __call__(self, x, t):
            asked.append(t)
            return inner(x, t)

    solver = make_solver(name, noise=NOISE, steps=20)
    solver.step(Asked(), start(), *interior(inner.schedule), solver.init())
    assert len(asked) == solver.evaluations


@pytest.mark.parametrize("schedule", SCHEDULES.values(), ids=SCHEDULES)
@pytest.mark.parametrize("name", SOLVERS)
def test_what_a_solver_declares_is_true(name, schedule):
    solver, denoiser = build(name), MixtureDenoiser(GAUSSIAN, schedule)
    (mean, std), _ = solver.step(denoiser, start(), *interior(schedule), solver.init())
    assert std.ndim == 0
    # Recordable: all the noise is in std. Otherwise it is in the mean.
    assert bool(std > 0) == (solver.stochastic and solver.recordable)
    again, _ = solver.step(denoiser, start(), *interior(schedule), solver.init())
    assert torch.equal(mean, again.mean)
    if not solver.recordable:
        other, _ = Churn(SeededNoise(1), solver.steps).step(
            denoiser, start(), *interior(schedule), solver.init()
        )
        assert not torch.allclose(mean, other.mean)
    assert solver.order in (1, 2)


@pytest.mark.parametrize("name", SOLVERS)
def test_solvers_are_values(name):
    assert build(name) == build(name)
    assert hash(build(name)) == hash(build(name))
    with pytest.raises(AttributeError):
        build(name).order = 3


@pytest.mark.parametrize("schedule", SCHEDULES.values(), ids=SCHEDULES)
@pytest.mark.parametrize("name", SOLVERS)
@pytest.mark.parametrize("steps", [1, 2, 9])
def test_finite_from_end_to_end(name, schedule, steps):
    times = trailing(schedule, steps)
    out = integrate(MixtureDenoiser(BIMODAL, schedule), build(name), start((4, 1)), times, NOISE)
    assert out.isfinite().all()
    assert out.abs().max() < 20


@pytest.mark.parametrize("name", SOLVERS)
def test_finite_for_a_v_network_from_zero_terminal_snr(name):
    schedule = SCHEDULES["table-zero-snr"]
    denoiser = NetworkDenoiser(lambda x, t, c: torch.tanh(x), schedule, v_prediction)
    out = integrate(denoiser, build(name), start(dtype=torch.float32), trailing(schedule, 8), NOISE)
    assert out.isfinite().all()
    assert out.dtype == torch.float32


@pytest.mark.parametrize("schedule", SCHEDULES.values(), ids=SCHEDULES)
@pytest.mark.parametrize("name", SOLVERS)
def test_the_last_step_returns_the_expected_image(name, schedule):
    # To sigma = 0 every solver reduces to x_0 (churn: of the state that it has raised).
    denoiser, x = MixtureDenoiser(BIMODAL, schedule), start((4, 1))
    t, s = schedule.time(torch.tensor(1.0, dtype=F64)), torch.tensor(schedule.clean, dtype=F64)
    solver = Churn(NOISE, 20, s_churn=0.0) if name == "churn" else build(name)
    _, memory = solver.step(denoiser, x, *interior(schedule), solver.init())
    (mean, std), _ = solver.step(denoiser, x, t, s, memory)
    assert std == 0
    assert torch.allclose(mean, denoiser(x, t), atol=1e-12)


@pytest.mark.parametrize("schedule", SCHEDULES.values(), ids=SCHEDULES)
@pytest.mark.parametrize("name", SOLVERS)
def test_a_short_step_goes_nowhere(name, schedule):
    denoiser, x = MixtureDenoiser(BIMODAL, schedule), start((4, 1))
    solver = Churn(NOISE, 20, s_churn=0.0) if name == "churn" else build(name)
    t, s = schedule.time(torch.tensor([0.3, 0.3 + 1e-8], dtype=F64))
    (mean, std), _ = solver.step(denoiser, x, t, s, solver.init())
    assert torch.allclose(mean, x, atol=1e-6)
    assert std < 1e-3


@pytest.mark.parametrize("name", SOLVERS)
def test_stepping_does_not_change_the_solver_or_the_state(name):
    schedule, x = SCHEDULES["vp"], start()
    solver, before = build(name), start()
    first = integrate(MixtureDenoiser(GAUSSIAN, schedule), solver, x, uniform(schedule, 5), NOISE)
    second = integrate(MixtureDenoiser(GAUSSIAN, schedule), solver, x, uniform(schedule, 5), NOISE)
    assert torch.equal(first, second)
    assert torch.equal(x, before)


@pytest.mark.parametrize("name", SOLVERS)
def test_the_clean_end_is_no_place_to_start(name):
    schedule, solver = SCHEDULES["vp"], build(name)
    with pytest.raises(InputError, match="DDIMInversion"):
        solver.step(
            MixtureDenoiser(GAUSSIAN, schedule),
            start(),
            torch.tensor(0.0, dtype=F64),
            torch.tensor(0.1, dtype=F64),
            solver.init(),
        )


@pytest.mark.parametrize("name", ["ddim-1", "ddim-0.5", "sde-dpm++1", "sde-dpm++2m"])
def test_fresh_noise_has_no_place_on_the_way_up(name):
    schedule = SCHEDULES["vp"]
    with pytest.raises(InputError, match="solver"):
        integrate(
            MixtureDenoiser(GAUSSIAN, schedule),
            build(name),
            start(),
            torch.tensor([0.2, 0.4]),
            NOISE,
        )


@pytest.mark.parametrize("solver", [DDIM(0.0), DPMSolverPP(2), Heun()])
def test_deterministic_solvers_climb_and_come_back(solver):
    schedule = SCHEDULES["vp"]
    denoiser = MixtureDenoiser(BIMODAL, schedule)
    times = torch.linspace(0.6, 0.1, 401, dtype=F64)
    x = start((4, 1))
    down = integrate(denoiser, solver, x, times)
    assert torch.allclose(integrate(denoiser, solver, down, times.flip(0)), x, atol=0.05)


def test_inversion_only_climbs():
    schedule = SCHEDULES["vp"]
    with pytest.raises(InputError, match="rising"):
        integrate(
            MixtureDenoiser(GAUSSIAN, schedule),
            DDIMInversion(),
            start(),
            torch.tensor([0.4, 0.2]),
        )


def test_eta_above_one_takes_at_most_all_the_noise_of_the_target():
    schedule = SCHEDULES["vp"]
    denoiser = MixtureDenoiser(GAUSSIAN, schedule)
    short, long = torch.tensor([0.6, 0.59], dtype=F64), torch.tensor([0.9, 0.1], dtype=F64)
    (_, std), _ = DDIM(1.5).step(denoiser, start(), *short)
    (_, usual), _ = DDIM(1.0).step(denoiser, start(), *short)
    assert std.item() == pytest.approx(1.5 * usual.item())
    (mean, std), _ = DDIM(1.5).step(denoiser, start(), *long)
    alpha, sigma = schedule(long[1])
    assert std.item() == pytest.approx(sigma.item())
    assert torch.allclose(mean, alpha * denoiser(start(), long[0]))


def test_churn_stays_inside_its_window():
    schedule = SCHEDULES["edm"]
    denoiser, step = MixtureDenoiser(GAUSSIAN, schedule), torch.tensor([2.0, 1.5], dtype=F64)
    plain, _ = Heun().step(denoiser, start(), *step)
    for outside in ({"s_max": 1.9}, {"s_min": 2.1}):
        churned, _ = Churn(NOISE, 10, **outside).step(denoiser, start(), *step)
        assert torch.equal(churned.mean, plain.mean)
    # The rise: EDM's algorithm 2, lines 4 to 6, written out.
    gamma, scale = 0.3, 1.007  # S_churn / N = 3 / 10
    top = step[0] * (1 + gamma)
    raised = start() + (top**2 - step[0] ** 2).sqrt() * scale * NOISE(0, start())
    want, _ = Heun().step(denoiser, raised, top, step[1])
    churned, memory = Churn(NOISE, 10, s_churn=3.0, s_noise=scale).step(denoiser, start(), *step)
    assert torch.allclose(churned.mean, want.mean)
    assert memory == 1
    with pytest.raises(InputError, match="noise"):
        Churn(no_noise, 10).step(denoiser, start(), *step)


def test_churn_shares_its_noise_among_the_steps_up_to_a_bound():
    assert Churn(NOISE, 50, s_churn=10).gamma == pytest.approx(10 / 50)
    assert Churn(NOISE, 10, s_churn=10).gamma == pytest.approx(2**0.5 - 1)


@pytest.mark.parametrize("schedule", SCHEDULES.values(), ids=SCHEDULES)
def test_churn_without_churn_is_heun_and_asks_for_no_noise(schedule):
    # At every level: a time that went to log-SNR and back may come out later than it was.
    denoiser, x = MixtureDenoiser(GAUSSIAN, schedule), start()
    log_snr = torch.linspace(-2.9, 3.9, 58, dtype=F64)
    for t, s in itertools.pairwise(schedule.time(log_snr)):
        churned, _ = Churn(no_noise, 50, s_churn=0.0).step(denoiser, x, t, s)
        assert torch.equal(churned.mean, Heun().step(denoiser, x, t, s)[0].mean)


@pytest.mark.parametrize("schedule", ["table-cosine", "table-zero-snr", "flow"])
@pytest.mark.parametrize("steps", [5, 10, 20, 50])
def test_second_order_pays_from_pure_noise_on(schedule, steps):
    """On data of unit deviation, whose ODE is known: x / hypot(alpha, sigma) never changes."""
    schedule, x = SCHEDULES[schedule], torch.linspace(-2, 2, 9, dtype=F64)[:, None]
    one = torch.ones(1, 1, dtype=F64)
    denoiser = MixtureDenoiser(GaussianMixture.diagonal(one[0], 0 * one, one), schedule)
    times = trailing(schedule, steps)
    begin = x * torch.hypot(*schedule(times[0]))
    heun, ddim = (
        (integrate(denoiser, solver, begin, times) - x).square().mean().sqrt()
        for solver in (Heun(), DDIM(0.0))
    )
    assert heun < 0.6 * ddim < 0.3
    # Churn's draws scatter around the same map; their mean square stays that of the data.
    generator = torch.Generator().manual_seed(2)

    def noise(step, like):
        return torch.randn(like.shape, generator=generator, dtype=F64)

    many = noise(0, torch.empty(4000, 1))
    out = integrate(denoiser, Churn(noise, steps), many * torch.hypot(*schedule(times[0])), times)
    assert out.std().item() == pytest.approx(1, abs=2 * ddim.item() + 0.03)


def test_heun_is_the_papers_algorithm():
    schedule = SCHEDULES["edm"]
    denoiser, (t, s) = MixtureDenoiser(BIMODAL, schedule), torch.tensor([2.0, 1.2], dtype=F64)
    x = start((4, 1))
    d = (x - denoiser(x, t)) / t
    euler = x + (s - t) * d
    d_s = (euler - denoiser(euler, s)) / s
    got, _ = Heun().step(denoiser, x, t, s)
    assert torch.allclose(got.mean, x + (s - t) * (d + d_s) / 2)


def test_names():
    with pytest.raises(TypeError):
        solvers["mine"] = solvers["ddim"]
    for name in solvers:
        solver = make_solver(name, noise=NOISE, steps=20)
        assert solver.stochastic == (name in ("ddpm", "sde-dpm++", "sde-dpm++2m", "churn"))
    assert make_solver("ddim", eta=0.5) == DDIM(0.5)
    assert make_solver("dpm++2m") == DPMSolverPP(2)


@pytest.mark.parametrize(
    ("build", "argument"),
    [
        (lambda: make_solver("euler-a"), "solver"),
        (lambda: make_solver("heun", eta=0.5), "eta"),
        (lambda: DDIM(-0.1), "eta"),
        (lambda: DDIM(math.nan), "eta"),
        (lambda: DPMSolverPP(order=3), "order"),
        (lambda: make_solver("churn", noise=NOISE), "steps"),
        (lambda: Churn(NOISE, 0), "steps"),
        (lambda: Churn(NOISE, 10, s_churn=-1.0), "s_churn"),
        (lambda: Churn(NOISE, 10, s_churn=math.nan), "s_churn"),
        (lambda: Churn(NOISE, 10, s_min=2.0, s_max=1.0), "s_min"),
        (lambda: Churn(NOISE, 10, s_noise=0.0), "s_noise"),
    ],
)
def test_bad_input(build, argument):
    with pytest.raises(InputError, match=argument):
        build()


def test_a_table_can_be_followed_between_its_entries():
    schedule = SCHEDULES["table"]
    assert isinstance(schedule, TableSchedule)
    times = uniform(schedule, 7)
    assert (times != times.round()).any()
    out = integrate(MixtureDenoiser(BIMODAL, schedule), Heun(), start((4, 1)), times)
    assert out.isfinite().all()


@pytest.mark.parametrize("name", [name for name in SOLVERS if not build(name).stochastic])
@pytest.mark.parametrize("schedule", ["flow", "table-zero-snr"])
def test_the_noisy_end_without_signal_can_be_reached(name, schedule):
    """For data at one point m, the ODE keeps (x - alpha m) / sigma, which is x at alpha = 0."""
    levels, point = SCHEDULES[schedule], torch.full((1, 3), 0.7, dtype=F64)
    mixture = GaussianMixture.diagonal(
        torch.ones(1, dtype=F64), point, torch.full((1, 3), 1e-12, dtype=F64)
    )
    times = torch.linspace(0.3, 1.0, 6, dtype=F64) * levels.noisiest
    alpha, sigma = levels(times[0])
    x = alpha * point + sigma * start()
    top = integrate(MixtureDenoiser(mixture, levels), build(name), x, times)
    assert torch.allclose(top, start(), atol=1e-6)


def test_values_that_give_no_numbers_are_refused():
    for eta in (math.inf, math.nan, -0.1):
        with pytest.raises(InputError, match="^eta"):
            DDIM(eta)
    with pytest.raises(InputError, match="^held .*epsilon, v_prediction, flow_prediction.*sample"):
        DDIMInversion(sample)
