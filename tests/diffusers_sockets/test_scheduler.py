"""Our solvers as a scheduler: equal to our own loop, noise by row, kept and read back."""

import numpy as np
import pytest
import torch
from diffusers import DDIMScheduler
from tiny_pipelines import build

import yuragi
from yuragi.diffusers import SolverScheduler
from yuragi.errors import InputError

STEPS = 6


def picture(pipeline, z, **more):
    return pipeline(
        ["a red cat"] * len(z),
        latents=z.clone(),
        width=64,
        height=64,
        num_inference_steps=STEPS,
        guidance_scale=2.0,
        output_type="np",
        **more,
    ).images


@pytest.mark.parametrize("solver", ["ddim", "ddpm", "dpm++2m", "sde-dpm++", "sde-dpm++2m"])
@pytest.mark.parametrize("name", ["sd1", "sd2", "sdxl"])
def test_it_equals_our_own_loop(name, solver):
    pipeline = build(name)
    model = yuragi.load(pipeline)
    z = torch.randn(2, 4, 16, 16, generator=torch.Generator().manual_seed(0))
    result = model.sample(
        "a red cat",
        latents=z,
        num_images=2,
        solver=solver,
        num_inference_steps=STEPS,
        guidance_scale=2.0,
        seed=7,
    )
    pipeline.scheduler = SolverScheduler.from_config(
        pipeline.scheduler.config, solver=solver, seed=7
    )
    found = picture(pipeline, z)
    ours = np.stack([np.asarray(image) for image in result.images]) / 255
    assert np.abs(ours - found).max() <= 0.5 / 255 + 2e-3
    again = picture(pipeline, z)
    assert np.array_equal(found, again)


def test_a_row_does_not_depend_on_its_batch():
    pipeline = build("sd1")
    pipeline.scheduler = SolverScheduler.from_config(pipeline.scheduler.config)
    z = torch.randn(3, 4, 16, 16, generator=torch.Generator().manual_seed(0))
    both, alone = picture(pipeline, z), picture(pipeline, z[:1])
    assert np.abs(both[:1] - alone).max() < 1e-3
    same = picture(pipeline, z[:1].expand(2, -1, -1, -1))
    assert np.abs(same[0] - same[1]).max() > 1e-2  # another row, another noise


def test_seeds_decide():
    pipeline = build("sd1")
    z = torch.zeros(1, 4, 16, 16)
    found = []
    for seed in (1, 1, 2):
        pipeline.scheduler = SolverScheduler.from_config(pipeline.scheduler.config, seed=seed)
        found.append(picture(pipeline, z))
    assert np.array_equal(found[0], found[1])
    assert not np.array_equal(found[0], found[2])


def settings(thing):
    """Without the notes that diffusers makes about them."""
    return {name: value for name, value in thing.config.items() if not name.startswith("_")}


def test_it_is_kept_and_read_back(tmp_path):
    kept = SolverScheduler(solver="ddpm", beta_schedule="scaled_linear", seed=3)
    kept.save_pretrained(tmp_path)
    assert settings(SolverScheduler.from_pretrained(tmp_path)) == settings(kept)


def test_noise_is_added_as_diffusers_does():
    ours, theirs = SolverScheduler(), DDIMScheduler()
    x, z, t = torch.randn(2, 4, 8, 8), torch.randn(2, 4, 8, 8), torch.tensor([100, 900])
    torch.testing.assert_close(ours.add_noise(x, z, t), theirs.add_noise(x, z, t))


@pytest.mark.parametrize(
    ("settings", "name"),
    [
        ({"solver": "heun"}, "solver"),
        ({"solver": "ddpm", "eta": 0.5}, "eta"),
        ({"prediction_type": "magic"}, "prediction_type"),
        ({"timestep_spacing": "magic"}, "timestep_spacing"),
    ],
)
def test_bad_settings(settings, name):
    with pytest.raises(InputError, match=f"^{name}"):
        SolverScheduler(**settings)


def test_beyond_the_last_level():
    scheduler = SolverScheduler()
    with pytest.raises(InputError, match="set_timesteps"):
        scheduler.step(torch.zeros(1, 4, 2, 2), 5, torch.zeros(1, 4, 2, 2))
