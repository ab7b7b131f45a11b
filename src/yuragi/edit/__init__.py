"""Edits: one formulation in two stages, and what the tasks are made of."""

from yuragi.edit.edit import (
    Edit,
    Encode,
    Halves,
    Path,
    Sampler,
    Start,
    chain,
    independent,
    inverted,
    one_noise,
    unchanged,
)
from yuragi.edit.manipulate import composite, keep_outside, watch

__all__ = [
    "Edit",
    "Encode",
    "Halves",
    "Path",
    "Sampler",
    "Start",
    "chain",
    "composite",
    "independent",
    "inverted",
    "keep_outside",
    "one_noise",
    "unchanged",
    "watch",
]
