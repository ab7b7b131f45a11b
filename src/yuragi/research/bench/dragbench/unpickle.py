"""Read pickles as plain data: arrays, lists, tuples, dicts, strings and numbers, nothing else.

A pickle is a program that can name and call any function. The public data sets store their points
and masks in pickles, so this unpickler allows only the names that an array needs. It refuses a file
that refers to any other name before anything is called.
"""

from __future__ import annotations

import pickle
from pathlib import Path
from typing import Any

import numpy as np

from yuragi.errors import YuragiError

__all__ = ["UnsafePickleError", "read_pickle"]

LARGEST = 64 * 2**20
"""The largest accepted file, in bytes; the files of the sets are smaller than one MiB."""

_NAMES = {
    (module, name)
    for core in ("numpy.core", "numpy._core")
    for module, name in (
        (f"{core}.multiarray", "_reconstruct"),
        (f"{core}.multiarray", "scalar"),
        (f"{core}.numeric", "_frombuffer"),
    )
} | {("numpy", "ndarray"), ("numpy", "dtype"), ("_codecs", "encode")}
"""The names in an array's pickle; old protocols use `_codecs.encode` to turn text into bytes."""

_PLAIN = (str, bytes, bool, int, float, np.number, np.bool_, type(None))


class UnsafePickleError(YuragiError, ValueError):
    """A pickle contains, or refers to, more than plain data."""


class _Restricted(pickle.Unpickler):
    def find_class(self, module: str, name: str) -> Any:
        if (module, name) not in _NAMES:
            raise UnsafePickleError(f"the pickle asks for {module}.{name}")
        return super().find_class(module, name)

    def persistent_load(self, pid: Any) -> Any:
        raise UnsafePickleError("the pickle refers to something outside of itself")


def read_pickle(path: Path) -> Any:
    """Plain data from a pickle.

    Raises:
        UnsafePickleError: the file contains or refers to anything but arrays of numbers, lists,
            tuples, dicts, strings and numbers, is broken, or is larger than 64 MiB.
        OSError: the file cannot be read.
    """
    if path.stat().st_size > LARGEST:
        raise UnsafePickleError(f"{path} is larger than {LARGEST // 2**20} MiB")
    try:
        with path.open("rb") as file:
            found = _Restricted(file).load()
        _check(found, 0)
    except UnsafePickleError as error:
        raise UnsafePickleError(f"{path} is not plain data: {error}") from None
    except Exception as error:  # a broken pickle can raise anything
        raise UnsafePickleError(f"{path} is not a pickle of plain data: {error!r}") from error
    return found


def _check(value: Any, depth: int) -> None:
    if depth > 20:
        raise UnsafePickleError("it is nested too deeply")
    if isinstance(value, np.ndarray):
        if value.dtype.kind not in "biuf":
            raise UnsafePickleError(f"an array of {value.dtype}")
    elif isinstance(value, dict):
        for pair in value.items():
            _check(pair, depth + 1)
    elif isinstance(value, list | tuple):
        for each in value:
            _check(each, depth + 1)
    elif not isinstance(value, _PLAIN):
        raise UnsafePickleError(f"a {type(value).__name__}")
