"""The texts of the page and of the report, by language, from the files in ``words/``."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from functools import cache
from importlib.resources import files

from yuragi.research.pilot.plan import Language, Texts

__all__ = ["spoken", "words"]


@cache
def words(language: Language) -> Mapping[str, str]:
    """All texts by name."""
    text = files("yuragi.research.pilot") / "words" / f"{language}.toml"
    return tomllib.loads(text.read_text("utf-8"))


def spoken(texts: Texts, language: Language) -> str:
    """A text of the plan in a language, or in English if it has none."""
    return texts.get(language) or texts["en"]
