"""`yuragi train`: recipes for models. Every command resumes where it was stopped."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from yuragi.cli.answer import answer
from yuragi.cli.files import check_folder, check_output
from yuragi.cli.loading import LOADING, loads
from yuragi.cli.options import (
    ConfigOption,
    DataOption,
    DeviceOption,
    JsonOption,
    OverwriteOption,
    RunsOption,
    seed_option,
)
from yuragi.cli.progress import progress, say
from yuragi.errors import InputError

if TYPE_CHECKING:
    from yuragi.models.model import DiffusionModel

__all__ = ["app"]

app = typer.Typer(
    help="Train the portrait model (extra: train), or one of Fashion-MNIST.", no_args_is_help=True
)

RUNS = Path("runs")


@app.command()
def autoencoder(
    config: ConfigOption = None,
    runs: RunsOption = RUNS,
    data: DataOption = None,
    device: DeviceOption = None,
    json: JsonOption = False,
) -> None:
    """Draw the portraits and train the autoencoder on them."""
    decibels = _autoencoder(config, runs, data, device)
    folder = runs / "autoencoder"
    answer(json, {"psnr": decibels, "files": [folder]}, folder)
    say(f"PSNR on the validation split: {decibels:.2f} dB")


def _autoencoder(config: Path | None, runs: Path, data: Path | None, device: str | None) -> float:
    from yuragi.device import pick_device
    from yuragi.folders import cache_folder
    from yuragi.research.cli.progress import training
    from yuragi.research.train import recipe as steps
    from yuragi.research.train.config import read_recipe

    recipe = read_recipe(config)
    check_folder("runs", runs)
    with progress("drawing") as on_draw, training("autoencoder") as on_report:
        return steps.run_autoencoder(
            recipe, runs, data or cache_folder("portraits"), pick_device(device), on_draw, on_report
        )


@app.command()
def denoiser(
    config: ConfigOption = None,
    runs: RunsOption = RUNS,
    data: DataOption = None,
    device: DeviceOption = None,
    json: JsonOption = False,
) -> None:
    """Encode the portraits and train the text encoder and the UNet on the latents."""
    _denoiser(config, runs, data, device)
    folder = runs / "denoiser"
    answer(json, {"files": [folder]}, folder)


def _denoiser(config: Path | None, runs: Path, data: Path | None, device: str | None) -> None:
    from yuragi.device import pick_device
    from yuragi.folders import cache_folder
    from yuragi.research.cli.progress import training
    from yuragi.research.train import recipe as steps
    from yuragi.research.train.config import read_recipe

    recipe = read_recipe(config)
    check_folder("runs", runs)
    with progress("encoding") as on_encode, training("denoiser") as on_report:
        steps.run_denoiser(
            recipe,
            runs,
            data or cache_folder("portraits"),
            pick_device(device),
            on_encode,
            on_report,
        )


@app.command("all")
def all_(
    output: Annotated[Path, typer.Option("--output", "-o", help="Folder for the new pipeline.")],
    config: ConfigOption = None,
    runs: RunsOption = RUNS,
    data: DataOption = None,
    device: DeviceOption = None,
    json: JsonOption = False,
) -> None:
    """Train everything, and write the pipeline: autoencoder, denoiser, export.

    If it was stopped, start it again: it resumes, and leaves finished parts as they are.
    """
    if output.exists() and not (output / "model_index.json").is_file():
        raise InputError("output", str(output), "a new folder, or a pipeline to replace")
    check_folder("output", output)
    decibels = _autoencoder(config, runs, data, device)
    _denoiser(config, runs, data, device)
    step = _export(output, config, runs, data, device)
    answer(json, {"files": [output], "step": step, "psnr": decibels}, output)
    say(f"denoiser at step {step}; PSNR on the validation split: {decibels:.2f} dB")


@app.command()
def sprint(
    output: Annotated[
        Path, typer.Option("--output", "-o", help="Folder for the packed checkpoint and report.")
    ],
    minutes: Annotated[
        float,
        typer.Option(help="Minutes of the whole run, including drawing and measuring.", min=0),
    ] = 9.0,
    autoencoder_minutes: Annotated[
        float, typer.Option(help="How many of them are for the autoencoder; 0 skips it.", min=0)
    ] = 0.0,
    reserve_minutes: Annotated[
        float, typer.Option(help="How many of them are for packing, export and measuring.", min=0)
    ] = 1.0,
    batch_factor: Annotated[
        int, typer.Option(help="Batch size, as a multiple of the recipe's.", min=1)
    ] = 16,
    number: Annotated[
        int, typer.Option("--number", "-n", help="Number of portraits to judge.", min=1)
    ] = 256,
    seed: Annotated[int, seed_option("Seed of the judged portraits.")] = 0,
    config: ConfigOption = None,
    runs: RunsOption = RUNS,
    data: DataOption = None,
    device: DeviceOption = None,
    json: JsonOption = False,
) -> None:
    """Train against the clock, on a GPU that is available for minutes.

    It resumes from the checkpoint in the run folders, if there is one, and every other command can
    resume from its checkpoint. The output is a few files of at most 16 MiB that `unpack` reads.
    """
    from yuragi.device import pick_device
    from yuragi.folders import cache_folder
    from yuragi.research.cli.progress import phases, training
    from yuragi.research.train.config import read_recipe
    from yuragi.research.train.sprint import Plan
    from yuragi.research.train.sprint import sprint as run

    recipe = read_recipe(config)
    plan = Plan(minutes, autoencoder_minutes, reserve_minutes, batch_factor, number, seed)
    check_folder("output", output)
    check_folder("runs", runs)
    with phases() as on_progress, training("training") as on_report:
        report = run(
            recipe,
            plan,
            runs,
            data or cache_folder("portraits"),
            output,
            pick_device(device),
            on_progress,
            on_report,
        )
    answer(json, report | {"files": [output]}, output)
    accuracies = report["measured"]["mean_accuracy"]
    say(
        f"{report['samples_of_this_run']} samples, {report['samples_seen']} in all; the judge sees "
        f"{accuracies['generated']:.1%} of the labels without eyebrows (on drawings "
        f"{accuracies['drawings']:.1%})"
    )


@app.command()
def pack(
    output: Annotated[Path, typer.Option("--output", "-o", help="Folder for the files.")],
    largest: Annotated[int, typer.Option(help="Maximum size of a file, in MiB.", min=1)] = 16,
    runs: RunsOption = RUNS,
    json: JsonOption = False,
) -> None:
    """Pack the checkpoints into a few small files, in half precision, for another machine."""
    from yuragi.research.train.packing import pack as run

    check_folder("output", output)
    files = run(runs, output, largest)
    answer(json, {"files": files}, *files)


@app.command()
def unpack(
    folder: Annotated[Path, typer.Argument(help="Folder with the files of `pack` or `sprint`.")],
    runs: RunsOption = RUNS,
    overwrite: Annotated[
        bool, typer.Option("--overwrite", help="Replace the checkpoints of existing runs.")
    ] = False,
    json: JsonOption = False,
) -> None:
    """Start run folders from packed checkpoints, to train them further or to export them."""
    from yuragi.research.train.packing import unpack as run

    check_folder("runs", runs)
    steps = run(folder, runs, overwrite)
    answer(json, {"files": [runs], "steps": steps}, runs)
    say("; ".join(f"{part} at step {step}" for part, step in steps.items()))


@app.command()
def judge(
    output: Annotated[
        Path | None, typer.Option("--output", "-o", help="Also write the weights (.safetensors).")
    ] = None,
    config: ConfigOption = None,
    runs: RunsOption = RUNS,
    data: DataOption = None,
    device: DeviceOption = None,
    overwrite: OverwriteOption = False,
    json: JsonOption = False,
) -> None:
    """Train the classifier that judges portraits in benchmarks; one ships with the package."""
    from yuragi.device import pick_device
    from yuragi.folders import cache_folder
    from yuragi.research.cli.progress import training
    from yuragi.research.train import recipe as steps
    from yuragi.research.train.config import read_recipe

    recipe = read_recipe(config)
    if output is not None:
        check_output("output", output, [], overwrite, (".safetensors",))
    check_folder("runs", runs)
    with progress("drawing") as on_draw, training("judge") as on_report:
        hits = steps.run_judge(
            recipe,
            runs,
            data or cache_folder("portraits"),
            pick_device(device),
            output,
            on_draw,
            on_report,
        )
    files = [] if output is None else [output]
    told = {"accuracy": hits, "files": files}
    answer(json, told, *files)
    say(f"right on the validation split: {hits:.1%}")


@app.command()
def wholeness(
    output: Annotated[
        Path | None,
        typer.Option("--output", "-o", help="File for the weights; by default none."),
    ] = None,
    runs: RunsOption = RUNS,
    data: DataOption = None,
    device: DeviceOption = None,
    overwrite: OverwriteOption = False,
    json: JsonOption = False,
) -> None:
    """Train the network that detects damaged results of drags; one ships with the package."""
    from yuragi.device import pick_device
    from yuragi.folders import cache_folder
    from yuragi.research.cli.progress import training
    from yuragi.research.train.wholeness import (
        DRAGS,
        FIT,
        drawn,
        train_wholeness,
        write_wholeness,
    )

    if output is not None:
        check_output("output", output, [], overwrite, (".safetensors",))
    check_folder("runs", runs)
    with progress("dragging") as on_draw, training("wholeness") as on_report:
        drags = drawn(DRAGS, data or cache_folder("drags"), on_draw)
        folder = runs / "wholeness"
        network = train_wholeness(drags, FIT, folder, pick_device(device), on_report)
    files = [] if output is None else [output]
    if output is not None:
        write_wholeness(network, output)
    answer(json, {"files": files}, *files)
    say(f"{FIT.steps} steps on {len(drags)} drags")


@app.command()
def fashion(
    output: Annotated[
        Path, typer.Option("--output", "-o", help="Folder for the two pipelines and the judge.")
    ],
    config: Annotated[
        Path | None,
        typer.Option("--config", help="Training recipe (TOML file); by default the shipped one."),
    ] = None,
    runs: RunsOption = RUNS / "fashion",
    data: Annotated[
        Path | None,
        typer.Option(
            "--data",
            help="Folder with the files of Fashion-MNIST; by default where Debian's package "
            "dataset-fashion-mnist installs them.",
        ),
    ] = None,
    device: DeviceOption = None,
    json: JsonOption = False,
) -> None:
    """Train a small class-conditional model of Fashion-MNIST and a weaker sibling.

    It takes about five minutes on one fast processor core. If it was stopped, start it again: it
    resumes, and leaves finished parts as they are. Guidance can push the model in OUTPUT/model away
    from OUTPUT/weak (--guidance auto --weak-model).
    """
    from yuragi.device import pick_device
    from yuragi.research.cli.progress import phased_training
    from yuragi.research.train.fashion.config import read_fashion_recipe
    from yuragi.research.train.fashion.data import FOLDER
    from yuragi.research.train.fashion.recipe import JUDGE, MODEL, WEAK, train_fashion

    recipe = read_fashion_recipe(config)
    check_folder("output", output)
    check_folder("runs", runs)
    with phased_training() as on_part:
        found = train_fashion(recipe, runs, data or FOLDER, output, pick_device(device), on_part)
    files = [output / name for name in (MODEL, WEAK, JUDGE)]
    answer(json, vars(found) | {"files": files}, *files)
    say(
        f"PSNR of round trips {found.psnr:.2f} dB; the judge is right about {found.accuracy:.1%} "
        f"of the test split; denoisers at steps {found.steps[0]} and {found.steps[1]}"
    )


@app.command("import")
def import_(
    model: Annotated[str, typer.Argument(help="Name of a model, or path of a pipeline.")],
    config: ConfigOption = None,
    runs: RunsOption = RUNS,
    json: JsonOption = False,
) -> None:
    """Start new run folders from an exported pipeline, to train it further."""
    from yuragi.models.names import model_path
    from yuragi.research.train import recipe as steps
    from yuragi.research.train.config import read_recipe

    check_folder("runs", runs)
    steps.import_pipeline(read_recipe(config), runs, model_path(model))
    answer(json, {"files": [runs]}, runs)


@app.command()
def export(
    output: Annotated[Path, typer.Option("--output", "-o", help="Folder for the new pipeline.")],
    config: ConfigOption = None,
    runs: RunsOption = RUNS,
    data: DataOption = None,
    device: DeviceOption = None,
    overwrite: Annotated[
        bool, typer.Option("--overwrite", help="Replace an existing pipeline.")
    ] = False,
    json: JsonOption = False,
) -> None:
    """Write the trained parts, finished or not, as a Stable Diffusion pipeline.

    It is calibrated on held-out portraits, so that edits recognise pictures that it does not know.
    """
    if output.exists() and not overwrite:
        raise InputError("output", str(output), "a new folder, or --overwrite")
    check_folder("output", output)
    step = _export(output, config, runs, data, device)
    answer(json, {"files": [output], "step": step}, output)
    say(f"denoiser at step {step}")


def _export(
    output: Path, config: Path | None, runs: Path, data: Path | None, device: str | None
) -> int:
    from yuragi.folders import cache_folder
    from yuragi.models.names import load_model
    from yuragi.models.opening import Opening
    from yuragi.research.train import recipe as steps
    from yuragi.research.train.config import read_recipe
    from yuragi.research.train.familiarity import HELD_OUT, calibrate_portraits

    step = steps.export_pipeline(read_recipe(config), runs, output)
    loaded = load_model(output, Opening(device=device))
    with progress("calibrating") as on_progress:
        calibrate_portraits(loaded, data or cache_folder("portraits"), HELD_OUT, on_progress)
    return step


@app.command()
@loads
def familiarity(
    model: Annotated[str, typer.Argument(help="Name of a model, or path of a pipeline.")],
    number: Annotated[
        int, typer.Option("--number", "-n", help="Number of held-out portraits, 128 or more.")
    ] = 512,
    data: DataOption = None,
    overwrite: OverwriteOption = False,
    json: JsonOption = False,
) -> None:
    """Calibrate which pictures a portrait model knows; `export` does this too."""
    from yuragi.folders import cache_folder
    from yuragi.models.familiarity import FAMILIARITY
    from yuragi.research.train.familiarity import calibrate_portraits

    loaded = _to_measure(model, FAMILIARITY, overwrite)
    with progress("calibrating") as on_progress:
        path = calibrate_portraits(loaded, data or cache_folder("portraits"), number, on_progress)
    answer(json, {"files": [path]}, path)


@app.command()
@loads
def table(
    model: Annotated[str, typer.Argument(help="Name of a model, or path of a pipeline.")],
    number: Annotated[
        int,
        typer.Option("--number", "-n", help="Number of held-out portraits to measure on.", min=1),
    ] = 512,
    seed: Annotated[int, seed_option("Seed of noise and captions.")] = 0,
    data: DataOption = None,
    overwrite: OverwriteOption = False,
    json: JsonOption = False,
) -> None:
    """Measure the table of `--gain scheduled` and write it into the model's folder."""
    from yuragi.folders import cache_folder
    from yuragi.research.train.table import write_table
    from yuragi.tasks.guidance.gains import TABLE

    loaded = _to_measure(model, TABLE, overwrite)
    with progress("measuring") as on_progress:
        path = write_table(loaded, data or cache_folder("portraits"), number, seed, on_progress)
    answer(json, {"files": [path]}, path)


def _to_measure(model: str, file: str, overwrite: bool) -> DiffusionModel:
    """The loaded model, after a check that the measured file can be written to its folder."""
    from yuragi.models.names import load_model, model_path

    check_output("model", model_path(model) / file, [], overwrite, (".json",))
    return load_model(model, LOADING.get())
