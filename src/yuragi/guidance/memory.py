"""The memory of a gain from one step to the next."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Generic, TypeVar

from torch import Tensor

__all__ = ["TrajectoryMemory"]

Kept = TypeVar("Kept")

AGAIN = 1.5
"""Factor by which the noise must increase for a new trajectory to be recognised."""


@dataclass
class TrajectoryMemory(Generic[Kept]):
    """One value that belongs to one trajectory.

    The value is discarded if the batch has another shape or the noise is much higher than at the
    last request, because then another trajectory has started. (Churn raises the noise within a
    trajectory by a factor of at most 1.41.) A trajectory of a single level cannot be distinguished
    from the previous one, so use a separate gain for it.
    """

    value: Kept | None = None
    shape: tuple[int, ...] = ()
    level: float = float("nan")
    uses: int = field(default=0)

    def recall(self, x: Tensor, level: Tensor) -> Kept | None:
        """The value, or None if it belongs to a different trajectory than this state."""
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
