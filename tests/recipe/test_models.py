"""Names and paths of models, and fingerprints of weights."""

import pytest
from safetensors.torch import save_file
from torch import ones, zeros

from yuragi.errors import InputError
from yuragi.recipe.models import SHIPPED, fingerprint, load_model, model_path


def test_names_and_paths(tmp_path):
    assert model_path(tmp_path) == tmp_path
    for name in SHIPPED:
        assert (model_path(name) / "model_index.json").is_file()
    with pytest.raises(InputError, match="model = 'nowhere'.*portraits"):
        model_path("nowhere")


def test_a_model_is_loaded_once(pipeline_folder):
    assert load_model(pipeline_folder, "cpu") is load_model(str(pipeline_folder), "cpu")


def test_fingerprints_tell_weights_apart(tmp_path):
    for name, tensor in (("a", zeros(4)), ("b", ones(4)), ("c", zeros(4))):
        (tmp_path / name).mkdir()
        save_file({"w": tensor}, tmp_path / name / "model.safetensors")
    a, b, c = (fingerprint(tmp_path / name) for name in "abc")
    assert a == c
    assert a != b
