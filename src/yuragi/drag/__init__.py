"""Dragging: move the content under points to other places, by an ODE or an SDE."""

from yuragi.drag.bend import Bend, Hold, bend, reach_of
from yuragi.drag.drag import Drag, DragStep, drag_latents, drag_levels
from yuragi.drag.flow import Flow, flow_of
from yuragi.drag.ground import Ground
from yuragi.drag.imagine import doubtful, seam, surprise
from yuragi.drag.region import moving
from yuragi.drag.spec import (
    Handle,
    PointPair,
    RegionPair,
    drag_count,
    handles,
)
from yuragi.drag.thing import thing
from yuragi.drag.warp import Box, Warped, bent, reached, warp

__all__ = [
    "Bend",
    "Box",
    "Drag",
    "DragStep",
    "Flow",
    "Ground",
    "Handle",
    "Hold",
    "PointPair",
    "RegionPair",
    "Warped",
    "bend",
    "bent",
    "doubtful",
    "drag_count",
    "drag_latents",
    "drag_levels",
    "flow_of",
    "handles",
    "moving",
    "reach_of",
    "reached",
    "seam",
    "surprise",
    "thing",
    "warp",
]
