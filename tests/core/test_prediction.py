"""All parameterisations describe the same x_0."""

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from numeric.moments import F64, GAUSSIAN, SCHEDULES
from yuragi.core import (
    EDMPreconditioning,
    NetworkDenoiser,
    epsilon,
    predictions,
    v_prediction,
)
from yuragi.errors import InputError

level = st.floats(0.05, 5)


@given(level, level, st.integers(0, 1000))
def test_every_prediction_gives_back_x0_and_eps(alpha, sigma, seed):
    generator = torch.Generator().manual_seed(seed)
    x0, eps = torch.randn(2, 3, 4, generator=generator, dtype=F64)
    alpha, sigma = torch.tensor(alpha, dtype=F64), torch.tensor(sigma, dtype=F64)
    x = alpha * x0 + sigma * eps
    outputs = {  # the definitions, written out once more
        "epsilon": eps,
        "sample": x0,
        "v_prediction": alpha * eps - sigma * x0,
        "flow_prediction": eps - x0,
    }
    assert set(outputs) == set(predictions)
    for name, out in outputs.items():
        kind = predictions[name]
        assert torch.allclose(kind.target(x0, eps, alpha, sigma), out)
        assert torch.allclose(kind.x0(out, x, alpha, sigma), x0, rtol=1e-9, atol=1e-8)
        assert torch.allclose(kind.eps(out, x, alpha, sigma), eps, rtol=1e-9, atol=1e-8)


@pytest.mark.parametrize("schedule", ["edm", "vp", "flow", "table"])
def test_edm_preconditioning_of_the_ideal_network(schedule):
    # The ideal F follows from D = c_skip y + c_out F with the exact denoiser D (EDM, eq. 7).
    schedule, kind = SCHEDULES[schedule], EDMPreconditioning(sigma_data=0.7)
    t = schedule.time(torch.tensor(0.3, dtype=F64))
    alpha, sigma = schedule(t)
    s = sigma / alpha
    assert s.item() == pytest.approx(torch.tensor(-0.3).exp().item())

    def ideal(x, timestep, condition):
        assert timestep[0].item() == pytest.approx(-0.3 / 4)
        y = x * (s**2 + 0.49).sqrt()
        best = GAUSSIAN.x0(y, torch.ones_like(s), s)
        return (best - 0.49 / (s**2 + 0.49) * y) / (s * 0.7 / (s**2 + 0.49).sqrt())

    x = torch.randn(5, 3, generator=torch.Generator().manual_seed(0), dtype=F64)
    denoiser = NetworkDenoiser(ideal, schedule, kind)
    assert torch.allclose(denoiser(x, t), GAUSSIAN.x0(x, alpha, sigma), atol=1e-12)


def test_edm_input_has_unit_variance():
    x = torch.randn(20000, 1, generator=torch.Generator().manual_seed(0), dtype=F64)
    one, s = torch.tensor(1.0, dtype=F64), torch.tensor(3.0, dtype=F64)
    state, _ = EDMPreconditioning(0.5).inputs(x * (9.25**0.5), s, one, s)
    assert state.std().item() == pytest.approx(1, abs=0.02)


def test_alpha_zero():
    zero, one = torch.tensor(0.0, dtype=F64), torch.tensor(1.0, dtype=F64)
    out, x = torch.full((1, 2), 0.5), torch.ones(1, 2)
    with pytest.raises(InputError, match="prediction"):
        epsilon.x0(out, x, zero, one)
    assert torch.equal(v_prediction.x0(out, x, zero, one), -out)
