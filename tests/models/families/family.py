"""A tiny pipeline with our model around it."""

import torch
from tiny_pipelines import build

import yuragi

WORDS = {
    "dit": ("1", "0"),
    "class-pixels": ("3", "4"),
    "pixels": ("", ""),
}
"""What is wanted and what is there; by default descriptions."""


class Family:
    """A pipeline, ours around it, and what may be asked of it."""

    def __init__(self, name, dtype=torch.float32):
        self.name = name
        self.pipeline = build(name).to(dtype)
        self.model = yuragi.load(self.pipeline)
        self.wanted, self.there = WORDS.get(name, ("a red cat", "a blue dog"))
        # A model to which an empty prompt means nothing has no side to push away from.
        self.scale = 1.0 if name == "class-pixels" else 3.0
        self.size = 64 if name == "flux" else self.model.loaded.native_size
        # transformers puts hooks of its own into a text encoder that is first used.
        self.model.loaded.bind([self.wanted])
