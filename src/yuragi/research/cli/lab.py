"""`yuragi lab`: guidance rules and samplers on known distributions, where the answer is exact."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from yuragi.cli.files import check_folder, check_report
from yuragi.cli.options import JsonOption, PicturesOption, ReportOption, seed_option
from yuragi.cli.progress import progress
from yuragi.errors import InputError

__all__ = ["app"]

app = typer.Typer(
    help="Compare guidance rules and samplers where the answer is known.", no_args_is_help=True
)


def _in_halves(option: typer.CallbackParam, counts: tuple[int, ...]) -> tuple[int, ...]:
    """Refuse numbers of problems whose halves would not have the same four kinds."""
    if not any(counts) or any(count < 0 or count % 8 for count in counts):
        allowed = "multiples of 8, one of them above 0"
        raise InputError(str(option.name), " ".join(map(str, counts)), allowed)
    return counts


@app.callback()
def lab() -> None:
    """Compare guidance rules and samplers where the answer is known."""


@app.command()
def reg(
    quick: Annotated[bool, typer.Option("--quick", help="Less exact, but under a minute.")] = False,
    output: ReportOption = Path("out/lab-reg.json"),
    json: JsonOption = False,
    pictures: PicturesOption = None,
    seed: Annotated[int, seed_option("Seed of every draw.")] = 0,
) -> None:
    """Compare path-KL, field errors and samples of every guidance rule with the ideal one."""
    import torch

    from yuragi.research.bench.report import frame
    from yuragi.research.cli.reports import finish, transposed
    from yuragi.research.lab.measure import FULL, QUICK
    from yuragi.research.lab.pictures import write_pictures
    from yuragi.research.lab.reg import compare_rules
    from yuragi.research.lab.rules import RULES

    check_report("output", output)
    if pictures is not None:
        _check_pictures(pictures)
    effort = QUICK if quick else FULL
    with progress("comparing") as on_part:
        tables = compare_rules(RULES, effort, seed, on_part)
    report = frame("lab reg", torch.device("cpu"), [seed], effort.plane) | tables
    means = {f"w = {weight}": found for weight, found in report["geomean_vs_reg"].items()}
    finish(report, output, json, transposed(means))
    if pictures is not None:
        write_pictures(RULES, report, pictures, seed)


@app.command()
def gamma(
    problems: Annotated[
        tuple[int, int, int],
        typer.Option(
            help="Numbers of random problems on the line, in the plane and in space.",
            callback=_in_halves,
        ),
    ] = (24, 24, 16),
    states: Annotated[
        int, typer.Option(help="States per noise level in the plane and in space.", min=2)
    ] = 200,
    output: ReportOption = Path("out/lab-gamma.json"),
    json: JsonOption = False,
    seed: Annotated[int, seed_option("Seed of problems and draws.")] = 0,
) -> None:
    """Choose the gamma of `ratio` on half of the random problems, and report on the other half."""
    from dataclasses import replace

    import torch

    from yuragi.research.bench.report import frame
    from yuragi.research.cli.reports import estimate, finish, transposed
    from yuragi.research.lab.choice import choose
    from yuragi.research.lab.measure import QUICK
    from yuragi.research.lab.rules import CANDIDATES

    check_report("output", output)
    effort = replace(QUICK, plane=states, family=problems)
    with progress("comparing") as on_problem:
        found = choose(CANDIDATES, effort, seed, on_problem)
    report = frame("lab gamma", torch.device("cpu"), [seed], sum(problems)) | found
    report["effort"] = {name: getattr(effort, name) for name in ("levels", "nodes", "plane")}
    ends = found["intervals"]["report"]
    means = {
        f"w = {weight}": {
            rule: estimate(mean, *ends[weight][rule]) if rule in ends[weight] else mean
            for rule, mean in by_rule.items()
        }
        for weight, by_rule in found["geomean_vs_reg"]["report"].items()
    }
    finish(report, output, json, transposed(means))


@app.command()
def trained(
    quick: Annotated[
        bool, typer.Option("--quick", help="Less exact, with short training.")
    ] = False,
    output: ReportOption = Path("out/lab-trained.json"),
    json: JsonOption = False,
    seed: Annotated[int, seed_option("Seed of networks and states.")] = 0,
) -> None:
    """Compare rules on trained networks: small ones, a classifier, and the paper's (minutes)."""
    import torch

    from yuragi.research.bench.report import frame
    from yuragi.research.cli.reports import finish, transposed
    from yuragi.research.lab.learned import Training
    from yuragi.research.lab.measure import FULL, QUICK
    from yuragi.research.lab.reg import WEIGHTS
    from yuragi.research.lab.rules import RULES
    from yuragi.research.lab.toy import ToyTraining
    from yuragi.research.lab.trained import compare_trained

    check_report("output", output)
    effort, training, toy = FULL, Training(), ToyTraining()
    if quick:
        effort, training, toy = QUICK, Training(steps=512), ToyTraining(epochs=10)
    with progress("training") as on_part:
        tables = compare_trained(RULES, WEIGHTS, effort, training, toy, seed, on_part)
    report = frame("lab trained", torch.device("cpu"), [seed], effort.plane) | tables
    finish(report, output, json, transposed(list(report["path_kl"].values())[-1]))


@app.command()
def kl(
    output: ReportOption = Path("out/lab-kl.json"),
    json: JsonOption = False,
    pictures: PicturesOption = None,
    seed: Annotated[int, seed_option("Seed of the samples of the toy problem.")] = 0,
) -> None:
    """Measure what noise does to an edit: KL along the chain for any eta, and the paper's toy."""
    import torch

    from yuragi.research.bench.report import frame
    from yuragi.research.cli.reports import finish
    from yuragi.research.lab.kl import contraction
    from yuragi.research.lab.kl_pictures import write_kl_pictures

    check_report("output", output)
    if pictures is not None:
        _check_pictures(pictures)
    tables = contraction(seed=seed)
    report = frame("lab kl", torch.device("cpu"), [seed], 20_000) | tables
    rows = {
        f"{start}, eta {eta}": found
        for start, by_eta in tables["toy"].items()
        for eta, found in by_eta.items()
    }
    finish(report, output, json, rows)
    if pictures is not None:
        write_kl_pictures(tables, pictures, seed)


def _check_pictures(folder: Path) -> None:
    """Raise errors now that would otherwise be raised after the computation."""
    from yuragi.research.lab.pictures import check_matplotlib

    if folder.exists() and not folder.is_dir():
        raise InputError("pictures", str(folder), "a folder")
    check_folder("pictures", folder)
    check_matplotlib()
