"""The exception tree."""

import pickle

import pytest

from yuragi.errors import InputError, YuragiError


def test_the_message_names_argument_value_and_what_is_allowed():
    error = InputError("steps", 0, "1 or more")
    assert str(error) == "steps = 0 is not allowed: expected 1 or more"
    assert (error.argument, error.value, error.allowed) == ("steps", 0, "1 or more")


def test_one_tree():
    for kind in (YuragiError, ValueError):
        with pytest.raises(kind):
            raise InputError("steps", 0, "1 or more")


def test_it_survives_pickling_and_long_values():
    error = InputError("x", "a" * 1000, "less")
    assert str(pickle.loads(pickle.dumps(error))) == str(error)
    assert len(str(error)) < 300
