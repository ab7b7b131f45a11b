"""The templates of the pages and of the report, in ``templates/``."""

from __future__ import annotations

from jinja2 import Environment, PackageLoader, StrictUndefined, select_autoescape

__all__ = ["open_templates"]


def open_templates() -> Environment:
    """The templates; inserted values are escaped, and an undefined name is an error."""
    return Environment(
        loader=PackageLoader("yuragi.research.pilot"),
        autoescape=select_autoescape(),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
