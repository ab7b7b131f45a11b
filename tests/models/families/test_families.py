"""Every task on every family: shapes, replay, what a mask holds, and a pipeline left alone."""

import hashlib
import warnings
from pathlib import Path

import numpy as np
import pytest
import torch
from table import GAINS, TASKS, table

from promises import (
    assert_different,
    assert_equal_to_rounding,
    assert_identical,
    assert_untouched_outside,
)
from yuragi import Guidance, LoRA
from yuragi.errors import InputError
from yuragi.tasks.run import run

# Some families know no words, and the same settings are given to all.
pytestmark = pytest.mark.filterwarnings("ignore::yuragi.YuragiWarning")

STEPS = {"num_inference_steps": 4, "seed": 5}
POINTS = [((16, 20), (22, 20))]


def check_replay(family, result):
    again = run(result.request, family.model.loaded, result.sources)
    assert_identical(again.images, result.images)


def state(pipeline):
    """All that a user could find changed in a pipeline."""
    digest = hashlib.blake2b()
    for name, part in pipeline.components.items():
        digest.update(f"{name} {type(part).__name__} {getattr(part, 'config', '')}".encode())
        if isinstance(part, torch.nn.Module):
            digest.update(f"{part.training} {len(list(part.modules()))}".encode())
            for key, value in part.state_dict().items():
                digest.update(f"{key} {value.dtype} {value.stride()}".encode())
                digest.update(value.detach().numpy().tobytes())
            for key, value in part.named_parameters():
                digest.update(f"{key} {value.requires_grad} {value.grad is None}".encode())
            for module in part.modules():
                digest.update(f"{len(module._forward_hooks)}".encode())
    return digest.hexdigest()


@pytest.fixture(autouse=True)
def left_alone(family):
    """Nothing in the pipeline object changes, whatever runs."""
    before = state(family.pipeline)
    yield
    assert state(family.pipeline) == before


@pytest.mark.parametrize("solver", ["ddim", "dpm++2m", "sde-dpm++2m"])
def test_sample(family, solver):
    settings = {"width": family.size, "height": family.size, "solver": solver, **STEPS}
    result = family.model.sample(family.wanted, guidance_scale=family.scale, **settings)
    assert result.image.size == (family.size, family.size)
    check_replay(family, result)
    assert np.asarray(result.image).std() > 0
    assert result.evaluations in (4, 8)
    assert len(result.origin.weights) == 32


def test_words_matter(family):
    if not family.wanted:
        pytest.skip("a model without words")
    settings = {"width": family.size, "height": family.size, "guidance_scale": family.scale}
    one = family.model.sample(family.wanted, **settings, **STEPS)
    two = family.model.sample(family.there, **settings, **STEPS)
    assert_different(one.image, two.image)


@pytest.mark.parametrize("gain", GAINS)
def test_rectified_guidance(family, gain):
    settings = {"negative_prompt": family.there} if family.scale == 1 else {}
    settings |= {"width": family.size, "height": family.size, "guidance_scale": 6.0, **STEPS}
    # Both sides of an untrained PixArt have the same slopes: only gamma finds anything to rectify.
    rule = Guidance(gain={"name": "ratio", "gamma": 1.0} if gain == "ratio" else gain)
    result = family.model.sample(family.wanted, guidance=rule, **settings)
    check_replay(family, result)
    plain = family.model.sample(family.wanted, **settings)
    # Without words both sides are one, and there is nothing to rectify.
    expect = assert_different if family.wanted else assert_equal_to_rounding
    expect(result.image, plain.image)


@pytest.mark.parametrize("sampler", TASKS["inpaint"])
def test_inpaint(family, scene, mask, sampler):
    result = family.model.inpaint(
        scene,
        mask,
        prompt=family.wanted,
        sampler=sampler,
        guidance_scale=family.scale,
        **STEPS,
    )
    check_masked(family, result, scene, mask)


