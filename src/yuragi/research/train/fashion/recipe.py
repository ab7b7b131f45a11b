"""The steps of the recipe, each resumable: autoencoder, two denoisers, judge, export.

v-prediction (Salimans and Ho, 2022), as for the portraits: with z_t = alpha z + sigma eps a network
learns v = alpha eps - sigma z, from the latents of the training split and their classes.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import torch
from diffusers import AutoencoderTiny, DiTTransformer2DModel
from torch import Tensor

from yuragi.errors import InputError
from yuragi.research.train.autoencoder import codec_psnr, train_autoencoder
from yuragi.research.train.denoiser import encode_all
from yuragi.research.train.fashion.config import ClassDenoiserConfig, FashionRecipe
from yuragi.research.train.fashion.data import CLASSES, coloured, read_split
from yuragi.research.train.fashion.judge import (
    FashionJudge,
    train_fashion_judge,
    write_fashion_judge,
)
from yuragi.research.train.fashion.networks import build_transformer, write_pipeline
from yuragi.research.train.folders import encoder_digest, tie
from yuragi.research.train.loop import Loss, Report, fit, steps_made
from yuragi.research.train.networks import build_scheduler

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["JUDGE", "MODEL", "WEAK", "Trained", "train_fashion"]

MODEL, WEAK, JUDGE = "model", "weak", "judge.safetensors"
"""The contents of the output folder: two pipelines and the weights of the judge."""

OnPart = Callable[[str], Callable[[Report], None]]
"""A function called with the name of a part; it returns the function for that part's reports."""


@dataclass(frozen=True)
class Trained:
    """How good the parts are on the test split.

    Attributes:
        psnr: the PSNR of the autoencoder's round trips, in dB.
        accuracy: the share of the test pictures whose class the judge recognises.
        steps: the numbers of steps of the denoiser and its weaker sibling.
    """

    psnr: float
    accuracy: float
    steps: tuple[int, int]


def train_fashion(
    recipe: FashionRecipe,
    runs: Path,
    data: Path,
    output: Path,
    device: torch.device,
    on_part: OnPart,
) -> Trained:
    """Train all parts in the folder of runs, resuming where it was stopped, and write the models.

    Args:
        recipe: the sizes of the networks and the lengths of the runs.
        runs: the folder for checkpoints, with one folder for each part.
        data: the folder with the files of Fashion-MNIST.
        output: the folder for the files that `MODEL`, `WEAK` and `JUDGE` name.
        device: the device to train on.
        on_part: called when a part starts; see `OnPart`.

    Raises:
        InputError: the data are missing, or the folder has checkpoints of another recipe or
            denoisers of another autoencoder.
    """
    grey, labels = read_split(data, "train")
    test_grey, test_labels = read_split(data, "test")
    try:
        autoencoder = train_autoencoder(
            coloured(grey), recipe.autoencoder, runs / "autoencoder", device, on_part("autoencoder")
        )
        psnr = codec_psnr(autoencoder, coloured(test_grey[:1000]))
        latents, factor = _latents(autoencoder, coloured(grey))
        autoencoder.register_to_config(scaling_factor=factor)
        classes = torch.from_numpy(labels)
        steps = []
        for name, config in ((MODEL, recipe.denoiser), (WEAK, recipe.weak)):
            tie(runs / name, encoder_digest(autoencoder.encoder))
            network = train_class_denoiser(
                latents, classes, config, runs / name, device, on_part(name)
            )
            steps.append(steps_made(runs / name))
            write_pipeline(autoencoder, network, output / name)
        judge = train_fashion_judge(
            grey, labels, recipe.judge, runs / "judge", device, on_part("judge")
        )
    except (RuntimeError, KeyError) as error:
        if "size mismatch" not in str(error) and not isinstance(error, KeyError):
            raise
        raise InputError("runs", str(runs), "a new folder, or one of the same recipe") from error
    write_fashion_judge(judge, output / JUDGE)
    return Trained(psnr, _accuracy(judge, test_grey, test_labels, device), (steps[0], steps[1]))


def train_class_denoiser(
    latents: Tensor,
    labels: Tensor,
    config: ClassDenoiserConfig,
    folder: Path,
    device: torch.device,
    on_report: Callable[[Report], None],
) -> DiTTransformer2DModel:
    """Train on latents [n, c, h, h] of unit variance and classes [n], resuming from `folder`."""
    torch.manual_seed(config.seed)  # the starting weights
    network = build_transformer(config, latents.shape[1], latents.shape[2]).to(device)
    loss = _loss(network, latents.to(device), labels.to(device), config)
    fit(network, loss, config, folder, on_report)
    return network


def _loss(
    network: DiTTransformer2DModel, latents: Tensor, labels: Tensor, config: ClassDenoiserConfig
) -> Loss:
    device = latents.device
    alphas = build_scheduler().alphas_cumprod.to(device)

    def loss(step: int, rng: torch.Generator) -> Tensor:
        picked = torch.randint(len(latents), (config.batch,), generator=rng).to(device)
        t = torch.randint(len(alphas), (config.batch,), generator=rng).to(device)
        hidden = (torch.rand(config.batch, generator=rng) < config.null).to(device)
        z = latents[picked].float()
        eps = torch.randn(z.shape, generator=rng).to(device)
        alpha = alphas[t].sqrt().view(-1, 1, 1, 1)
        sigma = (1 - alpha.square()).sqrt()
        told = labels[picked].masked_fill(hidden, len(CLASSES))
        out: Tensor = network(alpha * z + sigma * eps, timestep=t, class_labels=told).sample
        error: Tensor = out - (alpha * eps - sigma * z)
        return error.square().mean()

    return loss


def _latents(autoencoder: AutoencoderTiny, pictures: NDArray[np.uint8]) -> tuple[Tensor, float]:
    """Latents scaled to unit variance, and the scaling factor."""
    found = encode_all(autoencoder, pictures, lambda done, total: None)
    factor = 1 / float(found[:2048].float().std())
    return found.float() * factor, factor


@torch.no_grad()
def _accuracy(
    judge: FashionJudge,
    pictures: NDArray[np.uint8],
    labels: NDArray[np.int64],
    device: torch.device,
) -> float:
    x = torch.from_numpy(pictures).float()[:, None].to(device) / 127.5 - 1
    found = torch.cat([judge(part)[1].argmax(1).cpu() for part in torch.split(x, 500)])
    return float((found == torch.from_numpy(labels)).float().mean())
