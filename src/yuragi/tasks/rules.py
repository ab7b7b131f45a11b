"""The shipped rules of policies."""

from __future__ import annotations

import re
import unicodedata
from functools import cached_property
from typing import Annotated

from pydantic import AfterValidator, Field

from yuragi.errors import InputError
from yuragi.tasks.base import OnPicture
from yuragi.tasks.policy import Asked, Rule
from yuragi.tasks.tasks import TASKS

__all__ = ["Consent", "Pictures", "Prompts"]


class Prompts(Rule):
    """Refuses words and phrases in any prompt.

    Negative prompts are checked too, because a guidance scale near 0 shows what they describe.
    Case, accents, spaces and invisible characters make no difference. The rule does not stop people
    who deliberately spell a word in another way.

    Attributes:
        blocked: the words and phrases.
    """

    blocked: Annotated[tuple[Annotated[str, Field(min_length=1)], ...], Field(min_length=1)]

    def refusal(self, asked: Asked) -> str | None:
        found = (self._pattern.search(_plain(text)) for text in asked.request.prompts.values())
        first = next((match for match in found if match), None)
        return None if first is None else f"prompts must not contain “{first[0]}”"

    @cached_property
    def _pattern(self) -> re.Pattern[str]:
        return re.compile("|".join(_bounded(_plain(each)) for each in self.blocked))


def _plain(text: str) -> str:
    """A text in lower case, without accents and invisible characters, with single spaces."""
    parts = unicodedata.normalize("NFKD", text.casefold())
    seen = "".join(each for each in parts if unicodedata.category(each) not in ("Mn", "Cf"))
    return " ".join(unicodedata.normalize("NFKC", seen).split())


def _bounded(phrase: str) -> str:
    """The pattern of a phrase at word boundaries, in scripts that separate words."""
    if not phrase:
        return r"(?!)"
    before = r"(?<!\w)" if _separated(phrase[0]) else ""
    after = r"(?!\w)" if _separated(phrase[-1]) else ""
    return before + re.escape(phrase) + after


def _separated(letter: str) -> bool:
    return letter.isalnum() and unicodedata.east_asian_width(letter) not in "WF"


def _known(names: tuple[str, ...]) -> tuple[str, ...]:
    for name in names:
        if name not in TASKS or not issubclass(TASKS[name], OnPicture):
            edits = [each for each, kind in TASKS.items() if issubclass(kind, OnPicture)]
            raise InputError("tasks", name, "one of " + ", ".join(edits))
    return names


class Consent(Rule):
    """Refuses edits that do not declare that the people in the picture agree.

    Attributes:
        tasks: the tasks that must declare it; all edits of pictures if empty.
    """

    tasks: Annotated[tuple[str, ...], AfterValidator(_known)] = ()

    def refusal(self, asked: Asked) -> str | None:
        request = asked.request
        concerned = request.kind in self.tasks or not self.tasks
        if asked.consent or not concerned or not isinstance(request, OnPicture):
            return None
        return f"{request.kind} needs consent: say that the people in the picture agree"


class Pictures(Rule):
    """Refuses large pictures.

    Attributes:
        max_pixels: the largest number of pixels of an input picture or a result.
    """

    max_pixels: Annotated[int, Field(ge=1)]

    def refusal(self, asked: Asked) -> str | None:
        sizes = [(each.width, each.height) for each in asked.request.pictures]
        height, width = asked.request.size
        if height is not None and width is not None:
            sizes.append((width, height))
        for width, height in sizes:
            if width * height > self.max_pixels:
                told = f"{width}x{height} = {width * height:,} pixels"
                return f"a picture has {told}; at most {self.max_pixels:,} are allowed"
        return None
