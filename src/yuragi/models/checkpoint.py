"""Gradient checkpointing: less memory for gradients, at the cost of computing blocks twice."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from diffusers import ModelMixin

from yuragi.errors import InputError

__all__ = ["checkpointing"]


@contextmanager
def checkpointing(network: ModelMixin) -> Iterator[None]:
    """Keep only the activations between blocks while inside the context.

    For the gain `reg`: ``RowSum(around=partial(checkpointing, unet))``.

    Raises:
        InputError: the network does not support checkpointing.
    """
    if not getattr(network, "_supports_gradient_checkpointing", False):
        name = type(network).__name__
        raise InputError("network", name, "a diffusers network with gradient checkpointing")
    before = network.is_gradient_checkpointing
    network.enable_gradient_checkpointing()
    try:
        yield
    finally:
        if not before:
            network.disable_gradient_checkpointing()
