"""Options that several commands share."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

__all__ = [
    "ConfigOption",
    "DataOption",
    "DeviceOption",
    "GainOption",
    "GammaOption",
    "ModelOption",
    "OverwriteOption",
    "QuietOption",
    "RefreshOption",
    "ReportOption",
    "RunsOption",
    "SeedOption",
]

ModelOption = Annotated[
    str, typer.Option("--model", help="Shipped model or pipeline directory.", metavar="NAME|PATH")
]
DeviceOption = Annotated[
    str | None, typer.Option(help="PyTorch device; by default the GPU when there is one.")
]
SeedOption = Annotated[
    int | None, typer.Option(help="0 or more; drawn at random by default, and shown.")
]
GainOption = Annotated[
    str, typer.Option(help="Factor on guidance: plain, reg, reg_forward, ratio or scheduled.")
]
GammaOption = Annotated[
    str | None,
    typer.Option(help="With --gain ratio: 0 (default) to 1 for classes far apart, or auto."),
]
RefreshOption = Annotated[int, typer.Option(help="Measure the gain every so many evaluations.")]
OverwriteOption = Annotated[bool, typer.Option("--overwrite", help="Replace existing files.")]
QuietOption = Annotated[bool, typer.Option("--quiet", "-q", help="No progress bar.")]
ConfigOption = Annotated[
    Path | None, typer.Option("--config", help="Recipe (TOML); by default the shipped model's.")
]
RunsOption = Annotated[Path, typer.Option("--runs", help="Folder for checkpoints and logs.")]
DataOption = Annotated[
    Path | None, typer.Option("--data", help="Folder for drawings; by default in ~/.cache.")
]
ReportOption = Annotated[
    Path | None, typer.Option("--output", "-o", help="JSON file; by default printed.")
]
