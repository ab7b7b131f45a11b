"""What the tests of benchmarks share."""

import pytest
import torch
from torch import nn

from yuragi.research.metrics.perceptual import LPIPS


@pytest.fixture(scope="module")
def small_trunk():
    """A perceptual distance on one small layer: the real trunk has tests of its own."""

    def load():
        torch.manual_seed(0)
        blocks = [nn.Conv2d(3, 4, 3, padding=1)]
        return LPIPS("small", "random", blocks, [torch.ones(4)], lambda images: images, least=1)

    with pytest.MonkeyPatch.context() as patch:
        for module in ("edits.suite", "drag.suite", "cutouts.suite"):
            patch.setattr(f"yuragi.research.bench.{module}.load_hed_lpips", load)
        yield load()
