"""Cycle-SDE gives the image back, with a real network, in float32 and bfloat16, guided or not."""

import pytest
import torch
from diffusers import UNet2DConditionModel

from numeric.moments import SCHEDULES, SOLVERS
from yuragi.core import Counting, NetworkDenoiser, SeededNoise, predictions, trailing
from yuragi.guidance import Guided, constant
from yuragi.invert import follow, independent_path, markov_path, ode_invert
from yuragi.solver import DDIM

STEPS = 8
TOLERANCE = {torch.float32: 1e-5, torch.bfloat16: 2e-2}
RECORDABLE = [name for name in SOLVERS if name != "churn"]


class UNet:
    """diffusers' UNet as a plain callable."""

    def __init__(self, dtype):
        torch.manual_seed(0)
        unet = UNet2DConditionModel(
            sample_size=8,
            block_out_channels=(8, 16),
            layers_per_block=1,
            norm_num_groups=4,
            cross_attention_dim=8,
            attention_head_dim=4,
            down_block_types=("DownBlock2D", "CrossAttnDownBlock2D"),
            up_block_types=("CrossAttnUpBlock2D", "UpBlock2D"),
        )
        self.unet = unet.eval().requires_grad_(False).to(dtype)
        self.dtype = dtype

    def __call__(self, x, timestep, condition):
        return self.unet(x, timestep, encoder_hidden_states=condition["text"]).sample


NETWORKS = {dtype: UNet(dtype) for dtype in TOLERANCE}


def guided(dtype, prediction, scale):
    network = Counting(NETWORKS[dtype])
    schedule = SCHEDULES["table-zero-snr" if prediction == "v_prediction" else "table"]
    text = torch.randn(2, 1, 5, 8, generator=torch.Generator().manual_seed(4))
    strong = NetworkDenoiser(network, schedule, predictions[prediction], {"text": text[0]})
    return Guided(strong, strong.bind({"text": text[1]}), constant(scale)), network


@pytest.mark.parametrize("scale", [1.0, 7.5])
@pytest.mark.parametrize("dtype", TOLERANCE, ids=str)
@pytest.mark.parametrize("prediction", ["epsilon", "v_prediction"])
@pytest.mark.parametrize("name", RECORDABLE)
def test_exact_replay(name, prediction, dtype, scale):
    denoiser, network = guided(dtype, prediction, scale)
    times = trailing(denoiser.schedule, STEPS)
    x0 = SeededNoise(0, stream="image")(0, torch.zeros(2, 4, 8, 8))
    path = markov_path(x0, denoiser.schedule, times.flip(0), SeededNoise(1))
    out = follow(denoiser, SOLVERS[name](None, STEPS), path[-1], path, times)
    assert out.dtype == torch.float32
    assert (out - x0).abs().max() < TOLERANCE[dtype]
    # Edited and reference states, strong and weak sides: one call.
    calls = 2 * STEPS - 1 if name == "heun" else STEPS
    assert network.calls == calls
    assert network.evaluations == calls * 2 * 2 * (1 if scale == 1 else 2)


@pytest.mark.parametrize("scale", [1.0, 7.5])
@pytest.mark.parametrize("name", RECORDABLE)
def test_a_difference_in_the_last_bits_stays_one(name, scale):
    # Where kernels treat the two halves of the batch alike, the replay above is exact. Others start
    # a difference of this size instead.
    denoiser, _ = guided(torch.float32, "v_prediction", scale)
    times = trailing(denoiser.schedule, STEPS)
    x0 = SeededNoise(0, stream="image")(0, torch.zeros(2, 4, 8, 8))
    path = markov_path(x0, denoiser.schedule, times.flip(0), SeededNoise(1))
    start = path[-1] + 1e-6 * SeededNoise(9)(0, x0)
    out = follow(denoiser, SOLVERS[name](None, STEPS), start, path, times)
    assert 0 < (out - x0).abs().max() < 2e-5


@pytest.mark.parametrize("dtype", TOLERANCE, ids=str)
def test_other_paths_replay_too(dtype):
    denoiser, _ = guided(dtype, "v_prediction", 7.5)
    times = trailing(denoiser.schedule, STEPS)
    x0 = SeededNoise(0, stream="image")(0, torch.zeros(2, 4, 8, 8))
    rising = times.flip(0)
    for path in (
        independent_path(x0, denoiser.schedule, rising, SeededNoise(1)),
        ode_invert(denoiser, x0, rising),
    ):
        out = follow(denoiser, DDIM(), path[-1], path, times)
        assert (out - x0).abs().max() < TOLERANCE[dtype]


def test_an_edit_is_carried_down():
    denoiser, _ = guided(torch.float32, "v_prediction", 3.0)
    times = trailing(denoiser.schedule, STEPS)
    x0 = SeededNoise(0, stream="image")(0, torch.zeros(1, 4, 8, 8))
    path = markov_path(x0, denoiser.schedule, times.flip(0), SeededNoise(1))
    edited = path[-4].clone()
    edited[..., :4] += 0.5
    out = follow(denoiser, DDIM(1.0), edited, path[:-3], times[3:])
    assert (out - x0).abs().max() > 0.05
