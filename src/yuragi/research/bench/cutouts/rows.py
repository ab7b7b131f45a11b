"""Methods to drag a cut-out, for `yuragi.research.bench.cutouts.suite`, by the user's input.

With points alone:

- ``nothing``, ``falloff``, ``splines``, ``rigid MLS`` and ``nearest 4``: the picture bent by the
  flows of `yuragi.research.bench.elastic.fields`; ``nearest 4`` is the flow of Inpaint4Drag;
- ``paste``: the boxes of SDE-Drag, copied in pixels, without diffusion;
- ``ours``: the default of Yuragi; ``no network``: the preview of the same drag.

With points and a mask, and with a lasso around the cut-out (``region``):

- ``nearest 4``: the content of the mask or the lasso is moved by the flow of Inpaint4Drag, and the
  uncovered area is filled as in our method;
- ``bent``: our method with a bend within the mask; ``ours`` and ``no network``: our method, which
  cuts the content out.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeAlias

import numpy as np
import torch
from PIL import Image
from torch import Tensor

from yuragi.drag import warp
from yuragi.images.shapes import polygon
from yuragi.images.tensors import mask_tensor, to_tensor
from yuragi.models.model import DiffusionModel
from yuragi.research.bench.cutouts.scenes import Scene
from yuragi.research.bench.drag.plain import boxes_copied
from yuragi.research.bench.elastic.fields import FIELDS, on_grid, sampled
from yuragi.tasks.build import build
from yuragi.tasks.drag import DragRequest
from yuragi.tasks.run import run
from yuragi.tasks.warping import preview

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["ROWS", "Way", "flow_on_grid"]

Make: TypeAlias = Callable[[Scene, DiffusionModel, int], Tensor]
"""(scene, model, seed) -> the result [1, 3, h, w] in [-1, 1]."""
Ask: TypeAlias = Callable[[Scene], Mapping[str, Any]]
"""Scene -> the user's keywords of a drag, apart from the picture and the seed."""


@dataclass(frozen=True)
class Way:
    """A method.

    Attributes:
        ask: the user's input of a scene.
        make: a function that makes the result.
    """

    ask: Ask
    make: Make

    def request(self, scene: Scene, seed: int) -> DragRequest:
        """The request of a scene, which decides the result even if the method does not run it."""
        return _built(self.ask, scene, seed)[0]


def flow_on_grid(name: str, scene: Scene) -> NDArray[np.float64]:
    """A flow of `FIELDS` at every pixel, [h, w, 2], backward and in pixels."""
    side = len(scene.before)
    return on_grid(FIELDS[name](scene.points, side), side)


def _nothing(scene: Scene, model: DiffusionModel, seed: int) -> Tensor:
    return _tensor(scene.before)


def _paste(scene: Scene, model: DiffusionModel, seed: int) -> Tensor:
    return boxes_copied(_tensor(scene.before), scene.points)


def _pasted_in_mask(scene: Scene, model: DiffusionModel, seed: int) -> Tensor:
    inside = torch.from_numpy(scene.mask)
    return _paste(scene, model, seed).where(inside, _tensor(scene.before))


def _by_flow(name: str) -> Make:
    def bent(scene: Scene, model: DiffusionModel, seed: int) -> Tensor:
        return sampled(_tensor(scene.before), flow_on_grid(name, scene)).float()

    return bent


def _nearest_in_mask(scene: Scene, model: DiffusionModel, seed: int) -> Tensor:
    flow = FIELDS["nearest 4"](scene.points, len(scene.before))
    return warp(_tensor(scene.before), scene.mask, flow, mask_tensor(_mask(scene))).picture


def _nearest_in_region(scene: Scene, model: DiffusionModel, seed: int) -> Tensor:
    side = len(scene.before)
    area = np.asarray(polygon(scene.region[0], (side, side))) > 0
    flow = FIELDS["nearest 4"](scene.points, side)
    return warp(_tensor(scene.before), area, flow, None).picture


def _points(scene: Scene) -> Mapping[str, Any]:
    return {"points": scene.points}


def _in_mask(scene: Scene) -> Mapping[str, Any]:
    return {"points": scene.points, "mask": _mask(scene)}


def _cut_in_mask(scene: Scene) -> Mapping[str, Any]:
    return {**_in_mask(scene), "motion": "cut"}


def _region(scene: Scene) -> Mapping[str, Any]:
    return {"regions": [scene.region]}


def _ours(ask: Ask) -> Way:
    def drag(scene: Scene, model: DiffusionModel, seed: int) -> Tensor:
        request, sources = _built(ask, scene, seed)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # about photographs being foreign to the model
            return to_tensor(run(request, model, sources).images[0])

    return Way(ask, drag)


def _no_network(ask: Ask) -> Way:
    def drag(scene: Scene, model: DiffusionModel, seed: int) -> Tensor:
        request, _ = _built(ask, scene, seed)
        before = Image.fromarray(scene.before)
        return to_tensor(preview(request, before, ask(scene).get("mask")))

    return Way(ask, drag)


def _built(ask: Ask, scene: Scene, seed: int) -> tuple[DragRequest, Mapping[str, Image.Image]]:
    """The request of a user, and its pictures."""
    asked = {"image": Image.fromarray(scene.before), "seed": seed, **ask(scene)}
    return build(DragRequest, asked)


FLOWS = ("falloff", "splines", "rigid MLS", "nearest 4")
ROWS: Mapping[str, Mapping[str, Way]] = {
    "points": {
        "nothing": Way(_points, _nothing),
        "paste": Way(_points, _paste),
        **{name: Way(_points, _by_flow(name)) for name in FLOWS},
        "ours": _ours(_points),
        "no network": _no_network(_points),
    },
    "mask": {
        "nothing": Way(_in_mask, _nothing),
        "paste": Way(_in_mask, _pasted_in_mask),
        "nearest 4": Way(_in_mask, _nearest_in_mask),
        "bent": _ours(_in_mask),
        "ours": _ours(_cut_in_mask),
        "no network": _no_network(_cut_in_mask),
    },
    "region": {
        "nothing": Way(_region, _nothing),
        "nearest 4": Way(_region, _nearest_in_region),
        "ours": _ours(_region),
        "no network": _no_network(_region),
    },
}
"""The methods by the user's input, and by row."""


def _tensor(pixels: NDArray[np.uint8]) -> Tensor:
    return to_tensor(Image.fromarray(pixels))


def _mask(scene: Scene) -> Image.Image:
    return Image.fromarray(scene.mask.astype(np.uint8) * 255)
