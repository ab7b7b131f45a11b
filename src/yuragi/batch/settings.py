"""The options of a batch, from which those of its command are made."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

from pydantic import Field

from yuragi.batch.engines import ENGINES, Engine
from yuragi.batch.engines.local import Local
from yuragi.options.one_of import OneOf
from yuragi.options.option import Option
from yuragi.options.values import Strict
from yuragi.provenance.signing import Signing

__all__ = ["Batch", "Files"]


class Files(Strict):
    """How the files of results are written. It does not change results that exist."""

    format: Annotated[Literal["png", "jpg", "webp"], Option("Format of the pictures.")] = "png"
    embed: Annotated[
        bool,
        Option("Store the input pictures inside the results, so that each alone can be replayed."),
    ] = True
    mark: Annotated[
        bool, Option("Draw a small label in a corner that says that a model made the picture.")
    ] = False
    signing: Signing = Signing()


class Batch(Strict):
    """What to make, where to store results, and which engine makes them."""

    manifest: Annotated[
        str,
        Option(
            "Requests: a .jsonl, .csv or .parquet file, or its URL (fsspec).",
            positional=True,
            metavar="MANIFEST",
        ),
    ]
    output: Annotated[
        str,
        Option(
            "Folder of the results, or any URL of fsspec, such as s3://bucket/folder. What is "
            "there already is not made again.",
            also="-o",
            metavar="PATH|URL",
        ),
    ]
    engine: Annotated[
        Engine,
        OneOf("engine", ENGINES),
        Option("Who makes them: this process, a Ray cluster, or a service (yuragi serve)."),
    ] = Local()
    seed: Annotated[
        Annotated[int, Field(ge=0, lt=2**63)],
        Option("With the content of a row, it decides the seed of a row that gives none."),
    ] = 0
    skip_invalid: Annotated[
        bool,
        Option(
            "Make the other rows if some are not valid, which failures.csv then lists; without "
            "it, nothing is made."
        ),
    ] = False
    files: Files = Files()
    policy: Annotated[
        Path | None,
        Option(
            "File of a policy, which can refuse requests before they run.",
            metavar="PATH",
            advanced=True,
        ),
    ] = None
