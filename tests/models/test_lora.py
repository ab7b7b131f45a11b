"""A LoRA of one picture: learned, kept, resumed, faded, and taken out without a trace."""

import numpy as np
import pytest
import torch
from PIL import Image
from tiny_pipelines import build

import yuragi
from yuragi.core import SeededNoise
from yuragi.images.tensors import to_tensor
from yuragi.models.lora import LoRAFit, adapted, learned

FIT = LoRAFit(rank=4, steps=50, learning_rate=1e-2)


@pytest.fixture(scope="module")
def z():
    """A latent for the tiny network, which has no idea of pictures."""
    return SeededNoise(3, [0], "picture")(0, torch.zeros(1, 4, 32, 32))


def nothing(step):
    pass


def denoising_error(model, z):
    """Mean squared error of x0_hat at the middle of the time axis, over four noises."""
    eps = SeededNoise(9, range(4), "probe")(0, z.expand(4, -1, -1, -1))
    t = torch.tensor(400.0, dtype=torch.float64)
    alpha, sigma = (value.float() for value in model.denoiser.schedule(t))
    with torch.no_grad():
        return (model.bind(["a person"])(alpha * z + sigma * eps, t) - z).square().mean().item()


def test_it_learns_the_picture_and_leaves_the_network_as_it_was(tmp_path):
    """A square before a gradient is no portrait; the shipped model learns to expect it."""
    model = yuragi.load("portraits", "cpu").loaded
    unet = model.pipeline.unet
    pixels = np.zeros((256, 256, 3), np.uint8)
    pixels[..., 0] = np.arange(256)
    pixels[..., 1] = np.arange(256)[:, None]
    pixels[80:140, 100:160] = (250, 240, 10)
    z = model.codec.encode(to_tensor(Image.fromarray(pixels)))
    fit = LoRAFit(rank=8, steps=30, learning_rate=5e-3)
    before = {name: value.clone() for name, value in unet.state_dict().items()}
    state = torch.random.get_rng_state()
    plain = denoising_error(model, z)
    steps = []
    weights = learned(model, z, "a person", fit, 0, tmp_path / "a.safetensors", steps.append)
    with adapted(model, weights, fit.rank, 1.0, 999.0) as fitted:
        assert denoising_error(fitted, z) < 0.7 * plain
    assert denoising_error(model, z) == plain
    after = unet.state_dict()
    assert before.keys() == after.keys()
    assert all(torch.equal(before[name], after[name]) for name in before)
    assert not any(parameter.requires_grad for parameter in unet.parameters())
    assert torch.equal(state, torch.random.get_rng_state())
    assert steps == list(range(1, fit.steps + 1))


def test_learning_goes_on_where_it_was_cut_short(tiny, z, tmp_path):
    class CancelledError(Exception):
        pass

    def cancel(step):
        if step == 33:
            raise CancelledError

    whole = learned(tiny.loaded, z, "a", FIT, 0, tmp_path / "whole.safetensors", nothing)
    file, steps = tmp_path / "cut.safetensors", []
    with pytest.raises(CancelledError):
        learned(tiny.loaded, z, "a", FIT, 0, file, cancel)
    assert not file.exists()
    again = learned(tiny.loaded, z, "a", FIT, 0, file, steps.append)
    assert steps[0] == 21  # kept after 20
    assert all(torch.equal(whole[name], again[name]) for name in whole)
    assert [each.name for each in sorted(tmp_path.iterdir())] == [
        "cut.safetensors",
        "whole.safetensors",
    ]


def test_a_broken_checkpoint_starts_over(tiny, z, tmp_path):
    file, steps = tmp_path / "a.safetensors", []
    (tmp_path / "a.safetensors.partial").write_bytes(b"half a file")
    learned(tiny.loaded, z, "a", LoRAFit(2, 3, 1e-3), 0, file, steps.append)
    assert steps == [1, 2, 3]


