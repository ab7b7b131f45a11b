"""The examples for the denoiser, ready on a device: latents, and captions as tokens.

Composing a caption takes longer than a GPU takes to learn from it. So several captions are composed
for every picture beforehand, on all processor cores, keyed by (seed, picture).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from itertools import repeat
from typing import TYPE_CHECKING

import numpy as np
import torch
from torch import Tensor

from yuragi.research.train.networks import TOKENS, build_tokenizer
from yuragi.research.train.portraits import Labels, caption

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["CAPTIONS", "Examples", "captioned"]

CAPTIONS = 16
"""The number of captions per picture; with 24,000 pictures, hardly two of 384,000 are equal."""
CHUNK = 500


@dataclass(frozen=True)
class Examples:
    """Latents with their captions.

    Attributes:
        latents: latents of unit variance, [n, c, h, w] in half precision.
        tokens: k captions for each, [n, k, length].
    """

    latents: Tensor
    tokens: Tensor

    def to(self, device: torch.device) -> Examples:
        """The examples on a device."""
        return Examples(self.latents.to(device), self.tokens.to(device))

    def draw(self, n: int, rng: torch.Generator) -> tuple[Tensor, Tensor]:
        """Latents [n, c, h, w] and tokens [n, length], drawn on the device of the generator."""
        count, captions = self.tokens.shape[:2]
        row = torch.randint(count, (n,), generator=rng, device=rng.device)
        column = torch.randint(captions, (n,), generator=rng, device=rng.device)
        return self.latents[row].float(), self.tokens[row, column].long()


def captioned(
    labels: Sequence[Labels], seed: int, on_progress: Callable[[int, int], None]
) -> Tensor:
    """`CAPTIONS` captions of every portrait as tokens: int16 [n, CAPTIONS, length]."""
    starts = range(0, len(labels), CHUNK)
    chunks = [labels[start : start + CHUNK] for start in starts]
    rows: list[Tensor] = []

    def collect(part: NDArray[np.int16]) -> None:
        rows.append(torch.from_numpy(part))
        on_progress(sum(map(len, rows)), len(labels))

    if len(chunks) == 1:
        collect(_tokens(chunks[0], seed, 0))
    else:
        with ProcessPoolExecutor() as pool:
            for part in pool.map(_tokens, chunks, repeat(seed), starts):
                collect(part)
    return torch.cat(rows)


def _tokens(labels: Sequence[Labels], seed: int, start: int) -> NDArray[np.int16]:
    """The tokens of the portraits from number `start` on: [n, CAPTIONS, length]."""
    texts: list[str] = []
    for number, row in enumerate(labels, start):
        words = np.random.default_rng([seed, number])
        texts += [caption(row, words) for _ in range(CAPTIONS)]
    tokens = build_tokenizer()(texts, **TOKENS | {"return_tensors": "np"}).input_ids
    return np.asarray(tokens, dtype=np.int16).reshape(len(labels), CAPTIONS, -1)
