"""The digest of a pipeline's configuration."""

import json
import shutil

import pytest

from yuragi.errors import InputError
from yuragi.models.configuration import configuration


@pytest.fixture
def copy(pipeline_folder, tmp_path):
    return shutil.copytree(pipeline_folder, tmp_path / "copy")


def change(file, **entries):
    file.write_text(json.dumps({**json.loads(file.read_text()), **entries}, indent=1))


@pytest.mark.parametrize(
    ("file", "entries"),
    [
        ("scheduler/scheduler_config.json", {"beta_end": 0.013}),
        ("scheduler/scheduler_config.json", {"_class_name": "PNDMScheduler"}),
        ("vae/config.json", {"scaling_factor": 2.0}),
        ("tokenizer/tokenizer_config.json", {"model_max_length": 3}),
        ("model_index.json", {"_class_name": "StableDiffusionImg2ImgPipeline"}),
    ],
)
def test_every_setting_of_a_part_counts(pipeline_folder, copy, file, entries):
    change(copy / file, **entries)
    assert configuration(copy) != configuration(pipeline_folder)


def test_what_does_not_change_a_picture_does_not_count(pipeline_folder, copy):
    change(copy / "model_index.json", _diffusers_version="0.1.0")
    change(copy / "unet" / "config.json", _diffusers_version="0.1.0", _name_or_path="/home/me")
    change(copy / "text_encoder" / "config.json", transformers_version="4.0.0", dtype="float16")
    (copy / "README.md").write_text("A card.")
    (copy / "defaults.json").write_text('{"sample": {"guidance_scale": 2.0}}')
    weights = copy / "unet" / "diffusion_pytorch_model.safetensors"
    weights.write_bytes(weights.read_bytes() + b"0")
    (copy / "checkpoints").mkdir()
    (copy / "checkpoints" / "config.json").write_text("{}")
    assert configuration(copy) == configuration(pipeline_folder)


def test_a_folder_without_an_index_is_refused(tmp_path):
    with pytest.raises(InputError, match="model_index.json"):
        configuration(tmp_path)


def test_a_file_that_is_not_json_is_named(copy):
    (copy / "vae" / "config.json").write_text("{")
    with pytest.raises(InputError, match=r"valid JSON \(given: .*vae/config.json\)"):
        configuration(copy)
