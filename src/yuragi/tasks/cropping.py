"""Edits with a mask work on the part of a large picture that may change.

The part is cut out with some context and scaled to the size that the model knows. What the edit
makes of it is scaled back and laid into the picture, within the mask. Tasks know nothing of this:
they are given a smaller request (`Cropping.cut`), and their result is put back
(`Cropping.put_back`).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

from PIL import Image, ImageChops

from yuragi.images.resize import covering
from yuragi.images.seam import softened
from yuragi.tasks.base import Edit, Request
from yuragi.tasks.inputs import Pictures
from yuragi.tasks.picture import picture_of
from yuragi.tasks.result import Crop, Result

__all__ = ["Cropping", "cropping_of", "uncropped"]

SEAM = 8
"""Pixels over which a result blends into the picture, inside the mask."""

LEAST = 32
"""Pixels of context that a crop has at least, where the request leaves them open."""


def cropping_of(
    request: Request, native: int, sources: Mapping[str, Image.Image]
) -> Cropping | None:
    """The part of its picture that a request works on; None for the whole.

    Args:
        request: complete.
        native: pixels per side that the model was trained on.
        sources: the pictures that the request names, by digest.

    Raises:
        InputError: a picture that is not there.
    """
    if not isinstance(request, Edit) or request.mask is None or request.crop == "off":
        return None
    picture, mask = picture_of(request.image, sources), picture_of(request.mask, sources)
    found = mask.getbbox()
    if found is None:
        return None
    left, top, right, bottom = found
    longer = max(right - left, bottom - top)
    margin = max(LEAST, longer // 2) if request.crop == "auto" else request.crop
    side = longer + 2 * margin
    (left, right), (top, bottom) = (
        _around(left, right, side, picture.width),
        _around(top, bottom, side, picture.height),
    )
    width, height = right - left, bottom - top
    whole = (width, height) == picture.size
    if request.crop == "auto" and (whole or max(picture.size) <= native):
        return None
    scale = native / max(width, height)
    size = max(1, round(width * scale)), max(1, round(height * scale))
    crop = Crop((left, top, right, bottom), size)
    named = {ref.digest: sources[ref.digest] for ref in request.pictures}
    return Cropping(request, margin, picture, mask, named, crop)


def uncropped(request: Request) -> Request:
    """The request as it is recorded where it works on its whole picture."""
    return request.model_copy(update={"crop": "off"}) if isinstance(request, Edit) else request


def _around(start: int, end: int, side: int, limit: int) -> tuple[int, int]:
    """So many pixels around a span, or fewer where there are only `limit`."""
    side = min(side, limit)
    first = min(max((start + end - side) // 2, 0), limit - side)
    return first, first + side


@dataclass(frozen=True)
class Cropping:
    """An edit that works on a part of its picture.

    Attributes:
        request: the edit.
        margin: pixels of context around what may change, but for the picture's borders.
        picture: the whole picture.
        mask: its mask.
        sources: both by digest.
        crop: where the edit works, and at which size.
    """

    request: Edit
    margin: int
    picture: Image.Image
    mask: Image.Image
    sources: Mapping[str, Image.Image]
    crop: Crop

    def cut(self) -> tuple[Edit, Mapping[str, Image.Image]]:
        """The same edit of the part alone, and the pictures that it names, by digest."""
        box, size, name = self.crop.box, self.crop.size, self.request.image.name
        picture = self.picture.resize(size, Image.Resampling.LANCZOS, box)
        mask = covering(self.mask.crop(box), size)
        cut = Pictures(picture, mask, name, name, self.picture.size)
        changes = {"image": cut.reference, "mask": cut.mask_reference, "crop": "off"}
        return self.request.model_copy(update=changes), cut.by_digest

    def put_back(self, result: Result) -> Result:
        """What became of the part, laid into the whole picture.

        The request tells the margin as a number, so that later versions cut the same.
        """
        box = self.crop.box
        may = self.mask.crop(box)
        if result.mask is not None:  # an edit may have changed less than it was allowed to
            may = ImageChops.darker(may, covering(result.mask, may.size))
        mask = Image.new("L", self.picture.size)
        mask.paste(may, box)
        seam, images = softened(may, SEAM), []
        for made in result.images:
            image = self.picture.copy()
            image.paste(made.resize(may.size, Image.Resampling.LANCZOS), box, seam)
            images.append(image)
        told = {"model": result.request.model, "crop": self.margin}
        return replace(
            result,
            images=images,
            mask=mask,
            request=self.request.model_copy(update=told),
            sources=self.sources,
            crop=self.crop,
        )
