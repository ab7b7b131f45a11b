"""Teach the text encoder to read captions before it has to steer a denoiser.

A denoiser that is trained from scratch ignores its condition for a long time, because the gradient
that reaches the text encoder is small compared with the information in the picture itself. So the
encoder first learns to name the labels of a portrait from its caption, by cross-entropy, in both
ways in which the words reach the UNet: linear heads read the pooled states that it adds to its time
embedding, and other linear heads read what one learned query for each attribute finds in the states
of the words, as its cross-attention does. With heads on the pooled states alone, the states of the
words differed less between labels, and cross-attention found little there.

The UNet then finds every label from its first step. Heads and queries are discarded. The denoiser
does not change the encoder any more, so it can only learn labels that the encoder can read at this
point, and there is a warning if a label is often missed.
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

Logits = dict[str, Tensor]
"""Logits by attribute, [b, values] each."""
READ = 0.95
"""The share of captions in which every label should be read correctly."""


class Reader(nn.Module):
    """A network's text encoder and pooling, with linear heads and a query for every attribute."""

    def __init__(self, network: TextToLatent) -> None:
        super().__init__()
        self.text_encoder = network.text_encoder
        self.pool = network.unet.add_embedding
        width = self.text_encoder.config.hidden_size
        self.queries = nn.Parameter(torch.randn(len(ATTRIBUTES), width) * width**-0.5)
        self.of_pooled = _heads(self.pool.norm2.normalized_shape[0])
        self.of_found = _heads(width)

    def forward(self, tokens: Tensor) -> tuple[Logits, Logits]:
        """Token ids [b, n] -> logits read from pooled states, and from what the queries find."""
        states = self.text_encoder(tokens).last_hidden_state
        pooled = self.pool(states)
        found = (self.queries @ states.mT).softmax(-1) @ states
        return (
            {name: head(pooled) for name, head in self.of_pooled.items()},
            {name: head(found[:, k]) for k, (name, head) in enumerate(self.of_found.items())},
        )


def _heads(width: int) -> nn.ModuleDict:
    return nn.ModuleDict(
        {name: nn.Linear(width, len(values)) for name, values in ATTRIBUTES.items()}
    )


def train_reader(
    network: TextToLatent,
    tokens: Tensor,
    labels: Sequence[Labels],
    config: Fit,
    folder: Path,
    device: torch.device,
    on_report: Callable[[Report], None],
) -> Reader:
    """Train a network's text encoder and pooling in place on captions, resuming from `folder`.

    Args:
        network: the network.
        tokens: k captions for each portrait, [n, k, length].
        labels: the labels of these portraits.
        config: the settings of the training.
        folder: the folder for checkpoints and the log.
        device: the device on which the reader is trained.
        on_report: a function that is called with each report.
    """
    reader = Reader(network).to(device)
    known = targets(labels)

    def loss(step: int, rng: torch.Generator) -> Tensor:
        row = torch.randint(len(labels), (config.batch,), generator=rng)
        column = torch.randint(tokens.shape[1], (config.batch,), generator=rng)
        truth = {name: column[row].to(device) for name, column in known.items()}
        terms = [
            nn.functional.cross_entropy(logits, truth[name])
            for read in reader(tokens[row, column].long().to(device))
            for name, logits in read.items()
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
    """Warn about labels that the reader often misses in captions that name all labels.

    A label counts as read if it is read in both ways.
    """
    texts = [
        caption(row, np.random.default_rng(k), empty=0.0, named=1.0) for k, row in enumerate(labels)
    ]
    pooled, found = reader(tokenizer(texts, **TOKENS).input_ids.to(device))
    known = {name: column.to(device) for name, column in targets(labels).items()}
    right = {
        name: float(
            ((pooled[name].argmax(1) == column) & (found[name].argmax(1) == column)).float().mean()
        )
        for name, column in known.items()
    }
    missed = {name: share for name, share in right.items() if share < READ}
    if missed:
        told = ", ".join(f"{name} in {share:.0%}" for name, share in missed.items())
        warnings.warn(
            f"the text encoder reads {told} of captions only, so prompts will not decide these; "
            "more steps of [reader] in the recipe help",
            stacklevel=2,
        )
