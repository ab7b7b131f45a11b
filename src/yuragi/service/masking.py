"""Texts without the passwords in addresses of databases and stores."""

from __future__ import annotations

import re

__all__ = ["SECRET", "masked"]

SECRET = "token|secret|password"
"""A part of the name of an option whose value is a secret, as a pattern."""
LOGIN = re.compile(r"(://[^/@:\s]*:)\S+(?=@)")
"""A password, up to the last ``@``: people also write passwords that contain ``/`` and ``@``."""
QUERY = re.compile(rf"([?&][^=&\s]*(?:{SECRET})[^=&\s]*=)[^&\s]+", re.IGNORECASE)


def masked(text: str) -> str:
    """A text in which ``***`` stands for the passwords of all addresses."""
    return QUERY.sub(r"\1***", LOGIN.sub(r"\1***", text))
