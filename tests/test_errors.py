"""The exception tree."""

import pickle

import pytest

from yuragi.errors import InputError, YuragiError


def test_the_message_names_argument_value_and_what_is_allowed():
    error = InputError("steps", 0, "1 or more")
    assert str(error) == "steps must be 1 or more (given: 0)"
    assert (error.argument, error.value, error.allowed) == ("steps", 0, "1 or more")


def test_the_message_begins_with_the_reason():
    missing = InputError("mask", "mask.png", "", "the file is missing")
    assert str(missing) == "mask: the file is missing (mask.png)"
    assert str(missing.called("--mask")) == "--mask: the file is missing (mask.png)"
    taken = InputError("output", "a.png", "a new one without --overwrite", "the file exists")
    assert str(taken) == (
        "output: the file exists (a.png); it must be a new one without --overwrite"
    )
    assert str(InputError("mask", None, "a picture")) == "mask is missing: it must be a picture"


@pytest.mark.parametrize("value", ["", " ", "a\nb"])
def test_what_cannot_be_read_is_quoted(value):
    assert str(InputError("prompt", value, "words")) == f"prompt must be words (given: {value!r})"


def test_one_tree():
    for kind in (YuragiError, ValueError):
        with pytest.raises(kind):
            raise InputError("steps", 0, "1 or more")


def test_it_survives_pickling_and_long_values():
    error = InputError("x", "a" * 1000, "less")
    assert str(pickle.loads(pickle.dumps(error))) == str(error)
    assert len(str(error)) < 300
