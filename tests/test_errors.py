"""The exception tree."""

import inspect
import pickle

import pytest

from yuragi.errors import InputError, YuragiError, YuragiWarning, warn_caller


def test_the_message_names_argument_value_and_what_is_allowed():
    error = InputError("steps", 0, "1 or more")
    assert str(error) == "steps must be 1 or more (given: 0)"
    assert (error.argument, error.value, error.allowed) == ("steps", 0, "1 or more")


def test_the_message_begins_with_the_reason():
    missing = InputError("mask", "mask.png", "", "the file is missing")
    assert str(missing) == "mask: the file is missing (mask.png)"
    assert str(missing.called("--mask")) == "--mask: the file is missing (mask.png)"
    folder = InputError("mask", "masks", "a picture file", "this is a folder")
    assert str(folder) == "mask: this is a folder (masks); it must be a picture file"
    taken = InputError("output", "a.png", "", "the file exists", "choose another name")
    assert str(taken) == "output: the file exists (a.png); choose another name"
    assert str(InputError("mask", None, "a picture")) == "mask is missing: it must be a picture"


@pytest.mark.parametrize("value", ["", " ", "a\nb"])
def test_what_cannot_be_read_is_quoted(value):
    assert str(InputError("prompt", value, "words")) == f"prompt must be words (given: {value!r})"


def test_one_tree():
    for kind in (YuragiError, ValueError):
        with pytest.raises(kind):
            raise InputError("steps", 0, "1 or more")


def test_its_texts_can_be_changed_but_not_its_value():
    texts = ("less (resize)", "it is large", "raise the limit (max_pixels)")
    told = InputError("image", "a (resize).png", *texts).worded(str.upper)
    assert (told.argument, told.value) == ("image", "a (resize).png")
    assert (told.allowed, told.reason, told.advice) == tuple(map(str.upper, texts))


def test_it_survives_pickling_and_long_values():
    error = InputError("x", "a" * 1000, "", "it is long", "make it shorter")
    assert str(pickle.loads(pickle.dumps(error))) == str(error)
    assert str(error).endswith("make it shorter")
    assert len(str(error)) < 300


def test_a_warning_is_about_the_line_outside_the_package():
    with pytest.warns(YuragiWarning, match="^careful$") as told:
        warn_caller("careful")
    line = inspect.currentframe().f_lineno - 1
    assert (told[0].filename, told[0].lineno) == (__file__, line)
