"""Crop edits with a mask to the part of a large picture that can change.

The part is cut out with some context and scaled to the size that the model knows. The result of the
edit is scaled back and pasted into the picture, within the mask and with a soft seam. Tasks know
nothing of this: they get a smaller request (`Cropping.cut`), and their result is put back
(`Cropping.put_back`). Drags crop the area that they uncover, which is known only after the warp;
see `yuragi.tasks.uncovered`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Literal

from PIL import Image, ImageChops

from yuragi.images.fill import filled
from yuragi.images.resize import covering
from yuragi.images.seam import softened
from yuragi.images.tensors import from_tensor, mask_tensor, to_tensor
from yuragi.tasks.base import Edit, Request
from yuragi.tasks.inputs import Pictures
from yuragi.tasks.picture import picture_of
from yuragi.tasks.result import Crop, Result

__all__ = ["SEAM", "Cropping", "crop_around", "cropping_of", "recorded", "uncropped"]

SEAM = 8
"""The width in pixels over which a result blends into the picture, inside the mask."""

LEAST = 32
"""The smallest context of a crop in pixels, if the request does not set it."""


def cropping_of(
    request: Request, native: int, sources: Mapping[str, Image.Image]
) -> Cropping | None:
    """The part of its picture that a request works on; None for the whole picture.

    Args:
        request: the complete request.
        native: the side in pixels that the model was trained on.
        sources: the pictures of the request, by digest.

    Raises:
        InputError: a picture is missing.
    """
    if not isinstance(request, Edit) or request.mask is None or request.crop == "off":
        return None
    picture, mask = picture_of(request.image, sources), picture_of(request.mask, sources)
    found = mask.getbbox()
    if found is None:
        return None
    crop = crop_around(found, picture.size, native, request.crop)
    whole = crop.box == (0, 0, *picture.size)
    small = max(picture.size) <= native
    if (request.crop == "auto" and (whole or small)) or (request.crop == "whole" and small):
        return None
    named = {ref.digest: sources[ref.digest] for ref in request.pictures}
    return Cropping(request, picture, mask, named, crop)


def crop_around(
    found: tuple[int, int, int, int],
    whole: tuple[int, int],
    native: int,
    context: Literal["auto", "whole"] | int,
) -> Crop:
    """A crop around the area that can change, square if the picture has room for it.

    Args:
        found: left, top, right and bottom of that area.
        whole: width and height of the picture.
        native: the side in pixels that the model was trained on.
        context: pixels of context on each side; ``auto`` for half of the area's longer side, but
            at least `LEAST`; ``whole`` for the whole picture.
    """
    left, top, right, bottom = found
    longer = max(right - left, bottom - top)
    contexts = {"auto": max(LEAST, longer // 2), "whole": max(whole)}
    margin = context if isinstance(context, int) else contexts[context]
    side = longer + 2 * margin
    left, right = _around(left, right, side, whole[0])
    top, bottom = _around(top, bottom, side, whole[1])
    width, height = right - left, bottom - top
    scale = native / max(width, height)
    size = max(1, round(width * scale)), max(1, round(height * scale))
    return Crop((left, top, right, bottom), size, margin)


def recorded(request: Request, crop: Crop | None) -> Request:
    """The request with its crop's margin as a number, so that later versions cut the same crop."""
    if "crop" not in type(request).model_fields:
        return request
    return request.model_copy(update={"crop": "off" if crop is None else crop.margin})


def uncropped(request: Request) -> Request:
    """The request as it is recorded if it works on its whole picture."""
    return request.model_copy(update={"crop": "off"}) if isinstance(request, Edit) else request


def _around(start: int, end: int, side: int, limit: int) -> tuple[int, int]:
    """A range of `side` pixels around a span, moved and shortened to fit into `limit`."""
    side = min(side, limit)
    first = min(max((start + end - side) // 2, 0), limit - side)
    return first, first + side


@dataclass(frozen=True)
class Cropping:
    """An edit that works on a part of its picture.

    Attributes:
        request: the edit.
        picture: the whole picture.
        mask: its mask.
        sources: both by digest.
        crop: where the edit works, and at which size.
    """

    request: Edit
    picture: Image.Image
    mask: Image.Image
    sources: Mapping[str, Image.Image]
    crop: Crop

    def cut(self) -> tuple[Edit, Mapping[str, Image.Image]]:
        """The same edit for the part alone, and its pictures by digest."""
        box, size, whole = self.crop.box, self.crop.size, self.request
        assert whole.mask is not None
        cut = Pictures(
            self.picture.resize(size, Image.Resampling.LANCZOS, box),
            covering(self.mask.crop(box), size),
            whole.image.name,
            whole.mask.name,
            self.picture.size,
            whole.image.notes,
            whole.mask.notes,
        )
        changes = {"image": cut.reference, "mask": cut.mask_reference, "crop": "off"}
        return self.request.model_copy(update=changes), cut.by_digest

    def put_back(self, result: Result) -> Result:
        """The result of the part, pasted into the whole picture."""
        box = self.crop.box
        may = self.mask.crop(box)
        if result.mask is not None:  # an edit may have changed less than it was allowed to
            may = ImageChops.darker(may, covering(result.mask, may.size))
        mask = Image.new("L", self.picture.size)
        mask.paste(may, box)
        seam, beneath, images = softened(may, SEAM), self._beneath(), []
        for made in result.images:
            part = made.resize(may.size, Image.Resampling.LANCZOS)
            image = self.picture.copy()
            image.paste(Image.composite(part, beneath, seam), box, may)
            images.append(image)
        request = self.request.model_copy(update={"model": result.request.model})
        return replace(
            result,
            images=images,
            mask=mask,
            request=recorded(request, self.crop),
            sources=self.sources,
            crop=self.crop,
        )

    def _beneath(self) -> Image.Image:
        """The part of the picture that the result blends into along the edge of the mask.

        What an edit discards must not show there, so it is replaced by a smooth continuation of its
        surroundings.
        """
        picture = self.picture.crop(self.crop.box)
        if not self.request.discards or self.request.strength < 1:
            return picture
        hole = mask_tensor(self.mask.crop(self.crop.box)).bool()
        (closed,) = from_tensor(filled(to_tensor(picture), hole))
        return closed
