"""The words that a model's tokenizers know, and what they do not read of a prompt.

Whether a vocabulary is closed is asked of the tokenizer itself. One token a word (``WordLevel``) is
closed; byte pairs, as CLIP's, and other pieces of words spell out every word, so they are open.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from itertools import groupby
from pathlib import Path
from typing import Any

from pydantic import TypeAdapter
from tokenizers.models import WordLevel

from yuragi.errors import InputError

__all__ = ["WORDS", "Vocabulary", "kinds_of", "vocabulary_of"]

WORDS = "words.json"
"""File in a model's folder: what it knows, as lists of words or phrases by kind."""
KINDS = TypeAdapter(dict[str, list[str]])
ALIKE = 0.65
"""Share of letters that two words have in common to be nearly the same (`difflib`)."""


@dataclass(frozen=True)
class Vocabulary:
    """What the tokenizers of a model know.

    Attributes:
        tokenizers: one for each text encoder; empty for a model that is not told words.
    """

    tokenizers: Sequence[Any]

    @property
    def words(self) -> list[str] | None:
        """Every word of a closed vocabulary, sorted; None for an open one, or for no tokenizer."""
        if not self.tokenizers or not all(map(_closed, self.tokenizers)):
            return None
        known = set[str]()
        for one in self.tokenizers:
            known |= one.get_vocab().keys() - set(one.all_special_tokens)
        return sorted(known)

    def unknown(self, prompt: str) -> list[str]:
        """The words of a prompt that no tokenizer knows, in order, each once.

        Words are split as the tokenizers split them; text without spaces is one word.
        """
        unread = self._unread(prompt)
        runs = groupby(range(len(prompt)), unread.__contains__)
        words = ["".join(prompt[k] for k in run).strip() for missing, run in runs if missing]
        return list(dict.fromkeys(words))

    def reads(self, prompt: str) -> bool:
        """Whether a tokenizer knows any of the words; also true where there are none."""
        written = _written(prompt)
        return not written or not written <= self._unread(prompt)

    def nearest(self, word: str) -> list[str]:
        """Words that are spelled nearly like this one, the nearest first; often none."""
        return get_close_matches(word.lower(), self.words or (), cutoff=ALIKE)

    def _unread(self, prompt: str) -> set[int]:
        """Places of the characters that belong to no word that a tokenizer knows."""
        every = [set(_missing(one, prompt)) for one in self.tokenizers if one.is_fast]
        return set.intersection(*every) if len(every) == len(self.tokenizers) > 0 else set()


def vocabulary_of(pipeline: Any) -> Vocabulary:
    """The vocabulary of a pipeline's text encoders; empty for a network of the caller's."""
    parts: Mapping[str, Any] = getattr(pipeline, "components", {})
    named = {name: name.replace("tokenizer", "text_encoder") for name in parts}
    return Vocabulary(
        [
            parts[name]
            for name, encoder in named.items()
            if name.startswith("tokenizer") and parts.get(encoder) is not None
        ]
    )


def kinds_of(folder: Path | None) -> dict[str, list[str]]:
    """What a model knows, by kind, as its folder says; empty where it does not say.

    Raises:
        InputError: the file is damaged, or holds something else.
    """
    if folder is None or not (file := folder / WORDS).is_file():
        return {}
    try:
        return KINDS.validate_json(file.read_bytes())
    except ValueError as error:
        raise InputError("model", str(file), "JSON: lists of words or phrases by kind") from error


def _closed(tokenizer: Any) -> bool:
    return tokenizer.is_fast and isinstance(tokenizer.backend_tokenizer.model, WordLevel)


def _missing(tokenizer: Any, prompt: str) -> Iterator[int]:
    """Places of the characters that become the token for the unknown, or none at all."""
    found = tokenizer(prompt, add_special_tokens=False, return_offsets_mapping=True, verbose=False)
    # Pieces of words spell out all that is written; only whole words can be passed over.
    silent = _written(prompt) if _closed(tokenizer) else set[int]()
    for token, (start, end) in zip(found.input_ids, found.offset_mapping, strict=True):
        silent.difference_update(range(start, end))
        text = prompt[start:end]
        # Some tokenizers use the token that ends a text also for the unknown; it can be written.
        unknown = token == tokenizer.unk_token_id and text != tokenizer.unk_token
        if unknown and _written(text):
            yield from range(start, end)
    yield from silent


def _written(text: str) -> set[int]:
    """Places of letters, accents, digits and pictographs, but not of spaces and punctuation."""
    categories = map(unicodedata.category, text)
    return {k for k, kind in enumerate(categories) if kind[0] in "LMN" or kind == "So"}
