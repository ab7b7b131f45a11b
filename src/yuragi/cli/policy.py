"""The policy on the command line."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from yuragi.options.option import Option
from yuragi.tasks.base import Request
from yuragi.tasks.policy import Asked, Permission, read_policy

if TYPE_CHECKING:
    from PIL import Image

__all__ = ["Judged"]


class Judged(Permission):
    """Options about the policy."""

    policy: Annotated[
        Path | None,
        Option(
            "File of a policy, which can refuse the request before it runs.",
            metavar="PATH",
            advanced=True,
        ),
    ] = None

    def check(self, request: Request, pictures: Mapping[str, Image.Image]) -> None:
        """Refuse a request that the policy does not allow.

        Raises:
            InputError: the file of the policy cannot be used.
            Forbidden: the policy refuses the request.
        """
        read_policy(self.policy).check(Asked(request, pictures, self.consent))
