"""A small classifier of portraits, which judges whether generated ones show what the prompt names.

It is trained on real drawings of the training split, blurred and with noise, so that it looks at
shape and colour and not at the sharpness that an autoencoder loses. A trained judge ships with the
package, so that benchmarks need no training.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from importlib.resources import as_file, files
from itertools import pairwise
from pathlib import Path
from statistics import fmean
from typing import TYPE_CHECKING

import numpy as np
import torch
from safetensors.torch import load_file
from torch import Tensor, nn

from yuragi.research.files import save_whole
from yuragi.research.train.autoencoder import arrays_to_tensor
from yuragi.research.train.config import Fit
from yuragi.research.train.loop import Report, fast_precision, fit, place
from yuragi.research.train.portraits import ATTRIBUTES, SIZE, Labels

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = [
    "JUDGED",
    "Judge",
    "accuracy",
    "judged",
    "mean_accuracy",
    "shipped_judge",
    "targets",
    "train_judge",
    "write_judge",
]

JUDGED = tuple(name for name in ATTRIBUTES if name != "eyebrows")
"""The attributes in a mean accuracy. Eyebrows are left out, as they were when an earlier judge
recognised too few of them in drawings, so that the means of all models can be compared."""


class Judge(nn.Module):
    """Pictures [b, 3, size, size] in [-1, 1] -> logits for every attribute.

    Attributes:
        size: the side of the pictures that it takes, in pixels.
    """

    size = SIZE

    def __init__(self) -> None:
        super().__init__()
        widths = (3, 16, 32, 64, 128, 192)
        layers: list[nn.Module] = []
        for before, after in pairwise(widths):
            layers += [
                nn.Conv2d(before, after, 3, stride=2, padding=1),
                nn.GroupNorm(8, after),
                nn.SiLU(),
            ]
        last = widths[-1]
        layers += [nn.Conv2d(last, last, 3, padding=1), nn.GroupNorm(8, last), nn.SiLU()]
        self.trunk = nn.Sequential(*layers)
        # The maximum shows small parts such as the mouth; the mean shows the colours of areas.
        self.heads = nn.ModuleDict(
            {name: nn.Linear(2 * last, len(values)) for name, values in ATTRIBUTES.items()}
        )

    def forward(self, x: Tensor) -> dict[str, Tensor]:
        """Logits [b, values] by attribute."""
        features = self.trunk(x)
        pooled = torch.cat([features.mean((2, 3)), features.amax((2, 3))], dim=1)
        return {name: head(pooled) for name, head in self.heads.items()}


def targets(labels: Sequence[Labels]) -> dict[str, Tensor]:
    """Labels as class numbers [n] by attribute."""
    return {
        name: torch.tensor([values.index(row[name]) for row in labels])
        for name, values in ATTRIBUTES.items()
    }


def train_judge(
    images: NDArray[np.uint8],
    labels: Sequence[Labels],
    config: Fit,
    folder: Path,
    device: torch.device,
    on_report: Callable[[Report], None],
) -> Judge:
    """Train on drawings of shape [n, 256, 256, 3], resuming from `folder`."""
    torch.manual_seed(config.seed)  # the starting weights
    network = place(Judge(), device)
    known = {name: column.to(device) for name, column in targets(labels).items()}

    def loss(step: int, rng: torch.Generator) -> Tensor:
        picked = torch.randint(len(images), (config.batch,), generator=rng)
        x = arrays_to_tensor(images[picked.numpy()]).to(device)
        if torch.rand((), generator=rng) < 0.5:
            x = nn.functional.avg_pool2d(x, 3, stride=1, padding=1, count_include_pad=False)
        x = x + 0.05 * torch.randn(x.shape, generator=rng).to(device)
        x = x.contiguous(memory_format=torch.channels_last)
        with fast_precision(device):
            seen = network(x)
        terms = [
            nn.functional.cross_entropy(logits.float(), known[name][picked])
            for name, logits in seen.items()
        ]
        return torch.stack(terms).mean()

    fit(network, loss, config, folder, on_report)
    return network


def write_judge(judge: Judge, path: Path) -> None:
    """Write the judge's weights in half precision, either completely or not at all."""
    save_whole({name: value.half() for name, value in judge.state_dict().items()}, path)


def shipped_judge(device: torch.device) -> Judge:
    """The judge of the shipped recipe, in single precision, for judging only, not for training."""
    judge = Judge()
    with as_file(files("yuragi") / "assets" / "judge.safetensors") as path:
        judge.load_state_dict(load_file(path))
    return judge.to(device).eval().requires_grad_(False)


@torch.no_grad()
def judged(judge: Judge, images: Tensor, labels: Sequence[Labels]) -> Mapping[str, Tensor]:
    """Whether the judge sees the label in each picture [n, 3, 256, 256]: bool [n] by attribute."""
    known = targets(labels)
    hits: dict[str, list[Tensor]] = {name: [] for name in ATTRIBUTES}
    for start in range(0, len(images), 64):
        part = images[start : start + 64].to(next(judge.parameters()).device)
        for name, logits in judge(part).items():
            hits[name].append(logits.argmax(1).cpu() == known[name][start : start + 64])
    return {name: torch.cat(column) for name, column in hits.items()}


def accuracy(judge: Judge, images: Tensor, labels: Sequence[Labels]) -> Mapping[str, float]:
    """The share of pictures [n, 3, 256, 256] in which the judge sees the label, by attribute."""
    found = judged(judge, images, labels)
    return {name: float(column.float().mean()) for name, column in found.items()}


def mean_accuracy(scores: Mapping[str, float]) -> float:
    """The mean of an `accuracy` over the attributes in `JUDGED`, 0 to 1."""
    return fmean(scores[name] for name in JUDGED)
