r"""Several denoiser evaluations at one time, in as few network passes as possible.

Guidance evaluates the same network under several conditions and at neighbouring states. Queries
that share network, prediction and schedule, and whose conditions have the same shapes, go through
the network as one batch, in the order given; the same query twice is evaluated once.

Two kinds of wrappers are removed first, so that the denoisers inside can share batches too:

- `Varying`, whose condition depends on the time (CADS): `at(x, t)` gives the current denoiser;
- `Corrected`, another denoiser plus a term that costs no network (classifier guidance). These terms
  are computed first, so that their errors are raised before any network runs.
"""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from typing import Protocol, TypeAlias, runtime_checkable

import torch
from torch import Tensor

from yuragi.core.denoiser import Condition, Denoiser, NetworkDenoiser, tile

__all__ = ["Corrected", "Query", "Varying", "evaluate", "evaluate_pair", "resolved"]

Query: TypeAlias = tuple[Denoiser, Tensor]
"""A denoiser and the state [b, *d] to evaluate it at."""


@runtime_checkable
class Varying(Protocol):
    """A denoiser that is replaced by another one at every time."""

    def at(self, x: Tensor, t: Tensor) -> Denoiser: ...


@runtime_checkable
class Corrected(Protocol):
    """A denoiser that transforms the output of another one."""

    @property
    def base(self) -> Denoiser: ...

    def offset(self, x: Tensor, t: Tensor) -> Tensor: ...


def evaluate(queries: Sequence[Query], t: Tensor) -> list[Tensor]:
    """The value of every query at time t, each of its state's shape.

    Args:
        queries: denoisers with the states to evaluate them at.
        t: the time, 0-dim.
    """
    offsets = [_offset(denoiser, x, t) for denoiser, x in queries]
    plain = [_plain(denoiser, x, t) for denoiser, x in queries]
    groups: dict[Hashable, list[int]] = {}
    for i, (denoiser, x) in enumerate(plain):
        groups.setdefault(_key(denoiser, x), []).append(i)
    values: dict[int, Tensor] = {}
    for members in groups.values():
        values |= _together([plain[i] for i in members], members, t)
    return [values[i] if offset is None else values[i] + offset for i, offset in enumerate(offsets)]


def evaluate_pair(strong: Denoiser, weak: Denoiser, x: Tensor, t: Tensor) -> tuple[Tensor, Tensor]:
    """Evaluate both denoisers at (x, t)."""
    x0, x0_weak = evaluate([(strong, x), (weak, x)], t)
    return x0, x0_weak


def resolved(denoiser: Denoiser, x: Tensor, t: Tensor) -> Denoiser:
    """Replace a `Varying` denoiser by the one for these states at this time."""
    return denoiser.at(x, t) if isinstance(denoiser, Varying) else denoiser


def _plain(denoiser: Denoiser, x: Tensor, t: Tensor) -> Query:
    """The query without its wrappers."""
    if isinstance(denoiser, Corrected):
        return _plain(denoiser.base, x, t)
    if isinstance(denoiser, Varying):
        return _plain(denoiser.at(x, t), x, t)
    return denoiser, x


def _offset(denoiser: Denoiser, x: Tensor, t: Tensor) -> Tensor | None:
    """The sum of the terms that wrappers add to a denoiser; None if there are no wrappers."""
    if not isinstance(denoiser, Corrected):
        return None
    inner, own = _offset(denoiser.base, x, t), denoiser.offset(x, t)
    return own if inner is None else inner + own


def _key(denoiser: Denoiser, x: Tensor) -> Hashable:
    """A key that is equal for queries that can share one batch."""
    if not isinstance(denoiser, NetworkDenoiser):
        return id(denoiser)
    shapes = None if denoiser.condition is None else _shapes(denoiser.condition)
    kind = denoiser.prediction, denoiser.schedule
    return id(denoiser.network), kind, shapes, x.shape[1:], x.dtype


def _shapes(condition: Condition) -> Hashable:
    return tuple(sorted((name, value.shape[1:], value.dtype) for name, value in condition.items()))


def _together(queries: Sequence[Query], names: Sequence[int], t: Tensor) -> dict[int, Tensor]:
    """Evaluate queries of one group as one batch, each distinct one once."""
    first: dict[tuple[int, int], int] = {}
    rows = [first.setdefault((_identity(d), id(x)), len(first)) for d, x in queries]
    kept = [queries[rows.index(row)] for row in range(len(first))]
    denoiser, x = kept[0]
    if len(kept) == 1:
        out = [denoiser(x, t)]
    else:
        states = [x for _, x in kept]
        out = list(torch.split(_joined(kept)(torch.cat(states), t), [len(x) for x in states]))
    return {name: out[row] for name, row in zip(names, rows, strict=True)}


def _identity(denoiser: Denoiser) -> int:
    """The key of a denoiser: denoisers of one group differ only in their condition."""
    return id(denoiser.condition) if isinstance(denoiser, NetworkDenoiser) else id(denoiser)


def _joined(queries: Sequence[Query]) -> Denoiser:
    """One denoiser for the concatenated states of these queries."""
    denoiser = queries[0][0]
    if not isinstance(denoiser, NetworkDenoiser):
        return denoiser
    conditions = [tile(d.condition, len(x)) for d, x in queries if isinstance(d, NetworkDenoiser)]
    held = [condition for condition in conditions if condition is not None]
    if not held:
        return denoiser
    return denoiser.bind({name: torch.cat([c[name] for c in held]) for name in held[0]})
