"""IP-Adapters of the user's pipeline: our picture is the pipeline's own."""

import numpy as np
import pytest
import torch
from diffusers.utils.torch_utils import randn_tensor
from ip_adapters import add_adapters
from PIL import Image
from tiny_pipelines import build

import yuragi
from promises import assert_different
from yuragi.errors import InputError
from yuragi.tasks.replay import read_result

STEPS = 4
HALF_A_LEVEL = 0.5 / 255 + 2e-4


@pytest.fixture(scope="module", params=["sd1", "sdxl"])
def pipeline(request):
    return add_adapters(build(request.param))


@pytest.fixture(scope="module")
def shown():
    pixels = np.random.default_rng(0).integers(0, 256, (32, 32, 3), dtype=np.uint8)
    return Image.fromarray(pixels)


def ours(pipeline, picture, z, scale):
    model = yuragi.load(pipeline, ip_adapter_image=[picture])
    settings = {"solver": "ddim", "timestep_spacing": "native", "num_inference_steps": STEPS}
    return model.sample("a red cat", latents=z, guidance_scale=scale, **settings).image


@pytest.mark.parametrize("scale", [1.0, 3.0])
def test_samples_equal_the_pipelines(pipeline, shown, scale):
    z = randn_tensor((1, 4, 16, 16), generator=torch.Generator().manual_seed(3))
    expected = pipeline(
        "a red cat",
        ip_adapter_image=[shown],
        latents=z.clone(),
        guidance_scale=scale,
        num_inference_steps=STEPS,
        output_type="np",
        width=64,
        height=64,
    ).images[0]
    found = ours(pipeline, shown, z, scale)
    assert np.abs(np.asarray(found) / 255 - expected).max() <= HALF_A_LEVEL
    other = ours(pipeline, Image.new("RGB", (32, 32), "red"), z, scale)
    assert_different(found, other)


def test_an_edit_sees_the_picture(pipeline, shown):
    scene = Image.new("RGB", (64, 64), "blue")
    settings = {"prompt": "a red cat", "num_inference_steps": 4, "seed": 0, "num_images": 2}
    found = [
        yuragi.load(pipeline, ip_adapter_image=[each]).sdedit(scene, **settings).images[1]
        for each in (shown, Image.new("RGB", (32, 32), "red"))
    ]
    assert_different(*found)


def test_the_side_before_an_edit_does_not_show_it(pipeline, shown):
    model = yuragi.load(pipeline, ip_adapter_image=shown).loaded
    told, bare = model.bind(["a dog"]).condition, model.bind_bare(["a dog"]).condition
    assert torch.equal(told["encoder_hidden_states"], bare["encoder_hidden_states"])
    assert not torch.equal(told["image_embeds.00"], bare["image_embeds.00"])
    scene = Image.new("RGB", (64, 64), "blue")
    for task, words in (("translate", {}), ("diffedit", {"mask_samples": 2})):
        words |= {"source_prompt": "a blue dog", "prompt": "a red cat", "seed": 0}
        found = [
            getattr(yuragi.load(pipeline, ip_adapter_image=each), task)(
                scene, num_inference_steps=4, **words
            ).image
            for each in (shown, Image.new("RGB", (32, 32), "red"))
        ]
        assert_different(*found)


def test_the_card_names_what_is_shown(pipeline, shown, tmp_path):
    model = yuragi.load(pipeline, ip_adapter_image=shown)
    (digest,) = model.loaded.card.images
    assert len(digest) == 32
    result = model.sample("a red cat", num_inference_steps=2, seed=0)
    result.save(tmp_path / "out.png")
    record, _ = read_result(tmp_path / "out.png")
    assert record.origin.card.images == (digest,)


def test_pictures_are_counted(pipeline, shown, tmp_path):
    with pytest.raises(InputError, match="ip_adapter_image.*one picture for each.*1"):
        yuragi.load(pipeline)
    with pytest.raises(InputError, match="ip_adapter_image[: ].*2"):
        yuragi.load(pipeline, ip_adapter_image=[shown, shown])
    with pytest.raises(InputError, match="the pipeline has no IP-Adapter"):
        yuragi.load(build("sd1"), ip_adapter_image=[shown])
    with pytest.raises(InputError, match="IP-Adapters of Stable Diffusion 1.x, 2.x and XL"):
        yuragi.load(build("flux"), ip_adapter_image=[shown])
    with pytest.raises(InputError, match="ip_adapter_image: the file is missing"):
        yuragi.load(pipeline, ip_adapter_image="style.png")
    with pytest.raises(InputError, match="the pipeline as an object"):
        yuragi.load("portraits", ip_adapter_image=[shown])
