"""Loading a model for a command."""

from __future__ import annotations

import inspect
import os
from collections.abc import Callable, Mapping, Sequence
from contextvars import ContextVar
from functools import wraps
from typing import TYPE_CHECKING, Any, get_type_hints

from yuragi.cli.parameters import Parameter, nested, parameters, taking
from yuragi.models.opening import Opening

if TYPE_CHECKING:
    import torch

__all__ = ["LOADING", "LOCAL", "OPENING", "device_of", "loads", "opening_on", "use"]

OPENING = list(parameters(Opening, "Loading the model"))
"""Options about loading; they can be given before or after a command."""

LOCAL = [each for each in OPENING if each.name != "offline"]
"""The same for commands that never contact the hub anyway."""

LOADING: ContextVar[Opening] = ContextVar("loading", default=Opening())  # noqa: B039 (frozen)
"""The options about loading that the user has given so far."""


def use(given: Mapping[str, Any]) -> Opening:
    """Add options about loading, by parameter, to those that were given before."""
    opening = LOADING.get().with_more(nested(given, OPENING))
    if opening.offline:  # also for libraries that contact the hub themselves
        os.environ["HF_HUB_OFFLINE"] = "1"
    LOADING.set(opening)
    return opening


def loads(command: Callable[..., None], more: Sequence[Parameter] = OPENING) -> Callable[..., None]:
    """A hand-written command, with the options about loading after its own.

    Args:
        command: the command.
        more: the options that follow. The command receives those that are not about loading.
    """
    hints = get_type_hints(command, include_extras=True)
    every = inspect.signature(command).parameters.values()
    own = [each for each in every if each.kind is not inspect.Parameter.VAR_KEYWORD]
    about = [each.name for each in OPENING if each in more]

    @wraps(command)
    def with_opening(**given: Any) -> None:
        use({name: given.pop(name) for name in about})
        command(**given)

    keyword = inspect.Parameter.KEYWORD_ONLY
    shown = [each.replace(annotation=hints[each.name], kind=keyword) for each in own]
    shown += [
        inspect.Parameter(each.name, keyword, default=None, annotation=each.annotation)
        for each in more
    ]
    return taking(with_opening, shown)


def opening_on(device: str | None) -> Opening:
    """The options about loading given before the command, with the command's own device."""
    return LOADING.get() if device is None else LOADING.get().with_more({"device": device})


def device_of(device: str | None) -> torch.device:
    """The device that the user chose, before or after the command."""
    from yuragi.device import pick_device

    return pick_device(opening_on(device).device)
