"""Dragging: move the content under points to other places, by an ODE or an SDE."""

from yuragi.drag.drag import Drag, DragStep, drag_latents, drag_levels
from yuragi.drag.flow import Flow, flow_of
from yuragi.drag.imagine import doubtful, shown, surprise
from yuragi.drag.region import moving
from yuragi.drag.spec import (
    Handle,
    PointPair,
    RegionPair,
    drag_count,
    handles,
)
from yuragi.drag.warp import Warped, warp

__all__ = [
    "Drag",
    "DragStep",
    "Flow",
    "Handle",
    "PointPair",
    "RegionPair",
    "Warped",
    "doubtful",
    "drag_count",
    "drag_latents",
    "drag_levels",
    "flow_of",
    "handles",
    "moving",
    "shown",
    "surprise",
    "warp",
]
