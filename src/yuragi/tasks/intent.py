"""Scores of the candidates of a drag."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
import torch
from PIL import Image
from torch import Tensor

from yuragi.core import SeededNoise
from yuragi.drag import PointPair, Warped, surprise
from yuragi.drag.flow import flow_of
from yuragi.drag.intent import Asked, Intent, intent
from yuragi.drag.wholeness import shipped_wholeness
from yuragi.images.resize import fitting, scaled
from yuragi.images.shapes import polygon
from yuragi.images.tensors import to_tensor
from yuragi.tasks.context import BATCH, Context
from yuragi.tasks.drag import DragRequest
from yuragi.tasks.foreign import foreign
from yuragi.tasks.geometry import Region
from yuragi.tasks.inputs import Pictures
from yuragi.tasks.warping import area_of, warped_around, warped_in
from yuragi.tasks.work import Call, Work

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Area = NDArray[np.bool_]

__all__ = ["asked_of", "intents", "intents_work"]


def asked_of(request: DragRequest, before: Image.Image, warped: Warped) -> Asked:
    """The motion that a request asks for, which warps the picture before the drag."""
    pixels = to_tensor(before)
    pairs = [*request.points, *(_inner(region, before.size) for region in request.regions)]
    sources, targets = ([pair[side] for pair in pairs] for side in (0, 1))
    width, height = before.size
    inside = [(x, y) for x, y in targets if 0 <= x <= width - 1 and 0 <= y <= height - 1]
    return Asked(pixels, warped.picture, warped.moved, warped.vacated, sources, inside)


def _inner(region: Region, size: tuple[int, int]) -> PointPair:
    """The point of a region that is farthest from its edge, and where it moves."""
    from scipy.ndimage import distance_transform_edt

    depth = np.asarray(distance_transform_edt(np.asarray(polygon(region.source, size)) > 0))
    y, x = np.unravel_index(int(depth.argmax()), depth.shape)
    forward = flow_of([], [(region.target, region.source)])
    to = forward(np.array([[x, y]], np.float64))[0]
    return (float(x), float(y)), (float(to[0]), float(to[1]))


def intents(request: DragRequest, context: Context, images: Sequence[Image.Image]) -> list[Intent]:
    """The score of each candidate.

    This costs one evaluation for each candidate and one for the picture before the drag, or none if
    the model does not know the picture. Large pictures are compared at the size that the model
    knows.

    Args:
        request: the request of the drag.
        context: the context with the model that scores the pictures.
        images: the results.
    """
    model, before = context.model, context.picture(request.image)
    knows = not foreign(context.familiarity(request.image))
    if request.crops(model.native_size):
        mask = None if request.mask is None else context.picture(request.mask)
        size = fitting(before.size, model.native_size)
        small = None if mask is None else scaled(mask, size)
        cut = Pictures(scaled(before, size), small, "", "", before.size)
        area = _smaller(area_of(request, context), size)
        request, before = request.resized(cut), cut.picture
        images = [scaled(each, size) for each in images]
        warped = warped_around(request, before, cut.mask, area, torch.device("cpu")).whole(before)
    else:
        warped = warped_in(context, request, torch.device("cpu")).whole(before)
    pixels = torch.cat([to_tensor(each) for each in (before, *images)])
    errors = _surprises(request, context, pixels) if knows else None
    asked = asked_of(request, before, warped)
    return intent(asked, pixels[1:], shipped_wholeness(), errors, model.codec.cell)


def _smaller(area: Area | None, size: tuple[int, int]) -> Area | None:
    """The area that the drag cut out, at another size.

    It is not searched for again in the smaller picture, because something else could be found there
    than what the drag moved.
    """
    if area is None:
        return None
    levels = Image.fromarray(area.astype(np.uint8) * 255)
    shares = np.asarray(levels.resize(size, Image.Resampling.BOX))
    return np.asarray(shares >= min(128, shares.max()))


def _surprises(request: DragRequest, context: Context, pixels: Tensor) -> Tensor:
    """The surprise of the model at each picture, [n, 1, h', w']."""
    model, strong, errors = context.model, context.bind([request.prompt]), []
    for part in pixels.split(BATCH):  # type: ignore[no-untyped-call]
        z = model.codec.encode(part.to(model.device))
        # All pictures get the same noise, so that differences come from the pictures.
        eps = SeededNoise(request.seed, [0], stream="realism")(0, z[:1]).expand_as(z)
        errors.append(surprise(strong, z, eps).cpu())
    return torch.cat(errors)


def intents_work(request: DragRequest, context: Context) -> Work:
    """The network calls of the scores: none for a single candidate or a foreign picture."""
    if request.num_images == 1 or foreign(context.familiarity(request.image)):
        return Work()
    full, rest = divmod(1 + request.num_images, BATCH)
    return Work({Call(BATCH): full}) + Work({Call(rest): 1 if rest else 0})
