"""Match several prompts with several seeds."""

from __future__ import annotations

from collections.abc import Sequence

from yuragi.errors import InputError

__all__ = ["prompts_and_seeds"]


def prompts_and_seeds(
    prompt: str | Sequence[str], seed: int | Sequence[int] | None
) -> list[tuple[str, int | None]]:
    """A prompt and a seed for every result; a single prompt or seed applies to all results.

    Raises:
        InputError: there is no prompt or seed, or there are several of both in different numbers.
    """
    if not isinstance(prompt, str | Sequence):
        raise InputError("prompt", prompt, "a text, or a list of texts")
    prompts = [prompt] if isinstance(prompt, str) else list(prompt)
    seeds = list(seed) if isinstance(seed, Sequence) else [seed]
    count = max(len(prompts), len(seeds))
    if not prompts:
        raise InputError("prompt", prompt, "one prompt or more")
    if len(seeds) not in (1, count) or len(prompts) not in (1, count):
        raise InputError("seed", seed, f"one seed, or one for each of {len(prompts)} prompts")
    return list(zip(prompts * (count // len(prompts)), seeds * (count // len(seeds)), strict=True))
