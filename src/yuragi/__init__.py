"""Yuragi: edit images with pretrained diffusion models, without retraining them.

    import yuragi

    model = yuragi.load("portraits")
    model.sample("a person with red hair", seed=0).save("person.png")

Importing this package is quick: PyTorch is imported when a name below is first used.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from yuragi.errors import (
    InputError,
    MissingExtraError,
    OutOfMemoryError,
    YuragiError,
    YuragiWarning,
)

if TYPE_CHECKING:
    from yuragi.model import Model, load
    from yuragi.tasks.drag import LoRA
    from yuragi.tasks.guidance import Guidance
    from yuragi.tasks.result import Result

__version__ = "0.1.0"

__all__ = [
    "Guidance",
    "InputError",
    "LoRA",
    "MissingExtraError",
    "Model",
    "OutOfMemoryError",
    "Result",
    "YuragiError",
    "YuragiWarning",
    "__version__",
    "load",
]

_LAZY = {
    "Guidance": "yuragi.tasks.guidance",
    "LoRA": "yuragi.tasks.drag",
    "Model": "yuragi.model",
    "Result": "yuragi.tasks.result",
    "load": "yuragi.model",
}


def __getattr__(name: str) -> Any:
    if name not in _LAZY:
        raise AttributeError(f"module 'yuragi' has no attribute {name!r}")
    from importlib import import_module

    return getattr(import_module(_LAZY[name]), name)


def __dir__() -> list[str]:
    return sorted(__all__)
