r"""Fills to compare with ours. All take levels 0 to 255 and read nothing within the hole.

averages           push-pull: averages of known pixels over ever larger blocks (Gortler et al. 1996)
Telea              fast marching inwards, `RADIUS` pixels (Telea 2004; OpenCV)
Navier-Stokes      lines of equal brightness go on (Bertalmio et al. 2001; OpenCV)
frequencies, fast  a few waves that fit around the hole (Genser et al. 2018; OpenCV's xphoto)
frequencies, best  the same with more of them; takes 10 to 40 s, so it runs on the first cases only
shift map          pieces from elsewhere in the picture (He & Sun 2012; OpenCV's xphoto)
biharmonic         scikit-image's, over the whole hole at once (Chui & Mhaskar 2010)
ours               `yuragi.images.fill`: the same from coarse to fine
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
"""Of the neighbourhood that Telea and Navier-Stokes read, pixels; 5, 8 and 16 did not do better."""

Make: TypeAlias = "Callable[[Pixels, Where], Pixels]"
"""(picture [h, w, 3], unknown [h, w]) -> picture [h, w, 3]; only its unknown part counts."""


@dataclass(frozen=True)
class Fill:
    """A way to close holes.

    Attributes:
        make: closes one.
        most: how many cases it runs on at most, the first ones; None for all.
    """

    make: Make
    most: int | None = None

    def runs_on(self, index: int) -> bool:
        """Whether it runs on the case with this number."""
        return self.most is None or index < self.most


def _averages(picture: Pixels, unknown: Where) -> Pixels:
    known = _tensor(~unknown[..., None]).float()
    return _levels(_pulled(torch.cat([_tensor(picture).float() * known, known], 1)))


def _pulled(weighted: Tensor) -> Tensor:
    """Averages where the weights (last channel) are positive, and of larger blocks elsewhere."""
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
    # It expects lightness and two colours.
    lightness = np.asarray(cv2.cvtColor(picture, cv2.COLOR_RGB2LAB), np.uint8)
    made = _photo(lightness, unknown, cv2.xphoto.INPAINT_SHIFTMAP)
    return np.asarray(cv2.cvtColor(made, cv2.COLOR_LAB2RGB))


def _photo(picture: Pixels, unknown: Where, algorithm: int) -> Pixels:
    made = np.zeros_like(picture)
    # Here white is what is known.
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
"""By name."""
