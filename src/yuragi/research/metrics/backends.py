"""Feature extractors by name.

``efflite0``            EfficientNet-Lite0, whose weights come with a package; FD-EffLite0
``inception:FILE``      the Inception network of published FID and IS, by torch-fidelity, from its
                        weights file ``weights-inception-2015-12-05-6726825d.pth``
``dinov2:PATH|NAME``    DINOv2 by transformers, from a folder or the hub; FD-DINOv2
``clip:PATH|NAME``      CLIP's image encoder by transformers, from a folder or the hub; FD-CLIP
``fashion:FILE``        the judge that ``yuragi train fashion`` writes; FD-Fashion

A package adds another one through the entry point group ``yuragi.features``: a function that takes
the place of the weights and the device, and returns a `Backend`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import TypeAlias

import torch
from torch import Tensor

from yuragi.errors import InputError
from yuragi.registry import Registry

__all__ = [
    "BACKENDS",
    "Backend",
    "Encoded",
    "Opener",
    "encode_all",
    "extractor",
    "open_backend",
]


@dataclass(frozen=True)
class Encoded:
    """Features [n, d] of some pictures, and class logits [n, c] if there is a classifier."""

    features: Tensor
    logits: Tensor | None = None

    @classmethod
    def joined(cls, parts: Sequence[Encoded]) -> Encoded:
        """The pictures of all parts, in their order; all of them have logits, or none has."""
        logits = [part.logits for part in parts if part.logits is not None]
        return cls(
            torch.cat([part.features for part in parts]), torch.cat(logits) if logits else None
        )


@dataclass(frozen=True)
class Backend:
    """A feature extractor.

    Attributes:
        name: its name in figures and files, such as ``efflite0``.
        distance: the name of its Frechet distance, such as ``FD-EffLite0``.
        encode: a function from pictures [b, 3, h, w] in [-1, 1] to their features, on the CPU in
            float32.
        weights: a fingerprint of its weights, which is the same on every processor.
    """

    name: str
    distance: str
    encode: Callable[[Tensor], Encoded]
    weights: str


def extractor(name: str, weights: str) -> str:
    """A feature extractor in words; features can only be compared if these are equal."""
    return f"{name} with weights {weights[:12]}"


Opener: TypeAlias = Callable[[str, torch.device], Backend]
"""`(place of the weights, device) -> Backend`; the place is empty if it was not given."""

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
    """Open a backend by its name, or as ``NAME:WHERE`` by its name and the place of its weights.

    Raises:
        InputError: the name is unknown, or the weights do not exist.
        MissingExtraError: a required package is not installed.
    """
    name, _, where = said.partition(":")
    if name not in BACKENDS:
        raise InputError("features", said, "one of " + ", ".join(BACKENDS))
    return BACKENDS[name](where, device)


@torch.no_grad()
def encode_all(backend: Backend, batches: Iterable[Tensor]) -> Encoded:
    """The features of all batches of pictures [b, 3, h, w] in [-1, 1]."""
    return Encoded.joined([backend.encode(batch) for batch in batches])
