"""What the shell offers behind an option."""

import pytest

from yuragi.cli.parameters import parameters
from yuragi.tasks.tasks import TASKS


@pytest.mark.parametrize(
    ("task", "name", "begun", "offered"),
    [
        ("drag", "preset", "", ["warp", "paper", "fast"]),
        ("drag", "sampler", "s", ["sde"]),
        ("sample", "model", "port", ["portraits"]),
        ("sample", "weak_model", "port", ["portraits"]),
    ],
)
def test_values_are_completed(task, name, begun, offered):
    (one,) = [each for each in parameters(TASKS[task]) if each.name == name]
    (made,) = one.annotation.__metadata__
    assert made.autocompletion(begun) == offered
