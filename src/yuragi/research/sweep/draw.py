"""Draw the pictures of a point in batches, and count their cost."""

from __future__ import annotations

import hashlib
import json
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from torch import Tensor

from yuragi.core import Denoiser
from yuragi.guidance import Cost, Gain, Guidance, Guided
from yuragi.models.model import DiffusionModel
from yuragi.research.sweep.grid import Point
from yuragi.tasks.sampling import sample_rows, start_noise
from yuragi.tasks.sides import away_from, gain_of

__all__ = ["Sampler", "Spent"]

REVERSE = 2.0
"""The cost of a reverse product in evaluations, without the evaluation that it differentiates."""


@dataclass(frozen=True)
class Spent:
    """The cost of one picture of a point.

    Attributes:
        evaluations: the counted network evaluations; those of a weaker network count the same.
        reverse: the number of reverse products (backward passes).
        seconds: the processor time of sampling and decoding, in seconds.
    """

    evaluations: float
    reverse: float
    seconds: float

    @property
    def cost(self) -> float:
        """The cost in evaluations; a reverse product counts as two."""
        return self.evaluations + REVERSE * self.reverse


@dataclass(frozen=True)
class Sampler:
    """A model with prompts and seeds.

    Attributes:
        model: the model.
        weak: the weaker model of autoguidance, or None.
        prompts: the prompts, of which picture k gets prompt k mod their number; class models take
            class numbers.
        seed: the first seed; picture k has the seed `seed` + k.
        batch: the number of pictures in a batch.
    """

    model: DiffusionModel
    weak: DiffusionModel | None
    prompts: Sequence[str]
    seed: int
    batch: int = 100

    def prompt(self, number: int) -> str:
        """The prompt of a picture, by its number."""
        return self.prompts[number % len(self.prompts)]

    def digest(self, numbers: Sequence[int]) -> str:
        """A digest of the prompts of the pictures of these numbers."""
        told = json.dumps([self.prompt(number) for number in numbers])
        return hashlib.blake2b(told.encode(), digest_size=8).hexdigest()

    def drawn(self, point: Point, n: int) -> Iterator[tuple[Tensor, Spent]]:
        """Draw all batches of n pictures; see `draw`.

        Raises:
            InputError: a setting does not fit the model.
        """
        for numbers in self.batches(n):
            yield self.draw(point, numbers)

    def batches(self, n: int) -> list[range]:
        """The picture numbers of each batch of n pictures."""
        return [range(k, min(k + self.batch, n)) for k in range(0, n, self.batch)]

    def draw(self, point: Point, numbers: Sequence[int]) -> tuple[Tensor, Spent]:
        """Draw the pictures [b, 3, h, w] of these numbers in [-1, 1], with the cost of each.

        Raises:
            InputError: a setting does not fit the model.
        """
        model, counter = self.model.counting()
        weak, weak_counter = (None, None) if self.weak is None else self.weak.counting()
        guidance = point.guidance.complete(model.path)
        side = model.native_size
        seeds = [self.seed + k for k in numbers]
        prompts = [self.prompt(k) for k in numbers]
        samples = [0] * len(numbers)
        times = model.grids[point.spacing](model.denoiser.schedule, point.steps)
        away: Denoiser
        if guidance.rule.weaker is not None and weak is not None:
            away = weak.bind(prompts)
        else:
            away = away_from(model, "", point.scale == 1)
        weight = guidance.rule.weight(point.scale, model.denoiser.schedule, times)
        reverse = _Reversed(gain_of(guidance))
        guided = Guided(model.bind(prompts), away, weight, reverse)
        noise = start_noise(seeds, samples, model.cells(side, side), model.device)
        began = time.process_time()
        latents = sample_rows(
            guided, point.solver, None, times, seeds, samples, noise, lambda step, x: x
        )
        images = model.codec.decode(latents, side, side).cpu()
        seconds = time.process_time() - began
        total = counter.evaluations + (0 if weak_counter is None else weak_counter.evaluations)
        return images, Spent(total / len(seeds), reverse.products, seconds / len(seeds))


@dataclass
class _Reversed:
    """A gain that counts the reverse products of a trajectory, as declared by its cost."""

    gain: Gain
    products: float = 0.0

    @property
    def cost(self) -> Cost:
        return self.gain.cost

    def __call__(
        self, strong: Denoiser, weak: Denoiser, x: Tensor, t: Tensor, weight: Tensor
    ) -> Guidance:
        self.products += self.gain.cost.reverse
        return self.gain(strong, weak, x, t, weight)
