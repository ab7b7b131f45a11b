"""Options that several commands share."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

__all__ = [
    "CandidatesOption",
    "ConfigOption",
    "DataOption",
    "DeviceOption",
    "EmbedOption",
    "EncoderOption",
    "EtaOption",
    "GainOption",
    "GammaOption",
    "JsonOption",
    "MaskOption",
    "ModelOption",
    "NegativeOption",
    "OverwriteOption",
    "PictureArgument",
    "PicturesOption",
    "PixelsOption",
    "PromptOption",
    "QuietOption",
    "RefreshOption",
    "ReportOption",
    "ResizeOption",
    "ResultOption",
    "RunsOption",
    "SamplerOption",
    "ScaleOption",
    "SeedOption",
    "SolverOption",
    "SourcePromptOption",
    "SourceScaleOption",
    "StepsOption",
    "StrengthOption",
    "number_or_word",
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
PictureArgument = Annotated[
    Path, typer.Argument(help="Picture to edit (PNG, JPEG, WebP, ...).", metavar="IMAGE")
]
ResultOption = Annotated[Path, typer.Option("--output", "-o", help="PNG to write.")]
MaskOption = Annotated[
    Path | None,
    typer.Option(help="Picture of the same size: white may change, black stays as it is."),
]
PromptOption = Annotated[str, typer.Option(help="What the result shows.")]
SourcePromptOption = Annotated[str, typer.Option(help="What the picture shows now.")]
NegativeOption = Annotated[str, typer.Option(help="What to stay away from.")]
SamplerOption = Annotated[str, typer.Option(help="sde (with noise), ode (without), or adaptive.")]
SolverOption = Annotated[
    str | None, typer.Option(help="Instead of the sampler's own, e.g. sde-dpm++2m.")
]
EtaOption = Annotated[
    float | None,
    typer.Option(help="Noise of solver ddim: 0 is the ODE, 1 the SDE, at most 1.5."),
]
StepsOption = Annotated[int | None, typer.Option(help="Levels over the whole time axis; 50.")]
StrengthOption = Annotated[
    float | None,
    typer.Option(
        "--strength",
        "--t0",
        help="Share of the time axis to climb: higher is more realistic, less true.",
    ),
]
ScaleOption = Annotated[float | None, typer.Option(help="Guidance scale; 1 is off.")]
EncoderOption = Annotated[
    str,
    typer.Option(help="chain, or independent (edit-friendly), with the samplers sde and adaptive."),
]
SourceScaleOption = Annotated[float, typer.Option(help="Guidance scale of the picture's side.")]
CandidatesOption = Annotated[int, typer.Option("--number", "-n", help="How many candidates.")]
EmbedOption = Annotated[
    bool, typer.Option(help="Carry the input in the result, so that it alone can be replayed.")
]
PixelsOption = Annotated[int, typer.Option(help="Refuse larger pictures.")]
ResizeOption = Annotated[
    int | None,
    typer.Option(help="Scale the picture first: its longer side in pixels.", metavar="PIXELS"),
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
JsonOption = Annotated[
    Path | None, typer.Option("--json", help="File for the tables; - or nothing prints them.")
]
PicturesOption = Annotated[
    Path | None, typer.Option(help="Folder for figures; needs the extra lab.", metavar="DIR")
]
ReportOption = Annotated[
    Path | None, typer.Option("--output", "-o", help="JSON file; by default printed.")
]


def number_or_word(text: str | None) -> float | str | None:
    """A number, or a word for the request to judge."""
    try:
        return None if text is None else float(text)
    except ValueError:
        return text
