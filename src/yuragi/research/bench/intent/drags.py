"""Drags whose true results are known, from all suites, as requests of a user.

The kinds of `KINDS` alternate: cut-outs over photographs by points, a mask or a lasso (see
`yuragi.research.bench.cutouts`), photographs bent by a known map (`yuragi.research.bench.elastic`),
and portraits over plain, patterned and photographic backgrounds (`yuragi.research.bench.drag`).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np
from PIL import Image
from torch import Tensor

from yuragi.drag import PointPair
from yuragi.drag.intent import Asked
from yuragi.images.tensors import from_tensor, to_tensor
from yuragi.research.bench.cutouts.scenes import scene
from yuragi.research.bench.drag.cases import EVEN, cases
from yuragi.research.bench.elastic.fields import on_grid, sampled
from yuragi.research.bench.elastic.maps import case
from yuragi.research.bench.grounds import PATTERN, PHOTOGRAPH, ground
from yuragi.research.bench.scores import changed
from yuragi.tasks.build import build
from yuragi.tasks.drag import DragRequest
from yuragi.tasks.intent import asked_of
from yuragi.tasks.warping import warped_by

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["KINDS", "Drag", "drag"]


@dataclass(frozen=True)
class Drag:
    """A drag and its true result.

    Attributes:
        kind: a key of `KINDS`.
        before: the picture before the drag.
        truth: the true result.
        source: [h, w], True where the moved content is before the drag.
        target: [h, w], True where the moved content is after the drag.
        points: sources and targets in pixels, even if the user gives a lasso.
        given: the user's input apart from the picture, as keywords of a drag.
    """

    kind: str
    before: Image.Image
    truth: Image.Image
    source: NDArray[np.bool_]
    target: NDArray[np.bool_]
    points: tuple[PointPair, ...]
    given: Mapping[str, Any]

    @cached_property
    def asked(self) -> Asked:
        """The requested motion."""
        request, _ = self.request(0)
        warped = warped_by(request, self.before, self.given.get("mask"))
        return asked_of(request, self.before, warped)

    def request(self, seed: int) -> tuple[DragRequest, Mapping[str, Image.Image]]:
        """The user's request, and its pictures."""
        return build(DragRequest, {"image": self.before, "seed": seed, **self.given})

    @property
    def change(self) -> Tensor:
        """[h, w], True where the truth differs from the picture before the drag."""
        return changed(to_tensor(self.before), to_tensor(self.truth))[0]


def drag(split: str, index: int, side: int) -> Drag:
    """The drag with this number; the same on every machine.

    Args:
        split: one of `yuragi.research.bench.grounds.SPLITS`.
        index: 0 or more; the kinds alternate.
        side: the side of the picture in pixels; portraits have a fixed one.

    Raises:
        YuragiError: a package with pictures is not installed.
    """
    kind = list(KINDS)[index % len(KINDS)]
    return KINDS[kind](kind, split, index // len(KINDS), side)


def _cutout(given: str) -> Callable[[str, str, int, int], Drag]:
    def made(kind: str, split: str, index: int, side: int) -> Drag:
        one = scene(split, index, side)
        mask = Image.fromarray(one.mask.astype(np.uint8) * 255)
        asks: Mapping[str, Mapping[str, Any]] = {
            "points": {"points": one.points},
            "mask": {"points": one.points, "mask": mask, "motion": "cut"},
            "region": {"regions": [one.region]},
        }
        before, truth = Image.fromarray(one.before), Image.fromarray(one.truth)
        return Drag(kind, before, truth, one.source, one.target, one.points, asks[given])

    return made


def _bent(kind: str, split: str, index: int, side: int) -> Drag:
    one, before = case(split, index, side), ground(PHOTOGRAPH, split, index, side)
    back = on_grid(one.back, side)
    truth = from_tensor(sampled(to_tensor(Image.fromarray(before)), back).float())[0]
    moves = np.linalg.norm(back - on_grid(lambda places: places, side), axis=-1) >= 1
    points = tuple(one.points)
    return Drag(kind, Image.fromarray(before), truth, moves, moves, points, {"points": points})


def _portrait(behind: str) -> Callable[[str, str, int, int], Drag]:
    def made(kind: str, split: str, index: int, side: int) -> Drag:
        found = cases(split, [index], behind)  # type: ignore[arg-type]
        one, sample = found.motions[0], found.samples[0]
        given = {"points": sample.points, "prompt": sample.prompt, "mask": sample.mask}
        truth = Image.fromarray(one.after)
        return Drag(kind, sample.image, truth, one.source, one.target, one.points, given)

    return made


KINDS: Mapping[str, Callable[[str, str, int, int], Drag]] = {
    "cut-out by points": _cutout("points"),
    "bent photograph": _bent,
    "cut-out by a mask": _cutout("mask"),
    "portrait over a pattern": _portrait(PATTERN),
    "cut-out by a lasso": _cutout("region"),
    "portrait over a photograph": _portrait(PHOTOGRAPH),
    "portrait over even ground": _portrait(EVEN),
}
"""By name: (kind, split, index, side) -> drag."""
