"""Models under names of the user's own."""

import shutil

import pytest

import yuragi
from yuragi.errors import InputError
from yuragi.models.listing import list_models
from yuragi.models.names import load_model, model_path, split_version, with_version
from yuragi.models.opening import Opening
from yuragi.models.register import changed_files, forget, register, registered


@pytest.fixture(autouse=True)
def home(monkeypatch, tmp_path):
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "data"))
    monkeypatch.setenv("HF_HUB_CACHE", str(tmp_path / "hub"))
    return tmp_path / "data" / "yuragi" / "models.json"


@pytest.fixture
def copy(pipeline_folder, tmp_path):
    return shutil.copytree(pipeline_folder, tmp_path / "copy")


def test_a_registered_name_is_a_model(copy, home):
    entry = register("mine", copy, "a note", {})
    assert model_path("mine") == copy.resolve()
    model = load_model("mine", Opening(device="cpu"))
    assert model.weights == entry.weights
    assert registered() == {"mine": entry}
    result = yuragi.load("mine", "cpu").sample("red", num_inference_steps=2, seed=0)
    assert result.request.model == f"mine@{entry.weights[:12]}"
    forget("mine")
    assert registered() == {}
    assert (copy / "model_index.json").exists()


def test_versions(copy):
    entry = register("mine", copy, "", {})
    good = f"mine@{entry.weights[:8]}"
    assert load_model(good, Opening(device="cpu")).weights == entry.weights
    with pytest.raises(InputError, match=f"model.*{entry.weights[:12]}"):
        load_model("mine@abcdef12", Opening(device="cpu"))
    assert split_version(good) == ("mine", entry.weights[:8])
    assert split_version("mine@main") == ("mine@main", "")
    assert with_version(good, entry.weights) == f"mine@{entry.weights[:12]}"
    assert with_version("owner/name@v1", "0" * 32) == "owner/name@v1"
    assert with_version("<Net>", "0" * 32) == "<Net>"


def test_changed_files_are_named(copy):
    entry = register("mine", copy, "", {})
    assert changed_files(entry) == []
    (file,) = (copy / "unet").glob("*.safetensors")
    content = bytearray(file.read_bytes())
    content[len(content) // 2] ^= 1
    file.write_bytes(content)
    (copy / "vae" / "extra.safetensors").write_bytes(b"x")
    shutil.rmtree(copy / "text_encoder")
    changed = changed_files(entry)
    assert len(changed) == 3
    assert {name.split("/")[0] for name in changed} == {"unet", "vae", "text_encoder"}


@pytest.mark.parametrize("name", ["", "a b", "../x", "@x", "portraits", "twice"])
def test_bad_names(copy, name):
    register("twice", copy, "", {})
    with pytest.raises(InputError, match="^name"):
        register(name, copy, "", {"portraits": ""})
    assert list(registered()) == ["twice"]


def test_no_weights(tmp_path):
    with pytest.raises(InputError, match="^path"):
        register("mine", tmp_path / "nowhere", "", {})


def test_unknown_names():
    with pytest.raises(InputError, match="^name.*nothing is registered"):
        forget("mine")


@pytest.mark.parametrize("text", ["{", '{"a": 1}', '{"a": {"b": 1}}'])
def test_a_damaged_register_is_left_alone(home, text, copy):
    home.parent.mkdir(parents=True)
    home.write_text(text)
    with pytest.raises(InputError, match=r"models\.json"):
        register("mine", copy, "", {})
    assert home.read_text() == text


def test_models_are_listed(copy):
    register("mine", copy, "CC BY 4.0", {})
    found = {each.name: each for each in list_models()}
    assert set(found) == {"portraits", "mine"}
    assert "cc-by-4.0" in found["portraits"].note
    assert found["mine"].kind == "StableDiffusionPipeline"
    shutil.rmtree(copy)
    assert "missing" in {each.name: each for each in list_models()}["mine"].where


def test_a_revision_on_the_hub_is_no_version():
    """Commits are hexadecimal too; a replay must ask for the same one."""
    for name in ("owner/name@0123456789ab", "owner/name@" + "a" * 40):
        assert split_version(name) == (name, "")
