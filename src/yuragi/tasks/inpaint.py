"""The request of inpainting and outpainting."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Annotated, Any, ClassVar, Literal

from pydantic import Field

from yuragi.errors import InputError
from yuragi.options.option import Option
from yuragi.tasks.base import Climb, Edit
from yuragi.tasks.geometry import Expansion, Margins

if TYPE_CHECKING:
    from yuragi.edit import Sampler
    from yuragi.tasks.inputs import Pictures

__all__ = ["InpaintRequest"]


class InpaintRequest(Edit):
    """Fill the white area of a mask, or margins added around the picture.

    In a complete request, the picture and the mask already include the margins.
    """

    title: ClassVar[str] = "Fill the white area of a mask, or margins added around a picture."
    discards: ClassVar[bool] = True
    measured: ClassVar[str] = "the filled picture"

    kind: Literal["inpaint"] = "inpaint"
    strength: Climb = 1.0
    expand: Annotated[
        Margins,
        Option(
            "Margins to add at the left, top, right and bottom, such as 32,0,32,0.",
            unit="pixels",
            metavar="L,T,R,B",
        ),
    ] = (0, 0, 0, 0)
    resample: Annotated[
        int,
        Field(ge=1, le=100),
        Option(
            "Number of passes over each noise level (RePaint); above 1 only with the sampler sde.",
            advanced=True,
        ),
    ] = 1

    @classmethod
    def prepare(
        cls, given: Mapping[str, Any], pictures: Pictures | None
    ) -> tuple[dict[str, Any], Pictures | None]:
        from yuragi.images.resize import expanded

        assert pictures is not None
        margins = Expansion(**{k: v for k, v in given.items() if k == "expand"}).expand
        if any(margins):
            larger, filled = expanded(pictures.picture, pictures.mask, margins, pictures.max_pixels)
            pictures = replace(pictures, picture=larger, mask=filled)
        if pictures.mask is None:
            raise InputError(
                "mask",
                None,
                "a picture that is white where to fill, unless margins are added (expand)",
            )
        if pictures.mask.getextrema() == (255, 255):
            reason, advice = "nothing of the picture would stay", "make black what must stay"
            raise InputError("mask", "all white", "", reason, advice)
        return {**given, "expand": margins}, pictures

    def if_foreign(self, known: str) -> str:
        return (
            "either its other parts are foreign, too, or the filling fits badly; try another seed, "
            "or a prompt that describes the whole picture"
        )

    def make_sampler(self) -> Sampler:
        from yuragi.edit import resampled
        from yuragi.tasks.samplers import redrawing

        if self.resample == 1:
            return redrawing(self)
        if self.sampler != "sde":
            raise InputError("resample", self.resample, "1, except with the sampler sde")
        once = redrawing(self)
        if once.solver.order > 1:
            raise InputError("solver", self.solver, "one of order 1, to resample")
        return replace(once, descent=resampled(self.resample))
