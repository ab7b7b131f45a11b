"""The network calls that a request will need, counted before it runs.

A task rehearses its own loop on states of a single cell, with a network that only counts its calls.
This covers solvers, guidance, recorded paths and repeated passes in any combination, and takes
about a millisecond for each step.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import NamedTuple, TypeAlias, TypeVar

import torch
from torch import Tensor

from yuragi.core import Condition
from yuragi.models.model import DiffusionModel
from yuragi.tasks.base import Request
from yuragi.tasks.context import BATCH, Context, Row

__all__ = ["Act", "Call", "Work", "rehearsed"]

R = TypeVar("R", bound=Request)

Act: TypeAlias = Callable[[Sequence[Row[R]], Tensor, Context], object]
"""The rehearsed function, which gets the rows of a batch and their states [b, c, 1, 1]."""


class Call(NamedTuple):
    """A kind of network call.

    Attributes:
        rows: the number of samples that it evaluates at once.
        reverse: whether a reverse product follows.
        weak: whether the network is that of the weaker model.
    """

    rows: int
    reverse: bool = False
    weak: bool = False


@dataclass(frozen=True)
class Work:
    """Network calls, by kind."""

    calls: Mapping[Call, int] = field(default_factory=dict)

    def __add__(self, other: Work) -> Work:
        return Work(Counter(self.calls) + Counter(other.calls))

    def __mul__(self, count: int) -> Work:
        return Work({call: count * number for call, number in self.calls.items()})

    @property
    def evaluations(self) -> int:
        """Network evaluations, counted in samples."""
        return sum(call.rows * number for call, number in self.calls.items())


def rehearsed(request: R, pictures: int, context: Context, act: Act[R]) -> Work:
    """The network calls for a number of pictures of a request, which share batches.

    Args:
        request: the request.
        pictures: the number of pictures to make.
        context: the context in which it will run, whose network is not called.
        act: makes the pictures of a batch; it is called for a full batch and for the last one.
    """
    full, rest = divmod(pictures, BATCH)
    work = Work()
    for rows, times in ((BATCH, full), (rest, 1)):
        if rows and times:
            work += _counted(request, rows, context, act) * times
    return work


def _counted(request: R, rows: int, context: Context, act: Act[R]) -> Work:
    calls: Counter[Call] = Counter()
    model = _counting(context.model, calls, weak=False)
    weak = None if context.weak is None else _counting(context.weak, calls, weak=True)
    part = [Row(0, request, sample) for sample in range(rows)]
    states = torch.zeros(rows, model.codec.channels, 1, 1)
    act(part, states, replace(context, model=model, weak=weak, bound={}))
    return Work(calls)


def _counting(model: DiffusionModel, calls: Counter[Call], weak: bool) -> DiffusionModel:
    """The model with a network that only counts, and with prompts that are not encoded."""
    known = model.capabilities
    told = known.text or known.classes is not None

    def encode(prompts: Sequence[str]) -> Condition | None:
        # Two prompts need two evaluations, unless the model takes no prompt.
        return {"prompt": torch.zeros(1, 1)} if told else None

    denoiser = replace(model.denoiser, network=_Counts(calls, weak))
    bare = None if model.bare is None else encode
    return replace(model, denoiser=denoiser, encode=encode, bare=bare)


@dataclass(frozen=True)
class _Counts:
    """A network that returns its input."""

    calls: Counter[Call]
    weak: bool

    def __call__(self, x: Tensor, timestep: Tensor, condition: Condition | None) -> Tensor:
        self.calls[Call(len(x), x.requires_grad, self.weak)] += 1
        return x
