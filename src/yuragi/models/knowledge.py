"""What a model in a folder knows, without loading it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

from yuragi.errors import InputError
from yuragi.models.card import entry_of
from yuragi.models.familiarity import calibration_in
from yuragi.models.vocabulary import kinds_of

__all__ = ["Knowledge", "knowledge_of"]


@dataclass(frozen=True)
class Knowledge:
    """What a model knows.

    Attributes:
        pictures: the pictures that it knows, in words, such as "drawn heads"; empty if unknown.
        calibrated: whether it can tell foreign pictures from those; see `yuragi models check`.
        words: the words and phrases that it knows, by kind; empty if unknown.
    """

    pictures: str = ""
    calibrated: bool = False
    words: Mapping[str, Sequence[str]] = field(default_factory=dict)


def knowledge_of(path: Path, weights: str) -> Knowledge:
    """The contents of the files next to a model's weights; empty if they are missing or damaged.

    Args:
        path: the folder or the file of the model.
        weights: the fingerprint of its weights.
    """
    calibrated, words = False, dict[str, list[str]]()
    with suppress(InputError):
        calibrated = calibration_in(path, weights) is not None
    with suppress(InputError):
        words = kinds_of(path)
    return Knowledge(entry_of(path, "knows"), calibrated, words)
