"""The request of an inversion, which reconstructs a picture."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Annotated, ClassVar, Literal, Self

from yuragi.options.option import Option
from yuragi.tasks.base import Climb, Edit, Pull, Sampling
from yuragi.tasks.translate import Encoder

if TYPE_CHECKING:
    from yuragi.edit import Sampler
    from yuragi.tasks.context import Context
    from yuragi.tasks.result import TaskOutput
    from yuragi.tasks.work import Work

__all__ = ["InvertRequest"]


class InvertRequest(Edit):
    """Add noise to a picture and remove it again under the same prompt."""

    title: ClassVar[str] = "Reconstruct a picture, to check whether the model can represent it."

    kind: Literal["invert"] = "invert"
    prompt: Annotated[str, Option("Describes the picture.")] = ""
    strength: Climb = 1.0
    sampler: Annotated[
        Sampling,
        Option(
            "Way up and down: ode inverts with the network. The noise that sde and adaptive record "
            "reconstructs any picture exactly, whatever the model knows."
        ),
    ] = "ode"
    encoder: Encoder = "chain"
    guidance_scale: Pull = 1.0
    mask: None = None
    crop: Literal["off"] = "off"
    num_images: Literal[1] = 1

    def make_sampler(self) -> Sampler:
        from yuragi.tasks.samplers import following

        return following(self, self.encoder)

    @classmethod
    def run(cls, requests: Sequence[Self], context: Context) -> list[TaskOutput]:
        from yuragi.tasks.inverting import run_inverts

        return run_inverts(requests, context)

    def work(self, context: Context) -> Work:
        from yuragi.tasks.inverting import invert_work

        return invert_work(self, context)
