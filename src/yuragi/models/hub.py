"""Names of models on the hub."""

from __future__ import annotations

import re

__all__ = ["HUB"]

HUB = re.compile(r"[\w.-]+/[\w.-]+(@[\w./-]+)?")
"""Pattern of ``owner/name`` and ``owner/name@revision``."""
