"""Models that stay loaded between jobs; the least recently used one is dropped to make room."""

from __future__ import annotations

import gc
from collections import OrderedDict
from collections.abc import Callable, Hashable
from typing import TypeVar

import torch

from yuragi.errors import OutOfMemoryError
from yuragi.models.model import DiffusionModel
from yuragi.models.names import load_model, load_weak, model_folder
from yuragi.models.opening import Opening
from yuragi.tasks.base import Request

__all__ = ["Loaded"]

T = TypeVar("T")


class Loaded:
    """The loaded models of a worker.

    Args:
        opening: how models are opened.
        keep: the largest number of models.
        on_load: a function called with every model that was loaded.
    """

    def __init__(
        self,
        opening: Opening,
        keep: int,
        on_load: Callable[[DiffusionModel], None] = lambda model: None,
    ) -> None:
        self.opening = opening
        self.keep = keep
        self._on_load = on_load
        self._held: OrderedDict[Hashable, DiffusionModel] = OrderedDict()

    def of(self, request: Request) -> tuple[DiffusionModel, DiffusionModel | None]:
        """The model of a request, and the weaker model that it needs, if any.

        Raises:
            InputError: a model cannot be loaded.
            OutOfMemoryError: there is not enough memory even for these models alone.
        """
        name, weaker = request.model, request.weak_model
        model = self._get(_key(name), lambda: load_model(name, self.opening))
        if weaker is None:
            return model, None
        key = _key(weaker), model.dtype
        weak = self._get(key, lambda: load_weak(weaker, model))
        return model, weak

    def with_room(self, act: Callable[[], T]) -> T:
        """Call a function; while memory does not suffice, drop a model and call it again.

        Raises:
            OutOfMemoryError: memory does not suffice although only the latest model is left.
        """
        while True:
            try:
                return act()
            except OutOfMemoryError:
                if len(self._held) < 2:
                    raise
            self._let_go()

    def _get(self, key: Hashable, load: Callable[[], DiffusionModel | None]) -> DiffusionModel:
        if key not in self._held:
            while len(self._held) >= self.keep:
                self._let_go()
            loaded = self.with_room(load)
            assert loaded is not None
            self._on_load(loaded)
            self._held[key] = loaded
            # The objects that exist now stay. Searching them for garbage would only delay jobs.
            gc.collect()
            gc.freeze()
        self._held.move_to_end(key)
        return self._held[key]

    def _let_go(self) -> None:
        self._held.popitem(last=False)
        gc.unfreeze()
        gc.collect()
        if torch.cuda.is_available():
            torch.cuda.empty_cache()


def _key(name: str) -> Hashable:
    """A name with the state of its files, because an operator can replace a model at any time."""
    path = model_folder(name)
    if path is None:  # on the hub, where a revision never changes
        return name
    files = sorted(path.rglob("*")) if path.is_dir() else [path]
    found = [(str(file), file.stat()) for file in files]
    return name, tuple((file, at.st_ino, at.st_size, at.st_mtime_ns) for file, at in found)
