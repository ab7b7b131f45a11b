"""Networks of EDM and EDM2: closed forms, their authors' sampler, classes, every task."""

from types import SimpleNamespace

import numpy as np
import pytest
import torch
from PIL import Image
from torch import nn

import yuragi
from promises import assert_equal_to_rounding, assert_untouched_outside
from yuragi.core import VPSchedule, check_times, no_noise
from yuragi.errors import InputError
from yuragi.guidance.finite_difference import network_dtype
from yuragi.models.codec import Codec
from yuragi.models.edm import wrap_edm
from yuragi.sample import integrate
from yuragi.solver import make_solver


class Net(nn.Module):
    """The optimal denoiser of N(mean, 0.25) in every pixel; the mean is the label's."""

    def __init__(self, channels=3, label_dim=0, size=16):
        super().__init__()
        self.img_resolution, self.img_channels, self.label_dim = size, channels, label_dim
        self.means = nn.Parameter(torch.linspace(-0.5, 0.5, max(label_dim, 1)))

    def forward(self, y, sigma, labels=None):
        assert y.shape[1] == self.img_channels
        self.read = y.dtype
        sigma = sigma.reshape(-1, 1, 1, 1)
        mean = torch.zeros(len(y)) if labels is None else labels @ self.means
        return (mean.view(-1, 1, 1, 1) * sigma**2 + 0.25 * y) / (sigma**2 + 0.25)


def test_our_ddim_is_their_euler():
    """Over the same noise levels, in y = x / alpha."""
    model = wrap_edm(Net())
    net, schedule = model.network, model.denoiser.schedule
    sigmas = torch.tensor([60.0, 20.0, 5.0, 1.0, 0.2, 0.01], dtype=torch.float64)
    y = 60 * torch.randn(2, 3, 16, 16, generator=torch.Generator().manual_seed(0))
    theirs = y.clone()
    for now, then in zip(sigmas, [*sigmas[1:], torch.tensor(0.0)], strict=True):
        slope = (theirs - net(theirs, now.float().expand(2))) / now
        theirs = theirs + (then - now) * slope
    clean = torch.tensor([schedule.clean], dtype=torch.float64)
    times = torch.cat([schedule.time(-sigmas.log()), clean])
    alpha, _ = schedule(times[0])
    with torch.no_grad():
        ours = integrate(
            model.denoiser, make_solver("ddim", 0.0), alpha.float() * y, times, no_noise
        )
    assert_equal_to_rounding(ours, theirs.float())


def edm_sigmas(steps, low=0.002, high=80.0):
    """Karras et al. 2022, equation 5."""
    i = torch.arange(steps, dtype=torch.float64) / (steps - 1)
    return (high ** (1 / 7) + i * (low ** (1 / 7) - high ** (1 / 7))) ** 7


def native_sigmas(model, steps):
    schedule = model.denoiser.schedule
    times = model.grids["native"](schedule, steps)
    assert times[-1] == schedule.clean
    alpha, sigma = schedule(check_times(times, schedule)[:-1])
    return sigma / alpha


@pytest.mark.parametrize("steps", [2, 18, 256])
def test_the_native_grid_is_edms(steps):
    found = native_sigmas(wrap_edm(Net()), steps)
    assert torch.allclose(found, edm_sigmas(steps), rtol=1e-9)


def test_the_native_grid_keeps_to_what_the_network_knows():
    net = Net()
    net.sigma_min, net.sigma_max = 0.02, 100.0  # VE networks of EDM's authors
    assert torch.allclose(native_sigmas(wrap_edm(net), 9), edm_sigmas(9, 0.02, 80.0))
    net.sigma_min, net.sigma_max = 0.0, float("inf")  # EDM networks
    found = native_sigmas(wrap_edm(net, sigma_min=0.01, sigma_max=50.0), 9)
    assert torch.allclose(found, edm_sigmas(9, 0.01, 50.0))


def test_every_grid_keeps_to_what_the_network_knows():
    net = Net()
    net.sigma_min, net.sigma_max = 0.02, 100.0
    model = wrap_edm(net)
    schedule = model.denoiser.schedule
    for name in ("trailing", "uniform", "karras", "uniform_log_snr"):
        alpha, sigma = schedule(model.grids[name](schedule, 20)[:-1])
        assert (sigma / alpha)[0].item() == pytest.approx(100.0)
        assert (sigma / alpha)[-1] > 0.02 * (1 - 1e-9)
    net.sigma_min, net.sigma_max = 0.0, float("inf")
    assert wrap_edm(net).denoiser.schedule == VPSchedule()


