"""Guidance: denoisers made of denoisers."""

from __future__ import annotations

from yuragi.guidance.gain import Gain, plain
from yuragi.guidance.guided import Guided, evaluate_pair
from yuragi.guidance.weight import Weight, constant, ramp

__all__ = ["Gain", "Guided", "Weight", "constant", "evaluate_pair", "plain", "ramp"]
