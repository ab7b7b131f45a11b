r"""Rectified gradient guidance (REG): the gain of the paper, computed in two ways.

    F = alpha (d x0_strong / d x_t)^T 1

element by element. In x0 it is the same for every parametrisation; with a network that predicts
eps it reads 1 - sigma d(1^T eps)/dx. F tends to 1 at the clean end and to 0 in pure noise.

- `RowSum`: one reverse product through the strong denoiser.
- `RowSumForward`: the Jacobian of a denoiser is symmetric (it is a covariance of x_0 given x_t
  times alpha / sigma^2), so J^T 1 = J 1: one more evaluation at x + h 1, in the same batch, and
  no gradient.

References: Gao et al. 2025 (arXiv 2501.18865).
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass

import torch
from torch import Tensor

from yuragi.core.denoiser import Denoiser, NetworkDenoiser, tile
from yuragi.errors import InputError
from yuragi.guidance.evaluate import evaluate
from yuragi.guidance.finite_difference import network_dtype, perturb, step_size
from yuragi.guidance.gain import Cost, Guidance, fixed, scaled

__all__ = ["RowSum", "RowSumForward"]


@dataclass(frozen=True)
class RowSum:
    """REG by one reverse product through the strong denoiser only.

    The product starts from alpha instead of 1, which keeps it within the range of half precision
    at every noise level.

    Args:
        batch: the number of samples whose activations are in memory at once; None for all.
        around: a context manager that is entered around the product, such as
            `yuragi.models.checkpoint.checkpointing(unet)`, which keeps only the activations between
            blocks and computes the rest twice.

    Raises:
        InputError: the batch is below 1; when called, the denoiser has no gradient, or
            `torch.inference_mode` is on.
    """

    batch: int | None = None
    around: Callable[[], AbstractContextManager[object]] = nullcontext
    cost = Cost(2, 2, reverse=1)

    def __post_init__(self) -> None:
        if self.batch is not None and self.batch < 1:
            raise InputError("batch", self.batch, "1 or more, or None")

    def __call__(
        self, strong: Denoiser, weak: Denoiser, x: Tensor, t: Tensor, weight: Tensor
    ) -> Guidance:
        if torch.is_inference_mode_enabled():
            allowed = "torch.no_grad, or the gain reg_forward, which needs no gradient"
            raise InputError("gain", "reg under torch.inference_mode", allowed)
        (x0_weak,) = evaluate([(weak, x)], t)
        size = self.batch or len(x)
        with self.around():
            parts = [
                _row_sum(_rows_of(strong, len(x), start, size), part, t)
                for start, part in zip(range(0, len(x), size), torch.split(x, size), strict=True)
            ]
        x0, factor = (torch.cat(column) for column in zip(*parts, strict=True))
        return scaled(x0, x0_weak, fixed(factor), weight)


def _rows_of(denoiser: Denoiser, batch: int, start: int, size: int) -> Denoiser:
    """The denoiser of some rows of a batch; each row can have its own condition."""
    if not isinstance(denoiser, NetworkDenoiser) or denoiser.condition is None:
        return denoiser
    condition = tile(denoiser.condition, batch) or {}
    return denoiser.bind({k: v[start : start + size] for k, v in condition.items()})


def _row_sum(denoiser: Denoiser, x: Tensor, t: Tensor) -> tuple[Tensor, Tensor]:
    """Compute x0 and alpha J^T 1 at x."""
    alpha, _ = denoiser.schedule(t)
    with torch.enable_grad():
        leaf = x.detach().requires_grad_()
        (x0,) = evaluate([(denoiser, leaf)], t)
        if not x0.requires_grad:
            allowed = "one that can be differentiated, or the gain reg_forward"
            raise InputError("strong", type(denoiser).__name__, allowed)
        (factor,) = torch.autograd.grad(x0, leaf, torch.ones_like(x0) * alpha.to(x0))
    return x0.detach(), factor


@dataclass(frozen=True)
class RowSumForward:
    """REG without gradients: J 1 by one more evaluation in the batch of strong and weak.

    Args:
        h: the step per element in units of sigma; None for 0.03, or 0.15 if the network computes
            in half precision.

    Raises:
        InputError: h is not above 0.
    """

    h: float | None = None
    cost = Cost(3, 1)

    def __post_init__(self) -> None:
        if self.h is not None and not self.h > 0:
            raise InputError("h", self.h, "a number above 0, or None")

    def __call__(
        self, strong: Denoiser, weak: Denoiser, x: Tensor, t: Tensor, weight: Tensor
    ) -> Guidance:
        alpha, sigma = strong.schedule(t)
        dtype = network_dtype(strong, x)
        moved, change = perturb(x, torch.ones_like(x), step_size(self.h, dtype) * sigma, dtype)
        x0, x0_weak, x0_moved = evaluate([(strong, x), (weak, x), (strong, moved)], t)
        # Where the state is large, rounding can remove the whole step; then there is no
        # measurement.
        factor = torch.where(change == 0, 1.0, alpha.to(x) * (x0_moved - x0) / change)
        return scaled(x0, x0_weak, fixed(factor), weight)
