"""What turns pictures into features, by name.

``efflite0``            EfficientNet-Lite0, whose weights come with a package; distances are called
                        FD-EffLite0
``inception:FILE``      the Inception network of published FID and IS, by torch-fidelity, from its
                        weights file ``weights-inception-2015-12-05-6726825d.pth``
``dinov2:PATH|NAME``    DINOv2 by transformers, from a folder or the hub; FD-DINOv2
``clip:PATH|NAME``      CLIP's picture side by transformers, from a folder or the hub; FD-CLIP
``fashion:FILE``        the judge that ``yuragi train fashion`` writes; FD-Fashion

A package adds one through the entry point group ``yuragi.features``: a function of where its
weights are and the device that returns a `Backend`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import TypeAlias

import torch
from torch import Tensor

from yuragi.errors import InputError
from yuragi.registry import Registry

__all__ = ["BACKENDS", "Backend", "Encoded", "Opener", "encode_all", "open_backend"]


@dataclass(frozen=True)
class Encoded:
    """Features [n, d] of some pictures, and class logits [n, c] where there is a classifier."""

    features: Tensor
    logits: Tensor | None = None


@dataclass(frozen=True)
class Backend:
    """A network that is looked through.

    Attributes:
        name: how figures and files name it, such as ``efflite0``.
        distance: what its Frechet distance is called, such as ``FD-EffLite0``.
        encode: pictures [b, 3, h, w] in [-1, 1] -> what is seen, on the CPU in float32.
    """

    name: str
    distance: str
    encode: Callable[[Tensor], Encoded]


Opener: TypeAlias = Callable[[str, torch.device], Backend]
"""`(where the weights are, device) -> Backend`; where is empty if nothing was said."""

_HERE = "yuragi.research.metrics"
BACKENDS: Registry[Opener] = Registry(
    "yuragi.features",
    {
        "efflite0": f"{_HERE}.features:open_efflite0",
        "inception": f"{_HERE}.inception:open_inception",
        "dinov2": f"{_HERE}.transformers_features:open_dinov2",
        "clip": f"{_HERE}.transformers_features:open_clip",
        "fashion": "yuragi.research.train.fashion.judge:open_fashion",
    },
)
"""All backends by name."""


def open_backend(said: str, device: torch.device) -> Backend:
    """The backend for a name, or for a name and where its weights are, as ``NAME:WHERE``.

    Raises:
        InputError: the name is unknown, or the weights are not there.
        MissingExtraError: what it needs is not installed.
    """
    name, _, where = said.partition(":")
    if name not in BACKENDS:
        raise InputError("features", said, "one of " + ", ".join(BACKENDS))
    return BACKENDS[name](where, device)


def encode_all(backend: Backend, batches: Iterable[Tensor]) -> Encoded:
    """What a backend sees in all batches of pictures [b, 3, h, w] in [-1, 1]."""
    parts = list(_encoded(backend, batches))
    logits = [part.logits for part in parts if part.logits is not None]
    return Encoded(
        torch.cat([part.features for part in parts]), torch.cat(logits) if logits else None
    )


@torch.no_grad()
def _encoded(backend: Backend, batches: Iterable[Tensor]) -> Iterator[Encoded]:
    for batch in batches:
        yield backend.encode(batch)
