"""The model inside the package: opens in diffusers, samples the same, is small and attributed."""

from pathlib import Path

import numpy as np
import pytest
import torch
from diffusers import DDIMScheduler, StableDiffusionPipeline
from PIL import Image
from safetensors import safe_open
from skimage import data

import yuragi
from promises import assert_equal_to_rounding
from yuragi.images.read import open_picture
from yuragi.models.card import entry_of
from yuragi.models.familiarity import calibration_of, familiarity
from yuragi.models.names import model_path
from yuragi.research.train.portraits import draw, portrait
from yuragi.tasks.replay import read_result, replay

FOLDER = model_path("portraits")
EXAMPLES = Path(yuragi.__file__).parent / "assets" / "examples"
SHOWN = sorted(EXAMPLES.glob("*.png"))


@pytest.fixture(scope="module")
def model():
    return yuragi.load("portraits", "cpu")


def test_it_is_half_precision_and_small():
    files = list(FOLDER.rglob("*.safetensors"))
    assert {file.parent.name for file in files} == {"unet", "vae", "text_encoder"}
    assert sum(file.stat().st_size for file in files) <= 24e6
    for file in files:
        with safe_open(file, framework="pt") as held:
            kinds = {held.get_slice(name).get_dtype() for name in held.keys()}  # noqa: SIM118
        assert kinds <= {"F16", "I64"}
    assert not [f for f in FOLDER.rglob("*") if f.suffix in (".bin", ".pt", ".ckpt", ".pkl")]


def test_it_knows_its_examples(model):
    # The calibration is for these very weights.
    assert calibration_of(model.loaded) is not None
    assert all(familiarity(model.loaded, open_picture(path, "example")) >= 1 for path in SHOWN)
    assert familiarity(model.loaded, Image.fromarray(data.astronaut())) < 1
    assert entry_of(FOLDER, "knows") == "drawn heads"


def test_it_is_attributed():
    card = (FOLDER / "README.md").read_text("utf-8")
    for needed in ("ToonHead", "Johan Melin", "CC BY 4.0", "DiceBear", "PSNR", "accuracy"):
        assert needed in card


def test_diffusers_samples_the_same(model):
    theirs = StableDiffusionPipeline.from_pretrained(FOLDER, local_files_only=True)
    theirs.set_progress_bar_config(disable=True)
    assert isinstance(theirs.scheduler, DDIMScheduler)
    z = torch.randn(1, 8, 32, 32, generator=torch.Generator().manual_seed(0))
    prompt = "a person with long wavy red hair, on a light blue background"
    settings = {"num_inference_steps": 20, "guidance_scale": 3.0}
    expected = theirs(prompt, latents=z.clone(), output_type="np", **settings).images[0]
    result = model.sample(prompt, latents=z, solver="ddim", timestep_spacing="trailing", **settings)
    assert_equal_to_rounding(result.image, expected)


def test_the_prompt_matters(model):
    def mean_background(colour):
        result = model.sample(f"a person, on a {colour} background", num_images=4, seed=0)
        return np.mean([np.asarray(image)[:8, :8] for image in result.images], axis=(0, 1, 2))

    # That the words reach the picture; how well they are obeyed is measured by `yuragi bench`.
    assert (mean_background("white") - mean_background("dark")).min() > 30


@pytest.mark.parametrize("path", SHOWN, ids=lambda path: path.stem)
def test_examples_are_benchmark_portraits_with_a_prompt(path):
    index = int(path.stem.rpartition("-")[2])
    drawn = Image.fromarray(draw(portrait("benchmark", index)))
    # Drawn then on another machine.
    assert_equal_to_rounding(open_picture(path, "example").convert("RGB"), drawn)
    assert path.with_suffix(".txt").read_text("utf-8").startswith("a person")


@pytest.mark.slow
@pytest.mark.parametrize("sampler", ["sde", "ode"])
def test_the_papers_preset_replays_bit_for_bit(model, tmp_path, sampler):
    first = SHOWN[0]
    prompt = first.with_suffix(".txt").read_text("utf-8").strip()
    result = model.drag(first, [((128, 80), (128, 60))], prompt=prompt, sampler=sampler, seed=0)
    result.save(tmp_path / "out.png")
    record, kept = read_result(tmp_path / "out.png")
    assert replay(record, kept, model.loaded, []).difference == 0
