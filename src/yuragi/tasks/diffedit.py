"""Change a picture only where two descriptions of it disagree (DiffEdit)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, ClassVar, Literal

from pydantic import Field

from yuragi.options.option import Option
from yuragi.options.values import Share, Strength
from yuragi.tasks.base import Climb, Described, Shown

if TYPE_CHECKING:
    from yuragi.edit import Sampler

__all__ = ["DiffEditRequest"]


class DiffEditRequest(Described):
    """Change a picture only where two descriptions of it disagree (DiffEdit)."""

    title: ClassVar[str] = "Change a picture only where two descriptions of it disagree."

    kind: Literal["diffedit"] = "diffedit"
    prompt: Shown
    strength: Climb = 0.7
    mask_strength: Annotated[
        Strength,
        Option(
            "Noise level at which the two predictions are compared, as a share of the time axis.",
            advanced=True,
            fitted=True,
        ),
    ] = 0.5
    mask_samples: Annotated[
        int,
        Field(ge=1, le=1000),
        Option("Number of noise samples over which the comparison is averaged.", advanced=True),
    ] = 10
    mask_threshold: Annotated[
        Share,
        Field(gt=0, lt=1),
        Option(
            "Relative difference of the predictions above which the picture can change.",
            fitted=True,
        ),
    ] = 0.5

    def make_sampler(self) -> Sampler:
        from yuragi.tasks.samplers import following

        return following(self, "chain")
