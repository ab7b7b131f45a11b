"""`yuragi bench`: measured quality and cost, as JSON."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from yuragi.cli.files import check_report
from yuragi.cli.loading import device_of
from yuragi.cli.options import (
    DataOption,
    DeviceOption,
    JsonOption,
    ModelOption,
    ReportOption,
    RunsOption,
    seed_option,
)
from yuragi.cli.progress import progress
from yuragi.errors import InputError
from yuragi.research.cli.options import (
    NoiseSeedOption,
    PhotoSideOption,
    SceneSideOption,
    SheetOption,
    TableOption,
    ValidationOption,
    number_option,
    within,
)

if TYPE_CHECKING:
    from PIL import Image
    from torch import Tensor

__all__ = ["app"]

app = typer.Typer(help="Benchmark quality and cost.", no_args_is_help=True)


@app.command()
def portraits(
    output: ReportOption = Path("out/bench-portraits.json"),
    json: JsonOption = False,
    sheet: Annotated[Path | None, typer.Option(help="Also write a sheet of samples.")] = None,
    number: Annotated[int, number_option("Number of portraits to generate.", 2)] = 256,
    seed: Annotated[int, seed_option("Seed of the generated portraits.")] = 0,
    model: ModelOption = "portraits",
    data: DataOption = None,
    device: DeviceOption = None,
) -> None:
    """Measure PSNR and attribute accuracy of a portrait model on held-out portraits."""
    from yuragi.folders import cache_folder
    from yuragi.research.bench.portraits import bench_portraits
    from yuragi.research.cli.reports import finish

    check_report("output", output)
    if sheet is not None:
        check_report("sheet", sheet)
    with progress("sampling") as on_sample:
        report, pictures = bench_portraits(
            model, data or cache_folder("portraits"), number, seed, device_of(device), on_sample
        )
    more = [] if sheet is None else _saved(pictures, sheet)
    shown = {name: {"accuracy": value} for name, value in report["mean_accuracy"].items()}
    finish(report, output, json, shown, more)


@app.command()
def words(
    output: ReportOption = Path("out/bench-words.json"),
    json: JsonOption = False,
    number: Annotated[int, number_option("Number of portraits.", 2)] = 128,
    seed: Annotated[int, seed_option("Seed of captions, wrong labels and noise.")] = 0,
    model: ModelOption = "portraits",
    data: DataOption = None,
    device: DeviceOption = None,
) -> None:
    """Measure which words of its captions a portrait model has learned, without sampling."""
    from yuragi.folders import cache_folder
    from yuragi.research.bench.words import bench_words
    from yuragi.research.cli.reports import finish

    check_report("output", output)
    with progress("denoising") as on_progress:
        report = bench_words(
            model, data or cache_folder("portraits"), number, seed, device_of(device), on_progress
        )
    finish(report, output, json, report["attributes"])


@app.command()
def solvers(
    output: ReportOption = Path("out/bench-solvers.json"),
    json: JsonOption = False,
    number: Annotated[int, number_option("Number of portraits.", 2)] = 12,
    seed: Annotated[int, seed_option("Seed of captions and noise.")] = 0,
    model: ModelOption = "portraits",
    data: DataOption = None,
    device: DeviceOption = None,
) -> None:
    """Measure what solvers lose in few steps, and inversions on the way back."""
    from yuragi.folders import cache_folder
    from yuragi.research.bench.solvers import bench_solvers
    from yuragi.research.cli.reports import finish

    check_report("output", output)
    with progress("sampling") as on_progress:
        report = bench_solvers(
            model, data or cache_folder("portraits"), number, seed, device_of(device), on_progress
        )
    finish(report, output, json, report["distance"] | report["round_trip"])


@app.command()
def drag(
    output: ReportOption = Path("out/bench-drag.json"),
    json: JsonOption = False,
    table: TableOption = None,
    sheet: SheetOption = None,
    quick: Annotated[
        bool,
        typer.Option("--quick", help="Run few cases, and published methods with fewer levels."),
    ] = False,
    number: Annotated[
        int | None, number_option("Number of cases; by default 240, or 20 with --quick.", 2)
    ] = None,
    ablations: Annotated[
        bool, typer.Option("--ablations", help="Also run ablations of the method warp.")
    ] = False,
    row: Annotated[
        list[str] | None,
        typer.Option(
            help="Row to run in addition to ours; can be given several times. By default all rows."
        ),
    ] = None,
    seed: NoiseSeedOption = 0,
    behind: Annotated[
        Literal["even", "pattern", "photograph"],
        typer.Option(help="Background of the portraits."),
    ] = "even",
    model: ModelOption = "portraits",
    runs: RunsOption = Path("runs"),
    device: DeviceOption = None,
) -> None:
    """Compare drag methods on portraits with known true results (resumable)."""
    from yuragi.research.bench.drag.report import markdown
    from yuragi.research.bench.drag.suite import FULL, QUICK, bench_drag_suite, ways
    from yuragi.research.cli.reports import finish

    for name, path in (("output", output), ("table", table), ("sheet", sheet)):
        if path is not None:
            check_report(name, path)
    rows = ways(quick, ablations, behind, row or ())
    with progress("dragging") as on_part:
        report, shown = bench_drag_suite(
            model,
            runs,
            number or (QUICK if quick else FULL),
            behind,
            rows,
            seed,
            device_of(device),
            on_part,
        )
    more = _write_for_people(table, markdown(report), sheet, shown)
    finish(report, output, json, report["rows"], more)


@app.command()
def dragbench(
    folder: Annotated[Path, typer.Argument(help="Folder of DragBench-S, -D, -SR or -DR.")],
    output: ReportOption = Path("out/bench-dragbench.json"),
    json: JsonOption = False,
    regions: Annotated[
        bool, typer.Option("--regions", help="Use the dense points of DragBench-SR or -DR.")
    ] = False,
    features: Annotated[
        str, typer.Option(help="Model whose features locate the content.")
    ] = "portraits",
    side: Annotated[
        int,
        typer.Option(help="Side of pictures in protocol B, in pixels.", callback=within(32, 2048)),
    ] = 768,
    lpips: Annotated[
        str | None,
        typer.Option(
            help="Measure published LPIPS instead of HED-LPIPS, with torchvision's weights of its "
            "network: alex:FILE (as the authors) or vgg:FILE.",
            metavar="NET:FILE",
        ),
    ] = None,
    quick: Annotated[
        bool, typer.Option("--quick", help="Run published methods with fewer levels.")
    ] = False,
    seed: NoiseSeedOption = 0,
    model: ModelOption = "portraits",
    device: DeviceOption = None,
) -> None:
    """Compare drag methods on your copy of DragBench, by both published protocols."""
    from yuragi.research.bench.dragbench.run import bench_dragbench
    from yuragi.research.cli.reports import finish
    from yuragi.research.metrics.hed_lpips import load_hed_lpips
    from yuragi.research.metrics.published_lpips import open_lpips

    check_report("output", output)
    where = device_of(device)
    perceptual = load_hed_lpips() if lpips is None else open_lpips(lpips)
    with progress("dragging") as on_done:
        report = bench_dragbench(
            folder, regions, model, features, perceptual, side, quick, seed, where, on_done
        )
    finish(report, output, json, report["rows"])


@app.command()
def edits(
    output: ReportOption = Path("out/bench-edits.json"),
    json: JsonOption = False,
    table: TableOption = None,
    sheet: SheetOption = None,
    quick: Annotated[bool, typer.Option("--quick", help="Run few pairs with few steps.")] = False,
    each: Annotated[
        int | None,
        typer.Option(
            help="Number of pairs for each of the seven kinds of change; by default 15, or 1 with "
            "--quick.",
            callback=within(1),
        ),
    ] = None,
    steps: Annotated[
        list[int] | None,
        typer.Option(
            help="Number of steps; can be given several times; by default 10, 25, 50 and 100, or "
            "10 and 25 with --quick.",
            callback=within(2, 1000),
        ),
    ] = None,
    seed: NoiseSeedOption = 0,
    model: ModelOption = "portraits",
    runs: RunsOption = Path("runs"),
    device: DeviceOption = None,
) -> None:
    """Compare ODE and SDE for every edit with a known true result (resumable)."""
    from yuragi.research.bench.edits.report import markdown
    from yuragi.research.bench.edits.suite import FULL, QUICK, bench_edits
    from yuragi.research.cli.reports import finish

    for name, path in (("output", output), ("table", table), ("sheet", sheet)):
        if path is not None:
            check_report(name, path)
    sizes = QUICK if quick else FULL
    if each is not None:
        sizes = replace(sizes, each=each)
    if steps:
        sizes = replace(sizes, steps=tuple(sorted(set(steps))))
    with progress("editing") as on_cell:
        report, shown = bench_edits(
            model,
            runs,
            sizes,
            seed,
            device_of(device),
            on_cell,
        )
    more = _write_for_people(table, markdown(report), sheet, shown)
    rows = {f"{one['task']} {one['steps']} {one['sampler']}": one for one in report["cells"]}
    finish(report, output, json, rows, more)


@app.command()
def photos(
    output: ReportOption = Path("out/bench-photos.json"),
    json: JsonOption = False,
    size: PhotoSideOption = 256,
    seed: Annotated[int, seed_option("Seed of the noise.")] = 0,
    model: ModelOption = "portraits",
    device: DeviceOption = None,
) -> None:
    """Measure how well noised photographs are reconstructed, by encoder and steps."""
    from yuragi.research.bench.photos import bench_photos
    from yuragi.research.cli.reports import finish

    check_report("output", output)
    with progress("reconstructing") as on_done:
        report = bench_photos(model, size, seed, device_of(device), on_done)
    shown = {f"{one['encoder']} {one['steps']}": one["psnr"] for one in report["rows"]}
    finish(report, output, json, shown)


@app.command()
def elastic(
    output: ReportOption = Path("out/bench-elastic.json"),
    json: JsonOption = False,
    number: Annotated[int, number_option("Number of cases; 30 have every kind once.", 2)] = 240,
    size: PhotoSideOption = 256,
    validation: ValidationOption = False,
) -> None:
    """Measure how well each flow finds, from a few points, the map that bent a photograph."""
    from yuragi.research.bench.elastic.suite import bench_elastic
    from yuragi.research.cli.reports import finish

    check_report("output", output)
    with progress("bending") as on_done:
        report = bench_elastic(number, size, "validation" if validation else "benchmark", on_done)
    finish(report, output, json, {row["flow"]: row["mean"] for row in report["rows"]})


@app.command()
def cutouts(
    output: ReportOption = Path("out/bench-cutouts.json"),
    json: JsonOption = False,
    sheet: Annotated[
        Path | None, typer.Option(help="Also write a sheet of the worst results.")
    ] = None,
    number: Annotated[int, number_option("Number of scenes.", 2)] = 204,
    size: SceneSideOption = 256,
    validation: ValidationOption = False,
    seed: NoiseSeedOption = 0,
    model: ModelOption = "portraits",
    runs: RunsOption = Path("runs"),
    device: DeviceOption = None,
) -> None:
    """Move objects over photographs, where the true result is known (resumable)."""
    from yuragi.research.bench.cutouts.suite import bench_cutouts
    from yuragi.research.cli.reports import finish

    for name, path in (("output", output), ("sheet", sheet)):
        if path is not None:
            check_report(name, path)
    split = "validation" if validation else "benchmark"
    with progress("moving") as on_done:
        report, shown = bench_cutouts(
            model, runs, number, size, split, seed, device_of(device), on_done
        )
    more = _write_sheet(sheet, shown)
    rows = {
        f"{given}, {name}": values
        for given, found in report["given"].items()
        for name, values in found["rows"].items()
    }
    finish(report, output, json, rows, more)


@app.command()
def intent(
    output: ReportOption = Path("out/bench-intent.json"),
    json: JsonOption = False,
    number: Annotated[int, number_option("Number of drags.", 7, why=", one of each kind")] = 280,
    size: SceneSideOption = 192,
    validation: Annotated[
        bool, typer.Option("--validation", help="Use drags on which the score was trained.")
    ] = False,
) -> None:
    """Measure how often the intent score ranks the true result of a drag above damaged ones."""
    from yuragi.research.bench.intent.suite import bench_intent
    from yuragi.research.cli.reports import estimate, finish

    check_report("output", output)
    split = "validation" if validation else "benchmark"
    with progress("ranking") as on_done:
        report = bench_intent(number, size, split, on_done)
    rows = {
        name: {
            "n": found["n"],
            "true result above": estimate(found["share"], found["low"], found["high"]),
        }
        for name, found in report["truth_above"].items()
    }
    finish(report, output, json, rows)


@app.command()
def familiarity(
    output: ReportOption = Path("out/bench-familiarity.json"),
    json: JsonOption = False,
    number: Annotated[
        int, number_option("Number of held-out portraits; a fifth as many of each edit.", 10)
    ] = 500,
    each: Annotated[
        int,
        typer.Option(help="Minimum number of pictures per foreign group.", callback=within(2)),
    ] = 50,
    pictures: Annotated[
        list[Path] | None,
        typer.Option(help="Folder of other foreign pictures; can be given several times."),
    ] = None,
    model: ModelOption = "portraits",
    device: DeviceOption = None,
) -> None:
    """Count the portraits, photographs and other styles that a model considers foreign."""
    from yuragi.research.bench.familiarity.suite import bench_familiarity
    from yuragi.research.cli.reports import estimate, finish

    check_report("output", output)
    with progress("measuring") as on_group:
        report = bench_familiarity(model, number, each, pictures or [], device_of(device), on_group)
    rows = {
        name: {
            "n": row["n"],
            "foreign": estimate(row["foreign"], *row["interval"]),
            "quartiles": row["quartiles"],
        }
        for kind in report["groups"].values()
        for name, row in kind.items()
    }
    finish(report, output, json, rows)


@app.command()
def fill(
    output: ReportOption = Path("out/bench-fill.json"),
    json: JsonOption = False,
    sheet: SheetOption = None,
    number: Annotated[int, number_option("Number of holes in photographs.", 2)] = 200,
    size: Annotated[
        int,
        typer.Option(
            help="Side of the photographs in pixels; every fifth one is twice as large.",
            callback=within(64, 512),
        ),
    ] = 256,
    validation: Annotated[
        bool, typer.Option("--validation", help="Use holes for choosing a fill, not for reporting.")
    ] = False,
) -> None:
    """Measure how well each fill closes holes that drags leave in photographs."""
    from yuragi.research.bench.fill.suite import bench_fill
    from yuragi.research.cli.reports import finish

    check_report("output", output)
    if sheet is not None:
        check_report("sheet", sheet)
    split = "validation" if validation else "benchmark"
    with progress("filling") as on_done:
        report, shown = bench_fill(number, size, split, on_done)
    more = _write_sheet(sheet, shown)
    finish(report, output, json, {row["fill"]: row["mean"] for row in report["rows"]}, more)


@app.command("guidance-cost")
def guidance_cost(
    output: ReportOption = Path("out/bench-guidance-cost.json"),
    json: JsonOption = False,
    repeats: Annotated[
        int, typer.Option(help="Number of rounds; the median is reported.", callback=within(1))
    ] = 5,
    batch: Annotated[int, typer.Option(help="Pictures in a batch.", callback=within(1))] = 1,
    model: ModelOption = "portraits",
    large: Annotated[
        bool,
        typer.Option(help="Also measure a random UNet and a random DiT (80 to 120 M parameters)."),
    ] = True,
    device: DeviceOption = None,
) -> None:
    """Measure time, evaluations and peak memory of every gain, relative to plain guidance."""
    from yuragi.research.bench.guidance_cost import bench_guidance_cost
    from yuragi.research.cli.reports import finish

    check_report("output", output)
    with progress("measuring") as on_done:
        report = bench_guidance_cost(model, repeats, batch, large, device_of(device), on_done)
    rows = {
        f"{network} {gain}": cost
        for network, found in report["networks"].items()
        for gain, cost in found["gains"].items()
    }
    finish(report, output, json, rows)


@app.command()
def speed(
    output: ReportOption = Path("out/bench-speed.json"),
    json: JsonOption = False,
    repeats: Annotated[
        int, typer.Option(help="Number of warm runs; the median is reported.", callback=within(1))
    ] = 5,
    model: ModelOption = "portraits",
    device: DeviceOption = None,
) -> None:
    """Compare evaluations per second, time outside the network and memory with diffusers."""
    from yuragi.research.bench.speed import bench_speed
    from yuragi.research.cli.reports import finish

    check_report("output", output)
    with progress("measuring") as on_done:
        report = bench_speed(model, repeats, device_of(device), on_done)
    finish(report, output, json, report["rows"])


DatabaseOption = Annotated[
    str | None,
    typer.Option(help="URL of an empty database for the service; by default a new SQLite file."),
]


@app.command()
def load(
    output: ReportOption = Path("out/bench-load.json"),
    json: JsonOption = False,
    number: Annotated[int, typer.Option("--number", "-n", help="Number of jobs.")] = 500,
    clients: Annotated[
        int, typer.Option(help="Number of clients that submit at once.", callback=within(1))
    ] = 50,
    rounds: Annotated[
        int, typer.Option(help="How many turns worker and loop take.", callback=within(1))
    ] = 5,
    each: Annotated[int, typer.Option(help="Requests per turn.", callback=within(2))] = 10,
    minutes: Annotated[
        float,
        typer.Option(
            help="Minutes after which no new turn starts; everything ends half as long after that.",
            callback=within(1),
        ),
    ] = 30.0,
    database: DatabaseOption = None,
    device: DeviceOption = None,
) -> None:
    """Measure waiting times, memory, and speed relative to a plain loop, with one worker."""
    from yuragi.research.bench.service.load import bench_load
    from yuragi.research.cli.reports import finish

    check_report("output", output)
    if number < clients:
        raise InputError("number", number, f"{clients} or more")
    with progress("loading") as on_done:
        report = bench_load(
            number, clients, rounds, each, 60 * minutes, database, device_of(device), on_done
        )
    rows = {"submission": report["submission"], **report["throughput"], **report["memory"]}
    finish(report, output, json, rows)


@app.command()
def batch(
    output: ReportOption = Path("out/bench-batch.json"),
    json: JsonOption = False,
    engine: Annotated[
        list[str] | None,
        typer.Option(
            help="Engine and number of workers; can be given several times.",
            metavar="ENGINE:WORKERS",
        ),
    ] = None,
    rows: Annotated[int, typer.Option(min=1, help="Number of edits in a batch.")] = 32,
    steps: Annotated[int, typer.Option(min=2, help="Number of noise levels of an edit.")] = 20,
    rounds: Annotated[int, typer.Option(min=1, help="How many turns every engine takes.")] = 3,
    seed: Annotated[int, seed_option("Seed of the first edit.")] = 0,
    device: DeviceOption = None,
) -> None:
    """Measure the cost of an edit in a batch, and how engines scale with workers."""
    from yuragi.research.bench.batch.arrangements import ENGINES
    from yuragi.research.bench.batch.suite import bench_batch
    from yuragi.research.cli.reports import finish

    check_report("output", output)
    chosen: dict[str, list[int]] = {}
    for each in engine or ["local:1", "ray:1", "ray:2", "queue:1", "queue:2"]:
        name, _, count = each.partition(":")
        if name not in ENGINES or not count.isdigit() or not int(count):
            allowed = f"one of {', '.join(ENGINES)}, then a colon and a number of workers"
            raise InputError("engine", each, allowed)
        chosen.setdefault(name, []).append(int(count))
    with progress("batches") as on_turn:
        report = bench_batch(chosen, rows, steps, rounds, seed, device_of(device), on_turn)
    finish(report, output, json, report["arrangements"])


@app.command()
def faults(
    output: ReportOption = Path("out/bench-faults.json"),
    json: JsonOption = False,
    scenario: Annotated[
        list[str] | None,
        typer.Option(help="What to break; can be given several times; by default everything."),
    ] = None,
    database: Annotated[
        list[str] | None,
        typer.Option(help="sqlite or postgresql; can be given twice; by default both."),
    ] = None,
    quick: Annotated[bool, typer.Option("--quick", help="Run few jobs with few faults.")] = False,
    runs: RunsOption = Path("runs"),
) -> None:
    """Break a service on purpose and check its promises; fails if a promise was broken."""
    from yuragi.research.bench.service.faults.scenarios import SCENARIOS
    from yuragi.research.bench.service.faults.suite import DATABASES, FULL, QUICK, bench_faults
    from yuragi.research.cli.reports import finish
    from yuragi.service.stopping import told_to_stop

    check_report("output", output)
    for argument, given, known in (
        ("scenario", scenario, SCENARIOS),
        ("database", database, DATABASES),
    ):
        for name in given or []:
            if name not in known:
                raise InputError(argument, name, "one of " + ", ".join(known))
    size = QUICK if quick else FULL
    chosen = scenario or list(SCENARIOS)
    # Even if the command is stopped, it leaves no server and no worker behind.
    with told_to_stop(_interrupted), progress("breaking") as on_row:
        report = bench_faults(chosen, database or list(DATABASES), size, runs, on_row)
    finish(
        report,
        output,
        json,
        {f"{row['scenario']} {row['database']}": row for row in report["rows"]},
    )
    if report["broken"]:
        raise typer.Exit(1)


def _interrupted() -> None:
    raise KeyboardInterrupt


def _write_for_people(
    table: Path | None, text: str, sheet: Path | None, shown: Mapping[str, Tensor]
) -> list[Path]:
    """Write the tables and the contact sheet to the given files, and return these files."""
    if table is None:
        return _write_sheet(sheet, shown)
    table.parent.mkdir(parents=True, exist_ok=True)
    table.write_text(text + "\n", encoding="utf-8")
    return [table, *_write_sheet(sheet, shown)]


def _write_sheet(sheet: Path | None, shown: Mapping[str, Tensor]) -> list[Path]:
    """Write the contact sheet to the given file, and return this file."""
    from yuragi.research.bench.edits.report import contact_sheet

    return [] if sheet is None else _saved(contact_sheet(shown), sheet)


def _saved(picture: Image.Image, path: Path) -> list[Path]:
    """Save a picture, and return its file."""
    path.parent.mkdir(parents=True, exist_ok=True)
    picture.save(path)
    return [path]
