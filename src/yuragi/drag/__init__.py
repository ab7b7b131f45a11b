"""Point dragging: move what lies under a point to another place, by an ODE or by an SDE."""

from yuragi.drag.drag import Drag, DragStep, drag_latents
from yuragi.drag.spec import Handle, drag_count, parse_points

__all__ = ["Drag", "DragStep", "Handle", "drag_count", "drag_latents", "parse_points"]
