"""Registries of components by name: those that Yuragi ships, and those that other packages add.

Another package adds a component by an entry point in its ``pyproject.toml``:

    [project.entry-points."yuragi.solvers"]
    mine = "my_package.my_solver:MySolver"

A component is imported when it is looked up, so that the command line starts quickly.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import cached_property
from importlib import import_module
from importlib.metadata import EntryPoint, entry_points
from typing import Any, Generic, TypeVar, cast

__all__ = ["Registry"]

T = TypeVar("T")


class Registry(Mapping[str, T], Generic[T]):
    """A read-only mapping from names to objects that are imported when they are looked up.

    Args:
        group: the entry point group in which other packages add components.
        shipped: the built-in components, as name -> ``module:attribute``. A package cannot replace
            them.
    """

    def __init__(self, group: str, shipped: Mapping[str, str]) -> None:
        self.group = group
        self._shipped = dict(shipped)
        self._loaded: dict[str, T] = {}

    @cached_property
    def _added(self) -> dict[str, EntryPoint]:
        return {point.name: point for point in entry_points(group=self.group)}

    def __getitem__(self, name: str) -> T:
        if name not in self._loaded:
            self._loaded[name] = cast(T, self._import(name))
        return self._loaded[name]

    def _import(self, name: str) -> Any:
        if name in self._shipped:
            module, _, attribute = self._shipped[name].partition(":")
            return getattr(import_module(module), attribute)
        return self._added[name].load()

    def __iter__(self) -> Iterator[str]:
        yield from self._shipped
        yield from (name for name in self._added if name not in self._shipped)

    def __len__(self) -> int:
        return len(list(iter(self)))

    def __contains__(self, name: object) -> bool:
        return name in self._shipped or name in self._added
