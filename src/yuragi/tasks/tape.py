"""Record the network outputs of a long run, and store them after every few steps.

An attempt that follows an interrupted one plays back the network outputs and computes everything
else again: states, the memory of solvers and gains, and noise. This costs next to nothing and gives
the same bits for every solver and every gain, without knowing what they remember.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import islice
from typing import Any

import torch
from torch import Tensor

from yuragi.core import Condition
from yuragi.core.denoiser import Network
from yuragi.models.model import DiffusionModel
from yuragi.tasks.context import Context, Ticker

__all__ = ["STRETCH", "Tape"]

STRETCH = 5
"""The number of solver steps in a stretch, and the most that a new attempt has to repeat."""


class Tape:
    """The outputs of networks in order, which are recorded or played back."""

    def __init__(self) -> None:
        self._noted: list[Tensor] = []
        self._left: deque[Tensor] = deque()

    def under(self, context: Context) -> Context:
        """The context with networks whose outputs are recorded or played back."""
        weak = None if context.weak is None else self._on(context.weak)
        return replace(context, model=self._on(context.model), weak=weak, bound={})

    def states(
        self, way: Iterator[Tensor], steps: int, tick: Ticker, context: Context
    ) -> list[Tensor]:
        """The next states of a trajectory whose networks are on this tape.

        Args:
            way: an iterator that makes each state by one solver step.
            steps: the number of states.
            tick: counts the steps.
            context: stores the network outputs.
        """
        made: list[Tensor] = []
        for begun in range(0, steps, STRETCH):
            count = min(STRETCH, steps - begun)

            def stretch(count: int = count) -> Sequence[Tensor]:
                for x in islice(way, count):
                    made.append(x)
                    tick()
                noted, self._noted = self._noted, []
                return noted

            said = context.kept(tick, stretch)
            if len(made) == begun:  # an earlier attempt made this stretch
                self._left.extend(said)
                made.extend(islice(way, count))
        return made

    def next(self, say: Callable[[], Tensor]) -> Tensor:
        """The next output on the tape; at its end, the output of `say`."""
        if self._left:
            return self._left.popleft()
        # Contiguous, as on the tape, so that later steps compute the same.
        self._noted.append(say().contiguous())
        return self._noted[-1]

    def _on(self, model: DiffusionModel) -> DiffusionModel:
        taped = _Taped(self, model.denoiser.network)
        return replace(model, denoiser=replace(model.denoiser, network=taped))


@dataclass(frozen=True)
class _Taped:
    """A network on a tape."""

    tape: Tape
    network: Network

    @property
    def dtype(self) -> torch.dtype | None:
        """The precision of the network; None for that of the state."""
        return getattr(self.network, "dtype", None)

    def __call__(self, x: Tensor, timestep: Tensor, condition: Condition | None) -> Tensor:
        def say(x: Tensor) -> Tensor:
            return self.network(x, timestep, condition)

        if x.requires_grad and torch.is_grad_enabled():
            differentiable: Tensor = _Reversible.apply(x, self.tape, say)  # type: ignore[no-untyped-call]
            return differentiable
        return self.tape.next(lambda: say(x))


class _Reversible(torch.autograd.Function):
    """An evaluation whose reverse product is also on the tape."""

    @staticmethod
    def forward(ctx: Any, x: Tensor, tape: Tape, say: Callable[[Tensor], Tensor]) -> Tensor:
        def forwards() -> Tensor:
            with torch.enable_grad():
                leaf = x.detach().requires_grad_()
                out = say(leaf)
            ctx.pair = leaf, out
            return out.detach()

        ctx.tape = tape
        return tape.next(forwards)

    @staticmethod
    @torch.autograd.function.once_differentiable
    def backward(ctx: Any, cotangent: Tensor) -> tuple[Tensor, None, None]:
        def backwards() -> Tensor:
            leaf, out = ctx.pair
            gradient: Tensor = torch.autograd.grad(out, leaf, cotangent)[0]
            return gradient

        tape: Tape = ctx.tape
        return tape.next(backwards), None, None
