"""Tiny pipelines of every family, and pictures to edit."""

import numpy as np
import pytest
from family import Family
from PIL import Image
from tiny_pipelines import BUILDERS


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
