"""What the tests of benchmarks share."""

import pytest
import torch
from torch import nn

from yuragi.research.metrics.perceptual import HEDLPIPS


@pytest.fixture(scope="module")
def small_trunk():
    """A perceptual distance on one small layer: the real trunk has tests of its own."""

    def load():
        torch.manual_seed(0)
        return HEDLPIPS([nn.Conv2d(3, 4, 3, padding=1)], [torch.ones(4)])

    with pytest.MonkeyPatch.context() as patch:
        for module in ("edits.suite", "drag.suite", "dragbench.run"):
            patch.setattr(f"yuragi.research.bench.{module}.load_hed_lpips", load)
        yield
