"""The prompts of a sweep."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from yuragi.errors import InputError
from yuragi.models.model import DiffusionModel

__all__ = ["prompts_for"]


def prompts_for(model: DiffusionModel, file: Path | None) -> Sequence[str]:
    """The lines of a file, or every class of a class-conditional model in turn.

    Raises:
        InputError: a text model has no file, or the file has no lines.
    """
    classes = model.capabilities.classes
    if file is None:
        if classes is not None:
            return [str(number) for number in range(classes)]
        if model.capabilities.text:
            raise InputError("prompts", None, "a text file with a prompt per line")
        return [""]
    try:
        lines = [line.strip() for line in file.read_text("utf-8").splitlines()]
    except (OSError, UnicodeDecodeError) as error:
        raise InputError("prompts", str(file), "a readable text file") from error
    found = [line for line in lines if line]
    if not found:
        raise InputError("prompts", str(file), "a text file with a prompt per line")
    return found
