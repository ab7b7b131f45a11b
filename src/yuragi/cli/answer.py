"""What a command prints when it is done."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import typer

__all__ = ["answer"]


def answer(json_line: bool, told: Mapping[str, Any], *lines: object) -> None:
    """Print one line of JSON for programs, or lines for people.

    Args:
        json_line: whether to print JSON.
        told: the content of the JSON, as plain values and paths.
        lines: the lines for people.
    """
    if json_line:
        import json

        typer.echo(json.dumps(told, default=str))
        return
    for line in lines:
        typer.echo(line)
