"""What a way to drag is, for `yuragi.research.bench.drag.suite`, and how the product is asked."""

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

__all__ = ["Method", "asked", "box_radius", "requested"]

Make: TypeAlias = Callable[[DiffusionModel, Cases, int], Tensor]
"""(model, cases, seed) -> pictures [n, 3, h, w] in [-1, 1]."""


@dataclass(frozen=True)
class Method:
    """A way to drag.

    Attributes:
        settings: all that decides its pictures, in words.
        make: makes them.
        most: how many cases it is run on at most, the first of the suite; None for all.
    """

    settings: str
    make: Make
    most: int | None = None

    def runs_on(self, cases: Sequence[int]) -> bool:
        """Whether it is run on a part of the suite, given as the numbers of its cases."""
        return self.most is None or cases[-1] < self.most


Asked: TypeAlias = Callable[[Sample, int], tuple[DragRequest, Mapping[str, Image.Image]]]
"""(what a user has, seed) -> what the user asks for."""


def asked(settings: str, ask: Asked) -> Method:
    """What the product gives for a request; of several candidates the one that is ranked first."""

    def make(model: DiffusionModel, cases: Cases, seed: int) -> Tensor:
        built = [
            ask(sample, seed + number)
            for number, sample in zip(cases.numbers, cases.samples, strict=True)
        ]
        sources = {key: picture for _, held in built for key, picture in held.items()}
        results = run_all([request for request, _ in built], model, sources)
        return torch.cat([to_tensor(each.images[(each.ranking or [0])[0]]) for each in results])

    return Method(settings, make)


def requested(
    sample: Sample, preset: str, sampler: str, seed: int, regions: Sequence[RegionPair] = ()
) -> tuple[DragRequest, Mapping[str, Image.Image]]:
    """What a user would ask for, with nothing but the preset."""
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
    """Half the side of SDE-Drag's box, as a share of the shorter side."""
    method = PRESETS["paper"].method
    assert isinstance(method, PasteMethod)
    return method.radius
