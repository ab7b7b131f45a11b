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
from yuragi.cli.options import (
    DataOption,
    DeviceOption,
    JsonOption,
    ModelOption,
    ReportOption,
    seed_option,
)
from yuragi.cli.progress import progress
from yuragi.errors import InputError, warn_caller
from yuragi.research.cli.options import FashionArgument, within

if TYPE_CHECKING:
    from yuragi.research.sweep.draw import Sampler
    from yuragi.research.sweep.grid import Point
    from yuragi.research.sweep.presets import Preset
    from yuragi.research.sweep.real import Reference

__all__ = ["app"]

app = typer.Typer(
    help="Sweep guidance and solvers, and report fronts of quality, diversity and cost.",
    no_args_is_help=True,
)

RowsOption = Annotated[
    Path,
    typer.Option(
        "--rows",
        help="File with a line for every finished point; several processes that run the same "
        "command share the points. Keep it beside the report to continue the sweep elsewhere.",
    ),
]


@dataclass(frozen=True)
class Grid:
    """The grid of a sweep: a preset, with the user's changes."""

    preset: Annotated[
        str,
        typer.Option(
            help="Protocol: reg-dit, reg-edm2 and reg-text are those of the REG paper; small is "
            "for small models. EDM2 networks themselves cannot be loaded safely from a path; "
            "docs/sweeps.md says how to sweep them in Python."
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
            help="Steps instead of the preset's, such as plain=8+16,ratio=8; ratio:0.25 has those "
            "of ratio, and other gains have those of plain.",
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
    seed: Annotated[int, seed_option("Picture k has this seed + k at every point.")] = 0
    draws: Annotated[
        int,
        typer.Option(help="Random halves of the pictures for intervals and paired tests.", min=30),
    ] = 60

    def points(self, weaker: bool) -> tuple[list[Point], int]:
        """The points, and the number of pictures of each.

        Args:
            weaker: whether there is a weaker model.
        """
        from yuragi.research.sweep.grid import grid

        held = self._held
        given = grid(
            _split(self.rules) or held.rules_for(weaker),
            _split(self.gains) or held.gains,
            _numbers("scales", self.scales) or held.scales,
            _split(self.solvers) or [held.solver],
            _steps(self.steps) or held.steps,
            held.spacing,
        )
        return given, held.n if self.number is None else self.number

    def left_out(self, weaker: bool) -> list[str]:
        """A sentence for every rule of the preset that is not swept."""
        rules = () if _split(self.rules) else self._held.rules
        kept = self._held.rules_for(weaker)
        return [
            f"the rule {rule} is left out: there is no weaker model (--weak-model)"
            for rule in rules
            if rule not in kept
        ]

    @property
    def _held(self) -> Preset:
        from yuragi.research.sweep.presets import PRESETS

        if self.preset not in PRESETS:
            raise InputError("preset", self.preset, "one of " + ", ".join(PRESETS))
        return PRESETS[self.preset]


@dataclass(frozen=True)
class Plan:
    """A sweep that was checked before anything is loaded.

    Attributes:
        points: the settings.
        n: the number of pictures per point.
        draws: the number of random halves.
        warnings: a sentence for everything that is left out.
        rows: the file of finished points.
        output: the file of the report.
    """

    points: Sequence[Point]
    n: int
    draws: int
    warnings: Sequence[str]
    rows: Path
    output: Path

    @classmethod
    def of(cls, grid: Grid, weaker: bool, rows: Path, output: Path) -> Plan:
        """Check the settings and the files.

        Raises:
            InputError: a setting is not allowed, or a file cannot be written.
        """
        from yuragi.research.sweep.rows import Rows

        points, n = grid.points(weaker)
        check_report("output", output)
        check_report("rows", rows)
        check_folder("rows", Rows(rows).folder)
        return cls(points, n, grid.draws, grid.left_out(weaker), rows, output)

    def run(self, name: str, sampler: Sampler, real: Reference, json_line: bool) -> None:
        """Warn of what is left out, run the points that are left, and write the report."""
        from yuragi.research.sweep.rows import Rows
        from yuragi.research.sweep.run import run_sweep

        for sentence in self.warnings:
            warn_caller(sentence)
        with progress("sweeping") as on_done:
            found = run_sweep(
                self.points, sampler, real, self.n, Rows(self.rows), on_done, self.draws
            )
        _report(name, found, {"warnings": self.warnings}, self.output, json_line)


@app.command()
@grouped
def run(
    *,
    real: Annotated[
        Path,
        typer.Option(
            help="Folder with real pictures, or their statistics by yuragi measure statistics, "
            "which only give the Frechet distance."
        ),
    ],
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
    """Sweep any model against real pictures."""
    from yuragi.models.names import load_model, load_weak
    from yuragi.research.measure.folder import Pictures
    from yuragi.research.metrics.backends import open_backend
    from yuragi.research.metrics.moments import Statistics
    from yuragi.research.sweep.draw import Sampler
    from yuragi.research.sweep.prompts import prompts_for
    from yuragi.research.sweep.real import Real, RealStatistics

    plan = Plan.of(grid, weak_model is not None, rows, output)
    known = Statistics.read(real, "real") if real.is_file() else Pictures(real, "real")
    loaded = load_model(model, opening_on(device))
    weak, words = load_weak(weak_model, loaded), prompts_for(loaded, prompts)
    sampler = Sampler(loaded, weak, words, grid.seed)
    backend = open_backend(features, loaded.device)
    true = (
        RealStatistics(backend, known)
        if isinstance(known, Statistics)
        else Real.of(backend, known.batches())
    )
    plan.run("sweep", sampler, true, json)


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

    plan = Plan.of(grid, True, rows, output)
    sampler = fashion_sampler(models, grid.seed, opening_on(device))
    true = fashion_real(models, data or FOLDER, against, sampler.model.device)
    plan.run("sweep fashion", sampler, true, json)


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

    plan = Plan.of(grid, weak_model is not None, rows, output)
    where, opening = data or cache_folder("portraits"), opening_on(device)
    sampler, true = portraits_sweep(model, weak_model, plan.n, grid.seed, where, opening)
    plan.run("sweep portraits", sampler, true, json)


@app.command()
def report(
    rows: Annotated[Path, typer.Argument(help="File with the rows of a sweep.")],
    output: ReportOption = Path("out/sweep.json"),
    json: JsonOption = False,
) -> None:
    """Report the finished points of a sweep, without a model, even while it is running."""
    from yuragi.research.sweep.rows import Rows

    check_report("output", output)
    found = list(Rows(rows).by_key().values())
    if not found:
        reason = "there are no finished points in it" if rows.exists() else "it does not exist"
        raise InputError("rows", str(rows), "a file that a sweep wrote", reason)
    _report("sweep report", found, {}, output, json)


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


def _report(
    name: str,
    rows: Sequence[Mapping[str, Any]],
    more: dict[str, Any],
    output: Path,
    json_line: bool,
) -> None:
    """Write the report of rows, with more entries, and print a table of it."""
    import torch

    from yuragi.research.bench.report import frame
    from yuragi.research.cli.reports import finish
    from yuragi.research.sweep.report import sweep_report

    told = sweep_report(rows)
    draws = told["draws"]
    # The device and the commit are those of the rows.
    whole = frame(name, torch.device("cpu"), [draws["seed"]], draws["n"]) | told | more
    shown = {
        f"{point['arm']} at {point['point']['scale']:g}": {"cost": point["cost"]} | point["figures"]
        for point in told["points"]
    }
    finish(whole, output, json_line, shown)
