"""Loading pipelines, and sampling exactly as diffusers does."""

import json
import shutil

import numpy as np
import pytest
import torch
from diffusers import DDIMScheduler, StableDiffusionPipeline

from promises import assert_equal_to_rounding
from yuragi.errors import InputError
from yuragi.models.load import load_diffusers
from yuragi.models.opening import Opening
from yuragi.models.schedules import schedule_from_config


@pytest.fixture
def changed(pipeline_folder, tmp_path):
    """A copy of the pipeline that may be damaged."""
    return shutil.copytree(pipeline_folder, tmp_path / "copy")


@pytest.mark.parametrize(
    "config",
    [
        {"beta_schedule": "linear"},
        {"beta_schedule": "scaled_linear", "beta_start": 0.00085, "beta_end": 0.012},
        {"beta_schedule": "squaredcos_cap_v2"},
        {"beta_schedule": "linear", "rescale_betas_zero_snr": True},
        {"trained_betas": list(np.linspace(0.001, 0.3, 50)), "num_train_timesteps": 50},
    ],
)
def test_tables_are_diffusers(config):
    theirs = DDIMScheduler(**config)
    ours = schedule_from_config(dict(theirs.config))
    torch.testing.assert_close(
        ours.alphas_cumprod.float(), theirs.alphas_cumprod, rtol=2e-5, atol=1e-7
    )


def test_unknown_tables_are_refused():
    config = dict(DDIMScheduler().config) | {"beta_schedule": "magic"}
    with pytest.raises(InputError, match="beta_schedule[: ].*magic"):
        schedule_from_config(config)


@pytest.mark.parametrize("spacing", ["trailing", "leading"])
@pytest.mark.parametrize("scale", [1.0, 3.0])
def test_samples_equal_diffusers(pipeline_folder, tiny, spacing, scale):
    theirs = StableDiffusionPipeline.from_pretrained(pipeline_folder, local_files_only=True)
    theirs.set_progress_bar_config(disable=True)
    theirs.scheduler = DDIMScheduler.from_config(theirs.scheduler.config, timestep_spacing=spacing)
    z = torch.randn(1, 4, 32, 32, generator=torch.Generator().manual_seed(2))
    settings = {"num_inference_steps": 20, "guidance_scale": scale}
    expected = theirs("long red hair", latents=z.clone(), output_type="np", **settings).images[0]
    result = tiny.sample(
        "long red hair", latents=z, solver="ddim", timestep_spacing=spacing, **settings
    )
    assert_equal_to_rounding(result.image, expected)
    assert result.evaluations == 20 * (1 if scale == 1 else 2)


def test_sizes_are_read_from_the_model(tiny):
    model = tiny.loaded
    assert (model.native_size, model.side) == (128, 32)
    assert (model.codec.cell, model.codec.multiple, model.codec.channels) == (4, 16, 4)


def test_half_precision_networks_keep_a_float32_state(pipeline_folder):
    model = load_diffusers(pipeline_folder, Opening(device="cpu", dtype=torch.bfloat16))
    z = torch.randn(1, 4, 32, 32)
    out = model.bind(["red hair"])(z, torch.tensor(500.0))
    assert out.dtype == torch.float32
    assert bool(out.isfinite().all())


@pytest.mark.parametrize("part", ["unet", "vae", "text_encoder"])
def test_missing_weights_are_named(changed, part):
    for file in (changed / part).glob("*.safetensors"):
        file.unlink()
    with pytest.raises(InputError, match=f"model.*there are no weights.*{part}"):
        load_diffusers(changed)


def test_another_class_is_named(changed):
    index = changed / "model_index.json"
    index.write_text(json.dumps({"_class_name": "KandinskyPipeline"}))
    with pytest.raises(InputError, match="StableDiffusionPipeline.*KandinskyPipeline"):
        load_diffusers(changed)


@pytest.mark.parametrize("text", ["", "[", "\xff"])
def test_a_damaged_index_is_named(changed, text):
    (changed / "model_index.json").write_text(text, encoding="latin-1")
    with pytest.raises(InputError, match="model_index.json"):
        load_diffusers(changed)


@pytest.mark.parametrize("damage", [b"", b"version https://git-lfs", b"\x80\x04pickle"])
@pytest.mark.parametrize("part", ["unet", "vae"])
def test_damaged_weights_are_named(changed, part, damage):
    (file,) = (changed / part).glob("*.safetensors")
    file.write_bytes(damage)
    with pytest.raises(InputError, match="model.*undamaged"):
        load_diffusers(changed, Opening(device="cpu"))


@pytest.mark.parametrize("file", ["tokenizer/tokenizer.json", "unet/config.json"])
def test_missing_parts_are_named(changed, file):
    (changed / file).unlink()
    with pytest.raises(InputError, match="model.*undamaged"):
        load_diffusers(changed, Opening(device="cpu"))


def test_unknown_predictions_are_named(changed):
    path = changed / "scheduler" / "scheduler_config.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | {"prediction_type": "magic"}))
    with pytest.raises(InputError, match="prediction_type[: ].*magic"):
        load_diffusers(changed, Opening(device="cpu"))


@pytest.mark.parametrize("device", ["magic", "cuda:77"])
def test_devices_that_are_not_here_are_named(pipeline_folder, device):
    with pytest.raises(InputError, match=f"device[: ].*{device}"):
        load_diffusers(pipeline_folder, Opening(device=device))


def test_what_a_long_prompt_leaves_out(tiny):
    said = tiny.loaded.left_out("red hair " * 25)
    assert "of its 52 tokens text_encoder can read 40, which leaves out 'red hair" in said


def test_conditions_hold_no_graph(tiny):
    assert not tiny.loaded.bind(["red hair"]).condition["encoder_hidden_states"].requires_grad
    parts = (tiny.loaded.pipeline.unet, tiny.loaded.pipeline.vae, tiny.loaded.pipeline.text_encoder)
    assert not any(p.requires_grad for part in parts for p in part.parameters())


def test_several_prompts_make_one_condition(tiny):
    condition = tiny.loaded.bind(["red hair", "blond hair", ""]).condition
    assert condition["encoder_hidden_states"].shape == (3, 40, 16)