@pytest.mark.parametrize("sampler", TASKS["sdedit"])
def test_sdedit(family, scene, mask, sampler):
    result = family.model.sdedit(
        scene,
        prompt=family.wanted,
        mask=mask,
        sampler=sampler,
        guidance_scale=family.scale,
        **STEPS,
    )
    check_masked(family, result, scene, mask)


@pytest.mark.parametrize("sampler", TASKS["translate"])
def test_translate(family, scene, mask, sampler):
    if not family.there:
        with pytest.raises(InputError, match="^prompt"):
            family.model.translate(scene, source_prompt="a dog", prompt="a cat", **STEPS)
        return
    result = family.model.translate(
        scene,
        source_prompt=family.there,
        prompt=family.wanted,
        mask=mask,
        sampler=sampler,
        guidance_scale=family.scale,
        **STEPS,
    )
    check_masked(family, result, scene, mask)


@pytest.mark.parametrize("sampler", TASKS["diffedit"])
def test_diffedit(family, scene, sampler):
    if not family.there:
        pytest.skip("a model without words")
    result = family.model.diffedit(
        scene,
        source_prompt=family.there,
        prompt=family.wanted,
        mask_samples=2,
        sampler=sampler,
        guidance_scale=family.scale,
        **STEPS,
    )
    check_masked(family, result, scene, result.mask)


@pytest.mark.parametrize("sampler", TASKS["drag"])
@pytest.mark.parametrize("preset", ["paper", "warp"])
def test_drag(family, scene, mask, preset, sampler):
    result = family.model.drag(
        scene,
        POINTS,
        mask=mask,
        prompt=family.wanted,
        preset=preset,
        sampler=sampler,
        guidance_scale=family.scale,
        **STEPS,
    )
    check_masked(family, result, scene, mask)


def test_drag_with_a_lora(family, scene, monkeypatch, tmp_path):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    settings = {"prompt": family.wanted, "guidance_scale": family.scale, **STEPS}
    plain = family.model.drag(scene, POINTS, preset="paper", **settings)
    lora = LoRA(rank=2, steps=4, learning_rate=0.05)
    result = family.model.drag(scene, POINTS, preset="paper", lora=lora, **settings)
    assert result.evaluations == plain.evaluations + 4
    assert_different(result.image, plain.image)
    check_replay(family, result)


def test_invert(family, scene):
    """Cycle-SDE is exact in the latent, whatever the network says."""
    result = family.model.invert(scene, prompt=family.there, sampler="sde", **STEPS)
    assert result.reconstruction.psnr > 50
    assert max(result.reconstruction.curve) < 1e-3


def test_long_way_around_devices_and_types(family):
    """The state is float32; the network's precision is its own."""
    loaded = family.model.loaded
    x = torch.randn(2, *loaded.cells(family.size, family.size))
    denoiser = loaded.bind([family.wanted])
    t = torch.tensor(0.6 * loaded.denoiser.schedule.noisiest, dtype=torch.float64)
    with torch.no_grad():
        out = denoiser(x, t)
    assert out.shape == x.shape
    assert out.dtype == torch.float32
    assert bool(out.isfinite().all())
    with torch.no_grad():
        alone = denoiser(x[:1], t)
    assert_equal_to_rounding(out[:1], alone)


def test_bad_words(family):
    capabilities = family.model.loaded.capabilities
    if capabilities.text:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            family.model.loaded.bind(["a cat " * 40])  # long prompts are cut
        return
    with pytest.raises(InputError, match="^prompt[: ].*a cat"):
        family.model.sample("a cat", guidance_scale=1.0, **STEPS)
    if not capabilities.empty:
        with pytest.raises(InputError, match="^negative_prompt"):
            family.model.sample(family.wanted, guidance_scale=2.0, **STEPS)


def check_masked(family, result, scene, mask):
    assert result.image.size == scene.size
    assert_untouched_outside(result.image, scene, mask)
    check_replay(family, result)


def test_the_page_shows_what_is_tested():
    page = Path(__file__).parents[3] / "docs" / "models.md"
    assert table() in page.read_text("utf-8")
