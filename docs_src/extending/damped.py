"""A gain: every guidance direction times one number."""

from dataclasses import dataclass
from typing import Annotated, Literal

import torch
from pydantic import Field

from yuragi.guidance import Cost, evaluate_pair
from yuragi.guidance.gain import fixed, scaled
from yuragi.options.option import Option
from yuragi.tasks.guidance import Gain


@dataclass(frozen=True)
class Damped:
    factor: float
    cost = Cost(2, 1)

    def __call__(self, strong, weak, x, t, weight):
        x0, x0_weak = evaluate_pair(strong, weak, x, t)
        return scaled(x0, x0_weak, fixed(torch.tensor(self.factor)), weight)


class DampedGain(Gain):
    """Guidance times one factor."""

    name: Literal["damped"] = "damped"
    factor: Annotated[float, Field(ge=0, le=1), Option("Factor on the guidance direction.")] = 0.5

    def make(self):
        return Damped(self.factor)
