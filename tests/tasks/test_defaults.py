"""Settings in a model's folder: the caller wins, the request records them, bad ones are named."""

import json
import shutil

import pytest
from PIL import Image

import yuragi
from yuragi.errors import InputError
from yuragi.models.defaults import DEFAULTS
from yuragi.tasks.build import build
from yuragi.tasks.defaults import checked_defaults, fitted
from yuragi.tasks.drag import DragRequest
from yuragi.tasks.guidance import Guidance
from yuragi.tasks.sample import SampleRequest
from yuragi.tasks.sdedit import SDEditRequest
from yuragi.tasks.tasks import TASKS

OWN = {
    "sample": {
        "num_inference_steps": 3,
        "guidance_scale": 2.5,
        "guidance": {"rule": {"name": "interval", "interval": "10%:90%"}, "gain": "ratio"},
        "solver": "ddim",
        "timestep_spacing": "leading",
    },
    "sdedit": {"strength": 0.5},
    "drag": {"guidance": "ratio"},
}


@pytest.fixture
def folder(pipeline_folder, tmp_path):
    """A model of a user, with settings of its own."""
    place = shutil.copytree(pipeline_folder, tmp_path / "model")
    (place / DEFAULTS).write_text(json.dumps(OWN))
    return place


def sample(folder, **given):
    return build(SampleRequest, {"model": str(folder), "prompt": "a person", **given})[0]


def test_the_model_sets_what_the_caller_leaves_open(folder):
    request = sample(folder)
    assert (request.num_inference_steps, request.guidance_scale) == (3, 2.5)
    assert (request.solver, request.timestep_spacing) == ("ddim", "leading")
    assert request.guidance.rule.shares == (0.1, 0.9)
    assert request.guidance.gain.name == "ratio"
    assert request.model_fields_set == {"model", "prompt", "guidance"} - {"guidance"}
    edit, _ = build(
        SDEditRequest, {"model": str(folder), "image": Image.new("RGB", (64, 64)), "prompt": "red"}
    )
    assert (edit.strength, edit.num_inference_steps, edit.guidance_scale) == (0.5, 50, 3.0)


def test_the_caller_wins(folder):
    request = sample(folder, num_inference_steps=7, guidance_scale="4", solver="dpm++2m")
    assert (request.num_inference_steps, request.guidance_scale) == (7, 4.0)
    assert (request.solver, request.timestep_spacing) == ("dpm++2m", "leading")
    assert {"num_inference_steps", "guidance_scale", "solver"} <= request.model_fields_set


def test_a_rule_or_a_gain_leaves_the_other_to_the_model(folder):
    for plain in ("plain", {"gain": {"name": "plain"}}):
        found = sample(folder, guidance=plain).guidance
        assert (found.rule.name, found.gain.name) == ("interval", "plain")
    found = sample(folder, guidance="cfg").guidance
    assert (found.rule.name, found.gain.name) == ("cfg", "ratio")
    assert sample(folder, guidance=Guidance()).guidance == Guidance()


@pytest.mark.parametrize("one", [1, 1.0, "1"])
def test_without_guidance_there_is_no_rule_and_no_gain(folder, one):
    assert sample(folder, guidance_scale=one).guidance == Guidance()


def test_methods_and_replays_use_the_recorded_numbers(folder):
    result = yuragi.load(folder, "cpu").sample("a person", seed=0, width=64, height=64)
    assert result.request.num_inference_steps == 3
    (folder / DEFAULTS).write_text("{}")
    assert yuragi.replay(result, yuragi.load(folder, "cpu")).difference == 0


@pytest.mark.parametrize(
    ("text", "named"),
    [
        ("{", r"^model must be valid JSON .*defaults\.json"),
        ("[1]", r"defaults\.json: the file must be an object"),
        ('{"sample": 3}', r"defaults\.json: sample must be an object"),
        ('{"paint": {}}', r"defaults\.json: paint: there is no such task.* sample"),
        ('{"sample": {"strength": 0.5}}', r"defaults\.json: sample\.strength: .*solver"),
        ('{"sample": {"seed": 1}}', r"defaults\.json: sample\.seed: "),
        ('{"sdedit": {"solver": "ddim"}}', r"defaults\.json: sdedit\.solver: "),
        ('{"drag": {"guidance_scale": 2}}', r"defaults\.json: drag\.guidance_scale: "),
        ('{"sample": {"guidance": "rag"}}', r"defaults\.json: sample\.guidance: guidance must"),
        ('{"sample": {"guidance": 3}}', r"defaults\.json: sample\.guidance must be the name"),
        (
            '{"sample": {"guidance": {"gain": {"name": "reg", "refresh": 0}}}}',
            r"defaults\.json: sample\.guidance: refresh must",
        ),
    ],
)
def test_what_a_file_cannot_hold_is_named(folder, text, named):
    (folder / DEFAULTS).write_text(text)
    with pytest.raises(InputError, match=named):
        checked_defaults(folder)


@pytest.mark.parametrize(
    ("option", "value"),
    [("guidance_scale", -1), ("num_inference_steps", "many"), ("solver", "none")],
)
def test_bad_values_are_named_with_file_and_option(folder, option, value):
    (folder / DEFAULTS).write_text(json.dumps({"sample": {option: value}}))
    with pytest.raises(InputError, match=rf"^.*defaults\.json: sample\.{option} must be .*{value}"):
        sample(folder)
    good = {"guidance_scale": 2, "num_inference_steps": 2, "solver": "ddim"}
    sample(folder, **{option: good[option]})
    with pytest.raises(InputError, match=rf"^{option} must be"):  # not the file's fault
        sample(folder, **{option: value})


def test_options_that_depend_on_others_cannot_be_set():
    assert fitted(DragRequest) == ("guidance",)
    for kind in TASKS.values():
        for name in fitted(kind):
            assert kind.model_fields[name].default_factory is None


def test_the_settings_of_the_shipped_model_are_valid_and_used():
    model = yuragi.load("portraits", "cpu").loaded
    picture, hole = Image.new("RGB", (8, 8)), Image.new("L", (8, 8), 255)
    hole.putpixel((0, 0), 0)
    told = {"source_prompt": "red hair", "prompt": "black hair"}
    asked = {
        "sample": {"prompt": "black hair"},
        "inpaint": {"image": picture, "mask": hole},
        "sdedit": {"image": picture, "prompt": "black hair"},
        "translate": {"image": picture, **told},
        "diffedit": {"image": picture, **told},
        "invert": {"image": picture},
    }
    found = checked_defaults(model.path)
    assert found.keys() == asked.keys()
    for name, settings in found.items():
        request, _ = build(TASKS[name], asked[name])
        for option, value in settings.items():
            want = Guidance(**value) if option == "guidance" else value
            assert getattr(request, option) == want
