"""The two clients."""

import inspect

import pytest

pytest.importorskip("httpx2")

from yuragi.client import AsyncClient, Client

METHODS = sorted(name for name in vars(Client) if not name.startswith("_"))


def test_both_clients_have_the_same_methods():
    assert sorted(name for name in vars(AsyncClient) if not name.startswith("_")) == METHODS


@pytest.mark.parametrize("name", METHODS)
def test_a_method_takes_the_same_arguments_and_says_the_same(name):
    one, other = getattr(Client, name), getattr(AsyncClient, name)
    assert inspect.signature(one).parameters == inspect.signature(other).parameters
    assert inspect.getdoc(one) == inspect.getdoc(other)
    asynchronous = inspect.iscoroutinefunction(other) or inspect.isasyncgenfunction(other)
    assert asynchronous
