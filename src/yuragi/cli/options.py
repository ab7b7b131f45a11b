"""Options that hand-written commands share; a task's options come from its request class."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

__all__ = [
    "ConfigOption",
    "DataOption",
    "DeviceOption",
    "JsonOption",
    "ModelOption",
    "OverwriteOption",
    "PicturesOption",
    "QuietOption",
    "ReportOption",
    "RunsOption",
    "seed_option",
]


def seed_option(help: str) -> Any:
    """The option ``--seed``, which refuses negative numbers: NumPy takes none."""
    return typer.Option(help=help, min=0)


ModelOption = Annotated[
    str,
    typer.Option("--model", help="Name of a model, or path of a pipeline.", metavar="NAME|PATH"),
]
DeviceOption = Annotated[
    str | None,
    typer.Option(
        help="PyTorch device on which the model runs; by default the GPU if there is one."
    ),
]
OverwriteOption = Annotated[bool, typer.Option("--overwrite", help="Replace existing files.")]
QuietOption = Annotated[
    bool,
    typer.Option("--quiet", "-q", help="Hide the progress bar and the messages before a run."),
]
ConfigOption = Annotated[
    Path | None,
    typer.Option(
        "--config", help="Training recipe (TOML file); by default that of the shipped model."
    ),
]
RunsOption = Annotated[Path, typer.Option("--runs", help="Folder for checkpoints and logs.")]
DataOption = Annotated[
    Path | None,
    typer.Option("--data", help="Folder for the generated drawings; by default inside ~/.cache."),
]
JsonOption = Annotated[bool, typer.Option("--json", help="Print one line of JSON instead.")]
PicturesOption = Annotated[
    Path | None,
    typer.Option(help="Folder for figures; needs the optional dependencies lab.", metavar="DIR"),
]
ReportOption = Annotated[Path, typer.Option("--output", "-o", help="File for the report (JSON).")]
