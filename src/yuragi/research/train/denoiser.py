"""Train the UNet on cached latents of the finished autoencoder, with a text encoder that reads.

v-prediction (Salimans and Ho, 2022): with z_t = alpha z + sigma eps the network learns
v = alpha eps - sigma z under a weighted squared error. The weights favour small details: the areas
in the recipe's `focus` over flat background, and noise levels in the middle of the table, where
faces are decided, over those at its ends. The weights change what is learned first, but not the
optimum: the best v at each cell and level is still the mean.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from torch import Tensor

from yuragi.research.train.autoencoder import levels_to_tensor
from yuragi.research.train.config import DenoiserConfig, Fit, Focus
from yuragi.research.train.examples import Examples
from yuragi.research.train.loop import (
    CHECKPOINT,
    Loss,
    Report,
    begin,
    fast_precision,
    fit,
    load_averaged,
    place,
    steps_made,
)
from yuragi.research.train.networks import TextToLatent, build_scheduler, build_tokenizer
from yuragi.research.train.portraits import Labels
from yuragi.research.train.text import train_reader, warn_of_unread

if TYPE_CHECKING:
    from diffusers import AutoencoderTiny
    from numpy.typing import NDArray

__all__ = ["begin_denoiser", "denoising_loss", "encode_all", "train_denoiser"]

AT_ONCE = 64
"""The number of pictures that are encoded in a batch."""
SHOWN = 500
"""The number of portraits whose captions test whether the text encoder can read."""


@torch.no_grad()
def encode_all(
    autoencoder: AutoencoderTiny,
    images: NDArray[np.uint8],
    on_progress: Callable[[int, int], None],
) -> Tensor:
    """Latents of every picture: float16 [n, c, h, w]."""
    device, rows = autoencoder.device, []
    for start in range(0, len(images), AT_ONCE):
        part = torch.from_numpy(images[start : start + AT_ONCE]).to(device)
        with fast_precision(device):
            encoded = autoencoder.encoder(levels_to_tensor(part))
        rows.append(encoded.half().cpu())
        on_progress(min(start + AT_ONCE, len(images)), len(images))
    return torch.cat(rows).contiguous()


def begin_denoiser(
    examples: Examples,
    labels: Sequence[Labels],
    config: DenoiserConfig,
    reading: Fit,
    folder: Path,
    device: torch.device,
    on_report: Callable[[Report], None],
) -> TextToLatent:
    """The network that `train_denoiser` starts with; `fit` loads the weights of a resumed run.

    Before the first step, the text encoder learns to read (`yuragi.research.train.text`), even if
    its weights were imported: a denoiser that started with a text encoder that could not recognise
    the clothes still had not learned them after 300,000 samples. Then it stays as it is. Trained
    along with the UNet, it forgot the labels that the UNet did not use yet, such as the mouth, and
    so the UNet could never learn them.
    """
    torch.manual_seed(config.seed)  # the starting weights
    tokenizer = build_tokenizer()
    channels, side = examples.latents.shape[1:3]
    network = TextToLatent(config, len(tokenizer), (channels, side))
    if steps_made(folder) == 0:
        if (folder / CHECKPOINT).exists():
            load_averaged(network, folder)
        reader = train_reader(
            network, examples.tokens, labels, reading, folder / "reader", device, on_report
        )
        warn_of_unread(reader, tokenizer, labels[:SHOWN], device)
        begin(network, config, folder, 0)
    network.text_encoder.requires_grad_(False)
    network.unet.add_embedding.requires_grad_(False)
    return place(network, device)


def train_denoiser(
    network: TextToLatent,
    examples: Examples,
    config: DenoiserConfig,
    folder: Path,
    device: torch.device,
    on_report: Callable[[Report], None],
) -> None:
    """Train the network in place, resuming from `folder`; at the end it has the EMA weights."""
    loss = denoising_loss(network, network.unet, examples.to(device), config)
    fit(network, loss, config, folder, on_report)


def denoising_loss(
    network: TextToLatent, unet: Callable[..., Any], examples: Examples, config: DenoiserConfig
) -> Loss:
    """The loss of the denoiser on the device of the examples.

    Each step draws its pictures, their captions, t and eps on that device, from a generator with
    the seed of the step's generator.

    Args:
        network: the network.
        unet: its UNet, or a faster form of it.
        examples: latents and captions.
        config: the batch size, and the parts of the picture that have a larger weight.
    """
    device = examples.latents.device
    alphas = build_scheduler().alphas_cumprod.to(device)
    weights = cell_weights(examples.latents.shape[-1], config.focus).to(device)

    def loss(step: int, rng: torch.Generator) -> Tensor:
        here = torch.Generator(device).manual_seed(rng.initial_seed())
        z, tokens = examples.draw(config.batch, here)
        z = z.contiguous(memory_format=torch.channels_last)
        t = _levels(config.batch, len(alphas), here)
        eps = torch.randn(z.shape, generator=here, device=device)
        alpha = alphas[t].sqrt().view(-1, 1, 1, 1)
        sigma = (1 - alpha.square()).sqrt()
        with fast_precision(device):
            text = network.text_encoder(tokens).last_hidden_state
            out: Tensor = unet(alpha * z + sigma * eps, t, text).sample
        error: Tensor = (out.float() - (alpha * eps - sigma * z)).square()
        return (error * weights).mean()

    return loss


def cell_weights(side: int, focus: Sequence[Focus]) -> Tensor:
    """Weights (side, side) of mean 1, higher in the ellipses and highest where they overlap."""
    across = (torch.arange(side) + 0.5) / side
    weights = torch.ones(side, side)
    for one in focus:
        down, along = (across - one.row) / one.height, (across - one.column) / one.width
        far = down[:, None].square() + along.square()
        weights += (one.weight - 1) * torch.exp(-far.square())
    return weights / weights.mean()


def _levels(n: int, levels: int, rng: torch.Generator) -> Tensor:
    """Half of the draws are uniform, half are triangular around the middle of the table."""
    uniform = torch.rand((n, 2), generator=rng, device=rng.device)
    middle = torch.arange(n, device=rng.device) % 2 == 0
    u = torch.where(middle, uniform.mean(dim=1), uniform[:, 0])
    return (u * levels).long()
