r"""How well a model knows a picture, by the errors of its own parts.

A picture's centre square is scaled to the model's native size; x is that image in [-1, 1], z its
latent. The features f are natural logarithms of mean squared errors (plus `FLOOR`):

    codec      (D(z) - x)^2: its mean, and the largest of its means over blocks with sides of 1/16
               and 1/8 of the picture's                                                     3
    denoiser   < (x0_hat(alpha z + sigma eps) - z)^2 > of each latent channel, at the two
               noise levels sigma / alpha of `LEVELS`                            2 x channels

x0_hat has the empty prompt, so that words change nothing, and every picture gets the same eps. A
foreign picture can have smaller errors than a known one, because it is plainer. So the errors are
compared with those of known pictures in both directions, by the Mahalanobis distance

    d = sqrt( (f - mean)^T C^-1 (f - mean) ),    familiarity = limit / d,

with mean and covariance C over pictures like those of the training, and a limit that at least 99.5
% of other such pictures do not exceed (`yuragi.tasks.calibrate`). A familiarity of 1 or more is
known. It costs two evaluations of the network.

References: Lee et al. 2018 (arXiv 1807.03888), equation 2; Graham et al. 2023 (arXiv 2211.07740).
"""

from __future__ import annotations

import math
from pathlib import Path

import torch
from PIL import Image
from torch import Tensor, nn

from yuragi.core import SeededNoise
from yuragi.errors import InputError
from yuragi.images.resize import centred
from yuragi.images.tensors import to_tensor
from yuragi.models.model import DiffusionModel
from yuragi.options.values import Strict

__all__ = [
    "FAMILIARITY",
    "KNOWN",
    "Calibration",
    "calibration_in",
    "calibration_of",
    "familiarity",
    "features",
]

FAMILIARITY = "familiarity.json"
"""The file in a model's folder that holds its calibration."""
KNOWN = 1.0
"""The least familiarity of a picture that the model knows."""
LEVELS = (0.35, 0.9)
"""sigma / alpha at which the picture is denoised."""
FLOOR = 1e-6
"""Squared error that is too small to matter: (1 / 8 of an 8-bit level)^2, in units of [-1, 1]."""


class Calibration(Strict):
    """The features of pictures that a model knows.

    Attributes:
        weights: the fingerprint of the model's weights.
        pictures: the number of pictures.
        limit: the distance that separates known from foreign pictures.
        mean: the mean of the features [f].
        covariance: their covariance [f, f].
    """

    weights: str
    pictures: int
    limit: float
    mean: tuple[float, ...]
    covariance: tuple[tuple[float, ...], ...]

    def distance(self, found: Tensor) -> Tensor:
        """The Mahalanobis distances [b] of features [b, f]."""
        off = found.double().cpu() - torch.tensor(self.mean, dtype=torch.float64)
        covariance = torch.tensor(self.covariance, dtype=torch.float64)
        solved: Tensor = torch.linalg.solve(covariance, off.T)
        return (off * solved.T).sum(1).sqrt()


def calibration_of(model: DiffusionModel) -> Calibration | None:
    """The calibration in a loaded model's folder; see `calibration_in`."""
    return None if model.path is None else calibration_in(model.path, model.weights)


def calibration_in(folder: Path, weights: str) -> Calibration | None:
    """The calibration in a folder; None without one, or if it is for other weights.

    Raises:
        InputError: the file is damaged.
    """
    file = folder / FAMILIARITY
    if not file.is_file():
        return None
    try:
        found = Calibration.model_validate_json(file.read_bytes())
    except ValueError as error:
        reason = "the file is damaged; yuragi models check writes it"
        raise InputError("model", str(file), "", reason) from error
    return found if found.weights == weights else None


def familiarity(model: DiffusionModel, picture: Image.Image) -> float | None:
    """How well the model knows an RGB picture; `KNOWN` or more is known. None without calibration.

    Raises:
        InputError: the calibration is damaged.
    """
    known = calibration_of(model)
    if known is None:
        return None
    image = to_tensor(centred(picture, model.native_size))
    return known.limit / float(known.distance(features(model, image)))


@torch.no_grad()
def features(model: DiffusionModel, images: Tensor) -> Tensor:
    """The features [b, 3 + 2 c] of square images [b, 3, s, s] in [-1, 1] at the native size s.

    Raises:
        InputError: the model has no empty prompt.
    """
    side = images.shape[-1]
    x, sized = images.to(model.device), model.at(side, side)
    z = sized.codec.encode(x)
    off = (sized.codec.decode(z, side, side) - x).square().mean(1, keepdim=True)
    worst = [nn.functional.avg_pool2d(off, max(1, side // n)).amax((1, 2, 3)) for n in (16, 8)]
    errors = torch.stack([off.mean((1, 2, 3)), *worst], 1)
    denoiser = sized.bind_bare([""])
    eps = SeededNoise(0, [0], "familiarity")(0, z[:1])
    for level in LEVELS:
        t = denoiser.schedule.time(torch.tensor(-math.log(level), dtype=torch.float64))
        alpha, sigma = (value.to(z) for value in denoiser.schedule(t))
        error = (denoiser(alpha * z + sigma * eps, t) - z).square().mean((2, 3))
        errors = torch.cat([errors, error], 1)
    return (errors + FLOOR).log()
