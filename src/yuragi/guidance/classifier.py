r"""Classifier guidance as a weak denoiser.

Bayes' rule gives the score of x_t without the class: grad log p(x) = grad log p(x|y) - grad
log p(y|x) + const. So the denoiser to push away from is

    x0_weak = x0 - (sigma^2 / alpha) grad_x log p(y | x_t)

and every method that guides with two denoisers, including REG, also guides with a classifier.

References: Dhariwal & Nichol 2021 (arXiv 2105.05233), section 4.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeAlias

import torch
from torch import Tensor

from yuragi.core.denoiser import Denoiser
from yuragi.core.schedule import Schedule
from yuragi.errors import InputError
from yuragi.guidance.evaluate import evaluate

__all__ = ["LogProb", "Unclassified"]

LogProb: TypeAlias = Callable[[Tensor, Tensor], Tensor]
"""`(x_t [b, *d], t) -> log p(y | x_t)` [b], differentiable in x_t; y is already bound."""


@dataclass(frozen=True)
class Unclassified:
    """A denoiser minus the gradient of a classifier: the weak side of classifier guidance.

    Args:
        base: the denoiser to guide.
        log_prob: the classifier of noisy states.

    Raises:
        InputError: the classifier has no gradient, returns another shape, or is called under
            `torch.inference_mode`. The error is raised when the denoiser is called, before it is
            evaluated.
    """

    base: Denoiser
    log_prob: LogProb

    @property
    def schedule(self) -> Schedule:
        return self.base.schedule

    def __call__(self, x: Tensor, t: Tensor) -> Tensor:
        return evaluate([(self, x)], t)[0]

    def offset(self, x: Tensor, t: Tensor) -> Tensor:
        """The step down the classifier's gradient; zero where there is no signal to classify."""
        alpha, sigma = self.schedule(t)
        gradient = self.gradient(x, t)
        if bool(alpha == 0):
            return torch.zeros_like(x)
        return -(sigma**2 / alpha).to(x) * gradient

    def gradient(self, x: Tensor, t: Tensor) -> Tensor:
        """The gradient of log p(y | x_t) at x, of x's shape."""
        if torch.is_inference_mode_enabled():
            raise InputError("log_prob", "under torch.inference_mode", "torch.no_grad instead")
        with torch.enable_grad():
            leaf = x.detach().requires_grad_()
            value = self.log_prob(leaf, t)
            if value.shape != (len(x),):
                raise InputError("log_prob", tuple(value.shape), f"one number per sample, {len(x)}")
            if not value.requires_grad:
                raise InputError("log_prob", "no gradient", "a function differentiable in x_t")
            (gradient,) = torch.autograd.grad(value.sum(), leaf)
        return gradient
