"""Teach the text encoder to read captions, before it has to steer a denoiser.

From scratch, a denoiser ignores its condition for a long time: the gradient that reaches the text
encoder is small next to what the picture itself tells. So the encoder first learns to name the
labels of a portrait from its caption (cross-entropy of linear heads on the mean state of the end
and padding tokens, which have seen the whole caption). The heads are thrown away.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
import torch
from torch import Tensor, nn
from transformers import CLIPTextModel, PreTrainedTokenizerFast

from yuragi.train.config import Fit
from yuragi.train.judge import targets
from yuragi.train.loop import Report, fit
from yuragi.train.networks import TOKENS
from yuragi.train.portraits import ATTRIBUTES, Labels, caption

__all__ = ["Reader", "train_reader"]


class Reader(nn.Module):
    """A text encoder with a linear head for every attribute."""

    def __init__(self, text_encoder: CLIPTextModel) -> None:
        super().__init__()
        self.text_encoder = text_encoder
        width = text_encoder.config.hidden_size
        self.heads = nn.ModuleDict(
            {name: nn.Linear(width, len(values)) for name, values in ATTRIBUTES.items()}
        )

    def forward(self, tokens: Tensor) -> dict[str, Tensor]:
        """Token ids (b, n) -> logits by attribute."""
        states = self.text_encoder(tokens).last_hidden_state
        closing = (tokens == self.text_encoder.config.eos_token_id).unsqueeze(-1)
        pooled = (states * closing).sum(1) / closing.sum(1)
        return {name: head(pooled) for name, head in self.heads.items()}


def train_reader(
    text_encoder: CLIPTextModel,
    tokenizer: PreTrainedTokenizerFast,
    labels: Sequence[Labels],
    config: Fit,
    folder: Path,
    device: torch.device,
    on_report: Callable[[Report], None],
) -> Reader:
    """Train a text encoder in place on captions of these labels, resuming from `folder`."""
    reader = Reader(text_encoder).to(device)
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
