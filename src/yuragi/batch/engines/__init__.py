"""The engines that run a batch. A package adds one through the group ``yuragi.engines``."""

from __future__ import annotations

from yuragi.batch.engines.engine import Engine
from yuragi.registry import Registry

__all__ = ["ENGINES", "Engine"]

ENGINES: Registry[type[Engine]] = Registry(
    "yuragi.engines",
    {
        "local": "yuragi.batch.engines.local:Local",
        "ray": "yuragi.batch.engines.ray:Ray",
        "queue": "yuragi.batch.engines.queue:Queue",
    },
)
"""Engines by name."""