def test_a_finished_one_is_read(tiny, z, tmp_path):
    file, steps = tmp_path / "a.safetensors", []
    fit = LoRAFit(2, 3, 1e-3)
    first = learned(tiny.loaded, z, "a", fit, 0, file, nothing)
    second = learned(tiny.loaded, z, "a", fit, 0, file, steps.append)
    assert not steps
    assert all(torch.equal(first[name], second[name]) for name in first)


def test_seeds_and_prompts_decide(tiny, z, tmp_path):
    fit = LoRAFit(2, 3, 1e-3)
    found = [
        learned(tiny.loaded, z, prompt, fit, seed, tmp_path / f"{k}.safetensors", nothing)
        for k, (prompt, seed) in enumerate([("red hair", 0), ("red hair", 1), ("blue hair", 0)])
    ]
    names = [name for name in found[0] if "lora_B" in name]
    for other in found[1:]:
        assert any(not torch.equal(found[0][name], other[name]) for name in names)


@pytest.mark.parametrize("name", ["sd2", "sd3", "flux"])
def test_it_fades_with_the_time_of_the_schedule(name, tmp_path):
    """s(0) = 1, s(t0 / 2) = (1 + floor) / 2, s(t0) = s(above) = floor, also where a network reads
    the sigma of a shifted flow: halfway to t0 = 0.6 that is 0.56 of 0.82 with a shift of 3.

    A LoRA that has faded to s is one that does not fade and has s times the terms.
    """
    model = yuragi.load(build(name)).loaded.at(32, 48)
    schedule, shape = model.denoiser.schedule, (1, *model.cells(32, 48))
    fit, file = LoRAFit(2, 1, 1e-3), tmp_path / "a.safetensors"
    terms = {
        name: SeededNoise(1, [0], name)(0, weight[None])[0]
        for name, weight in learned(model, torch.zeros(shape), "a", fit, 0, file, nothing).items()
    }
    x, top = SeededNoise(2)(0, torch.zeros(shape)), 0.6 * schedule.noisiest

    def denoised(scale, floor, shares):
        scaled = {
            name: scale * term if ".lora_B." in name else term for name, term in terms.items()
        }
        times = [max(share * top, schedule.faintest) for share in shares]
        with adapted(model, scaled, fit.rank, floor, top) as fitted, torch.no_grad():
            bound = fitted.bind(["a"])
            return [bound(x, torch.tensor(time, dtype=torch.float64)) for time in times]

    shares, scales = (0.0, 0.5, 1.0, 1.3), (1.0, 0.7, 0.4, 0.4)
    for found, share, scale in zip(denoised(1.0, 0.4, shares), shares, scales, strict=True):
        (expected,) = denoised(scale, 1.0, [share])
        torch.testing.assert_close(found, expected, rtol=1e-3, atol=1e-4)
    (near,) = denoised(0.45, 1.0, [1.3])
    assert not torch.allclose(found, near, rtol=1e-3, atol=1e-4)


def test_a_lora_of_the_users_stays(tiny, z, tmp_path):
    from peft import LoraConfig

    unet = tiny.loaded.pipeline.unet
    unet.add_adapter(
        LoraConfig(r=2, lora_alpha=2, target_modules=["to_q"], init_lora_weights=False), "own"
    )
    try:
        unet.set_adapters(["own"], [0.3])
        before = denoising_error(tiny.loaded, z)
        trainable = {name for name, each in unet.named_parameters() if each.requires_grad}
        fit = LoRAFit(2, 2, 1e-3)
        weights = learned(tiny.loaded, z, "a", fit, 0, tmp_path / "a.safetensors", nothing)
        for weight in weights.values():
            weight.zero_()
        with adapted(tiny.loaded, weights, 2, 1.0, 999.0) as fitted:
            assert denoising_error(fitted, z) == pytest.approx(before)  # theirs is still at work
        assert denoising_error(tiny.loaded, z) == before
        assert unet.active_adapters() == ["own"]
        assert {name for name, each in unet.named_parameters() if each.requires_grad} == trainable
    finally:
        unet.unload_lora()
        unet.requires_grad_(False)
