"""Gradient checkpointing: the same numbers, fewer saved activations, nothing left behind."""

from functools import partial

import pytest
import torch
from torch import nn

from promises import assert_equal_to_rounding
from yuragi.errors import InputError
from yuragi.guidance import RowSum
from yuragi.models.checkpoint import checkpointing


def saved_bytes(work):
    """What autograd keeps during a computation."""
    total = 0

    def pack(tensor):
        nonlocal total
        total += tensor.nbytes
        return tensor

    with torch.autograd.graph.saved_tensors_hooks(pack, lambda tensor: tensor):
        result = work()
    return result, total


def test_the_gain_is_the_same_with_less_memory(tiny):
    model = tiny.loaded
    unet = model.pipeline.unet
    strong, weak = model.bind(["red hair"]), model.bind([""])
    x = torch.randn(2, 4, 32, 32, generator=torch.Generator().manual_seed(0))
    t, w = torch.tensor(500.0, dtype=torch.float64), torch.tensor(2.0)
    whole, much = saved_bytes(lambda: RowSum()(strong, weak, x, t, w))
    thrifty = RowSum(around=partial(checkpointing, unet))
    part, little = saved_bytes(lambda: thrifty(strong, weak, x, t, w))
    assert_equal_to_rounding(part.direction, whole.direction)
    assert little < 0.6 * much
    assert not unet.is_gradient_checkpointing


def test_a_network_that_cannot():
    with pytest.raises(InputError, match="network"), checkpointing(nn.Linear(1, 1)):
        pass
