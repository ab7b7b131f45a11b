"""Guidance: denoisers that combine a strong and a weak denoiser."""

from __future__ import annotations

from yuragi.guidance.cads import Annealed
from yuragi.guidance.channels import OnChannels
from yuragi.guidance.classifier import LogProb, Unclassified
from yuragi.guidance.evaluate import evaluate, evaluate_pair
from yuragi.guidance.gain import Cost, Gain, Guidance, Plain, Reading, Scheduled, plain
from yuragi.guidance.guided import Guided, Watch
from yuragi.guidance.lookahead import LookAhead
from yuragi.guidance.project import Projected, Rescaled, ZeroStar
from yuragi.guidance.ratio import Ratio, SeparationGamma
from yuragi.guidance.rectified import RowSum, RowSumForward
from yuragi.guidance.reuse import Refresh, Within
from yuragi.guidance.stress import Stress, Unrectified
from yuragi.guidance.weight import (
    LevelFunction,
    ProgressMeasure,
    Weight,
    by_step,
    cfg_plus_plus,
    constant,
    cosine,
    interval,
    linear,
    noise_ratio,
    ramp,
)

__all__ = [
    "Annealed",
    "Cost",
    "Gain",
    "Guidance",
    "Guided",
    "LevelFunction",
    "LogProb",
    "LookAhead",
    "OnChannels",
    "Plain",
    "ProgressMeasure",
    "Projected",
    "Ratio",
    "Reading",
    "Refresh",
    "Rescaled",
    "RowSum",
    "RowSumForward",
    "Scheduled",
    "SeparationGamma",
    "Stress",
    "Unclassified",
    "Unrectified",
    "Watch",
    "Weight",
    "Within",
    "ZeroStar",
    "by_step",
    "cfg_plus_plus",
    "constant",
    "cosine",
    "evaluate",
    "evaluate_pair",
    "interval",
    "linear",
    "noise_ratio",
    "plain",
    "ramp",
]
