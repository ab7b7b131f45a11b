"""The request of image to image (SDEdit)."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar, Literal

from yuragi.tasks.base import Edit, Shown

if TYPE_CHECKING:
    from yuragi.edit import Sampler

__all__ = ["SDEditRequest"]


class SDEditRequest(Edit):
    """Add noise to the picture up to the strength, and denoise under the prompt (SDEdit)."""

    title: ClassVar[str] = "Redraw a picture according to a prompt (image to image)."

    kind: Literal["sdedit"] = "sdedit"
    prompt: Shown

    def make_sampler(self) -> Sampler:
        from yuragi.tasks.samplers import redrawing

        return redrawing(self)
