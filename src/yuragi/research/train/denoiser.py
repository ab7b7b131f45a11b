"""Train the text encoder and the UNet on cached latents of the finished autoencoder.

v-prediction (Salimans and Ho, 2022): with z_t = alpha z + sigma eps the network learns
v = alpha eps - sigma z under a weighted squared error. The weights favour what is small: cells of
the face over flat ground, and the middle of the table, where faces are decided, over its ends. They
change what is learnt first, not what is right: the best v at each cell and level stays the mean.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import torch
from torch import Tensor

from yuragi.research.train.autoencoder import arrays_to_tensor
from yuragi.research.train.config import DenoiserConfig, Fit
from yuragi.research.train.loop import CHECKPOINT, Report, fit, place
from yuragi.research.train.networks import TOKENS, TextToLatent, build_scheduler, build_tokenizer
from yuragi.research.train.portraits import Labels, caption
from yuragi.research.train.text import train_reader

if TYPE_CHECKING:
    from diffusers import AutoencoderTiny
    from numpy.typing import NDArray

__all__ = ["encode_all", "train_denoiser"]


@torch.no_grad()
def encode_all(
    autoencoder: AutoencoderTiny,
    images: NDArray[np.uint8],
    on_progress: Callable[[int, int], None],
    batch: int = 64,
) -> Tensor:
    """Latents of every picture: float16 [n, 4, 32, 32]."""
    rows = []
    for start in range(0, len(images), batch):
        x = arrays_to_tensor(images[start : start + batch])
        rows.append(autoencoder.encoder(x.to(autoencoder.device)).half().cpu())
        on_progress(min(start + batch, len(images)), len(images))
    return torch.cat(rows).contiguous()


def train_denoiser(
    latents: Tensor,
    labels: Sequence[Labels],
    config: DenoiserConfig,
    reading: Fit,
    folder: Path,
    device: torch.device,
    on_report: Callable[[Report], None],
) -> TextToLatent:
    """Train on latents of shape [n, 4, 32, 32], scaled to unit variance; the EMA network.

    The text encoder learns to read first (`yuragi.research.train.text`).

    Which picture, which words of its caption, t and eps of every step are drawn from the step's
    generator.
    """
    torch.manual_seed(config.seed)  # the starting weights
    tokenizer = build_tokenizer()
    network = TextToLatent(config, len(tokenizer), (latents.shape[1], latents.shape[-1]))
    if not (folder / CHECKPOINT).exists():
        train_reader(network, tokenizer, labels, reading, folder / "reader", device, on_report)
    place(network, device)
    alphas = build_scheduler().alphas_cumprod.to(device)
    weights = _face_weights(latents.shape[-1], config.face).to(device)

    def loss(step: int, rng: torch.Generator) -> Tensor:
        picked = torch.randint(len(labels), (config.batch,), generator=rng)
        t = _levels(config.batch, len(alphas), rng)
        words = np.random.default_rng(int(torch.randint(2**31, (1,), generator=rng)))
        texts = [caption(labels[i], words) for i in picked.tolist()]
        tokens = tokenizer(texts, **TOKENS).input_ids.to(device)
        z = latents[picked].float().to(device, memory_format=torch.channels_last)
        eps = torch.randn(z.shape, generator=rng).to(device)
        alpha = alphas[t.to(device)].sqrt().view(-1, 1, 1, 1)
        sigma = (1 - alpha.square()).sqrt()
        with torch.autocast(device.type, torch.bfloat16, enabled=_fast_bfloat16(device)):
            text = network.text_encoder(tokens).last_hidden_state
            out: Tensor = network.unet(alpha * z + sigma * eps, t.to(device), text).sample
        error: Tensor = (out.float() - (alpha * eps - sigma * z)).square()
        return (error * weights).mean()

    fit(network, loss, config, folder, on_report)
    return network


def _fast_bfloat16(device: torch.device) -> bool:
    """Whether networks run faster in bfloat16 than in float32 there."""
    if device.type != "cpu":
        return True
    # Older versions of PyTorch cannot tell.
    known: dict[str, object] = getattr(torch.cpu, "get_capabilities", dict)()
    return bool(known.get("avx512_bf16"))


def _face_weights(side: int, face: float) -> Tensor:
    """Weights (side, side) of mean 1, `face` times higher where the drawings have their faces.

    A face fills less than a tenth of a portrait and carries four of its eleven attributes.
    """
    rows, columns = torch.meshgrid(
        (torch.arange(side) + 0.5) / side, (torch.arange(side) + 0.5) / side, indexing="ij"
    )
    far = ((rows - 0.56) / 0.25).square() + ((columns - 0.5) / 0.2).square()
    weights = 1 + (face - 1) * torch.exp(-far.square())
    return weights / weights.mean()


def _levels(n: int, levels: int, rng: torch.Generator) -> Tensor:
    """Half of the draws uniform, half triangular about the middle of the table."""
    uniform = torch.rand((n, 2), generator=rng)
    middle = torch.arange(n) % 2 == 0
    u = torch.where(middle, uniform.mean(dim=1), uniform[:, 0])
    return (u * levels).long()
