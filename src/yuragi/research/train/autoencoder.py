"""Train `diffusers.AutoencoderTiny` on portraits.

The loss on random crops x in [-1, 1], with a little noise added to z = E(x), is

    |D(z) - x| + 4 |D(z) - x|^2 + penalty * mean_c( mean(z_c)^2 + (var(z_c) - 1)^2 )

The squared error is what PSNR measures, and the absolute error keeps edges sharp. The penalty is
needed because diffusers' Stable Diffusion pipelines have one scaling factor and no shift, and
because this decoder squashes latents beyond 3 (3 tanh(z / 3)).

The decoder of a finished autoencoder can be trained further on its own. The latents stay the same,
so everything that a denoiser has learned about them stays valid.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import torch
from diffusers import AutoencoderTiny
from torch import Tensor

from yuragi.research.train.config import AutoencoderConfig, Fit
from yuragi.research.train.loop import Report, fast_precision, fit, place
from yuragi.research.train.pace import Pace

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = [
    "arrays_to_tensor",
    "build_autoencoder",
    "codec_psnr",
    "levels_psnr",
    "levels_to_tensor",
    "train_autoencoder",
    "train_decoder",
]


def build_autoencoder(config: AutoencoderConfig) -> AutoencoderTiny:
    """The untrained network: a latent cell covers `config.cell` pixels per side."""
    widths = (config.channels,) * len(config.encoder_blocks)
    return AutoencoderTiny(
        latent_channels=config.latent_channels,
        encoder_block_out_channels=widths,
        decoder_block_out_channels=widths,
        num_encoder_blocks=config.encoder_blocks,
        num_decoder_blocks=config.decoder_blocks,
    )


def arrays_to_tensor(images: NDArray[np.uint8]) -> Tensor:
    """Uint8 [b, h, w, 3] -> float32 [b, 3, h, w] in [-1, 1], channels last in memory."""
    return levels_to_tensor(torch.from_numpy(np.array(images)))


def levels_to_tensor(images: Tensor) -> Tensor:
    """The same for a tensor, on its device."""
    return images.permute(0, 3, 1, 2).float().div(127.5).sub(1)


def _crops(images: Tensor, batch: int, side: int, rng: torch.Generator) -> Tensor:
    def draw(below: int) -> list[int]:
        return torch.randint(below, (batch,), generator=rng).tolist()

    edge = images.shape[1] - side + 1
    picked = zip(draw(len(images)), draw(edge), draw(edge), draw(2), strict=True)
    parts = [(images[i, y : y + side, x : x + side], m) for i, y, x, m in picked]
    return levels_to_tensor(torch.stack([part.flip(1) if m else part for part, m in parts]))


def train_autoencoder(
    images: NDArray[np.uint8],
    config: AutoencoderConfig,
    folder: Path,
    device: torch.device,
    on_report: Callable[[Report], None],
    pace: Pace | None = None,
) -> AutoencoderTiny:
    """Train on pictures [n, side, side, 3], resuming from `folder`; return the EMA network.

    On a GPU, all pictures are kept in its memory (4.7 GB for 24,000 pictures of 256 x 256); on a
    CPU, they stay on disk. Crops can be mirrored here, because they have no labels.
    """
    torch.manual_seed(config.seed)  # the starting weights
    network = place(build_autoencoder(config), device)
    pictures = torch.from_numpy(images).to(device)

    def loss(step: int, rng: torch.Generator) -> Tensor:
        x = _crops(pictures, config.batch, config.crop, rng)
        with fast_precision(device):
            z: Tensor = network.encoder(x)
            noise = torch.randn(z.shape, generator=rng).to(device)
            back: Tensor = network.decoder(z + config.latent_noise * noise)
        z, error = z.float(), back.float() - x
        mean, variance = z.mean((0, 2, 3)), z.var((0, 2, 3))
        penalty = (mean.square() + (variance - 1).square()).mean()
        return _fidelity(error) + config.latent_penalty * penalty

    fit(network, loss, config, folder, on_report, pace)
    return network


def train_decoder(
    network: AutoencoderTiny,
    images: NDArray[np.uint8],
    finished: AutoencoderConfig,
    config: Fit,
    folder: Path,
    device: torch.device,
    on_report: Callable[[Report], None],
) -> None:
    """Train the decoder of a finished autoencoder in place, resuming from `folder`.

    Args:
        network: the autoencoder; its encoder is left as it is.
        images: pictures of shape [n, side, side, 3].
        finished: the settings of the autoencoder's training; the crops and the noise are the same.
        config: the steps, the batch size and the rates.
        folder: the folder for checkpoints and the log.
        device: the device to train on.
        on_report: a function called with progress reports.
    """
    place(network, device)
    pictures = torch.from_numpy(images).to(device)

    def loss(step: int, rng: torch.Generator) -> Tensor:
        x = _crops(pictures, config.batch, finished.crop, rng)
        with fast_precision(device):
            with torch.no_grad():
                z: Tensor = network.encoder(x)
            noise = torch.randn(z.shape, generator=rng).to(device)
            back: Tensor = network.decoder(z + finished.latent_noise * noise)
        return _fidelity(back.float() - x)

    fit(network.decoder, loss, config, folder, on_report)


def _fidelity(error: Tensor) -> Tensor:
    return error.abs().mean() + 4 * error.square().mean()


@torch.no_grad()
def codec_psnr(network: AutoencoderTiny, images: NDArray[np.uint8]) -> float:
    """Mean over pictures of the PSNR in dB of 8-bit encode-decode round trips."""
    values = []
    for start in range(0, len(images), 32):
        x = arrays_to_tensor(images[start : start + 32]).to(network.device)
        back = network.decoder(network.encoder(x.to(network.dtype))).float().clamp(-1, 1)
        values.append(levels_psnr(back, x))
    return float(torch.cat(values).mean())


def levels_psnr(back: Tensor, images: Tensor) -> Tensor:
    """PSNR in dB of every picture [n, 3, h, w] in [-1, 1], after rounding `back` to 8 bits."""
    levels = ((back + 1) * 127.5).round().div(127.5).sub(1)
    return 10 * torch.log10(4 / (levels - images).square().mean((1, 2, 3)))
