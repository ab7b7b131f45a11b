"""Estimate how long a request takes: its network evaluations, times the time of one of them.

`Request.work` counts the evaluations, and a few are timed on this machine at the request's size,
batch size and precision. If the first one shows that the request is short, no more are timed.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass

import torch

from yuragi.device import wait_for
from yuragi.tasks.base import Request
from yuragi.tasks.context import Context
from yuragi.tasks.work import Call, Work

__all__ = ["LONG", "Estimate", "estimate_of"]

LONG = 15.0
"""Seconds from which a run counts as long, so that the command line announces its time."""
REPEATS, SHARE = 5, 0.03
"""The largest number of timed calls, and the share of the run's time that they can take. If the
first call is not enough, at least one more is timed."""
STEADY = 5.0
"""If the first call takes longer than this many seconds, startup is a small part of it, and no
other call is timed."""


@dataclass(frozen=True)
class Estimate:
    """How long a run will take on this machine.

    Attributes:
        evaluations: the network evaluations, counted in samples. `Result.evaluations` will be
            equal, or lower if the network decides that a part needs no evaluation.
        seconds: the time that they take. Reading, encoding and writing pictures is not included.
        size: the largest width and height of the network's input in pixels.
        native: the side in pixels on which the network was trained.
    """

    evaluations: int
    seconds: float
    size: tuple[int, int]
    native: int

    @property
    def each(self) -> float:
        """The seconds of one evaluation; 0 if there are none."""
        return self.seconds / self.evaluations if self.evaluations else 0.0

    @property
    def far(self) -> bool:
        """Whether the size is so far from the training size that results get worse."""
        return not self.native / 2 <= max(self.size) <= self.native * 2

    @property
    def long(self) -> bool:
        """Whether the run is long enough to tell people before it starts."""
        return self.seconds >= LONG

    def __str__(self) -> str:
        many = f"{self.evaluations:,} evaluation{'s' * (self.evaluations != 1)}"
        return f"About {_duration(self.seconds)}: {many} at {self.each:.2g} s each."


def estimate_of(requests: Sequence[Request], context: Context) -> Estimate:
    """Estimate the time of requests that share batches.

    Args:
        requests: the requests.
        context: the context in which they will run.

    Raises:
        InputError: a value does not fit the model, or a picture was not given.
    """
    work = sum((each.work(context) for each in requests), Work())
    kinds: dict[tuple[bool, bool], list[Call]] = {}
    for call in work.calls:
        kinds.setdefault(call[1:], []).append(call)
    seconds = 0.0
    for calls in kinds.values():
        # Batches of other sizes are few, and a sample in them takes about as long.
        usual = max(calls, key=lambda call: call.rows * work.calls[call])
        rows = sum(call.rows * work.calls[call] for call in calls)
        seconds += rows / usual.rows * _seconds(usual, rows / usual.rows, requests[0], context)
    height, width = _size(requests[0], context)
    return Estimate(work.evaluations, seconds, (width, height), context.model.native_size)


def _seconds(call: Call, times: float, request: Request, context: Context) -> float:
    """The time of one call, which is made this many times."""
    spent = [_timed(call, request, context)]
    # The first call includes startup, so later calls do not take longer.
    if times * spent[0] < LONG or spent[0] > STEADY:
        return spent[0]
    spent = [_timed(call, request, context)]
    while len(spent) < REPEATS and sum(spent) + spent[0] < SHARE * times * spent[0]:
        spent.append(_timed(call, request, context))
    return sum(spent) / len(spent)


def _timed(call: Call, request: Request, context: Context) -> float:
    """The seconds of one call at the size of the request."""
    model = context.weak if call.weak and context.weak is not None else context.model
    height, width = _size(request, context)
    rows, columns = model.codec.padding(height, width)
    cells = model.cells(height + rows, width + columns)
    x = torch.zeros(call.rows, *cells, device=model.device).requires_grad_(call.reverse)
    schedule = model.denoiser.schedule
    t = torch.as_tensor((schedule.faintest + schedule.noisiest) / 2, dtype=torch.float64)
    denoiser = model.bind([request.prompt]) if call.weak else context.bind([request.prompt])
    wait_for(model.device)
    began = time.perf_counter()
    with torch.set_grad_enabled(call.reverse):
        x0 = denoiser(x, t)
        if call.reverse:
            torch.autograd.grad(x0.sum(), x)
    wait_for(model.device)
    return time.perf_counter() - began


def _size(request: Request, context: Context) -> tuple[int, int]:
    """The largest height and width of the network's input in pixels."""
    native = context.model.native_size
    height, width = request.seen(native)
    return height or native, width or native


def _duration(seconds: float) -> str:
    """A duration in words, rounded to a sensible precision."""
    for unit, length in (("hour", 3600.0), ("minute", 60.0)):
        if seconds >= 1.5 * length:
            number = (
                f"{seconds / length:.2g}" if seconds < 10 * length else f"{seconds / length:.0f}"
            )
            return f"{number} {unit}s"
    return f"{seconds:.0f} seconds"
