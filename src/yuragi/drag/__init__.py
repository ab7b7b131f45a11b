"""Point dragging: move what lies under a point to another place, by an ODE or by an SDE."""

from yuragi.drag.drag import Drag, DragStep, drag_latents, drag_levels
from yuragi.drag.spec import Handle, PointPair, drag_count, handles, parse_point, parse_points

__all__ = [
    "Drag",
    "DragStep",
    "Handle",
    "PointPair",
    "drag_count",
    "drag_latents",
    "drag_levels",
    "handles",
    "parse_point",
    "parse_points",
]
