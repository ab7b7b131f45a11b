"""The finished parts of an unfinished job: batches of pictures, and steps of drags.

An attempt that follows an interrupted one takes them from here and goes on where that was. They are
no steps of DBOS, because DBOS also records that a step was interrupted, and counts steps that are
done again for lack of memory twice.
"""

from __future__ import annotations

import hashlib
import json
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

__all__ = ["Parts", "forget_parts"]


class Parts:
    """The parts of a job, as one attempt asks for them: in order, from the first.

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
        self._unwritten: tuple[str, bytes] | None = None

    def keep(self, make: Callable[[], Sequence[Tensor]]) -> Sequence[Tensor]:
        """The next part: what an earlier attempt made, or what `make` makes; see `Context.kept`.

        A part is written when the next one is asked for, because after the last one the job is as
        good as done.

        Raises:
            OSError: the part before cannot be written, or the store does not say which there are.
        """
        if self._unwritten is not None:
            self.assets.write(*self._unwritten)
            self._unwritten = None
        place = f"{self.folder}/{self.origin}-{self._asked}.safetensors"
        self._asked += 1
        with suppress(FileNotFoundError, SafetensorError):  # a damaged one is made again
            held = load(self.assets.ask("cat_file", place))
            return [held[str(number)] for number in range(len(held))]
        made = list(make())
        self._unwritten = place, save({str(k): each.cpu() for k, each in enumerate(made)})
        return made


def forget_parts(assets: Assets, job: str) -> None:
    """Delete the parts of a job that has ended."""
    with suppress(OSError):  # what is left does no harm
        assets.ask("rm", _folder(assets, job), recursive=True)


def _folder(assets: Assets, job: str) -> str:
    return f"{assets.folder}/parts/{job}"