def test_differences_are_as_long_as_half_precision_inside_needs():
    """Networks of EDM read float32, and compute in float16 on a GPU if they were asked to."""

    class OnGPU(Net):
        def parameters(self, recurse=True):
            yield SimpleNamespace(device=torch.device("cuda"))

    x = torch.zeros(1, 3, 16, 16)
    for kind, half, expected in (
        (OnGPU, True, torch.float16),
        (OnGPU, False, torch.float32),
        (Net, True, torch.float32),
    ):
        net = kind()
        net.use_fp16 = half
        denoiser = wrap_edm(net).denoiser
        assert network_dtype(denoiser, x) == expected
        denoiser(x, torch.tensor(0.5, dtype=torch.float64))
        assert net.read == torch.float32


def test_noise_levels_that_do_not_fit():
    with pytest.raises(InputError, match=r"^sigma_max.*at most 152"):
        wrap_edm(Net(), sigma_max=200.0)
    with pytest.raises(InputError, match="^sigma_min"):
        wrap_edm(Net(), sigma_min=81.0)
    with pytest.raises(InputError, match=r"^steps.*2 or more"):
        native_sigmas(wrap_edm(Net()), 1)


def test_samples_have_the_right_law():
    """Quantiles of the data, by the ODE on a fine grid."""
    model = yuragi.load(Net(label_dim=5))
    result = model.sample("4", num_images=32, num_inference_steps=100, guidance_scale=1.0, seed=0)
    values = np.stack([np.asarray(image) for image in result.images]) / 127.5 - 1
    # Of N(0.5, 0.25), below where pixels are clipped.
    found = np.quantile(values, [0.0228, 0.1587, 0.5])
    assert found == pytest.approx([-0.5, 0.0, 0.5], abs=0.03)


def test_tasks():
    model = yuragi.load(Net(label_dim=5))
    rows, columns = np.mgrid[:20, :24]
    picture = Image.fromarray(
        np.stack([rows * 9, columns * 9, rows + columns], -1).astype(np.uint8)
    )
    mask = Image.new("L", picture.size)
    mask.paste(255, (4, 4, 14, 14))
    settings = {"num_inference_steps": 5, "seed": 1, "guidance_scale": 2.0}
    for result in (
        model.inpaint(picture, mask, prompt="2", **settings),
        model.sdedit(picture, prompt="2", mask=mask, **settings),
        model.translate(picture, prompt="2", source_prompt="1", mask=mask, **settings),
        model.drag(picture, [((6, 6), (9, 6))], prompt="2", mask=mask, **settings),
    ):
        assert_untouched_outside(result.image, picture, mask)
        assert result.request.model == "<Net>"


def test_no_lora():
    model, picture = yuragi.load(Net()), Image.new("RGB", (16, 16), "red")
    with pytest.raises(InputError, match="^lora[: ].*EDM"):
        model.drag(picture, [((4, 4), (8, 8))], guidance_scale=1.0, lora=yuragi.LoRA())


def test_labels():
    model = wrap_edm(Net(label_dim=5)).encode
    assert model(["3", ""])["class_labels"].tolist() == [3, -1]
    with pytest.raises(InputError, match="^prompt.*0 to 4"):
        model(["5"])
    with pytest.raises(InputError, match="^prompt.*no classes"):
        wrap_edm(Net()).encode(["x"])
    assert wrap_edm(Net()).encode([""]) is None


def test_latents_need_a_codec(tiny):
    with pytest.raises(InputError, match="^codec.*4 channels"):
        yuragi.load(Net(channels=4))
    codec = tiny.loaded.codec
    assert isinstance(codec, Codec)
    model = yuragi.load(Net(channels=4, size=8), codec=codec)
    result = model.sample("", num_inference_steps=4, guidance_scale=1.0, seed=0)
    assert result.image.size == (32, 32)
    assert model.loaded.capabilities.latent


def test_a_codec_for_a_model_that_has_one(tiny, pipeline_folder):
    codec = tiny.loaded.codec
    for source in (pipeline_folder, tiny.loaded.pipeline, "portraits"):
        with pytest.raises(InputError, match=r"^codec must be None.*Codec"):
            yuragi.load(source, codec=codec)


def test_objects_stay_where_they_are():
    for name, value in (("device", "cpu"), ("dtype", torch.float16)):
        with pytest.raises(InputError, match=f"^{name}"):
            yuragi.load(Net(), **{name: value})


def test_other_objects_are_named():
    with pytest.raises(InputError, match=r"^model.*StableDiffusionPipeline"):
        yuragi.load(object())
