"""Yuragi: edit images with pretrained diffusion models, without retraining them.

    import yuragi

    model = yuragi.load("portraits")
    model.sample("a person with red hair", seed=0).save("person.png")

The parts can be used alone: ``yuragi.solver``, ``yuragi.guidance``, ``yuragi.edit`` and the other
modules below need no import of their own. Importing this package is quick: PyTorch is imported when
a name or a module is first used.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from yuragi.errors import (
    InputError,
    MissingExtraError,
    NotFiniteError,
    OutOfMemoryError,
    YuragiError,
    YuragiWarning,
)

if TYPE_CHECKING:
    from yuragi import core as core
    from yuragi import diffusers as diffusers
    from yuragi import drag as drag
    from yuragi import edit as edit
    from yuragi import guidance as guidance
    from yuragi import invert as invert
    from yuragi import sample as sample
    from yuragi import solver as solver
    from yuragi.model import Model, load, replay
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
    "NotFiniteError",
    "OutOfMemoryError",
    "Result",
    "YuragiError",
    "YuragiWarning",
    "__version__",
    "load",
    "replay",
]

_LAZY = {
    "Guidance": "yuragi.tasks.guidance",
    "LoRA": "yuragi.tasks.drag",
    "Model": "yuragi.model",
    "Result": "yuragi.tasks.result",
    "load": "yuragi.model",
    "replay": "yuragi.model",
}

_MODULES = ("core", "diffusers", "drag", "edit", "guidance", "invert", "sample", "solver")


def __getattr__(name: str) -> Any:
    from importlib import import_module

    if name in _MODULES:
        return import_module(f"yuragi.{name}")
    if name in _LAZY:
        return getattr(import_module(_LAZY[name]), name)
    raise AttributeError(f"module 'yuragi' has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted([*__all__, *_MODULES])
