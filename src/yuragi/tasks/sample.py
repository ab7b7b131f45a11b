"""The request of sampling, which generates pictures from a prompt."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Annotated, ClassVar, Literal, Self

from pydantic import Field

from yuragi.errors import InputError
from yuragi.options.option import Option
from yuragi.options.values import Count, Steps
from yuragi.tasks.base import Guided, Pull

if TYPE_CHECKING:
    from yuragi.tasks.context import Context
    from yuragi.tasks.inputs import Pictures
    from yuragi.tasks.result import TaskOutput
    from yuragi.tasks.work import Work

__all__ = ["SampleRequest"]

Side = Annotated[int, Field(ge=1, le=16384)] | None


class SampleRequest(Guided):
    """Generate pictures from a prompt.

    Attributes:
        latents: the digest of the caller's start noise, which a replay needs again.
    """

    title: ClassVar[str] = "Generate pictures from a prompt."

    kind: Literal["sample"] = "sample"
    prompt: Annotated[
        str,
        Option(
            "Describes the picture to generate. For a class-conditional model it is the name or "
            "number of a class."
        ),
    ]
    num_images: Annotated[Count, Option("Number of pictures to generate.", "--number", "-n")] = 1
    num_inference_steps: Annotated[
        Steps, Option("Number of solver steps.", "--steps", fitted=True)
    ] = 20
    guidance_scale: Pull = 3.0
    solver: Annotated[
        str, Option("Solver that integrates the denoising process.", advanced=True, fitted=True)
    ] = "dpm++2m"
    timestep_spacing: Annotated[
        str,
        Option("Time grid that the solver steps through.", "--spacing", advanced=True, fitted=True),
    ] = "trailing"
    width: Annotated[
        Side, Option("Width of the picture.", unit="pixels", default="the model's own")
    ] = None
    height: Annotated[
        Side, Option("Height of the picture.", unit="pixels", default="the model's own")
    ] = None
    latents: str | None = None

    def check(self, pictures: Pictures | None) -> None:
        from yuragi.core import time_grids
        from yuragi.images.read import MAX_PIXELS

        super().check(pictures)
        width, height = self.width or 1, self.height or 1
        if width * height > MAX_PIXELS:
            reason = f"the picture would have {width}x{height} = {width * height:,} pixels"
            raise InputError("width", width, f"less, for at most {MAX_PIXELS:,} pixels", reason)
        spacings = (*time_grids, "native")
        if self.timestep_spacing not in spacings:
            allowed = "one of " + ", ".join(spacings)
            raise InputError("timestep_spacing", self.timestep_spacing, allowed)

    @classmethod
    def run(cls, requests: Sequence[Self], context: Context) -> list[TaskOutput]:
        from yuragi.tasks.drawing import run_sample

        return run_sample(requests, context)

    def work(self, context: Context) -> Work:
        from yuragi.tasks.drawing import sample_work

        return sample_work(self, context)

    @property
    def size(self) -> tuple[int | None, int | None]:
        return self.height, self.width

    @property
    def settings(self) -> Mapping[str, object]:
        return {**super().settings, "Schedule type": self.timestep_spacing}
