"""A name stands for the request, the weights, the configuration and the precision."""

import json
import shutil

import pytest

from yuragi.batch.items import Item
from yuragi.batch.naming import as_checked, name_of, setup_of
from yuragi.errors import InputError
from yuragi.models.opening import Opening
from yuragi.tasks.sample import SampleRequest

CPU = Opening(device="cpu")


def asked(folder, **more):
    return SampleRequest(model=str(folder), prompt="red", seed=1, **more)


def by(weaker):
    """Guidance by a weaker model."""
    return {"rule": {"name": "auto", "weak_model": str(weaker)}}


@pytest.fixture
def name(pipeline_folder):
    return name_of(asked(pipeline_folder), CPU)


@pytest.fixture
def copy(pipeline_folder, tmp_path):
    """The pipeline in a folder of the same name, which a test can change."""
    return shutil.copytree(pipeline_folder, tmp_path / pipeline_folder.name)


def change(file, **entries):
    file.write_text(json.dumps({**json.loads(file.read_text()), **entries}))


def test_a_model_elsewhere_gives_the_same_name(name, copy):
    assert name_of(asked(copy), CPU) == name


def test_other_weights_give_another_name(name, copy):
    weights = copy / "unet" / "diffusion_pytorch_model.safetensors"
    data = bytearray(weights.read_bytes())
    data[-1] ^= 1
    weights.write_bytes(data)
    assert name_of(asked(copy), CPU) != name


def test_another_schedule_gives_another_name(name, copy):
    change(copy / "scheduler" / "scheduler_config.json", beta_end=0.013)
    assert name_of(asked(copy), CPU) != name


def test_another_configuration_of_the_weaker_model_gives_another_name(pipeline_folder, copy):
    one = asked(pipeline_folder, guidance=by(pipeline_folder))
    other = asked(pipeline_folder, guidance=by(copy))
    change(copy / "scheduler" / "scheduler_config.json", beta_end=0.013)
    assert name_of(one, CPU) != name_of(other, CPU)


@pytest.mark.parametrize(
    ("opening", "same"),
    [
        ({"device": "cpu", "dtype": "float32"}, True),
        ({"device": "cpu:0", "compile": True}, True),
        ({"device": "cpu", "dtype": "bfloat16"}, False),
        ({"device": "cuda"}, False),  # where float16 is the default of this family
        ({"device": "cpu", "vae_tiling": True}, False),
    ],
)
def test_only_what_changes_results_changes_the_name(name, pipeline_folder, opening, same):
    assert (name_of(asked(pipeline_folder), Opening(**opening)) == name) is same


def test_the_default_of_a_gpu_is_named_as_if_it_was_given(pipeline_folder):
    given = asked(pipeline_folder)
    usual = name_of(given, Opening(device="cuda:1"))
    assert name_of(given, Opening(device="cuda", dtype="float16")) == usual


@pytest.mark.parametrize("dtype", [None, "bfloat16"])
def test_a_loaded_model_is_what_the_name_says(pipeline_folder, dtype):
    from yuragi.models.names import load_model

    opening = Opening(device="cpu", dtype=dtype)
    model = load_model(pipeline_folder, opening)
    setup = setup_of(asked(pipeline_folder), opening)
    assert setup.weights == model.weights
    assert setup.dtype == str(model.dtype).removeprefix("torch.")


@pytest.mark.parametrize(
    ("found", "argument"),
    [
        ({"weights": "f" * 32}, "model"),
        ({"weak_weights": "f" * 32}, "weak_model"),
        ({"dtype": "float16"}, "dtype"),
    ],
)
def test_another_setup_is_refused(pipeline_folder, found, argument):
    setup = setup_of(asked(pipeline_folder, guidance=by(pipeline_folder)), CPU)
    same = {"weights": setup.weights, "weak_weights": setup.weights, "dtype": "float32"}
    setup.check(**same)
    with pytest.raises(InputError) as refused:
        setup.check(**{**same, **found})
    assert refused.value.argument == argument


def test_an_item_that_asks_for_something_else_than_its_name_is_refused(pipeline_folder, name):
    told = {"model": str(pipeline_folder), "prompt": "red", "seed": 1}
    item = Item(7, "", "sample", told, name)
    assert as_checked(item, CPU).request == asked(pipeline_folder)
    with pytest.raises(InputError, match=r"row: .* has changed since .* \(7\)"):
        as_checked(item, Opening(device="cpu", dtype="float16"))
