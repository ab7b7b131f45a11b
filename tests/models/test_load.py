"""What can be opened, what is refused and why: objects, directories, single files, the hub."""

import json
import shutil

import pytest
import torch
from diffusers import StableDiffusionPipeline
from safetensors.torch import load_file, save_file

import yuragi
from promises import assert_different, assert_equal_to_rounding
from yuragi.errors import InputError, YuragiWarning
from yuragi.models.load import load_diffusers, wrap_pipeline
from yuragi.models.opening import Opening


@pytest.fixture
def changed(pipeline_folder, tmp_path):
    """A copy of the pipeline that may be damaged."""
    return shutil.copytree(pipeline_folder, tmp_path / "copy")


@pytest.fixture
def pipeline(pipeline_folder):
    return StableDiffusionPipeline.from_pretrained(pipeline_folder, local_files_only=True)


def test_an_object_gives_what_its_folder_gives(tiny, pipeline):
    settings = {"num_inference_steps": 4, "seed": 0}
    ours = tiny.sample("red hair", **settings)
    wrapped = yuragi.load(pipeline).sample("red hair", **settings)
    # Kept in another memory layout than what was read from a folder.
    assert_equal_to_rounding(wrapped.image, ours.image)
    assert wrapped.request.model == "<StableDiffusionPipeline>"


def test_fingerprints_tell_objects_apart(pipeline):
    before = wrap_pipeline(pipeline).weights
    assert wrap_pipeline(pipeline).weights == before
    with torch.no_grad():
        pipeline.unet.conv_in.weight.add_(1e-3)
    assert wrap_pipeline(pipeline).weights != before


def test_a_lora_on_the_users_pipeline_is_at_work(pipeline):
    from peft import LoraConfig

    settings = {"num_inference_steps": 4, "seed": 0}
    plain = yuragi.load(pipeline).sample("red hair", **settings)
    torch.manual_seed(0)
    config = LoraConfig(r=2, target_modules=["to_q", "to_v"], init_lora_weights=False)
    pipeline.unet.add_adapter(config, "style")
    styled = yuragi.load(pipeline).sample("red hair", **settings)
    assert_different(styled.image, plain.image)
    pipeline.unet.disable_adapters()
    silenced = yuragi.load(pipeline).sample("red hair", **settings)
    assert_equal_to_rounding(silenced.image, plain.image)


def test_a_textual_inversion_is_read(pipeline):
    settings = {"num_inference_steps": 4, "seed": 0}
    model = yuragi.load(pipeline)
    with pytest.warns(YuragiWarning, match="does not know: mine"):
        unknown = model.sample("a person, <mine>", **settings)
    width = pipeline.text_encoder.config.hidden_size
    torch.manual_seed(0)
    pipeline.load_textual_inversion(3 * torch.randn(width), token="<mine>")
    known = model.sample("a person, <mine>", **settings)
    assert known.warnings == []
    assert_different(known.image, unknown.image)


@pytest.mark.parametrize("ending", [".ckpt", ".bin", ".pt", ".pkl"])
def test_pickles_are_refused_with_a_hint(tmp_path, ending):
    file = tmp_path / f"model{ending}"
    file.write_bytes(b"\x80\x04cos\nsystem\n")
    with pytest.raises(InputError, match="can run code.*safe_serialization=True.*allow pickles"):
        load_diffusers(file)


def test_pickled_parts_are_read_as_tensors_where_allowed(changed, tiny):
    (file,) = (changed / "unet").glob("*.safetensors")
    torch.save(load_file(file), changed / "unet" / "diffusion_pytorch_model.bin")
    file.unlink()
    with pytest.raises(InputError, match=r"can run code.*diffusion_pytorch_model\.bin"):
        load_diffusers(changed, Opening(device="cpu"))
    model = load_diffusers(changed, Opening(device="cpu", allow_pickle=True))
    # Group norm turns a constant picture into its rounding errors, greatly enlarged, so x is noise.
    x, t = (
        torch.randn(1, 4, 32, 32, generator=torch.Generator().manual_seed(0)),
        torch.tensor(500.0),
    )
    with torch.no_grad():
        found = model.bind(["red hair"])(x, t)
        expected = tiny.loaded.bind(["red hair"])(x, t)
    assert_equal_to_rounding(found, expected)


class Evil:
    def __reduce__(self):
        return (eval, ("1 / 0",))


def test_a_pickle_with_code_is_not_run_even_where_allowed(changed):
    (file,) = (changed / "unet").glob("*.safetensors")
    torch.save({"weight": Evil()}, changed / "unet" / "diffusion_pytorch_model.bin")
    file.unlink()
    with pytest.raises(InputError, match="model"):
        load_diffusers(changed, Opening(device="cpu", allow_pickle=True))


def test_missing_shards_are_named(changed):
    weights = {"weight_map": {"a": "one.safetensors", "b": "two.safetensors"}}
    index = changed / "unet" / "diffusion_pytorch_model.safetensors.index.json"
    index.write_text(json.dumps(weights))
    (file,) = (changed / "unet").glob("*.safetensors")
    file.rename(changed / "unet" / "one.safetensors")
    with pytest.raises(InputError, match=r"missing.*two\.safetensors"):
        load_diffusers(changed)


def test_a_config_of_another_network_is_named(changed):
    path = changed / "unet" / "config.json"
    config = json.loads(path.read_text())
    path.write_text(json.dumps(config | {"block_out_channels": [32, 32, 64]}))
    with pytest.raises(InputError, match="undamaged"):
        load_diffusers(changed, Opening(device="cpu"))


def test_a_single_file_wants_a_folder_of_its_kind(pipeline_folder, tmp_path):
    file = tmp_path / "model.safetensors"
    save_file({"a": torch.zeros(1)}, file)
    with pytest.raises(InputError, match="single file.*config"):
        load_diffusers(file)
    with pytest.raises(InputError, match="undamaged"):  # there is nothing of a pipeline in it
        load_diffusers(file, Opening(device="cpu", config=pipeline_folder))


def test_the_hub_is_not_asked_while_offline():
    with pytest.raises(InputError, match="model.*: yuragi models fetch owner/name$"):
        load_diffusers("owner/name", Opening(offline=True))
    with pytest.raises(InputError, match=": yuragi models fetch owner/name@v1.0$"):
        load_diffusers("owner/name@v1.0", Opening(offline=True))


@pytest.mark.parametrize("name", ["nowhere", "a/b/c", "/tmp/not/there"])
def test_other_names_are_not_the_hubs(name):
    with pytest.raises(InputError, match="owner/name on the hub"):
        yuragi.load(name)


def test_code_in_a_repository_is_never_run(changed):
    """A custom class in the index, as `trust_remote_code` would run it."""
    (changed / "mine.py").write_text("raise SystemExit('ran')")
    index = changed / "model_index.json"
    known = json.loads(index.read_text())
    index.write_text(json.dumps(known | {"_class_name": ["mine", "Pipeline"]}))
    with pytest.raises(InputError, match="StableDiffusionPipeline.*mine"):
        load_diffusers(changed)
    index.write_text(json.dumps(known | {"unet": ["mine", "UNet"]}))
    with pytest.raises(InputError, match="undamaged"):
        load_diffusers(changed, Opening(device="cpu"))
