"""What a text encoder does not read of a long prompt."""

from __future__ import annotations

import logging
import warnings
from collections import defaultdict
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from textwrap import shorten
from typing import Any

__all__ = ["Reader", "readers", "said_once", "warn_of_long"]

SHOWN = 200
"""Characters of the words left out that a warning shows."""


@dataclass(frozen=True)
class Reader:
    """A text encoder of a pipeline.

    Attributes:
        pipeline: of diffusers.
        suffix: of its name, empty for ``text_encoder``, ``_2`` for ``text_encoder_2``.
        limit: tokens that it reads, begin and end of text included.
    """

    pipeline: Any
    suffix: str
    limit: int

    @property
    def name(self) -> str:
        """As the pipeline calls it."""
        return f"text_encoder{self.suffix}"

    def leaves_out(self, prompt: str) -> tuple[int, str]:
        """How many tokens a prompt has, and the words among them that are not read."""
        tokenizer = getattr(self.pipeline, f"tokenizer{self.suffix}")
        if hasattr(self.pipeline, "maybe_convert_prompt"):
            # A word that was learned as several vectors (textual inversion) is as many tokens.
            prompt = self.pipeline.maybe_convert_prompt(prompt, tokenizer)
        tokens = tokenizer(prompt, add_special_tokens=False, verbose=False).input_ids
        around = tokenizer.num_special_tokens_to_add()
        left_out = tokenizer.decode(tokens[max(self.limit - around, 0) :]).strip()
        return len(tokens) + around, left_out


def readers(pipeline: Any, limits: dict[str, int | None]) -> list[Reader]:
    """The text encoders that a pipeline has.

    Args:
        pipeline: of diffusers.
        limits: tokens by the suffix of an encoder's name; None for its tokenizer's own limit.
    """
    present = [
        (suffix, limit, getattr(pipeline, f"tokenizer{suffix}"))
        for suffix, limit in limits.items()
        if getattr(pipeline, f"text_encoder{suffix}") is not None
    ]
    return [
        Reader(pipeline, suffix, tokenizer.model_max_length if limit is None else limit)
        for suffix, limit, tokenizer in present
    ]


def warn_of_long(prompts: Sequence[str], encoders: Sequence[Reader]) -> None:
    """Say once which words of a prompt are not read, and by which text encoders.

    The warning always comes from the same line, so that Python shows it once for each prompt.
    """
    for prompt in dict.fromkeys(prompts):
        deaf = defaultdict(list)
        for encoder in encoders:
            tokens, words = encoder.leaves_out(prompt)
            if words:
                deaf[tokens, encoder.limit, words].append(encoder.name)
        parts = [
            f"of its {tokens} tokens {' and '.join(names)} can read {limit}, "
            f"which leaves out {shorten(words, SHOWN, placeholder=' ...')!r}"
            for (tokens, limit, words), names in deaf.items()
        ]
        if parts:
            warnings.warn("the prompt is too long: " + "; ".join(parts), stacklevel=1)


@contextmanager
def said_once() -> Iterator[None]:
    """Without what diffusers and transformers log about long prompts, which we say ourselves."""
    logs = [logging.getLogger(name) for name in ("diffusers", "transformers")]
    levels = [log.level for log in logs]
    for log in logs:
        log.setLevel(logging.ERROR)
    try:
        yield
    finally:
        for log, level in zip(logs, levels, strict=True):
            log.setLevel(level)
