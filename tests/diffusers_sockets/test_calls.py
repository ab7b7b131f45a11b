"""Another answer in a module's place, and a changed call: what they do, and what stays."""

import pytest
import torch
from torch._dynamo.testing import CompileCounter

from yuragi.diffusers.calls import answered, change_next_call


class Twice(torch.nn.Module):
    def forward(self, x):
        if x.isnan().any():
            raise ValueError
        return 2 * x


def plus_one(given, named):
    return (given[0] + 1, *given[1:]), named


ONE = torch.ones(1)


def test_an_answer_may_ask_the_module():
    module = Twice()
    with answered(module, lambda x: module(x) + 5):
        assert module(ONE) == 7
        assert isinstance(module, Twice)
        assert type(module).__name__ == "Twice"
        assert module(ONE) == 7
    assert type(module) is Twice
    assert module(ONE) == 2


def test_only_the_next_call_changes():
    module = Twice()
    undo = change_next_call(module, plus_one)
    assert module(ONE) == 4
    assert module(ONE) == 2
    undo()
    assert module(ONE) == 2


def test_a_call_that_never_came_is_taken_back():
    module = Twice()
    change_next_call(module, plus_one)()
    assert type(module) is Twice
    assert module(ONE) == 2


def test_nothing_stays_where_the_module_raises():
    module = Twice()
    change_next_call(module, plus_one)
    with pytest.raises(ValueError, match="^$"):
        module(float("nan") * ONE)
    assert type(module) is Twice
    with answered(module, module.forward):
        with pytest.raises(ValueError, match="^$"):
            module(float("nan") * ONE)
        assert type(module) is not Twice
    assert type(module) is Twice


@pytest.mark.parametrize("in_place", [False, True])
def test_compiled_code_is_kept(in_place):
    """Each new class would be compiled for, and after a few of them the compiler gives up."""
    torch.compiler.reset()
    counter = CompileCounter()
    module = Twice()
    if in_place:
        module.compile(backend=counter)
    else:
        module = torch.compile(module, backend=counter)
    kind = type(module)
    module(ONE)
    before = counter.frame_count
    assert before > 0
    for _ in range(10):
        change_next_call(module, plus_one)
        assert module(ONE) == 4
        with answered(module, lambda x: module(x) + 5):
            assert module(ONE) == 7
        assert type(module) is kind
    assert counter.frame_count == before
