r"""Intercepting the calls of a network by a pipeline, without changing the network.

A pipeline calls its network, and Python looks up `__call__` on the class of an object. So the
module temporarily gets another class: a subclass of its own class with the same name, which differs
only in `__call__`. Nothing inside the module changes. Its `forward`, which offloading, caching and
compiling replace and restore while a pipeline runs, stays in place, and so do its hooks, which see
exactly the calls that reach the network.

While the replacement calls the module, the module has its own class again. Code that was compiled
for that class therefore never sees another one, and is not compiled a second time.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator, Mapping
from typing import Any, TypeAlias

from torch import nn

__all__ = ["answered", "change_next_call"]

Arguments: TypeAlias = tuple[tuple[Any, ...], Mapping[str, Any]]
"""The positional and the keyword arguments of a call."""


@contextlib.contextmanager
def answered(module: nn.Module, answer: Callable[..., Any]) -> Iterator[None]:
    """Redirect calls of the module to `answer`, which can call the module itself.

    Inside a nested block, the inner `answer` replaces the outer one.
    """
    stood = type(module)
    own = getattr(stood, "_yuragi_own_class", stood)

    def call(self: nn.Module, *given: Any, **named: Any) -> Any:
        _become(self, own)
        try:
            return answer(*given, **named)
        finally:
            _become(self, answering)

    answering = _called_by(call, own)
    _become(module, answering)
    try:
        yield
    finally:
        _become(module, stood)


def change_next_call(
    module: nn.Module, change: Callable[[tuple[Any, ...], dict[str, Any]], Arguments]
) -> Callable[[], None]:
    """Change the arguments of the next call of the module only.

    The module's own class is restored before it runs, so nothing is left behind if it raises.

    Returns:
        A function that undoes the change, for a call that never happens. After the call it has no
        effect.
    """
    stood = type(module)

    def call(self: nn.Module, *given: Any, **named: Any) -> Any:
        _become(self, stood)
        given, kept = change(given, named)
        return self(*given, **kept)

    _become(module, _called_by(call, stood))
    return lambda: _become(module, stood)


def _called_by(call: Callable[..., Any], own: type[nn.Module]) -> type[nn.Module]:
    """A subclass that looks like its base class, except for `__call__`."""
    names = {name: getattr(own, name) for name in ("__module__", "__qualname__", "__doc__")}
    return type(own.__name__, (own,), {**names, "__call__": call, "_yuragi_own_class": own})


def _become(module: nn.Module, kind: type[nn.Module]) -> None:
    # A compiled module forwards attributes to the module inside; object.__setattr__ does not.
    object.__setattr__(module, "__class__", kind)
