"""What was loaded is told: files, configuration, revision; and it travels in results."""

import shutil

import yuragi
from yuragi.models.card import entry_of
from yuragi.models.load import load_diffusers
from yuragi.models.opening import Opening
from yuragi.tasks.replay import read_result


def card(path):
    return load_diffusers(path, Opening(device="cpu")).card


def test_every_weight_file_is_named(pipeline_folder):
    found = card(pipeline_folder)
    assert found.kind == "StableDiffusionPipeline"
    there = {each.relative_to(pipeline_folder).as_posix() for each in pipeline_folder.rglob("*")}
    assert set(found.files) == {name for name in there if name.endswith(".safetensors")}
    assert len(set(found.files.values())) == len(found.files)
    assert found.revision == ""


def test_copies_have_the_same_card_and_changes_another(pipeline_folder, tmp_path):
    before = card(pipeline_folder)
    copy = shutil.copytree(pipeline_folder, tmp_path / "copy")
    assert card(copy) == before
    config = copy / "scheduler" / "scheduler_config.json"
    config.write_text(config.read_text().replace("v_prediction", "epsilon"))
    settings = card(copy)
    assert settings.files == before.files
    assert settings.config != before.config
    (weights,) = (copy / "unet").glob("*.safetensors")
    held = bytearray(weights.read_bytes())
    held[-1] ^= 1
    weights.write_bytes(held)
    changed = {name for name, value in card(copy).files.items() if value != before.files[name]}
    assert changed == {"unet/" + weights.name}


def test_a_snapshot_of_the_hub_has_a_revision(pipeline_folder, tmp_path):
    commit = "0123456789abcdef0123456789abcdef01234567"
    copy = shutil.copytree(pipeline_folder, tmp_path / "snapshots" / commit)
    assert card(copy).revision == commit


def test_it_travels_in_a_picture(tiny, tmp_path):
    result = tiny.sample("a person", num_inference_steps=2, seed=0)
    assert result.origin.card == tiny.loaded.card
    result.save(tmp_path / "out.png")
    record, _ = read_result(tmp_path / "out.png")
    assert record.origin == result.origin


def test_entries_at_the_head_of_a_model_card(tmp_path):
    assert entry_of(None, "knows") == entry_of(tmp_path, "knows") == ""
    card = tmp_path / "README.md"
    card.write_text("---\nlicense: mit\nknows: cats: all of them\n---\n\nother: text\n")
    assert entry_of(tmp_path, "license") == "mit"
    assert entry_of(tmp_path, "knows") == "cats: all of them"
    assert entry_of(tmp_path, "other") == ""
    card.write_text("# No head\n\n---\nknows: nothing\n---\n")
    assert entry_of(tmp_path, "knows") == ""


def test_an_object_has_a_card_without_files(tiny):
    wrapped = yuragi.load(tiny.loaded.pipeline).loaded.card
    assert wrapped.files == {}
    assert wrapped.config == tiny.loaded.card.config
