"""Drag methods for `yuragi.research.bench.drag.suite`, and requests to Yuragi."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TypeAlias

import torch
from PIL import Image
from torch import Tensor

from yuragi.drag import RegionPair
from yuragi.images.tensors import to_tensor
from yuragi.models.model import DiffusionModel
from yuragi.research.bench.drag.cases import Cases
from yuragi.research.bench.dragbench import Sample
from yuragi.tasks.build import build
from yuragi.tasks.drag import PRESETS, DragRequest, PasteMethod
from yuragi.tasks.run import run_all

__all__ = ["Method", "asked", "box_radius", "by_preset", "requested"]

Make: TypeAlias = Callable[[DiffusionModel, Cases, int], Tensor]
"""(model, cases, seed) -> pictures [n, 3, h, w] in [-1, 1]."""
Asked: TypeAlias = Callable[[Sample, int], tuple[DragRequest, Mapping[str, Image.Image]]]
"""(the input of a user, seed) -> (request, its pictures)."""


@dataclass(frozen=True)
class Method:
    """A method to drag.

    Attributes:
        settings: what it is, in the words of the report.
        ask: the request of a case. With `settings`, it decides the case's picture, even if the
            method only takes values from it and does not run it.
        make: a function that makes the pictures.
        most: the number of first cases of the suite that it runs on; None for all cases.
    """

    settings: str
    ask: Asked
    make: Make
    most: int | None = None

    def runs_on(self, cases: Sequence[int]) -> bool:
        """Whether the method runs on a part of the suite, given as the numbers of its cases."""
        return self.most is None or cases[-1] < self.most

    def requests(self, cases: Cases, seed: int) -> list[DragRequest]:
        """The requests of cases; each has its own seed."""
        return [request for request, _ in _built(self.ask, cases, seed)]


def asked(settings: str, ask: Asked) -> Method:
    """The method that runs a request and, of several candidates, takes the one ranked first."""

    def make(model: DiffusionModel, cases: Cases, seed: int) -> Tensor:
        built = _built(ask, cases, seed)
        sources = {key: picture for _, held in built for key, picture in held.items()}
        results = run_all([request for request, _ in built], model, sources)
        return torch.cat([to_tensor(each.images[(each.ranking or [0])[0]]) for each in results])

    return Method(settings, ask, make)


def _built(
    ask: Asked, cases: Cases, seed: int
) -> list[tuple[DragRequest, Mapping[str, Image.Image]]]:
    return [
        ask(sample, seed + number)
        for number, sample in zip(cases.numbers, cases.samples, strict=True)
    ]


def by_preset(preset: str, sampler: str) -> Asked:
    """The requests of a user who sets only the preset and the sampler."""
    return lambda sample, seed: requested(sample, preset, sampler, seed)


def requested(
    sample: Sample, preset: str, sampler: str, seed: int, regions: Sequence[RegionPair] = ()
) -> tuple[DragRequest, Mapping[str, Image.Image]]:
    """The request of a user who sets only the preset and the sampler."""
    return build(
        DragRequest,
        {
            "image": sample.image,
            "points": () if regions else sample.points,
            "regions": regions,
            "prompt": sample.prompt,
            "mask": sample.mask,
            "sampler": sampler,
            "preset": preset,
            "seed": seed,
        },
    )


def box_radius() -> float:
    """Half the side of SDE-Drag's box, as a share of the picture's shorter side."""
    method = PRESETS["paper"].method
    assert isinstance(method, PasteMethod)
    return method.radius
