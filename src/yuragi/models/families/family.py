"""What a family of models declares about itself."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import torch

from yuragi.models.families.parts import Parts

__all__ = ["Family"]


@dataclass(frozen=True)
class Family:
    """A family of models.

    Attributes:
        parts: takes a loaded pipeline apart.
        half: the precision that a GPU runs it in unless the user asks for another one.
        loading: keywords for the pipeline's `from_pretrained`, such as components to leave out.
    """

    parts: Callable[[Any], Parts]
    half: torch.dtype = torch.float16
    loading: Mapping[str, Any] = field(default_factory=dict)

    def dtype(self, device: torch.device) -> torch.dtype:
        """The precision on this device unless the user asks for another one."""
        return torch.float32 if device.type == "cpu" else self.half
