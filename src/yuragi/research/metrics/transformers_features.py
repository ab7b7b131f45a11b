"""DINOv2 and CLIP as feature backends, and a text-image score, by transformers.

Both are read from a folder, or from the hub if a name ``owner/name`` is given. The whole picture is
scaled to the network's side (bicubic, with antialiasing) and not cropped, as usual for Frechet
distances, so that the border counts too.

References: Oquab et al. 2023 (arXiv 2304.07193); Stein et al. 2023 (arXiv 2306.04675) for
FD-DINOv2; Radford et al. 2021 (arXiv 2103.00020); Hessel et al. 2021 (arXiv 2104.08718), equation
1, for the text-image score, here with the usual weight of 100.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from yuragi.errors import InputError
from yuragi.models.fingerprint import fingerprint_of
from yuragi.models.hub import HUB
from yuragi.research.metrics.backends import Backend, Encoded

__all__ = ["TextImage", "open_clip", "open_dinov2", "open_text_image"]


def open_dinov2(where: str, device: torch.device) -> Backend:
    """Open DINOv2; the features are its class token after the last norm.

    Raises:
        InputError: the model does not exist.
    """
    from transformers import Dinov2Model

    network = _opened(Dinov2Model, "dinov2", where, device)
    prepare = _preparation(where, _side(network.config.image_size, 224))

    def encode(images: Tensor) -> Encoded:
        seen = network(pixel_values=prepare(images.to(device))).pooler_output
        return Encoded(seen.float().cpu())

    return Backend("dinov2", "FD-DINOv2", encode, fingerprint_of(network))


def open_clip(where: str, device: torch.device) -> Backend:
    """Open CLIP; the features are its projected embeddings of pictures.

    Raises:
        InputError: the model does not exist.
    """
    from transformers import CLIPModel

    network = _opened(CLIPModel, "clip", where, device)
    prepare = _preparation(where, _side(network.config.vision_config.image_size, 224))

    def encode(images: Tensor) -> Encoded:
        pooled = network.vision_model(pixel_values=prepare(images.to(device))).pooler_output
        return Encoded(network.visual_projection(pooled).float().cpu())

    return Backend("clip", "FD-CLIP", encode, fingerprint_of(network))


TextImage = Callable[[Tensor, Sequence[str]], Tensor]
"""Pictures [b, 3, h, w] in [-1, 1] and their texts -> max(100 cos, 0), float64 [b]."""


def open_text_image(where: str, device: torch.device) -> TextImage:
    """Open the text-image score of CLIP.

    Raises:
        InputError: the model does not exist.
    """
    from transformers import AutoTokenizer, CLIPModel

    try:
        network = _opened(CLIPModel, "clip", where, device)
        tokenizer = _opened(AutoTokenizer, "clip", where, None)
    except InputError as error:
        allowed = "a folder with a CLIP model, or its name on the hub, OWNER/NAME"
        raise InputError("clip", where, allowed) from error
    prepare = _preparation(where, _side(network.config.vision_config.image_size, 224))

    @torch.no_grad()
    def score(images: Tensor, texts: Sequence[str]) -> Tensor:
        tokens = tokenizer(list(texts), padding=True, truncation=True, return_tensors="pt")
        found = network(pixel_values=prepare(images.to(device)), **tokens.to(device))
        seen, said = (
            nn.functional.normalize(part.double().cpu(), dim=1)
            for part in (found.image_embeds, found.text_embeds)
        )
        return 100 * (seen * said).sum(1).clamp(min=0)

    return score


def _side(configured: int, default: int) -> int:
    """The side to scale to; DINOv2 was last trained at 518 pixels, but is compared at 224."""
    return min(int(configured), default)


def _opened(kind: Any, name: str, where: str, device: torch.device | None) -> Any:
    allowed = f"{name}:PATH, a folder with the model, or {name}:OWNER/NAME on the hub"
    if not where:
        raise InputError("features", name, allowed)
    try:
        found = kind.from_pretrained(where, **_local(where))
    except (OSError, ValueError) as error:
        raise InputError("features", f"{name}:{where}", allowed) from error
    return found if device is None else found.to(device).eval().requires_grad_(False)


def _local(where: str) -> dict[str, bool]:
    return {"local_files_only": Path(where).exists() or not HUB.fullmatch(where)}


def _preparation(where: str, side: int) -> Callable[[Tensor], Tensor]:
    """A function that scales and normalises pictures as the model's preprocessing file says."""
    from transformers.utils import cached_file

    path = cached_file(where, "preprocessor_config.json", **_local(where))
    with open(path, encoding="utf-8") as file:
        told = json.load(file)
    mean, spread = (torch.tensor(told[key]).view(-1, 1, 1) for key in ("image_mean", "image_std"))

    def prepare(images: Tensor) -> Tensor:
        scaled = nn.functional.interpolate(
            images.float(), (side, side), mode="bicubic", antialias=True
        )
        shares = (scaled.clamp(-1, 1) + 1) / 2
        return (shares - mean.to(shares)) / spread.to(shares)

    return prepare
