"""The finished parts of an unfinished job: batches of pictures, steps of drags and of inversions.

An attempt that follows an interrupted one reads them from here and continues where that one was.
Work of less than `WORTH_S` seconds is repeated instead, so that short jobs write nothing. The parts
are not steps of DBOS, because DBOS also records that a step was interrupted, and counts steps twice
that are repeated for lack of memory.
"""

from __future__ import annotations

import hashlib
import json
import time
from collections.abc import Callable, Sequence
from contextlib import suppress

import torch
from safetensors import SafetensorError
from safetensors.torch import load, save
from torch import Tensor

from yuragi import __version__
from yuragi.core import NOISE_VERSION
from yuragi.models.model import DiffusionModel
from yuragi.service.assets import Assets

__all__ = ["WORTH_S", "Parts", "forget_parts"]

WORTH_S = 1.0
"""The seconds of work from which it is worth the time to write the result."""


class Parts:
    """The parts of a job, which an attempt requests in order, from the first.

    Args:
        assets: the store in whose folder they are kept.
        job: the id of the job.
        models: the models that make them. Parts of other models, devices or versions are not used.
    """

    def __init__(self, assets: Assets, job: str, models: Sequence[DiffusionModel]) -> None:
        self.assets = assets
        self.folder = _folder(assets, job)
        made_by = [[each.weights, str(each.device), str(each.dtype)] for each in models]
        origin = json.dumps([made_by, __version__, NOISE_VERSION, torch.__version__])
        self.origin = hashlib.blake2b(origin.encode(), digest_size=8).hexdigest()
        self._asked = 0
        self._unwritten: dict[str, bytes] = {}
        self._since = 0.0

    def keep(self, make: Callable[[], Sequence[Tensor]]) -> Sequence[Tensor]:
        """The next part, from an earlier attempt or from `make`; see `Context.kept`.

        Parts are written when the next one is requested, because after the last one the job is
        nearly done.

        Raises:
            OSError: an earlier part cannot be written, or the store does not say which parts exist.
        """
        if self._unwritten and time.monotonic() - self._since >= WORTH_S:
            self.write()
        place = f"{self.folder}/{self.origin}-{self._asked}.safetensors"
        self._asked += 1
        with suppress(FileNotFoundError, SafetensorError):  # a damaged one is made again
            held = load(self.assets.ask("cat_file", place))
            return [held[str(number)] for number in range(len(held))]
        if not self._unwritten:
            self._since = time.monotonic()
        made = list(make())
        self._unwritten[place] = save({str(k): each.cpu() for k, each in enumerate(made)})
        return made

    def write(self) -> None:
        """Write all parts that were made so far; raises what `keep` raises."""
        self.assets.write(self._unwritten)
        self._unwritten = {}


def forget_parts(assets: Assets, job: str) -> None:
    """Delete the parts of a job that has ended."""
    with suppress(OSError):  # leftovers do no harm
        assets.ask("rm", _folder(assets, job), recursive=True)


def _folder(assets: Assets, job: str) -> str:
    return f"{assets.folder}/parts/{job}"
