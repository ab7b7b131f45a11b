"""The words that a model's tokenizers know, and the parts of a prompt that they do not read.

The tokenizer itself shows whether its vocabulary is closed. A tokenizer with one token per word
(``WordLevel``) is closed. Tokenizers of byte pairs, such as CLIP's, or of other pieces of words are
open, because the pieces spell almost any word.
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
"""The file in a model's folder that lists the words or phrases that it knows, by kind."""
KINDS = TypeAdapter(dict[str, list[str]])
ALIKE = 0.65
"""The least similarity of a known word that is suggested for an unknown one; see `difflib`."""


@dataclass(frozen=True)
class Vocabulary:
    """The words that a model knows.

    Attributes:
        tokenizers: the tokenizer of each text encoder; empty for a model that reads no words.
    """

    tokenizers: Sequence[Any]

    @property
    def words(self) -> list[str] | None:
        """All words of a closed vocabulary, sorted; None for an open one, or without tokenizers."""
        if not self.tokenizers or not all(map(_closed, self.tokenizers)):
            return None
        known = set[str]()
        for one in self.tokenizers:
            known |= one.get_vocab().keys() - set(one.all_special_tokens)
        return sorted(known)

    def unknown(self, prompt: str) -> list[str]:
        """The words of a prompt that no tokenizer knows, in order and without repetitions.

        Words are split as the tokenizers split them. Unknown text without spaces is one word.
        """
        unread = self._unread(prompt)
        runs = groupby(range(len(prompt)), unread.__contains__)
        words = ["".join(prompt[k] for k in run).strip() for missing, run in runs if missing]
        return list(dict.fromkeys(words))

    def reads(self, prompt: str) -> bool:
        """Whether a tokenizer knows any word of the prompt; true for a prompt without words."""
        written = _written(prompt)
        return not written or not written <= self._unread(prompt)

    def nearest(self, word: str) -> list[str]:
        """At most three known words with a similar spelling, the nearest first."""
        return get_close_matches(word.lower(), self.words or (), cutoff=ALIKE)

    def _unread(self, prompt: str) -> set[int]:
        """The positions of characters that no tokenizer reads as part of a known word."""
        every = [set(_missing(one, prompt)) for one in self.tokenizers if one.is_fast]
        return set.intersection(*every) if len(every) == len(self.tokenizers) > 0 else set()


def vocabulary_of(pipeline: Any) -> Vocabulary:
    """The vocabulary of a pipeline's text encoders; empty for a network without a pipeline."""
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
    """The words and phrases that a model's folder lists, by kind; empty without `WORDS`.

    Raises:
        InputError: the file is damaged or has another form.
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
    """The positions of characters that become the unknown token, or that are dropped."""
    found = tokenizer(prompt, add_special_tokens=False, return_offsets_mapping=True, verbose=False)
    # Tokenizers of pieces normalize accents away; only those of whole words drop letters.
    silent = _written(prompt) if _closed(tokenizer) else set[int]()
    for token, (start, end) in zip(found.input_ids, found.offset_mapping, strict=True):
        silent.difference_update(range(start, end))
        text = prompt[start:end]
        # CLIP's unknown token is its end-of-text token, which a prompt can contain literally.
        unknown = token == tokenizer.unk_token_id and text != tokenizer.unk_token
        if unknown and _written(text):
            yield from range(start, end)
    yield from silent


def _written(text: str) -> set[int]:
    """The positions of letters, accents, digits and pictographs; no spaces or punctuation."""
    categories = map(unicodedata.category, text)
    return {k for k, kind in enumerate(categories) if kind[0] in "LMN" or kind == "So"}
