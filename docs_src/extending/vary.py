"""An edit task: another version of a picture, close to it."""

from typing import ClassVar, Literal

from yuragi.tasks.base import Climb, Edit
from yuragi.tasks.samplers import redrawing


class VaryRequest(Edit):
    """Noise the picture up a little, and come down again."""

    title: ClassVar[str] = "Make another version of a picture, close to it."

    kind: Literal["vary"] = "vary"
    strength: Climb = 0.3

    def make_sampler(self):
        return redrawing(self)
