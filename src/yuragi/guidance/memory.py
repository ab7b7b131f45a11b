"""What a gain may keep from one step to the next."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Generic, TypeVar

from torch import Tensor

__all__ = ["Memory"]

Kept = TypeVar("Kept")


@dataclass
class Memory(Generic[Kept]):
    """One value that belongs to one trajectory.

    A value is forgotten where the batch has another shape, or the noise is stronger than when the
    value was made: then another trajectory has begun.
    """

    value: Kept | None = None
    shape: tuple[int, ...] = ()
    level: float = float("nan")
    uses: int = field(default=0)

    def recall(self, x: Tensor, level: Tensor) -> Kept | None:
        """The value, if it belongs to the trajectory of this state at this sigma / alpha."""
        if self.value is None or tuple(x.shape) != self.shape or float(level) > self.level:
            return None
        self.uses += 1
        return self.value

    def keep(self, x: Tensor, level: Tensor, value: Kept) -> None:
        """Replace the value."""
        self.value, self.shape, self.level, self.uses = value, tuple(x.shape), float(level), 0
