"""Yuragi's guidance and solvers inside pipelines of diffusers.

- `RectifiedGuidance`: a guider for modular pipelines, REG without gradients.
- `patch`: any gain in a plain pipeline, inside a ``with`` block.
- `SolverScheduler`: the solvers, as ODE or SDE, as a scheduler.
"""

from yuragi.diffusers.guider import RectifiedGuidance
from yuragi.diffusers.patch import patch
from yuragi.diffusers.scheduler import SolverScheduler

__all__ = ["RectifiedGuidance", "SolverScheduler", "patch"]
