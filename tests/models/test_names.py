"""Names and paths of models."""

import pytest

from yuragi.errors import InputError
from yuragi.models.names import SHIPPED, load_model, model_path
from yuragi.models.opening import Opening


def test_names_and_paths(tmp_path):
    assert model_path(tmp_path) == tmp_path
    for name in SHIPPED:
        assert (model_path(name) / "model_index.json").is_file()
    with pytest.raises(InputError, match="model.*portraits"):
        model_path("nowhere")


def test_the_shipped_model_loads_as_any_other():
    model = load_model("portraits", Opening(device="cpu"))
    assert model.native_size == 256
    assert model.path == model_path("portraits").resolve()
