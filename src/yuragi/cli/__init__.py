"""The command line: `yuragi EDIT | sample | replay | models | train | bench | lab`.

Commands only read options, build a request, run it and write files. PyTorch is imported inside
them, so that ``yuragi --help`` answers at once. Exit codes: 0 done, 1 a replay that differs or a
file that could not be written, 2 bad input (one line that names the argument), 130 interrupted.
"""

from __future__ import annotations

import os
import sys
import warnings
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, TextIO, cast

import typer

from yuragi import __version__
from yuragi.cli import bench, edit, lab, models, train
from yuragi.cli.drag import drag
from yuragi.cli.loading import DTYPES, LOADING, OFFLOADS, Loading
from yuragi.cli.progress import say
from yuragi.cli.replay import replay
from yuragi.cli.sample import sample
from yuragi.errors import InputError, YuragiError

if TYPE_CHECKING:
    from yuragi.adapters import Offload

__all__ = ["app", "main"]

# What an argument is called on the command line.
OPTIONS = {
    "points": "--point",
    "point": "--point",
    "regions": "--region",
    "region": "--region",
    "num_images": "--number",
    "num_inference_steps": "--steps",
    "guidance_scale": "--scale",
    "timestep_spacing": "--spacing",
    "rule": "--guidance",
    "steps": "--interval",
    "guidance": "--guidance",
    "weak_model": "--weak-model",
    "source_prompt": "--source-prompt",
    "negative_prompt": "--negative-prompt",
    "source_guidance_scale": "--source-scale",
    "mask_strength": "--mask-strength",
    "mask_samples": "--mask-samples",
    "mask_threshold": "--mask-threshold",
    "save_mask": "--save-mask",
    "allow_pickle": "--allow-pickle",
    "model_config": "--model-config",
    "lora_rank": "--lora-rank",
    "lora_steps": "--lora-steps",
    "lora_learning_rate": "--lora-learning-rate",
} | {
    name: f"--{name}"
    for name in (
        "animation",
        "arm",
        "batch",
        "compare",
        "config",
        "device",
        "dtype",
        "each",
        "encoder",
        "enlarge",
        "eta",
        "expand",
        "features",
        "gain",
        "gamma",
        "height",
        "interval",
        "json",
        "mask",
        "move",
        "number",
        "offline",
        "offload",
        "model",
        "output",
        "pictures",
        "power",
        "preset",
        "prompt",
        "refresh",
        "repeats",
        "resample",
        "resize",
        "rotate",
        "runs",
        "sampler",
        "seed",
        "select",
        "sheet",
        "side",
        "solver",
        "source",
        "start",
        "strength",
        "suite",
        "stress",
        "table",
        "width",
    )
}

app = typer.Typer(
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)
for command in (
    drag,
    edit.inpaint,
    edit.sdedit,
    edit.translate,
    edit.diffedit,
    edit.invert,
    sample,
    replay,
):
    app.command()(command)
app.add_typer(models.app, name="models")
app.add_typer(train.app, name="train")
app.add_typer(bench.app, name="bench")
app.add_typer(lab.app, name="lab")


def _show_version(value: bool) -> None:
    if value:
        typer.echo(f"yuragi {__version__}")
        raise typer.Exit


@app.callback()
def root(
    version: Annotated[
        bool,
        typer.Option("--version", callback=_show_version, is_eager=True, help="Show the version."),
    ] = False,
    offline: Annotated[
        bool, typer.Option("--offline", help="Never ask the hub for a model.")
    ] = False,
    allow_pickle: Annotated[
        bool,
        typer.Option("--allow-pickle", help="Read .bin and .ckpt weights, as plain tensors only."),
    ] = False,
    dtype: Annotated[
        str | None, typer.Option(help="Precision of weights: float32, float16 or bfloat16.")
    ] = None,
    model_config: Annotated[
        Path | None,
        typer.Option(help="For a single-file model: the folder of a pipeline of its kind."),
    ] = None,
    offload: Annotated[
        str | None,
        typer.Option(help="Weights wait in main memory, a model at a time or sequential (least)."),
    ] = None,
    vae_tiling: Annotated[
        bool, typer.Option("--vae-tiling", help="Pictures through the autoencoder in tiles.")
    ] = False,
    compile: Annotated[
        bool, typer.Option("--compile", help="Compile the network; pays after many pictures.")
    ] = False,
) -> None:
    """Edit images with pretrained diffusion models, without retraining them.

    The options here are about loading models, and come before the command.
    """
    if offline:  # also for libraries that ask by themselves
        os.environ["HF_HUB_OFFLINE"] = "1"
    if dtype is not None and dtype not in DTYPES:
        raise InputError("dtype", dtype, "one of " + ", ".join(DTYPES))
    if offload is not None and offload not in OFFLOADS:
        raise InputError("offload", offload, "one of " + ", ".join(OFFLOADS))
    chosen = cast("Offload | None", offload)
    LOADING.set(Loading(dtype, model_config, offline, allow_pickle, chosen, vae_tiling, compile))


def _warned(
    message: Warning | str,
    category: type[Warning],
    filename: str,
    lineno: int,
    file: TextIO | None = None,
    line: str | None = None,
) -> None:
    """A warning as one line, without the place in our code that it comes from."""
    say(f"warning: {message}")


def main() -> None:
    """Entry point: one line for an expected error, no traceback."""
    # transformers announces at import that torchvision is missing; nothing here needs it.
    os.environ.setdefault("TRANSFORMERS_VERBOSITY", "error")
    os.environ.setdefault("DIFFUSERS_VERBOSITY", "error")
    try:
        with warnings.catch_warnings():
            warnings.showwarning = _warned
            app()
    except InputError as error:
        name = OPTIONS.get(error.argument, error.argument)
        say(f"error: {InputError(name, error.value, error.allowed)}")
        sys.exit(2)
    except YuragiError as error:
        say(f"error: {error}")
        sys.exit(2)
    except OSError as error:
        say(f"error: {error}")
        sys.exit(1)
