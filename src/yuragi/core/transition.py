r"""The Gaussian distribution of the next state, which every solver step returns.

    x_s ~ N(mean, std^2 I)

An ODE step has std = 0; an SDE step draws from the distribution. Most solvers have one std for the
whole state; a solver that draws noise only in some places has a map. The forward (noising) chain
uses the same class, see `noising`.
"""

from __future__ import annotations

from typing import NamedTuple

from torch import Tensor

from yuragi.core.schedule import Schedule
from yuragi.errors import InputError

__all__ = ["Transition", "noising"]


class Transition(NamedTuple):
    """N(mean, std^2 I).

    Attributes:
        mean: the mean [b, *d], with the state's dtype and device.
        std: the standard deviation, not negative; 0-dim or broadcastable to the mean.
    """

    mean: Tensor
    std: Tensor

    @property
    def noisy(self) -> bool:
        """Whether std is above 0 anywhere, so that the step draws noise."""
        return bool((self.std > 0).any())

    def draw(self, z: Tensor | None) -> Tensor:
        """Return mean + std z. `z` may be None only where std = 0 everywhere.

        Raises:
            InputError: std > 0 and there is no noise.
        """
        if not self.noisy:
            return self.mean
        if z is None:
            raise InputError("noise", None, "a noise: this step is stochastic")
        return self.mean + self.std * z

    def residual(self, x: Tensor) -> Tensor:
        """Return (x - mean) / std, the noise for which this step gives `x`.

        Raises:
            InputError: std = 0 somewhere; every noise gives the mean there.
        """
        if bool((self.std == 0).any()):
            raise InputError("std", 0.0, "above 0; a deterministic step has no noise to recover")
        return (x - self.mean) / self.std


def noising(schedule: Schedule, x: Tensor, s: Tensor, t: Tensor) -> Transition:
    """The distribution of x_t given x_s = `x` in the forward chain, for s no noisier than t.

        x_t = r x_s + sqrt(sigma_t^2 - r^2 sigma_s^2) z,    r = alpha_t / alpha_s

    From the clean end it is q(x_t | x_0). It is finite at alpha_t = 0.

    Raises:
        InputError: t is less noisy than s.
    """
    if bool(t < s):
        raise InputError("t", t.item(), f"a time not below {s.item()}: noise can only be added")
    alpha_s, sigma_s = schedule(s)
    alpha_t, sigma_t = schedule(t)
    ratio = alpha_t / alpha_s
    # Clamped against rounding: for t = s the difference is zero up to the last bit.
    std = (sigma_t**2 - (ratio * sigma_s) ** 2).clamp(min=0).sqrt()
    return Transition(ratio * x, std)
