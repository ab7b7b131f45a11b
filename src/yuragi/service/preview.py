"""Pictures of an unfinished result: the denoiser's latest expectation, decoded now and then."""

from __future__ import annotations

import io
import time
from dataclasses import dataclass, field, replace

import torch
from PIL import Image
from torch import Tensor

from yuragi.core import NetworkDenoiser
from yuragi.images.tensors import from_tensor
from yuragi.models.model import DiffusionModel
from yuragi.service.uploads import FORMATS, Upload

__all__ = ["Previews"]

SIDE = 512
FIRST_S, LEAST_S = 0.25, 1.0
"""Seconds to the first preview, and between two."""
SHARE = 0.02
"""The largest share of the time that previews may take."""


@dataclass(frozen=True)
class _Observed(NetworkDenoiser):
    """A denoiser that keeps its latest output in `latest`."""

    latest: list[Tensor] = field(default_factory=list)

    def __call__(self, x: Tensor, t: Tensor) -> Tensor:
        x0 = super().__call__(x, t)
        self.latest[:] = [x0[:1].detach()]
        return x0


class Previews:
    """Pictures of what a model is making.

    Attributes:
        model: the model, which computes as before.
    """

    def __init__(self, model: DiffusionModel) -> None:
        self._latest: list[Tensor] = []
        of = model.denoiser
        observed = _Observed(of.network, of.schedule, of.prediction, of.condition, self._latest)
        self.model = replace(model, denoiser=observed)
        self._next = time.monotonic() + FIRST_S

    @torch.no_grad()
    def due(self) -> Upload | None:
        """A picture of the first sample, at most `SIDE` pixels long; None if it is not yet time."""
        began = time.monotonic()
        if began < self._next or not self._latest:
            return None
        latent, codec = self._latest[0], self.model.codec
        height, width = (side * codec.cell for side in latent.shape[-2:])
        picture = from_tensor(codec.decode(latent, height, width))[0]
        picture.thumbnail((SIDE, SIDE), Image.Resampling.LANCZOS)
        held = io.BytesIO()
        picture.save(held, "WEBP", quality=80)
        spent = time.monotonic() - began
        self._next = began + max(LEAST_S, spent / SHARE)
        return Upload(held.getvalue(), FORMATS["WEBP"], picture.width, picture.height)
