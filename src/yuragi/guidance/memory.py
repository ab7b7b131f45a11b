"""What a gain may keep from one step to the next."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Generic, TypeVar

from torch import Tensor

__all__ = ["Memory"]

Kept = TypeVar("Kept")

AGAIN = 1.5
"""How much stronger the noise of a new trajectory is than that of the last one's end."""


@dataclass
class Memory(Generic[Kept]):
    """One value that belongs to one trajectory.

    A value is forgotten where the batch has another shape, or the noise is much stronger than when
    it was last asked for: then another trajectory has begun. (Churn raises the noise a little
    within one, by a factor of at most 1.41.) A trajectory of a single level cannot be told from the
    one before; give it a gain of its own.
    """

    value: Kept | None = None
    shape: tuple[int, ...] = ()
    level: float = float("nan")
    uses: int = field(default=0)

    def recall(self, x: Tensor, level: Tensor) -> Kept | None:
        """The value, if it belongs to the trajectory of this state at this sigma / alpha."""
        if self.value is None or tuple(x.shape) != self.shape:
            return None
        if float(level) > AGAIN * self.level:
            return None
        self.level = float(level)
        self.uses += 1
        return self.value

    def keep(self, x: Tensor, level: Tensor, value: Kept) -> None:
        """Replace the value."""
        self.value, self.shape, self.level, self.uses = value, tuple(x.shape), float(level), 0
