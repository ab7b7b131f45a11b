"""Sockets into diffusers: our guidance and our solvers in pipelines of your own.

- `RectifiedGuidance`: a guider for modular pipelines, REG without gradients;
- `patch`: any of our gains in a plain pipeline, while a ``with`` block lasts;
- `SolverScheduler`: our solvers, as ODE or SDE, as a scheduler.
"""

from yuragi.diffusers.guider import RectifiedGuidance
from yuragi.diffusers.patch import patch
from yuragi.diffusers.scheduler import SolverScheduler

__all__ = ["RectifiedGuidance", "SolverScheduler", "patch"]
