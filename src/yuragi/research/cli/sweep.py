"""`yuragi sweep`: rules, gains, scales, solvers and steps; interrupted commands resume."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from yuragi.cli.files import check_folder, check_report
from yuragi.cli.groups import grouped
from yuragi.cli.loading import opening_on
from yuragi.cli.options import DataOption, DeviceOption, JsonOption, ModelOption, ReportOption
from yuragi.cli.progress import progress
from yuragi.errors import InputError
from yuragi.research.cli.options import FashionArgument, within

if TYPE_CHECKING:
    import torch

    from yuragi.research.sweep.draw import Sampler
    from yuragi.research.sweep.grid import Point
    from yuragi.research.sweep.run import Real

__all__ = ["app"]

app = typer.Typer(
    help="Sweep guidance and solvers, and report fronts of quality, diversity and cost.",
    no_args_is_help=True,
)

RowsOption = Annotated[
    Path, typer.Option("--rows", help="File with a line for every finished point.")
]


@dataclass(frozen=True)
class Grid:
    """The grid of a sweep: a preset, with the user's changes."""

    preset: Annotated[
        str,
        typer.Option(
            help="Protocol: reg-dit, reg-edm2 and reg-text are those of the REG paper; small is "
            "for small models."
        ),
    ] = "small"
    rules: Annotated[
        str | None,
        typer.Option(
            help="Weight rules instead of the preset's, such as cfg,interval:0.28:2.9,auto.",
            metavar="RULE,...",
        ),
    ] = None
    gains: Annotated[
        str | None,
        typer.Option(
            help="Gains instead of the preset's, such as plain,ratio:0.25.", metavar="GAIN,..."
        ),
    ] = None
    scales: Annotated[
        str | None,
        typer.Option(help="Guidance scales instead of the preset's.", metavar="SCALE,..."),
    ] = None
    solvers: Annotated[
        str | None, typer.Option(help="Solvers instead of the preset's.", metavar="NAME,...")
    ] = None
    steps: Annotated[
        str | None,
        typer.Option(
            help="Steps instead of the preset's, such as plain=8+16,ratio=8; other gains have "
            "those of plain.",
            metavar="GAIN=N+N,...",
        ),
    ] = None
    number: Annotated[
        int | None,
        typer.Option(
            "--number",
            "-n",
            help="Pictures per point, instead of the preset's.",
            callback=within(12, why=" pictures per point"),
        ),
    ] = None
    seed: Annotated[int, typer.Option(help="Picture k has this seed + k at every point.")] = 0
    draws: Annotated[
        int,
        typer.Option(help="Random halves of the pictures for intervals and paired tests.", min=10),
    ] = 60

    def points(self, weaker: bool) -> tuple[list[Point], int]:
        """The points, and the number of pictures of each.

        Args:
            weaker: whether there is a weaker model.
        """
        from yuragi.research.sweep.grid import grid
        from yuragi.research.sweep.presets import PRESETS

        if self.preset not in PRESETS:
            raise InputError("preset", self.preset, "one of " + ", ".join(PRESETS))
        held = PRESETS[self.preset]
        given = grid(
            _split(self.rules) or held.rules_for(weaker),
            _split(self.gains) or held.gains,
            _numbers("scales", self.scales) or held.scales,
            _split(self.solvers) or [held.solver],
            _steps(self.steps) or held.steps,
            held.spacing,
        )
        return given, held.n if self.number is None else self.number


@app.command()
@grouped
def run(
    *,
    real: Annotated[Path, typer.Option(help="Folder with real pictures.")],
    model: ModelOption = "portraits",
    weak_model: Annotated[
        str | None, typer.Option(help="Weaker model for autoguidance.", metavar="NAME|PATH")
    ] = None,
    prompts: Annotated[
        Path | None,
        typer.Option(help="Text file with one prompt per line; by default every class in turn."),
    ] = None,
    features: Annotated[
        str, typer.Option(help="Feature backend; see yuragi measure sets.", metavar="NAME[:WHERE]")
    ] = "efflite0",
    grid: Grid,
    rows: RowsOption = Path("runs/sweep/rows.jsonl"),
    output: ReportOption = Path("out/sweep.json"),
    device: DeviceOption = None,
    json: JsonOption = False,
) -> None:
    """Sweep any model against a folder of real pictures."""
    from yuragi.models.names import load_model, load_weak
    from yuragi.research.measure.folder import Pictures
    from yuragi.research.metrics.backends import open_backend
    from yuragi.research.sweep.draw import Sampler
    from yuragi.research.sweep.prompts import prompts_for
    from yuragi.research.sweep.run import Real

    pictures = Pictures(real)
    loaded = load_model(model, opening_on(device))
    weak, words = load_weak(weak_model, loaded), prompts_for(loaded, prompts)
    sampler = Sampler(loaded, weak, words, grid.seed)
    backend = open_backend(features, loaded.device)
    true = Real.of(backend, pictures.batches())
    _sweep("sweep", grid, sampler, true, rows, output, json)


