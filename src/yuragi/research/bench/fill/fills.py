r"""Fills to compare with ours. All take levels 0 to 255, and none reads pixels inside the hole.

averages           push-pull: averages of known pixels over ever larger blocks (Gortler et al. 1996)
Telea              fast marching inwards, `RADIUS` pixels (Telea 2004; OpenCV)
Navier-Stokes      continues lines of equal brightness (Bertalmio et al. 2001; OpenCV)
frequencies, fast  a few waves fitted around the hole (Genser et al. 2018; OpenCV's xphoto)
frequencies, best  the same with more waves; takes 10 to 40 s, so it runs only on the first cases
shift map          copies pieces from elsewhere in the picture (He & Sun 2012; OpenCV's xphoto)
biharmonic         scikit-image, solved over the whole hole at once (Chui & Mhaskar 2010)
ours               `yuragi.images.fill`: biharmonic, from coarse to fine
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeAlias

import cv2
import numpy as np
import torch
from torch import Tensor, nn

from yuragi.images.fill import filled

if TYPE_CHECKING:
    from yuragi.images.fill import Where
    from yuragi.research.bench.fill.holes import Pixels

__all__ = ["FILLS", "Fill"]

RADIUS = 3
"""Radius in pixels of the area that Telea and Navier-Stokes read; 5, 8 and 16 were not better."""

Make: TypeAlias = "Callable[[Pixels, Where], Pixels]"
"""(picture [h, w, 3], unknown [h, w]) -> picture [h, w, 3]; only the unknown part is used."""


@dataclass(frozen=True)
class Fill:
    """A way to close holes.

    Attributes:
        make: a function that closes a hole.
        most: the number of first cases that it runs on; None for all cases.
    """

    make: Make
    most: int | None = None

    def runs_on(self, index: int) -> bool:
        """Whether this fill runs on the case with this number."""
        return self.most is None or index < self.most


def _averages(picture: Pixels, unknown: Where) -> Pixels:
    known = _tensor(~unknown[..., None]).float()
    return _levels(_pulled(torch.cat([_tensor(picture).float() * known, known], 1)))


def _pulled(weighted: Tensor) -> Tensor:
    """Averages where the weights (last channel) are positive, else averages of larger blocks."""
    sums, weights = weighted[:, :-1], weighted[:, -1:]
    here = sums / weights.clamp(min=1e-6)
    if bool((weights > 0).all()):
        return here
    pooled = nn.functional.avg_pool2d(weighted, 2, ceil_mode=True)
    coarse = nn.functional.interpolate(_pulled(pooled), sums.shape[-2:], mode="bilinear")
    return here.where(weights > 0, coarse)


def _biharmonic(picture: Pixels, unknown: Where) -> Pixels:
    from skimage.restoration import inpaint_biharmonic

    made = inpaint_biharmonic(picture / 255, unknown, channel_axis=-1)
    return np.asarray((255 * made).round().astype(np.uint8))


def _ours(picture: Pixels, unknown: Where) -> Pixels:
    return _levels(filled(_tensor(picture).float(), _tensor(unknown[..., None])))


def _telea(picture: Pixels, unknown: Where) -> Pixels:
    return np.asarray(cv2.inpaint(picture, _white(unknown), RADIUS, cv2.INPAINT_TELEA))


def _navier_stokes(picture: Pixels, unknown: Where) -> Pixels:
    return np.asarray(cv2.inpaint(picture, _white(unknown), RADIUS, cv2.INPAINT_NS))


def _fast(picture: Pixels, unknown: Where) -> Pixels:
    return _photo(picture, unknown, cv2.xphoto.INPAINT_FSR_FAST)


def _best(picture: Pixels, unknown: Where) -> Pixels:
    return _photo(picture, unknown, cv2.xphoto.INPAINT_FSR_BEST)


def _shift_map(picture: Pixels, unknown: Where) -> Pixels:
    # The algorithm expects the CIELAB colour space.
    lightness = np.asarray(cv2.cvtColor(picture, cv2.COLOR_RGB2LAB), np.uint8)
    made = _photo(lightness, unknown, cv2.xphoto.INPAINT_SHIFTMAP)
    return np.asarray(cv2.cvtColor(made, cv2.COLOR_LAB2RGB))


def _photo(picture: Pixels, unknown: Where, algorithm: int) -> Pixels:
    made = np.zeros_like(picture)
    # In xphoto masks, known pixels are white.
    cv2.xphoto.inpaint(picture, _white(~unknown), made, algorithm)
    return made


def _white(area: Where) -> Pixels:
    return area.astype(np.uint8) * 255


def _tensor(values: Pixels | Where) -> Tensor:
    """[h, w, c] -> [1, c, h, w]."""
    return torch.tensor(values).permute(2, 0, 1)[None]


def _levels(picture: Tensor) -> Pixels:
    return picture[0].permute(1, 2, 0).round().clamp(0, 255).to(torch.uint8).numpy()


FILLS: Mapping[str, Fill] = {
    "averages": Fill(_averages),
    "Telea": Fill(_telea),
    "Navier-Stokes": Fill(_navier_stokes),
    "frequencies, fast": Fill(_fast),
    "frequencies, best": Fill(_best, most=12),
    "shift map": Fill(_shift_map),
    "biharmonic": Fill(_biharmonic),
    "ours": Fill(_ours),
}
"""The fills by name."""
