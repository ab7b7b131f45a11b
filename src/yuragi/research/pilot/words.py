"""The words of the page and of the report, by language; files beside this module hold them."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from functools import cache
from importlib.resources import files

from yuragi.research.pilot.plan import Language, Texts

__all__ = ["spoken", "words"]


@cache
def words(language: Language) -> Mapping[str, str]:
    """All words by name."""
    text = files("yuragi.research.pilot") / "words" / f"{language}.toml"
    return tomllib.loads(text.read_text("utf-8"))


def spoken(texts: Texts, language: Language) -> str:
    """A text of the plan in a language, or in English."""
    return texts.get(language) or texts["en"]
