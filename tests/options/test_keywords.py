"""The Python keywords and the fields of the requests are one list; wrong keywords are named."""

import inspect

import pytest

import yuragi
from yuragi.errors import InputError
from yuragi.model import Model, load
from yuragi.models.opening import Opening
from yuragi.tasks.build import Reading
from yuragi.tasks.selection import Selection
from yuragi.tasks.tasks import TASKS

DECIDED = {"kind", "model", "method"}
"""Fields that a method decides by itself."""
AROUND = {"self", "on_progress", *Reading.model_fields}
"""Arguments that are about a run, not about its request."""


@pytest.mark.parametrize("task", TASKS)
def test_a_method_has_the_fields_of_its_request(task):
    fields = set(TASKS[task].model_fields) - DECIDED
    if task == "invert":
        fields -= {"mask", "crop", "num_images"}  # there is one result, of the whole picture
    if task == "drag":
        fields |= set(Selection.model_fields)
    arguments = inspect.signature(getattr(Model, task)).parameters
    assert set(arguments) - AROUND == fields
    for name, argument in arguments.items():
        info = TASKS[task].model_fields.get(name)
        if info is not None and argument.default not in (None, inspect.Parameter.empty):
            assert argument.default == info.default, name


def test_load_has_the_fields_of_an_opening():
    arguments = inspect.signature(load).parameters
    assert set(Opening.model_fields) == set(arguments) - {"source", "codec", "ip_adapter_image"}


def test_a_wrong_keyword_is_named_with_the_nearest_one(tiny):
    for wrong, right in (
        ("num_step", "num_inference_steps"),
        ("guidance_scal", "guidance_scale"),
        ("generator", "seed"),
        # The names on the command line.
        ("scale", "guidance_scale"),
        ("steps", "num_inference_steps"),
        ("number", "num_images"),
        ("n", "num_images"),
    ):
        with pytest.raises(InputError, match=f"^{wrong}: .*; did you mean {right}[?]$"):
            tiny.sample("x", **{wrong: 3})
    with pytest.raises(InputError, match="^devise.*did you mean device"):
        yuragi.load("portraits", devise="cpu")
    with pytest.raises(InputError, match="^model_config.*did you mean config"):
        yuragi.load("portraits", model_config="folder")
    with pytest.raises(InputError, match="^colour.*one of prompt, negative_prompt, "):
        tiny.sample("x", colour="red")
