"""The option whose value is of a wrong kind."""

import pytest

from yuragi.tasks.misfit import misfit
from yuragi.tasks.tasks import TASKS


@pytest.mark.parametrize(
    ("given", "argument"),
    [
        ({"seed": 1, "model": 3, "preset": ["a"]}, "model"),
        ({"image": "a.png", "preset": ["a"]}, "preset"),
        ({"rotate": [1]}, "rotate"),  # an option beside the request
    ],
)
def test_the_first_that_does_not_fit_is_named(given, argument):
    assert misfit(TASKS["drag"], given).argument == argument


def test_every_form_that_a_request_accepts_fits():
    forms = {
        "image": "a.png",
        "points": ["26,22:38,22", ((1, 2), (3, 4))],
        "regions": ["9,9 40,9 40,40:19,9 50,9 50,40"],
        "select": "9,9 40,9 40,40",
        "crop": "32",
        "guidance": "reg",
        "lora": {"rank": 3},
        "unheard_of": 7,
    }
    assert misfit(TASKS["drag"], forms) is None
