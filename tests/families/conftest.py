"""Tiny pipelines of every family, and pictures to edit."""

import sys
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

sys.path.insert(0, str(Path(__file__).parent))

from tiny_pipelines import BUILDERS, build

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


@pytest.fixture(scope="session", params=list(BUILDERS))
def family(request):
    return Family(request.param)


@pytest.fixture(scope="session")
def scene():
    """48 x 40 pixels, no multiple of a cell in every family: a disc before a gradient."""
    rows, columns = np.mgrid[:40, :48]
    pixels = np.stack([4 * columns, 5 * rows, 120 + 0 * rows], -1).astype(np.uint8)
    pixels[(rows - 20) ** 2 + (columns - 16) ** 2 < 64] = (230, 40, 60)
    return Image.fromarray(pixels)


@pytest.fixture(scope="session")
def mask():
    found = Image.new("L", (48, 40))
    found.paste(255, (8, 8, 30, 32))
    return found
