"""`yuragi assess`: bias, stability, reproducibility and sensitivity to settings."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from yuragi.cli.files import check_output, check_report
from yuragi.cli.groups import grouped
from yuragi.cli.loading import opening_on
from yuragi.cli.options import DeviceOption, JsonOption, ModelOption, ReportOption
from yuragi.cli.progress import progress
from yuragi.errors import InputError
from yuragi.research.cli.options import FashionArgument, FirstSeedOption, number_option, within

if TYPE_CHECKING:
    from yuragi.research.sweep.grid import Point

__all__ = ["app"]

app = typer.Typer(
    help="Assess bias, stability, reproducibility and sensitivity (extras: train, lab).",
    no_args_is_help=True,
)

SOLVER = "dpm++2m"


@dataclass(frozen=True)
class Arms:
    """The arms: a model without guidance, with plain guidance (CFG), and with gains under it."""

    model: ModelOption = "portraits"
    gains: Annotated[
        str, typer.Option(help="Gains to compare with plain guidance.", metavar="GAIN,...")
    ] = "reg,ratio"
    scale: Annotated[float, typer.Option(help="Guidance scale of all guided arms.")] = 3.0
    steps: Annotated[int, typer.Option(help="Number of solver steps.", min=1)] = 20

    @property
    def points(self) -> Mapping[str, Point]:
        """The settings by name; plain guidance is always among them.

        Raises:
            InputError: no gain is given, or a gain does not fit.
        """
        from yuragi.research.assess.arms import PLAIN
        from yuragi.research.sweep.grid import Point

        names = [name.strip() for name in self.gains.split(",") if name.strip()]
        if not names:
            raise InputError("gains", self.gains, "names separated by commas")
        arms = {
            name: Point("cfg", name, self.scale, SOLVER, self.steps) for name in (PLAIN, *names)
        }
        found = {"unguided": Point("cfg", PLAIN, 1.0, SOLVER, self.steps)} | arms
        for point in found.values():
            point.check("scale")
        return found


@app.command()
@grouped
def bias(
    *,
    given: Arms,
    number: Annotated[
        int, number_option("Portraits per arm.", 30, " portraits per arm for an interval")
    ] = 256,
    training: Annotated[
        int, typer.Option(help="Training portraits that give the true frequencies.", min=1)
    ] = 4000,
    seed: FirstSeedOption = 0,
    output: ReportOption = Path("out/assess-bias.json"),
    device: DeviceOption = None,
    json: JsonOption = False,
) -> None:
    """Measure how guidance shifts the skin, hair and beards that a prompt leaves open."""
    from yuragi.research.assess.bias import bias as measured
    from yuragi.research.assess.bias import open_prompts, training_marginals
    from yuragi.research.assess.portraits import portrait_sampler
    from yuragi.research.train.judge import shipped_judge

    check_report("output", output)
    arms = given.points
    sampler = portrait_sampler(given.model, open_prompts(number), seed, opening_on(device))
    judge, known = shipped_judge(sampler.model.device), training_marginals(training)
    with progress("drawing") as on_done:
        found = measured(arms, sampler, judge, known, number, on_done)
    shown = {
        arm: {name: row["shift"] for name, row in rows.items()}
        for arm, rows in found["arms"].items()
    }
    chance = next(iter(found["arms"].values()))
    shown["by chance"] = {name: row["chance"] for name, row in chance.items()}
    shown |= _less_plain(found)
    settings = {"scale": given.scale, "steps": given.steps, "solver": SOLVER, "training": training}
    _finish("assess bias", sampler, number, settings, found, shown, output, json)


@app.command()
@grouped
def stability(
    *,
    given: Arms,
    prompts: Annotated[
        int,
        typer.Option(
            help="Number of benchmark captions.", callback=within(8, why=" for an interval")
        ),
    ] = 32,
    seeds: Annotated[int, typer.Option(help="Number of seeds per caption.", min=2)] = 8,
    seed: FirstSeedOption = 0,
    output: ReportOption = Path("out/assess-stability.json"),
    device: DeviceOption = None,
    json: JsonOption = False,
) -> None:
    """Measure how much pictures depend on the seed: spread, worst seed and failures per arm."""
    from yuragi.research.assess.portraits import captioned, fit_to_captions, portrait_sampler
    from yuragi.research.assess.stability import stability as measured
    from yuragi.research.train.judge import shipped_judge

    check_report("output", output)
    arms, n = given.points, prompts * seeds
    sampler = portrait_sampler(given.model, captioned(prompts, seed), seed, opening_on(device))
    fit = fit_to_captions(shipped_judge(sampler.model.device))
    with progress("drawing") as on_done:
        found = measured(arms, sampler, fit, seeds, on_done)
    settings = {"scale": given.scale, "steps": given.steps, "prompts": prompts, "seeds_each": seeds}
    shown = found["arms"] | _less_plain(found)
    _finish("assess stability", sampler, n, settings, found, shown, output, json)


@app.command()
@grouped
def reproducibility(
    *,
    given: Arms,
    number: Annotated[int, typer.Option("--number", "-n", help="Pictures per arm.", min=1)] = 8,
    seed: FirstSeedOption = 0,
    output: ReportOption = Path("out/assess-reproducibility.json"),
    device: DeviceOption = None,
    json: JsonOption = False,
) -> None:
    """Check whether the same request gives the same picture again, even in another batch."""
    from yuragi.research.assess.portraits import captioned, portrait_sampler
    from yuragi.research.assess.stability import reproducibility as measured

    check_report("output", output)
    arms = given.points
    sampler = portrait_sampler(given.model, captioned(number, seed), seed, opening_on(device))
    with progress("drawing") as on_done:
        found = {}
        for done, (arm, point) in enumerate(arms.items(), 1):
            found[arm] = measured(point, sampler, number)
            on_done(done, len(arms))
    shown = {
        f"{arm}, {kind}": row[kind] for arm, row in found.items() for kind in ("again", "alone")
    }
    settings = {"scale": given.scale, "steps": given.steps}
    _finish(
        "assess reproducibility", sampler, number, settings, {"arms": found}, shown, output, json
    )


@app.command()
def sensitivity(
    models: FashionArgument,
    base: Annotated[
        int, typer.Option(help="Saltelli's n, a power of 2; there are 7 n points.", min=4)
    ] = 16,
    number: Annotated[
        int, typer.Option("--number", "-n", help="Pictures per point.", min=12)
    ] = 200,
    against: Annotated[int, typer.Option(help="Real pictures to compare with.", min=6)] = 1000,
    picture: Annotated[
        Path | None, typer.Option(help="Also plot the indices to this file (.png).")
    ] = None,
    seed: FirstSeedOption = 0,
    output: ReportOption = Path("out/assess-sensitivity.json"),
    device: DeviceOption = None,
    json: JsonOption = False,
) -> None:
    """Measure on which settings quality, diversity and accuracy depend (total Sobol indices)."""
    from yuragi.research.assess.measured import measured_point
    from yuragi.research.assess.sensitivity import sensitivity as measured
    from yuragi.research.assess.sensitivity import write_bars
    from yuragi.research.sweep.fashion import fashion_real, fashion_sampler
    from yuragi.research.train.fashion.data import FOLDER

    check_report("output", output)
    if picture is not None:
        check_output("picture", picture, [output], True, (".png",))
    if base & (base - 1):
        raise InputError("base", base, "a power of 2")
    sampler = fashion_sampler(models, seed, opening_on(device))
    real = fashion_real(models, FOLDER, against, sampler.model.device)
    with progress("measuring") as on_done:
        found = measured(measured_point(sampler, real, number), base, seed, on_done)
    shown = {
        f"{measure}, {name}": {order: _index(row, order) for order in ("total", "first")}
        for measure, rows in found["indices"].items()
        for name, row in rows.items()
    }
    if picture is not None:
        write_bars(found, picture, list(found["indices"]))
    settings = {"base": base, "against": against}
    _finish("assess sensitivity", sampler, number, settings, found, shown, output, json)


def _less_plain(found: Mapping[str, Any]) -> dict[str, Any]:
    """The paired differences of the arms from plain guidance, as rows of a table."""
    return {f"{arm} - plain": rows for arm, rows in found["less_plain"].items()}


def _index(row: Mapping[str, float], order: str) -> dict[str, float]:
    """An index with its interval, which SALib gives as a half-width."""
    from yuragi.research.cli.reports import estimate

    value, half = row[order], row[f"{order}_half_width"]
    return estimate(value, value - half, value + half)


def _finish(
    name: str,
    sampler: Any,
    n: int,
    settings: Mapping[str, Any],
    found: Mapping[str, Any],
    shown: Mapping[str, Any],
    output: Path,
    json_line: bool,
) -> None:
    from yuragi.research.bench.report import frame
    from yuragi.research.cli.reports import finish

    report = frame(name, sampler.model.device, [sampler.seed], n)
    report |= {"weights": sampler.model.weights, "settings": dict(settings)} | dict(found)
    finish(report, output, json_line, shown)
