"""Edits: noise up and denoising down, and the parts of the edit tasks."""

from yuragi.edit.adaptive import MOST, Adaptive, where_needed
from yuragi.edit.difference import difference_mask
from yuragi.edit.edit import (
    Descent,
    Edit,
    Halves,
    Path,
    PathEncoder,
    Sampler,
    Start,
    chain,
    climbs,
    descent,
    followed,
    fresh,
    independent,
    inverted,
    one_noise,
    unchanged,
)
from yuragi.edit.manipulate import composite, everything, keep_outside, watch
from yuragi.edit.need import Need, beside_path
from yuragi.edit.pull import PromptPull
from yuragi.edit.resample import Resampled, resampled

__all__ = [
    "MOST",
    "Adaptive",
    "Descent",
    "Edit",
    "Halves",
    "Need",
    "Path",
    "PathEncoder",
    "PromptPull",
    "Resampled",
    "Sampler",
    "Start",
    "beside_path",
    "chain",
    "climbs",
    "composite",
    "descent",
    "difference_mask",
    "everything",
    "followed",
    "fresh",
    "independent",
    "inverted",
    "keep_outside",
    "one_noise",
    "resampled",
    "unchanged",
    "watch",
    "where_needed",
]
