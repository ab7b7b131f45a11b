r"""Look-ahead: evaluate the strong denoiser where guidance would take the state.

For a reward that is linear in its logarithm, the exact guided denoiser is the strong one at a
shifted state. So instead of adding a push to x0, move the state by it:

    x0 = x0_strong(x + alpha w d),    d the direction of the gain inside

The result is always an output of the strong denoiser, so it cannot leave the range of the data.
Around `plain` this is the unit step of the full product J g; around `Ratio(gamma - 1)` it is the
look-ahead form of f j_c^gamma.

Source: the exponential tilt of a noised distribution; Rectified-CFG++ (Saini et al. 2025, arXiv
2510.07631) also evaluates guidance at a predicted point.
"""

from __future__ import annotations

from dataclasses import dataclass

from torch import Tensor

from yuragi.core.denoiser import Denoiser
from yuragi.guidance.evaluate import evaluate
from yuragi.guidance.gain import Cost, Gain, Guidance

__all__ = ["LookAhead"]


@dataclass(frozen=True)
class LookAhead:
    """Evaluate the strong denoiser at the state that another gain leads to: one more evaluation."""

    gain: Gain

    @property
    def cost(self) -> Cost:
        return self.gain.cost + Cost(1, 1)

    def __call__(
        self, strong: Denoiser, weak: Denoiser, x: Tensor, t: Tensor, weight: Tensor
    ) -> Guidance:
        guidance = self.gain(strong, weak, x, t, weight)
        alpha, _ = strong.schedule(t)
        ahead = x + (alpha * weight).to(x) * guidance.direction
        (x0,) = evaluate([(strong, ahead)], t)
        return guidance.turned((x0 - guidance.x0) / weight.to(x))
