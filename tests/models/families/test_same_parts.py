"""Pipelines of diffusers for other tasks give the model that their parts are."""

import diffusers
import pytest
from tiny_pipelines import build

import yuragi
from promises import assert_equal_to_rounding, assert_identical
from yuragi.errors import InputError
from yuragi.models.families import FAMILIES, SAME_PARTS

BASES = {
    "StableDiffusionPipeline": "sd1",
    "StableDiffusionXLPipeline": "sdxl",
    "StableDiffusion3Pipeline": "sd3",
    "FluxPipeline": "flux",
}
PLAIN = {
    "StableDiffusionPipeline": {"requires_safety_checker": False},
    "StableDiffusionXLPipeline": {"add_watermarker": False},
}


def other(kind, base=None, **more):
    """A pipeline of another class, with the parts of its base."""
    found = SAME_PARTS[kind]
    base = base or build(BASES[found])
    return getattr(diffusers, kind)(**base.components, **PLAIN.get(found, {}), **more)


@pytest.mark.parametrize("kind", SAME_PARTS)
def test_it_draws_and_edits_as_its_base_does(kind, scene, mask):
    base = build(BASES[SAME_PARTS[kind]])
    models = yuragi.load(base), yuragi.load(other(kind, base))
    settings = {"prompt": "a red cat", "num_inference_steps": 4, "seed": 0}
    drawn = [model.sample(width=64, height=64, **settings) for model in models]
    assert_identical(drawn[0].image, drawn[1].image)
    filled = [model.inpaint(scene, mask, **settings).image for model in models]
    assert_identical(*filled)
    assert drawn[1].origin.card.kind == kind
    assert drawn[1].request.model == f"<{kind}>"


@pytest.mark.parametrize("kind", ["StableDiffusionInpaintPipeline", "FluxInpaintPipeline"])
def test_it_is_read_from_a_folder(kind, tmp_path):
    pipeline = other(kind)
    pipeline.save_pretrained(tmp_path)
    settings = {"num_inference_steps": 2, "width": 64, "height": 64, "seed": 0}
    drawn = yuragi.load(tmp_path, "cpu").sample("a cat", **settings).image
    held = yuragi.load(pipeline).sample("a cat", **settings).image
    assert_equal_to_rounding(drawn, held)  # ours lies in another memory format


def test_every_class_is_one_of_diffusers_and_leads_to_a_family():
    for kind, base in SAME_PARTS.items():
        assert hasattr(diffusers, kind)
        assert base in FAMILIES
        assert kind not in FAMILIES


@pytest.mark.parametrize(
    "kind", ["StableDiffusionInpaintPipeline", "StableDiffusionXLInpaintPipeline"]
)
def test_networks_that_read_the_mask_are_refused(kind):
    pipeline = other(kind)
    pipeline.unet = type(pipeline.unet).from_config(pipeline.unet.config, in_channels=9)
    with pytest.raises(InputError, match="^model.*inpainting.*of 9 channels"):
        yuragi.load(pipeline)


def test_refiners_are_refused():
    pipeline = other("StableDiffusionXLImg2ImgPipeline", requires_aesthetics_score=True)
    with pytest.raises(InputError, match="^model must be a base model; refiners.*Img2Img"):
        yuragi.load(pipeline)
