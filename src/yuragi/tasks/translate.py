"""Change a picture from one description to another."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, ClassVar, Literal

from yuragi.options.option import Option
from yuragi.tasks.base import Climb, Described, Shown

if TYPE_CHECKING:
    from yuragi.edit import Sampler

__all__ = ["Encoder", "TranslateRequest"]

Encoder = Annotated[
    Literal["chain", "independent"],
    Option(
        "How to add noise to the picture: along the forward chain, or independently at each level "
        "(edit-friendly inversion). Not available for the sampler ode.",
        advanced=True,
    ),
]


class TranslateRequest(Described):
    """Change a picture from one description to another: Cycle-SDE (``sde``) or DDIB (``ode``)."""

    title: ClassVar[str] = "Change a picture from one description to another."

    kind: Literal["translate"] = "translate"
    prompt: Shown
    strength: Climb = 0.8
    encoder: Encoder = "chain"

    def make_sampler(self) -> Sampler:
        from yuragi.tasks.samplers import following

        return following(self, self.encoder)
