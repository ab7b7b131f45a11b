"""A single file in the layout of the published code, beside the directory that describes it."""

import pytest
from ldm_layout import save_as_one_file
from tiny_pipelines import build

import yuragi
from promises import assert_equal_to_rounding
from yuragi.errors import InputError


@pytest.fixture(scope="module")
def both(tmp_path_factory):
    """The pipeline's directory, and its weights as one file."""
    folder = tmp_path_factory.mktemp("single")
    pipeline = build("sd1")
    pipeline.save_pretrained(folder / "pipeline")
    save_as_one_file(pipeline, folder / "model.safetensors")
    return folder / "pipeline", folder / "model.safetensors"


def test_it_draws_what_its_directory_draws(both, tmp_path):
    directory, file = both
    settings = {"num_inference_steps": 4, "seed": 1}
    model = yuragi.load(file, "cpu", config=directory)
    one = model.sample("a red cat", **settings)
    whole = yuragi.load(directory, "cpu").sample("a red cat", **settings)
    assert_equal_to_rounding(one.image, whole.image)
    one.save(tmp_path / "out.png")
    assert one.request.model.startswith(str(file))


def test_it_wants_the_directory(both):
    with pytest.raises(InputError, match="the directory of a pipeline of its kind"):
        yuragi.load(both[1], "cpu")


def test_a_description_of_another_model_is_refused(both, tmp_path):
    other = build("sd1")
    other.unet = type(other.unet).from_config({**other.unet.config, "block_out_channels": (16, 64)})
    other.save_pretrained(tmp_path / "other")
    with pytest.raises(InputError, match="whole, undamaged pipeline"):
        yuragi.load(both[1], "cpu", config=tmp_path / "other")
