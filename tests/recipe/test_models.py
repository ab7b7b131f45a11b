"""Names and paths of models."""

import pytest

from yuragi.adapters import Opening
from yuragi.errors import InputError
from yuragi.recipe.models import SHIPPED, load_model, model_path


def test_names_and_paths(tmp_path):
    assert model_path(tmp_path) == tmp_path
    for name in SHIPPED:
        assert (model_path(name) / "model_index.json").is_file()
    with pytest.raises(InputError, match="model = 'nowhere'.*portraits"):
        model_path("nowhere")


def test_the_shipped_model_loads_as_any_other():
    model = load_model("portraits", Opening("cpu"))
    assert model.native_size == 128
    assert model.path == model_path("portraits").resolve()
