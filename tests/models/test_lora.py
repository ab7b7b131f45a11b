"""A LoRA of one picture: learned, kept, resumed, faded, and taken out without a trace."""

import threading

import numpy as np
import pytest
import torch
from accelerate import cpu_offload
from diffusers import DDIMPipeline, UNet2DModel
from PIL import Image
from safetensors.torch import save_file
from tiny_pipelines import build, table

import yuragi
from yuragi.core import SeededNoise
from yuragi.errors import InputError
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


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16])
def test_it_is_fitted_in_float32_whatever_the_network(dtype, tmp_path):
    """The network rounds, so the fit is only about that of float32."""
    fit, found = LoRAFit(4, 30, 2e-4), []
    for precision in (torch.float32, dtype):
        model = yuragi.load(build("sd1").to(precision)).loaded
        z = SeededNoise(3, [0], "picture")(0, torch.zeros(1, 4, 16, 16))
        file = tmp_path / f"{precision}.safetensors"
        weights = learned(model, z, "a cat", fit, 0, file, nothing)
        assert {weight.dtype for weight in weights.values()} == {torch.float32}
        found.append(
            torch.cat([weights[name].flatten() for name in sorted(weights) if "lora_B" in name])
        )
        with adapted(model, weights, fit.rank, 1.0, 999.0) as fitted, torch.no_grad():
            out = fitted.bind(["a cat"])(z, torch.tensor(400.0, dtype=torch.float64))
        assert bool(out.isfinite().all())
    assert torch.corrcoef(torch.stack(found))[0, 1] > 0.99


def test_weights_that_are_not_finite_are_not_kept(tiny, z, tmp_path):
    file, steps = tmp_path / "a.safetensors", []
    fit = LoRAFit(2, 21, 1e30)
    with pytest.raises(InputError, match=r"^learning_rate must be a lower number.*1e\+30"):
        learned(tiny.loaded, z, "a", fit, 0, file, nothing)
    assert not list(tmp_path.iterdir())
    fit = LoRAFit(2, 2, 1e-3)
    first = learned(tiny.loaded, z, "a", fit, 0, file, nothing)
    save_file({name: torch.full_like(weight, torch.nan) for name, weight in first.items()}, file)
    again = learned(tiny.loaded, z, "a", fit, 0, file, steps.append)
    assert steps == [1, 2]
    assert all(torch.equal(first[name], again[name]) for name in first)


def without_attention():
    network = UNet2DModel(
        sample_size=16,
        block_out_channels=(8, 8),
        down_block_types=("DownBlock2D",) * 2,
        up_block_types=("UpBlock2D",) * 2,
        norm_num_groups=4,
        add_attention=False,
    )
    return DDIMPipeline(unet=network, scheduler=table())


def offloaded():
    pipeline = build("sd1")
    cpu_offload(pipeline.unet, torch.device("cpu"))
    return pipeline


@pytest.mark.parametrize(
    ("make", "reason"), [(without_attention, "attention"), (offloaded, "sequential offloading")]
)
def test_networks_that_cannot_have_one(make, reason, picture):
    model = yuragi.load(make())
    calls = []
    model.loaded.network.register_forward_pre_hook(lambda *given: calls.append(given))
    asked = {"points": [((4, 4), (8, 8))], "guidance_scale": 1.0, "lora": yuragi.LoRA(), "seed": 0}
    asked["preset"] = "fast"  # a bend needs no network
    with pytest.raises(InputError, match=f"^lora must .*{reason}"):
        model.drag(picture, **asked)
    with pytest.raises(InputError, match=f"^lora must .*{reason}"):
        model.estimate("drag", image=picture, **asked)
    assert not calls
    assert not hasattr(model.loaded.network, "peft_config")


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
    x, clean = SeededNoise(2)(0, torch.zeros(shape)), schedule.clean
    top = clean + 0.6 * (schedule.noisiest - clean)

    def denoised(scale, floor, shares):
        scaled = {
            name: scale * term if ".lora_B." in name else term for name, term in terms.items()
        }
        times = [max(clean + share * (top - clean), schedule.faintest) for share in shares]
        with adapted(model, scaled, fit.rank, floor, top) as fitted, torch.no_grad():
            bound = fitted.bind(["a"])
            return [bound(x, torch.tensor(time, dtype=torch.float64)) for time in times]

    shares, scales = (0.0, 0.5, 1.0, 1.3), (1.0, 0.7, 0.4, 0.4)
    for found, share, scale in zip(denoised(1.0, 0.4, shares), shares, scales, strict=True):
        (expected,) = denoised(scale, 1.0, [share])
        torch.testing.assert_close(found, expected, rtol=1e-3, atol=1e-4)
    (near,) = denoised(0.45, 1.0, [1.3])
    assert not torch.allclose(found, near, rtol=1e-3, atol=1e-4)


def test_a_drag_can_start_at_the_first_entry_of_a_table(tiny, z, tmp_path):
    """t0 is time 0 there, one above the clean end."""
    fit, t = LoRAFit(2, 1, 1e-3), torch.tensor(0.0, dtype=torch.float64)
    weights = learned(tiny.loaded, z, "a", fit, 0, tmp_path / "a.safetensors", nothing)
    with torch.no_grad():
        with adapted(tiny.loaded, weights, fit.rank, 0.0, 0.0) as fitted:
            found = fitted.bind(["a"])(z, t)
        assert torch.equal(found, tiny.loaded.bind(["a"])(z, t))  # all of it has faded


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


def test_two_processes_may_fit_the_same_lora(z, tmp_path):
    """Both write the same files, and neither takes away what the other is writing."""
    file, failed = tmp_path / "a.safetensors", []

    def fit():
        try:
            model = yuragi.load(build("sd1")).loaded
            learned(model, z[..., :8, :8], "a", FIT, 0, file, nothing)
        except Exception as error:
            failed.append(error)

    threads = [threading.Thread(target=fit) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failed == []
    assert list(tmp_path.iterdir()) == [file]
