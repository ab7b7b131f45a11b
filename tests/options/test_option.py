"""Options as the command line, a JSON schema and errors see them."""

from typing import Annotated, Literal

import pytest
from pydantic import Field

from yuragi.errors import InputError
from yuragi.options.one_of import OneOf
from yuragi.options.option import Option, choices, options
from yuragi.options.values import Strict
from yuragi.registry import Registry
from yuragi.tasks.tasks import TASKS


class Inner(Strict):
    name: Literal["inner"] = "inner"
    size: Annotated[int, Field(ge=1), Option("How large it is.", unit="pixels")] = 2


REGISTRY = Registry("yuragi.tests", {"inner": f"{__name__}:Inner"})


class Outer(Strict):
    inner: Annotated[Inner, OneOf("inner", REGISTRY), Option("What is inside.")] = Inner()
    way: Annotated[Literal["up", "down"], Option("Which way.", "--way-to-go")] = "up"


@pytest.fixture(autouse=True)
def known(monkeypatch):
    monkeypatch.setattr(REGISTRY, "_loaded", {"inner": Inner})


def test_options_are_read_back():
    inner, way = options(Outer)
    assert (inner.flag, way.flag) == ("--inner", "--way-to-go")
    assert choices(way.annotation) == ["up", "down"]
    assert way.shown_default == "up"


def test_the_schema_says_what_a_form_needs():
    schema = Inner.model_json_schema()["properties"]["size"]
    assert schema["description"] == "How large it is."
    assert (schema["x-unit"], schema["x-advanced"], schema["minimum"]) == ("pixels", False, 1)


def test_one_of_takes_a_name_an_object_or_a_mapping():
    for given in ("inner", Inner(), {"name": "inner"}):
        assert Outer(inner=given).inner == Inner()
    assert Outer(inner={"name": "inner", "size": 5}).inner.size == 5
    assert Outer(inner={"name": "inner", "size": 5}).model_dump()["inner"]["size"] == 5
    for given in ("other", 7, {"size": 5}):
        with pytest.raises(InputError, match="^inner.*one of inner"):
            Outer(inner=given)
    with pytest.raises(InputError, match="^size.*greater than or equal to 1"):
        Outer(inner={"name": "inner", "size": 0})
    with pytest.raises(InputError, match="^weight.*no such option of Inner"):
        Outer(inner={"name": "inner", "weight": 1})


class Sizes(Strict):
    pair: tuple[int, int] = (0, 0)
    many: Annotated[tuple[int, ...], Field(min_length=2)] = (0, 0)
    inner: Inner = Inner()
    name: Annotated[str, Field(pattern="^[a-z]+$")] = "a"


@pytest.mark.parametrize(
    ("given", "told"),
    [
        ({"pair": 5}, "pair must be a list (given: 5)"),
        ({"pair": (1, 2, 3)}, "pair must be a list of at most 2 values (given: (1, 2, 3))"),
        ({"pair": (1,)}, "pair must be longer: a value is missing in it (given: (1,))"),
        ({"pair": (1, "a")}, "pair must be a whole number (given: a)"),
        ({"many": (1,)}, "many must be a list of at least 2 values (given: (1,))"),
        ({"name": "A"}, "name must be text that matches the pattern ^[a-z]+$ (given: A)"),
        ({"inner": 5}, "inner must be an object of Inner, or a mapping of its options (given: 5)"),
    ],
)
def test_a_value_of_a_wrong_form_is_told_in_words(given, told):
    with pytest.raises(InputError) as error:
        Sizes(**given)
    assert str(error.value) == told


@pytest.mark.parametrize("task", TASKS)
def test_every_option_of_a_task_can_be_read_alone(task):
    for one in options(TASKS[task]):
        text = one.option.help
        assert text[0].isupper() or text.split()[0].rstrip(",") in ("sde", "warp"), text
        assert text.endswith("."), text
    assert TASKS[task].title.endswith(".")
    assert TASKS[task].model_json_schema()["properties"]["prompt"]["description"]
