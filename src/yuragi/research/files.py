"""Files that are written completely or not at all, also by several processes at once."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from safetensors import safe_open
from safetensors.torch import save_file
from torch import Tensor

from yuragi.images import files

__all__ = ["read_or_make", "save_whole", "whole"]


@contextmanager
def whole(path: Path) -> Iterator[Path]:
    """Yield a file of this process alone, which becomes `path` when the block ends.

    If the block raises an error or the process is killed, `path` stays as it was. Its folder is
    created if it is missing.

    Raises:
        OSError: the folder cannot be written.
    """
    with files.whole(path) as partial:
        yield partial
        # The content reaches the disk before the name does, so that a power failure cannot leave
        # the name with a part of the content.
        with partial.open("rb+") as file:
            os.fsync(file.fileno())


def save_whole(
    tensors: Mapping[str, Tensor], path: Path, metadata: dict[str, str] | None = None
) -> None:
    """Write tensors to a safetensors file, completely or not at all; see `whole`."""
    with whole(path) as partial:
        save_file({name: x.contiguous() for name, x in tensors.items()}, partial, metadata)


def read_or_make(
    path: Path, make: Callable[[], Mapping[str, Tensor]], metadata: dict[str, str]
) -> tuple[dict[str, Tensor], dict[str, str]]:
    """The tensors and the metadata of a safetensors file, which is made first if it is missing."""
    if not path.exists():
        save_whole(make(), path, metadata)
    with safe_open(path, framework="pt") as file:
        return {name: file.get_tensor(name) for name in file.keys()}, file.metadata()  # noqa: SIM118
