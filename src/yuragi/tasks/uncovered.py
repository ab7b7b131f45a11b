"""The network's input for a warped picture, and how its output is put back.

A warp works at the picture's full resolution, on the part that changes. The network generates only
the uncovered area. In a large picture, it works on a crop around that area, scaled to the size that
the model knows. Its output is scaled back and fades in within the uncovered area, so that the moved
content and everything else keep their pixels.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from PIL import Image
from torch import Tensor, nn

from yuragi.drag import Warped, seam
from yuragi.images.resize import covering
from yuragi.images.seam import softened
from yuragi.images.tensors import from_tensor, mask_tensor, to_tensor
from yuragi.tasks.cropping import SEAM, crop_around
from yuragi.tasks.drag import DragRequest
from yuragi.tasks.result import Crop

__all__ = ["Part", "Uncovered", "uncovered"]


@dataclass(frozen=True)
class Part:
    """The warp of a part of a picture, outside of which nothing changes.

    Attributes:
        box: left, top, right and bottom of the part in pixels.
        warped: its warp.
        mask: its mask [1, 1, h, w], above 0 where it can change; None for everywhere.
    """

    box: tuple[int, int, int, int]
    warped: Warped
    mask: Tensor | None

    def pasted(self, whole: Image.Image, part: Tensor) -> Image.Image:
        """A copy of the whole picture in which `part` [1, 3, h, w] fills the box."""
        image = whole.copy()
        image.paste(from_tensor(part)[0], self.box)
        return image

    def inside(self, whole: Tensor, part: Tensor) -> Tensor:
        """Write `part` into the box of `whole` [1, c, h, w] in place, and return `whole`."""
        left, top, right, bottom = self.box
        whole[..., top:bottom, left:right] = part
        return whole

    def whole(self, before: Image.Image) -> Warped:
        """The warp of the whole picture that this is a part of."""
        pixels = to_tensor(before)
        still = torch.zeros_like(pixels[:, :1])
        return Warped(
            self.inside(pixels, self.warped.picture),
            self.inside(still.clone(), self.warped.moved),
            self.inside(still > 0, self.warped.vacated),
        )


@dataclass(frozen=True)
class Uncovered:
    """A warped picture that uncovers something.

    Attributes:
        image: the whole warped picture.
        part: the warp of the part that changed.
        box: left, top, right and bottom of the network's input.
        seen: the network's input [1, 3, h, w].
        vacated: the uncovered area in it, [1, 1, h, w], 1 or True inside.
        crop: the crop of a large picture; None for the whole picture at full size.
    """

    image: Image.Image
    part: Part
    box: tuple[int, int, int, int]
    seen: Tensor
    vacated: Tensor
    crop: Crop | None

    def imagined(self, drawn: Tensor, cells: Tensor, cell: int) -> Image.Image:
        """The warped picture with new content in the cells that were generated again.

        Args:
            drawn: the picture [1, 3, h, w] that the network made from its input.
            cells: the mask of cells [1, 1, h', w'], 1 where they were generated again. Cells can
                lie outside the picture, which is padded below and to the right.
            cell: the side of a cell in pixels.
        """
        height, width = drawn.shape[-2:]
        again = nn.functional.interpolate(cells, scale_factor=cell)[..., :height, :width]
        if self.crop is not None:
            size = self.box[3] - self.box[1], self.box[2] - self.box[0]
            drawn = nn.functional.interpolate(drawn, size, mode="bicubic", antialias=True)
            again = nn.functional.interpolate(again, size, mode="bilinear")
        both = _overlap(self.box, self.part.box)
        drawn, again = (_within(each, self.box, both) for each in (drawn, again))
        vacated, warped = (
            _within(each, self.part.box, both)
            for each in (self.part.warped.vacated, self.part.warped.picture)
        )
        if self.crop is not None:  # scaled-up content has softer edges than the picture
            share = again * _softened(vacated).to(again)
        else:
            mask = None if self.part.mask is None else _within(self.part.mask, self.part.box, both)
            share = seam(vacated, again, mask)
        image = self.image.copy()
        image.paste(from_tensor(share * drawn + (1 - share) * warped)[0], both)
        return image


def uncovered(request: DragRequest, before: Image.Image, part: Part, native: int) -> Uncovered:
    """The network's input for a warped picture.

    Args:
        request: the request.
        before: the picture.
        part: the warp of the part that changed, which uncovers something.
        native: the side in pixels that the model was trained on.
    """
    image, warped = part.pasted(before, part.warped.picture), part.warped
    whole = (0, 0, *before.size)
    if request.crop == "off" or not request.crops(native):
        seen = part.inside(to_tensor(before).to(warped.picture), warped.picture)
        vacated = part.inside(torch.zeros_like(seen[:, :1], dtype=torch.bool), warped.vacated)
        return Uncovered(image, part, whole, seen, vacated, None)
    area = Image.new("L", before.size)
    area.paste(_grey(warped.vacated), part.box)
    found = area.getbbox()
    assert found is not None
    crop = crop_around(found, before.size, native, request.crop)
    seen = to_tensor(image.resize(crop.size, Image.Resampling.LANCZOS, crop.box))
    vacated = mask_tensor(covering(area.crop(crop.box), crop.size))
    seen, vacated = seen.to(warped.picture), vacated.to(warped.picture)
    return Uncovered(image, part, crop.box, seen, vacated, crop)


def _grey(area: Tensor) -> Image.Image:
    """An area [1, 1, h, w] of bools as a mask, white where it is True."""
    return Image.fromarray(area[0, 0].cpu().numpy().astype(np.uint8) * 255)


def _softened(area: Tensor) -> Tensor:
    """An area [1, 1, h, w] of bools as weights from 0 to 1, which rise inwards from its edge."""
    levels = np.asarray(softened(_grey(area), SEAM), np.float32)
    return torch.from_numpy(levels / 255)[None, None]


def _overlap(
    first: tuple[int, int, int, int], second: tuple[int, int, int, int]
) -> tuple[int, int, int, int]:
    """The box that two boxes share."""
    left, top = (max(first[k], second[k]) for k in (0, 1))
    right, bottom = (min(first[k], second[k]) for k in (2, 3))
    return left, top, right, bottom


def _within(
    values: Tensor, box: tuple[int, int, int, int], inner: tuple[int, int, int, int]
) -> Tensor:
    """The part of values [b, c, h, w] in the inner box; the values fill the outer box."""
    rows = slice(inner[1] - box[1], inner[3] - box[1])
    columns = slice(inner[0] - box[0], inner[2] - box[0])
    return values[..., rows, columns]
