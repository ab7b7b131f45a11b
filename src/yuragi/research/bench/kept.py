"""Finished pictures of a benchmark on disk, so that an interrupted run can be resumed."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from torch import Tensor

from yuragi import __version__
from yuragi.core import NOISE_VERSION
from yuragi.research.bench.report import Origin
from yuragi.research.files import read_or_make
from yuragi.research.metrics.levels import levels_of
from yuragi.tasks.base import Request
from yuragi.tasks.record import public

__all__ = ["Kept"]


@dataclass(frozen=True)
class Kept:
    """The pictures of one benchmark and model.

    Attributes:
        folder: the folder in which they are stored.
        here: the commit and the device of this run.
        used: the commits and devices that made the pictures of this run.
    """

    folder: Path
    here: Origin
    used: set[Origin] = field(default_factory=set)

    def pictures(
        self,
        name: str,
        requests: Sequence[Request],
        make: Callable[[], tuple[Tensor, Tensor]],
    ) -> tuple[Tensor, Tensor]:
        """Pictures and their costs, read from disk if they are there, otherwise made and stored.

        Args:
            name: what makes the pictures; the file's name begins with it.
            requests: the complete requests. With the name and the versions of Yuragi and of its
                noise, they decide the pictures; a hash of all this is the rest of the file's name.
            make: a function that makes pictures [n, 3, h, w] in [-1, 1], and any numbers.

        Returns:
            the pictures, rounded to 8-bit levels, and the numbers.
        """
        asked = [public(request).model_dump(mode="json") for request in requests]
        decides = json.dumps([name, asked, __version__, NOISE_VERSION], sort_keys=True)
        key = hashlib.blake2b(decides.encode(), digest_size=8).hexdigest()
        path = self.folder / f"{name.replace(' ', '-')}-{key}.safetensors"

        def tensors() -> dict[str, Tensor]:
            images, spent = make()
            return {"images": levels_of(images), "spent": spent}

        held, made_by = read_or_make(path, tensors, self.here._asdict())
        self.used.add(Origin(**made_by))
        return held["images"].float() / 127.5 - 1, held["spent"]

    @property
    def elsewhere(self) -> list[dict[str, str]]:
        """The other commits and devices that made pictures of this run, for the report."""
        return [each._asdict() for each in sorted(self.used - {self.here})]
