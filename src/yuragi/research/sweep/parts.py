"""The finished batches of a point on disk.

A killed sweep loses little, and a sweep with more pictures draws only those that are missing.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import astuple, dataclass, field
from pathlib import Path

import torch
from torch import Tensor

from yuragi.research.bench.report import Origin
from yuragi.research.files import read_or_make
from yuragi.research.metrics.backends import Encoded
from yuragi.research.sweep.draw import Spent
from yuragi.research.sweep.looked import Looked

__all__ = ["Parts"]


@dataclass(frozen=True)
class Parts:
    """The batches of one point, a file each.

    Attributes:
        folder: the folder of the files.
        here: the commit and the device of this run.
        used: the commits and devices that made the batches of this run, in their order.
    """

    folder: Path
    here: Origin
    used: dict[Origin, None] = field(default_factory=dict)

    def keep(self, name: str, make: Callable[[], Looked]) -> Looked:
        """The batch of this name, read from disk if it is there, otherwise made and stored."""
        path = self.folder / f"{name}.safetensors"
        held, made_by = read_or_make(path, lambda: _tensors(make()), self.here._asdict())
        self.used[Origin(**made_by)] = None
        spent = [Spent(*row) for row in held["spent"].tolist()]
        seen = Encoded(held["features"], held.get("logits"))
        return Looked(seen, held["right"], held["clipped"], spent)

    @property
    def made_by(self) -> dict[str, str]:
        """The commits and the devices that made the point, for its row."""
        made = dict.fromkeys([*self.used, self.here])
        return {
            name: ", ".join(dict.fromkeys(getattr(one, name) for one in made))
            for name in Origin._fields
        }


def _tensors(looked: Looked) -> dict[str, Tensor]:
    rows = [astuple(each) for each in looked.spent]
    held = {
        "features": looked.seen.features,
        "right": looked.right,
        "clipped": looked.clipped,
        "spent": torch.tensor(rows, dtype=torch.float64),
    }
    if looked.seen.logits is not None:
        held["logits"] = looked.seen.logits
    return held
