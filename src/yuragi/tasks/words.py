"""Warnings and errors about words that a model does not know or does not read."""

from __future__ import annotations

from typing import TYPE_CHECKING

from yuragi.errors import InputError

if TYPE_CHECKING:
    from yuragi.models.model import DiffusionModel
    from yuragi.models.vocabulary import Vocabulary
    from yuragi.tasks.base import Request

__all__ = ["check_words", "unread_words"]


def check_words(request: Request, model: DiffusionModel) -> None:
    """Check that every prompt that is not empty has a word that the model knows.

    A negative prompt does not need one, because it is no mistake to stay away from something that
    the model does not know.

    Raises:
        InputError: the model knows no word of a prompt.
    """
    vocabulary = model.vocabulary
    for argument, prompt in request.prompts.items():
        if argument != "negative_prompt" and not vocabulary.reads(prompt):
            near = [w for one in vocabulary.unknown(prompt) for w in vocabulary.nearest(one)]
            perhaps = f" (perhaps {', '.join(dict.fromkeys(near))})" if near else ""
            allowed = f"written in words that it knows{perhaps}; yuragi models words lists them"
            raise InputError(argument, prompt, allowed, "the model knows none of these words")


def unread_words(request: Request, model: DiffusionModel) -> list[str]:
    """A sentence for each prompt with words that the model does not know, or that are too many."""
    vocabulary, said = model.vocabulary, []
    for argument, prompt in request.prompts.items():
        called = argument.replace("_", " ")
        if words := vocabulary.unknown(prompt):
            named = ", ".join(_with_nearest(word, vocabulary) for word in words)
            said.append(f"the {called} has words that the model does not know: {named}")
        if left_out := model.left_out(prompt):
            said.append(f"the {called} is too long: {left_out}")
    return said


def _with_nearest(word: str, vocabulary: Vocabulary) -> str:
    near = " or ".join(vocabulary.nearest(word))
    return f"{word} (perhaps {near})" if near else word
