"""The words of a long prompt that a text encoder ignores."""

from __future__ import annotations

import logging
from collections import defaultdict
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from inspect import signature
from textwrap import shorten
from typing import Any

__all__ = ["Reader", "readers", "said_once", "too_long", "usual_length"]

SHOWN = 200
"""The number of characters of ignored words that a warning shows."""


@dataclass(frozen=True)
class Reader:
    """A text encoder of a pipeline.

    Attributes:
        pipeline: the pipeline of diffusers.
        suffix: the suffix of the encoder's name: empty for ``text_encoder``, ``_2`` for
            ``text_encoder_2``.
        limit: the number of tokens that it reads, including begin and end of text.
    """

    pipeline: Any
    suffix: str
    limit: int

    @property
    def name(self) -> str:
        """The name of the encoder in the pipeline."""
        return f"text_encoder{self.suffix}"

    def leaves_out(self, prompt: str) -> tuple[int, str]:
        """The number of tokens of a prompt, and the words that are ignored."""
        tokenizer = getattr(self.pipeline, f"tokenizer{self.suffix}")
        if hasattr(self.pipeline, "maybe_convert_prompt"):
            # A textual inversion with several vectors counts as several tokens.
            prompt = self.pipeline.maybe_convert_prompt(prompt, tokenizer)
        tokens = tokenizer(prompt, add_special_tokens=False, verbose=False).input_ids
        around = tokenizer.num_special_tokens_to_add()
        left_out = tokenizer.decode(tokens[max(self.limit - around, 0) :]).strip()
        return len(tokens) + around, left_out


def readers(pipeline: Any, limits: Mapping[str, int | None]) -> list[Reader]:
    """The text encoders of a pipeline.

    Args:
        pipeline: the pipeline of diffusers.
        limits: the number of tokens by the suffix of an encoder's name; None for the limit of its
            tokenizer.
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


def too_long(pipeline: Any, limits: Mapping[str, int | None], prompt: str) -> str:
    """Which words of a prompt are ignored, and by which text encoders; empty if all are read.

    Args:
        pipeline: the pipeline of diffusers.
        limits: as for `readers`.
        prompt: the prompt.
    """
    deaf = defaultdict(list)
    for encoder in readers(pipeline, limits):
        tokens, words = encoder.leaves_out(prompt)
        if words:
            deaf[tokens, encoder.limit, words].append(encoder.name)
    return "; ".join(
        f"of its {tokens} tokens {' and '.join(names)} can read {limit}, "
        f"which leaves out {shorten(words, SHOWN, placeholder=' ...')!r}"
        for (tokens, limit, words), names in deaf.items()
    )


def usual_length(pipeline: Any) -> int:
    """The number of tokens that a T5 encoder gets from this kind of pipeline."""
    length = signature(pipeline.encode_prompt).parameters["max_sequence_length"]
    return int(length.default)


@contextmanager
def said_once() -> Iterator[None]:
    """Suppress the messages of diffusers and transformers about long prompts."""
    logs = [logging.getLogger(name) for name in ("diffusers", "transformers")]
    levels = [log.level for log in logs]
    for log in logs:
        log.setLevel(logging.ERROR)
    try:
        yield
    finally:
        for log, level in zip(logs, levels, strict=True):
            log.setLevel(level)
