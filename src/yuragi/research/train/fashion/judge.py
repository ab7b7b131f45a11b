"""A small classifier of Fashion-MNIST, which counts right classes and is a feature extractor.

EfficientNet has never seen grey pictures of 28 pixels and takes a hundred times longer. Distances
for this model are therefore computed between features that distinguish these ten classes.
"""

from __future__ import annotations

from collections.abc import Callable
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import torch
from safetensors.torch import load_file
from torch import Tensor, nn

from yuragi.errors import InputError
from yuragi.models.fingerprint import fingerprint_of
from yuragi.research.files import save_whole
from yuragi.research.metrics.backends import Backend, Encoded
from yuragi.research.train.config import Fit
from yuragi.research.train.fashion.data import CLASSES, SIDE
from yuragi.research.train.loop import Report, fit, place

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = [
    "FashionJudge",
    "open_fashion",
    "read_fashion_judge",
    "train_fashion_judge",
    "write_fashion_judge",
]


class FashionJudge(nn.Module):
    """Grey pictures [b, 1, 32, 32] in [-1, 1] -> features [b, 128] and logits [b, 10]."""

    def __init__(self) -> None:
        super().__init__()
        layers: list[nn.Module] = []
        for before, after in pairwise((1, 16, 32, 64)):
            layers += [
                nn.Conv2d(before, after, 3, stride=2, padding=1),
                nn.GroupNorm(8, after),
                nn.SiLU(),
            ]
        self.trunk = nn.Sequential(*layers, nn.Flatten(), nn.Linear(64 * 16, 128), nn.SiLU())
        self.head = nn.Linear(128, len(CLASSES))

    def forward(self, x: Tensor) -> tuple[Tensor, Tensor]:
        """Features and logits."""
        features = self.trunk(x)
        return features, self.head(features)


def train_fashion_judge(
    pictures: NDArray[np.uint8],
    labels: NDArray[np.int64],
    config: Fit,
    folder: Path,
    device: torch.device,
    on_report: Callable[[Report], None],
) -> FashionJudge:
    """Train on pictures [n, 32, 32] with noise, mirrored at random, resuming from `folder`."""
    torch.manual_seed(config.seed)  # the starting weights
    network = place(FashionJudge(), device)
    known = torch.from_numpy(labels)

    def loss(step: int, rng: torch.Generator) -> Tensor:
        picked = torch.randint(len(pictures), (config.batch,), generator=rng)
        x = torch.from_numpy(pictures[picked.numpy()]).float()[:, None] / 127.5 - 1
        if torch.rand((), generator=rng) < 0.5:
            x = x.flip(3)
        x = x + 0.05 * torch.randn(x.shape, generator=rng)
        _, logits = network(x.to(device))
        return nn.functional.cross_entropy(logits, known[picked].to(device), label_smoothing=0.05)

    fit(network, loss, config, folder, on_report)
    return network


def write_fashion_judge(judge: FashionJudge, path: Path) -> None:
    """Write the judge's weights, either completely or not at all."""
    save_whole(judge.state_dict(), path)


def read_fashion_judge(path: Path, device: torch.device) -> FashionJudge:
    """A judge that `yuragi train fashion` wrote.

    Raises:
        InputError: the file is not such a judge.
    """
    judge = FashionJudge()
    try:
        judge.load_state_dict(load_file(path))
    except (OSError, RuntimeError) as error:
        raise InputError(
            "judge", str(path), "the file judge.safetensors of train fashion"
        ) from error
    return place(judge, device).eval().requires_grad_(False)


def open_fashion(where: str, device: torch.device) -> Backend:
    """The judge as a feature backend; pictures are scaled to 32 x 32 and averaged over colours.

    Raises:
        InputError: no file is given, or it is not a judge.
    """
    if not where:
        raise InputError("features", "fashion", "fashion:FILE, with the judge of train fashion")
    judge = read_fashion_judge(Path(where), device)

    def encode(images: Tensor) -> Encoded:
        grey = images.to(device).mean(1, keepdim=True)
        if grey.shape[-2:] != (SIDE, SIDE):
            grey = nn.functional.interpolate(grey, (SIDE, SIDE), mode="bicubic", antialias=True)
        features, logits = judge(grey)
        return Encoded(features.cpu(), logits.cpu())

    return Backend("fashion", "FD-Fashion", encode, fingerprint_of(judge))
