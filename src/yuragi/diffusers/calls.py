r"""Stepping between a pipeline and its network without touching the network itself.

A pipeline asks its network by calling it, and Python looks up how an object is called on its class.
So the module is given another class for a while: a subclass of its own, with the same name, that
differs in `__call__` alone. Nothing inside the module changes. Its `forward` stays where it is,
which offloading, caching and compiling replace and put back while a pipeline runs, and so do its
hooks, which see exactly the calls that reach the network.

While the module is asked from inside, it has its own class again. Code that was compiled for that
class therefore never sees another one, and is not compiled a second time.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator, Mapping
from typing import Any, TypeAlias

from torch import nn

__all__ = ["answered", "change_next_call"]

Arguments: TypeAlias = tuple[tuple[Any, ...], Mapping[str, Any]]
"""By position, and by name."""


@contextlib.contextmanager
def answered(module: nn.Module, answer: Callable[..., Any]) -> Iterator[None]:
    """Calls of the module go to `answer`, which may call the module itself.

    A block inside another one takes the place of the outer one while it lasts.
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
    """The next call of the module, and no other, has its arguments changed.

    The module has its own class again before it runs, so nothing stays where it raises.

    Returns:
        what takes the change back, for a call that never came; harmless after it.
    """
    stood = type(module)

    def call(self: nn.Module, *given: Any, **named: Any) -> Any:
        _become(self, stood)
        given, kept = change(given, named)
        return self(*given, **kept)

    _become(module, _called_by(call, stood))
    return lambda: _become(module, stood)


def _called_by(call: Callable[..., Any], own: type[nn.Module]) -> type[nn.Module]:
    """A subclass that cannot be told from its base, but for its `__call__`."""
    names = {name: getattr(own, name) for name in ("__module__", "__qualname__", "__doc__")}
    return type(own.__name__, (own,), {**names, "__call__": call, "_yuragi_own_class": own})


def _become(module: nn.Module, kind: type[nn.Module]) -> None:
    # A compiled module forwards what is set on it to the module inside; this does not.
    object.__setattr__(module, "__class__", kind)
