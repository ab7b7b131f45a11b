"""The command `yuragi verify`."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer

from yuragi.cli.answer import answer
from yuragi.cli.options import JsonOption
from yuragi.errors import InputError
from yuragi.provenance.read import anchors
from yuragi.provenance.verdict import EXIT
from yuragi.provenance.verdict import verify as verified

__all__ = ["verify"]


def verify(
    image: Annotated[Path, typer.Argument(help="Picture file (PNG, JPEG, WebP, GIF or TIFF).")],
    trust: Annotated[
        list[Path] | None,
        typer.Option(
            help="Certificates (PEM) whose holders you trust to say who signed, beside those in "
            "the folder credentials/trusted of the folder for data.",
            metavar="FILE",
        ),
    ] = None,
    json: JsonOption = False,
) -> None:
    """Say who made a picture, from what and by which edit, and whether it was altered since.

    Exit codes: 0 if it was not altered and its signer is trusted, 1 if it was altered, 3 if it has
    no credentials, 4 if they cannot be read safely, 5 if it was not altered but nobody vouches for
    the signer.
    """
    try:
        data = image.read_bytes()
    except FileNotFoundError as error:
        raise InputError("image", str(image), "", "the file is missing") from error
    except IsADirectoryError as error:
        raise InputError("image", str(image), "a file", "this is a folder") from error
    except OSError as error:  # its exit code would be that of an altered file
        reason = f"the file cannot be read: {error.strerror or error}"
        raise InputError("image", str(image), "", reason) from error
    found = verified(data, anchors(trust or []), str(image))
    answer(json, {**asdict(found), "sentences": found.sentences}, *found.sentences)
    raise typer.Exit(EXIT[found.verdict])
