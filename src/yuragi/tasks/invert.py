"""Noise a picture up and come down again under the same prompt: does the model hold it?"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Annotated, ClassVar, Literal, Self

from yuragi.options.option import Option
from yuragi.tasks.base import Climb, Edit, Pull
from yuragi.tasks.translate import Encoder

if TYPE_CHECKING:
    from yuragi.edit import Sampler
    from yuragi.tasks.context import Context
    from yuragi.tasks.result import Made

__all__ = ["InvertRequest"]


class InvertRequest(Edit):
    """Noise a picture up and come down again under the same prompt."""

    title: ClassVar[str] = "Reconstruct a picture, to see whether the model can hold it."

    kind: Literal["invert"] = "invert"
    strength: Climb = 1.0
    encoder: Annotated[
        Encoder,
        Option(
            "How the picture is noised: chain or independent (edit-friendly); not for ode.",
            advanced=True,
        ),
    ] = "chain"
    guidance_scale: Pull = 1.0
    mask: None = None
    crop: Literal["off"] = "off"
    num_images: Literal[1] = 1

    def way(self) -> Sampler:
        from yuragi.tasks.samplers import following

        return following(self, self.encoder)

    @classmethod
    def run(cls, requests: Sequence[Self], context: Context) -> list[Made]:
        from yuragi.tasks.inverting import run_invert

        return [run_invert(each, context, of) for of, each in enumerate(requests)]