@app.command()
@grouped
def fashion(
    *,
    models: FashionArgument,
    data: Annotated[
        Path | None, typer.Option(help="Folder with the files of Fashion-MNIST.")
    ] = None,
    against: Annotated[
        int, typer.Option(help="Real pictures of the test split to compare with.", min=6)
    ] = 2000,
    grid: Grid,
    rows: RowsOption = Path("runs/sweep/fashion.jsonl"),
    output: ReportOption = Path("out/sweep-fashion.json"),
    device: DeviceOption = None,
    json: JsonOption = False,
) -> None:
    """Sweep the Fashion-MNIST models against the test split, and count right classes."""
    from yuragi.research.sweep.fashion import fashion_real, fashion_sampler
    from yuragi.research.train.fashion.data import FOLDER

    sampler = fashion_sampler(models, grid.seed, opening_on(device))
    true = fashion_real(models, data or FOLDER, against, sampler.model.device)
    _sweep("sweep fashion", grid, sampler, true, rows, output, json)


@app.command()
@grouped
def portraits(
    *,
    model: ModelOption = "portraits",
    weak_model: Annotated[
        str | None, typer.Option(help="Weaker model for autoguidance.", metavar="NAME|PATH")
    ] = None,
    data: DataOption = None,
    grid: Grid,
    rows: RowsOption = Path("runs/sweep/portraits.jsonl"),
    output: ReportOption = Path("out/sweep-portraits.json"),
    device: DeviceOption = None,
    json: JsonOption = False,
) -> None:
    """Sweep a portrait model against drawings, and count how much of the prompts pictures show."""
    from yuragi.folders import cache_folder
    from yuragi.research.sweep.portraits import portraits_sweep

    _, n = grid.points(weak_model is not None)
    where = data or cache_folder("portraits")
    sampler, true = portraits_sweep(model, weak_model, n, grid.seed, where, opening_on(device))
    _sweep("sweep portraits", grid, sampler, true, rows, output, json)


@app.command()
def report(
    rows: Annotated[Path, typer.Argument(help="File with the rows of a sweep.")],
    output: ReportOption = Path("out/sweep.json"),
    json: JsonOption = False,
) -> None:
    """Report the finished points of a sweep, without a model, even while it is running."""
    import torch

    from yuragi.research.sweep.rows import Rows

    check_report("output", output)
    _report("sweep report", list(Rows(rows)), torch.device("cpu"), output, json)


def _split(said: str | None) -> list[str]:
    return [part.strip() for part in (said or "").split(",") if part.strip()]


def _numbers(name: str, said: str | None) -> list[float]:
    try:
        return [float(part) for part in _split(said)]
    except ValueError as error:
        raise InputError(name, said, "numbers separated by commas") from error


def _steps(said: str | None) -> dict[str, list[int]]:
    try:
        pairs = (part.split("=") for part in _split(said))
        found = {gain: [int(number) for number in counts.split("+")] for gain, counts in pairs}
    except ValueError as error:
        raise InputError("steps", said, "a list such as plain=8+16,ratio=8") from error
    if found and "plain" not in found:
        raise InputError("steps", said, "a list that has the steps of plain")
    return found


def _sweep(
    name: str,
    grid: Grid,
    sampler: Sampler,
    real: Real,
    rows: Path,
    output: Path,
    json_line: bool,
) -> None:
    """Run the points that are left, and write the report."""
    from yuragi.research.sweep.rows import Rows
    from yuragi.research.sweep.run import run_sweep

    points, n = grid.points(sampler.weak is not None)
    check_report("output", output)
    check_folder("rows", rows.parent)
    with progress("sweeping") as on_done:
        found = run_sweep(points, sampler, real, n, Rows(rows), on_done, grid.draws)
    _report(name, found, sampler.model.device, output, json_line)


def _report(
    name: str,
    rows: Sequence[Mapping[str, Any]],
    device: torch.device,
    output: Path,
    json_line: bool,
) -> None:
    from yuragi.research.bench.report import frame
    from yuragi.research.cli.reports import finish
    from yuragi.research.sweep.report import sweep_report

    told = sweep_report(rows)
    draws = told["draws"]
    whole = frame(name, device, [draws["seed"]], draws["n"]) | told
    shown = {
        f"{row['arm']} at {row['point']['scale']:g}": {"cost": row["cost"]} | dict(row["values"])
        for row in rows
    }
    finish(whole, output, json_line, shown)
