"""The pictures of a folder, and the metadata in their files."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise
from pathlib import Path

import torch
from torch import Tensor

from yuragi.errors import InputError
from yuragi.images.read import read_picture
from yuragi.images.tensors import to_tensor
from yuragi.research.metrics.figure import UNKNOWN
from yuragi.tasks.record import Record
from yuragi.tasks.replay import read_result

__all__ = ["Pictures", "read_texts", "spans"]

SUFFIXES = (".png", ".jpg", ".jpeg", ".webp", ".bmp", ".tif", ".tiff", ".gif")
BATCH = 32


@dataclass(frozen=True)
class Pictures:
    """The pictures of a folder, in the order of their names.

    Attributes:
        folder: the folder.
        argument: the name of the argument in errors.

    Raises:
        InputError: the folder does not exist, or contains no pictures.
    """

    folder: Path
    argument: str = "pictures"

    def __post_init__(self) -> None:
        if not self.folder.is_dir():
            raise InputError(self.argument, str(self.folder), "a folder of pictures")
        if not self.paths:
            allowed = "a folder with " + ", ".join(SUFFIXES)
            reason = "there are no pictures in it"
            raise InputError(self.argument, str(self.folder), allowed, reason)

    @cached_property
    def paths(self) -> Sequence[Path]:
        """Every picture directly in the folder."""
        found = self.folder.iterdir()
        return sorted(path for path in found if path.suffix.lower() in SUFFIXES)

    def __len__(self) -> int:
        return len(self.paths)

    def picture(self, k: int) -> Tensor:
        """Picture k, [1, 3, h, w] in [-1, 1]."""
        return to_tensor(read_picture(self.paths[k]))

    def batches(self) -> Iterator[Tensor]:
        """All pictures in batches [b, 3, h, w]; a batch contains pictures of one size."""
        held: list[Tensor] = []
        for k in range(len(self)):
            one = self.picture(k)
            if held and (len(held) == BATCH or held[0].shape != one.shape):
                yield torch.cat(held)
                held = []
            held.append(one)
        yield torch.cat(held)

    @cached_property
    def records(self) -> Sequence[Record | None]:
        """The record of how each picture was made; None for pictures that are not from Yuragi."""
        return [_record(path) for path in self.paths]

    @property
    def seeds(self) -> str:
        """The seeds of the pictures, such as ``0-1999``, or `UNKNOWN` if one is missing."""
        return self.first_seeds(len(self))

    def first_seeds(self, n: int) -> str:
        """The seeds of the first n pictures, or `UNKNOWN` if one is missing."""
        found = [None if each is None else each.request.seed for each in self.records[:n]]
        known = [seed for seed in found if seed is not None]
        return spans(known) if len(known) == len(found) else UNKNOWN

    @property
    def texts(self) -> Mapping[str, str]:
        """The prompts by file name, for pictures whose record has one."""
        told = {
            path.name: getattr(record.request, "prompt", None)
            for path, record in zip(self.paths, self.records, strict=True)
            if record is not None
        }
        return {name: text for name, text in told.items() if text}


def _record(path: Path) -> Record | None:
    try:
        return read_result(path)[0]
    except InputError:
        return None


def read_texts(path: Path) -> Mapping[str, str]:
    """Read texts by file name from a JSON object.

    Raises:
        InputError: the file does not contain such an object.
    """
    try:
        held = json.loads(path.read_text("utf-8"))
    except (OSError, ValueError) as error:
        raise InputError("texts", str(path), "a file with a JSON object") from error
    if not isinstance(held, dict) or not all(isinstance(text, str) for text in held.values()):
        raise InputError("texts", str(path), "a JSON object of texts by file name")
    return held


def spans(numbers: Sequence[int]) -> str:
    """Integers as spans: 0, 1, 2, 5 gives ``0-2, 5``."""
    ordered = sorted(set(numbers))
    if not ordered:
        return ""
    ends = [k for k, (a, b) in enumerate(pairwise(ordered)) if b != a + 1]
    starts = [0, *(k + 1 for k in ends)]
    parts = zip(starts, [*ends, len(ordered) - 1], strict=True)
    return ", ".join(f"{ordered[a]}" if a == b else f"{ordered[a]}-{ordered[b]}" for a, b in parts)
