"""Teach the text encoder to read captions before it has to steer a denoiser.

A denoiser that is trained from scratch ignores its condition for a long time, because the gradient
that reaches the text encoder is small compared with the information in the picture itself. So the
encoder first learns to name the labels of a portrait from its caption, by cross-entropy of linear
heads on the pooled states that the UNet adds to its time embedding. The UNet then finds every label
there from its first step. The heads are discarded. The denoiser does not change the encoder any
more, so it can only learn labels that the encoder can read at this point, and there is a warning if
a label is often missed.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
import torch
from torch import Tensor, nn
from transformers import PreTrainedTokenizerFast

from yuragi.research.train.config import Fit
from yuragi.research.train.judge import targets
from yuragi.research.train.loop import Report, fit
from yuragi.research.train.networks import TOKENS, TextToLatent
from yuragi.research.train.portraits import ATTRIBUTES, Labels, caption

__all__ = ["Reader", "train_reader", "warn_of_unread"]

READ = 0.95
"""The share of captions in which every label should be read correctly."""


class Reader(nn.Module):
    """A network's text encoder and pooling, with a linear head for every attribute."""

    def __init__(self, network: TextToLatent) -> None:
        super().__init__()
        self.text_encoder = network.text_encoder
        self.pool = network.unet.add_embedding
        width = self.pool.norm2.normalized_shape[0]
        self.heads = nn.ModuleDict(
            {name: nn.Linear(width, len(values)) for name, values in ATTRIBUTES.items()}
        )

    def forward(self, tokens: Tensor) -> dict[str, Tensor]:
        """Token ids [b, n] -> logits by attribute."""
        pooled = self.pool(self.text_encoder(tokens).last_hidden_state)
        return {name: head(pooled) for name, head in self.heads.items()}


def train_reader(
    network: TextToLatent,
    tokenizer: PreTrainedTokenizerFast,
    labels: Sequence[Labels],
    config: Fit,
    folder: Path,
    device: torch.device,
    on_report: Callable[[Report], None],
) -> Reader:
    """Train a network's text encoder and pooling in place on captions, resuming from `folder`."""
    reader = Reader(network).to(device)
    known = {name: column.to(device) for name, column in targets(labels).items()}

    def loss(step: int, rng: torch.Generator) -> Tensor:
        picked = torch.randint(len(labels), (config.batch,), generator=rng)
        words = np.random.default_rng(int(torch.randint(2**31, (1,), generator=rng)))
        texts = [caption(labels[i], words) for i in picked.tolist()]
        logits = reader(tokenizer(texts, **TOKENS).input_ids.to(device))
        terms = [
            nn.functional.cross_entropy(logits[name], column[picked])
            for name, column in known.items()
        ]
        return torch.stack(terms).mean()

    fit(reader, loss, config, folder, on_report)
    return reader


@torch.no_grad()
def warn_of_unread(
    reader: Reader,
    tokenizer: PreTrainedTokenizerFast,
    labels: Sequence[Labels],
    device: torch.device,
) -> None:
    """Warn about labels that the reader often misses in captions that name all labels."""
    texts = [
        caption(row, np.random.default_rng(k), empty=0.0, named=1.0) for k, row in enumerate(labels)
    ]
    logits = reader(tokenizer(texts, **TOKENS).input_ids.to(device))
    right = {
        name: float((logits[name].argmax(1).cpu() == column).float().mean())
        for name, column in targets(labels).items()
    }
    missed = {name: share for name, share in right.items() if share < READ}
    if missed:
        told = ", ".join(f"{name} in {share:.0%}" for name, share in missed.items())
        warnings.warn(
            f"the text encoder reads {told} of captions only, so prompts will not decide these; "
            "more steps of [reader] in the recipe help",
            stacklevel=2,
        )
