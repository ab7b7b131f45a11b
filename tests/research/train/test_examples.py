"""Captions as tokens: keyed by picture, and the same however the work is shared out."""

import numpy as np
import torch

from yuragi.research.train import examples
from yuragi.research.train.examples import CAPTIONS, Examples, captioned
from yuragi.research.train.networks import TOKENS, build_tokenizer
from yuragi.research.train.portraits import caption, portrait


def labels(n):
    return [portrait("train", i).labels for i in range(n)]


def nothing(done, total):
    """No progress."""


def test_tokens_are_those_of_the_captions():
    rows = labels(3)
    tokens = captioned(rows, 5, nothing)
    assert tokens.shape == (3, CAPTIONS, 40)
    words = np.random.default_rng([5, 2])
    texts = [caption(rows[2], words) for _ in range(CAPTIONS)]
    assert torch.equal(tokens[2].long(), build_tokenizer()(texts, **TOKENS).input_ids)


def test_processes_change_nothing(monkeypatch):
    rows, told = labels(5), []
    alone = captioned(rows, 1, nothing)
    monkeypatch.setattr(examples, "CHUNK", 2)
    assert torch.equal(captioned(rows, 1, lambda *at: told.append(at)), alone)
    assert told == [(2, 5), (4, 5), (5, 5)]


def test_a_latent_is_drawn_with_a_caption_of_its_own():
    latents = torch.arange(4.0).view(4, 1, 1, 1).half()
    tokens = (10 * torch.arange(4).view(4, 1, 1) + torch.arange(3).view(1, 3, 1)).short()
    z, drawn = Examples(latents, tokens).draw(200, torch.Generator().manual_seed(0))
    assert (z.dtype, drawn.dtype) == (torch.float32, torch.int64)
    assert torch.equal(z.flatten().long(), drawn.flatten() // 10)
    assert set(drawn.flatten().tolist()) == {10 * i + k for i in range(4) for k in range(3)}
