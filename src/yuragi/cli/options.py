"""Options that hand-written commands share; those of tasks come from their request classes."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

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
]

ModelOption = Annotated[
    str, typer.Option("--model", help="Shipped model or pipeline directory.", metavar="NAME|PATH")
]
DeviceOption = Annotated[
    str | None, typer.Option(help="PyTorch device; by default the GPU when there is one.")
]
OverwriteOption = Annotated[bool, typer.Option("--overwrite", help="Replace existing files.")]
QuietOption = Annotated[bool, typer.Option("--quiet", "-q", help="No progress bar.")]
ConfigOption = Annotated[
    Path | None, typer.Option("--config", help="Recipe (TOML); by default the shipped model's.")
]
RunsOption = Annotated[Path, typer.Option("--runs", help="Folder for checkpoints and logs.")]
DataOption = Annotated[
    Path | None, typer.Option("--data", help="Folder for drawings; by default in ~/.cache.")
]
JsonOption = Annotated[bool, typer.Option("--json", help="Print one line of JSON instead.")]
PicturesOption = Annotated[
    Path | None, typer.Option(help="Folder for figures; needs the extra lab.", metavar="DIR")
]
ReportOption = Annotated[Path, typer.Option("--output", "-o", help="File for the report (JSON).")]
