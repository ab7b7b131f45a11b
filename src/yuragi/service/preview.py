"""Pictures of an unfinished result: the latest x0 of the denoiser, decoded from time to time.

A short run is over before anybody looks, so it gets none.
"""

from __future__ import annotations

import io
import time
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import TypeAlias

import torch
from PIL import Image
from torch import Tensor

from yuragi.core import NetworkDenoiser
from yuragi.images.tensors import from_tensor
from yuragi.models.model import DiffusionModel
from yuragi.service.uploads import FORMATS, Upload

__all__ = ["Costs", "Previews"]

SIDE = 512
FIRST_S, LEAST_S = 0.25, 1.0
"""The seconds until the first preview, and the least seconds between two previews."""
SHARE = 0.02
"""The largest share of the time that previews may take."""

Costs: TypeAlias = dict[tuple[str, torch.Size], float]
"""The seconds that the latest preview took, by the weights of the model and the latent's shape."""


@dataclass(frozen=True)
class _Observed(NetworkDenoiser):
    """A denoiser that keeps its latest output in `latest`."""

    latest: list[Tensor] = field(default_factory=list)

    def __call__(self, x: Tensor, t: Tensor) -> Tensor:
        x0 = super().__call__(x, t)
        self.latest[:] = [x0[:1].detach()]
        return x0


class Previews:
    """Pictures of the result that a model is making.

    Args:
        model: the model.
        costs: the times of earlier previews, which are updated.

    Attributes:
        model: the model, which computes as before.
    """

    def __init__(self, model: DiffusionModel, costs: Costs) -> None:
        self._costs = costs
        self._latest: list[Tensor] = []
        observed = _Observed(**vars(model.denoiser), latest=self._latest)
        self.model = replace(model, denoiser=observed)
        self._began = time.monotonic()
        self._next = self._began + FIRST_S

    def seen(self, share: float, show: Callable[[Upload], None]) -> None:
        """Show a picture of the first sample if it is time.

        Args:
            share: how much of the run is done, above 0, at most 1.
            show: a function called with the picture, whose sides are at most `SIDE` pixels.
        """
        began = time.monotonic()
        if began < self._next or not self._latest:
            return
        which = self.model.weights, self._latest[0].shape
        whole = (began - self._began) / share
        if self._costs.get(which, 0.0) > SHARE * whole:
            return
        show(self._picture(self._latest[0]))
        spent = self._costs[which] = time.monotonic() - began
        self._next = began + max(LEAST_S, spent / SHARE)

    @torch.no_grad()
    def _picture(self, latent: Tensor) -> Upload:
        codec = self.model.codec
        height, width = (side * codec.cell for side in latent.shape[-2:])
        picture = from_tensor(codec.decode(latent, height, width))[0]
        picture.thumbnail((SIDE, SIDE), Image.Resampling.LANCZOS)
        held = io.BytesIO()
        picture.save(held, "WEBP", quality=80)
        return Upload(held.getvalue(), FORMATS["WEBP"], picture.width, picture.height)
