"""IP-Adapters of the user's pipeline: our picture is the pipeline's own."""

import numpy as np
import pytest
import torch
from diffusers.utils.torch_utils import randn_tensor
from PIL import Image
from tiny_pipelines import build
from transformers import CLIPImageProcessor, CLIPVisionConfig, CLIPVisionModelWithProjection

import yuragi
from promises import assert_different
from yuragi.errors import InputError
from yuragi.tasks.replay import read_result

WIDTH, STEPS = 24, 4
HALF_A_LEVEL = 0.5 / 255 + 2e-4


def adapter(unet):
    """Weights of a random IP-Adapter for a UNet: a projection, and keys and values."""
    words = unet.config.cross_attention_dim
    image = {
        "proj.weight": 0.3 * torch.randn(4 * words, WIDTH),
        "proj.bias": torch.zeros(4 * words),
        "norm.weight": torch.ones(words),
        "norm.bias": torch.zeros(words),
    }
    heads, number = {}, 1
    for name in unet.attn_processors:
        if name.endswith("attn1.processor"):
            continue
        size = unet.get_submodule(name.removesuffix(".processor")).to_v.out_features
        for part in ("k", "v"):
            heads[f"{number}.to_{part}_ip.weight"] = torch.randn(size, words)
        number += 2
    return {"image_proj": image, "ip_adapter": heads}


@pytest.fixture(scope="module", params=["sd1", "sdxl"])
def pipeline(request):
    found = build(request.param)
    torch.manual_seed(0)
    found.unet._load_ip_adapter_weights([adapter(found.unet)])
    vision = CLIPVisionConfig(
        hidden_size=16,
        intermediate_size=16,
        projection_dim=WIDTH,
        num_hidden_layers=1,
        num_attention_heads=2,
        image_size=32,
        patch_size=8,
    )
    encoder = CLIPVisionModelWithProjection(vision).eval()
    processor = CLIPImageProcessor(
        size={"shortest_edge": 32}, crop_size={"height": 32, "width": 32}
    )
    found.register_modules(image_encoder=encoder, feature_extractor=processor)
    found.set_ip_adapter_scale(1.0)
    return found


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
