"""`yuragi pilot`: is another way of editing worthwhile on a team's own pictures?"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from yuragi.cli.answer import answer
from yuragi.cli.files import check_output, check_report
from yuragi.cli.loading import LOADING, loads
from yuragi.cli.options import JsonOption, OverwriteOption, QuietOption, ReportOption, seed_option
from yuragi.cli.progress import progress
from yuragi.errors import InputError, missing_extra
from yuragi.research.cli.options import number_option

__all__ = ["app"]

app = typer.Typer(
    help="Compare ways of editing on your own pictures, by measures and by blind votes.",
    no_args_is_help=True,
)

PlanArgument = Annotated[
    Path, typer.Argument(help="The plan that `yuragi pilot plan` wrote (JSON).", metavar="PLAN")
]
FolderOption = Annotated[
    Path | None,
    typer.Option(help="Folder of the pilot; by default out/pilot/NAME.", metavar="DIR"),
]


@app.command()
@loads
def plan(
    draft: Annotated[
        Path, typer.Argument(help="Pictures, edits, arms and a rule (TOML).", metavar="DRAFT")
    ],
    overwrite: OverwriteOption = False,
    json: JsonOption = False,
    quiet: QuietOption = False,
) -> None:
    """Fix the plan: complete requests, an equal budget, the number of votes, and the rule.

    It is written to the folder of the draft, as NAME.plan.json. Commit it before you run it.
    """
    from yuragi.models.names import load_model
    from yuragi.research.pilot.arms import check_requests, fix
    from yuragi.research.pilot.measures import check_measures
    from yuragi.research.pilot.plan import read_draft

    read = read_draft(draft)
    check_measures(read, check_requests(read, draft.parent))
    path = draft.with_name(f"{read.name}.plan.json")
    check_output("draft", path, [draft], overwrite, (".json",))
    model = load_model(read.model, LOADING.get())
    with progress("counting", quiet) as on_arm:
        fixed = fix(read, draft.parent, model, on_arm)
    fixed.write(path)
    size = fixed.size
    told = {"files": [path], "digest": fixed.digest, **size.model_dump()}
    votes = f"{size.seeds} seeds; {size.votes} votes per pair of arms, {size.per_rater} per rater"
    answer(json, told, path, f"digest {fixed.digest}", votes)


@app.command()
@loads
def run(
    plan: PlanArgument,
    folder: FolderOption = None,
    json: JsonOption = False,
    quiet: QuietOption = False,
) -> None:
    """Make and measure the pictures of the plan. An interrupted run resumes."""
    from yuragi.models.names import load_model
    from yuragi.research.pilot.plan import read_plan
    from yuragi.research.pilot.run import run_plan

    fixed = read_plan(plan)
    place = folder or Path("out/pilot") / fixed.draft.name
    model = load_model(fixed.draft.model, LOADING.get())
    with progress("running", quiet) as on_run:
        rows = run_plan(fixed, plan.parent, place, model, on_run)
    answer(json, {"folder": place, "runs": len(rows)}, place, f"{len(rows)} runs")


@app.command()
def votes(
    plan: PlanArgument,
    folder: FolderOption = None,
    raters: Annotated[
        int | None,
        typer.Option(help="Number of raters who get a link; by default as in the plan.", min=1),
    ] = None,
    host: Annotated[
        str, typer.Option(help="Address to listen on; needs --name if other machines can reach it.")
    ] = "127.0.0.1",
    name: Annotated[
        list[str] | None,
        typer.Option(help="Host name of this page in browsers; can be given several times."),
    ] = None,
    port: Annotated[int, typer.Option(help="Port; 0 picks a free one.", min=0, max=65535)] = 0,
    at: Annotated[
        str | None,
        typer.Option(
            help="URL of a service that already shows the page (`yuragi serve --pilot DIR`), "
            "such as https://edits.example.com; then only the links are printed.",
            metavar="URL",
        ),
    ] = None,
    json: JsonOption = False,
) -> None:
    """Serve the page on which raters vote, and print a link for each rater.

    `yuragi serve --pilot DIR` shows the same page in the service; --at prints links to it.
    """
    from yuragi.research.pilot.plan import read_plan

    try:
        from yuragi.research.pilot.page import open_booth
        from yuragi.research.pilot.serve import PLACE, serve
        from yuragi.service.logs import configure_logs
        from yuragi.service.settings import Serving
    except ImportError as error:
        raise missing_extra("the page of the raters", "pilot") from error
    fixed = read_plan(plan)
    place = folder or Path("out/pilot") / fixed.draft.name
    booth = open_booth(place)
    if booth.blind.plan.digest != fixed.digest:
        reason = "it was changed after the pictures were made"
        raise InputError("plan", str(plan), f"the plan of the runs in {place}", reason)
    for k in range(1, (raters or fixed.draft.voting.raters) + 1):
        booth.votes.add_rater(f"rater-{k}", simulated=False)

    def ready(url: str) -> None:
        tokens = {rater: booth.blind.token(rater) for rater in booth.votes.raters()}
        links = {rater: f"{url}{PLACE}/rate/{token}" for rater, token in tokens.items()}
        lines = [f"{rater}: {link}" for rater, link in links.items()]
        answer(json, {"url": url, "links": links}, *lines)

    if at is not None:
        ready(at.rstrip("/"))
        return
    configure_logs("text")
    given: dict[str, Any] = {"host": host, "port": port, "name": tuple(name or ())}
    serve(booth, Serving(**given), ready)


@app.command()
def report(
    plan: PlanArgument,
    folder: FolderOption = None,
    language: Annotated[
        list[str] | None,
        typer.Option(help="Language; can be given twice; by default both.", metavar="en|ja"),
    ] = None,
    json: JsonOption = False,
) -> None:
    """Write the report as HTML and PDF, its numbers as JSON, and the votes as CSV."""
    from yuragi.research.pilot.plan import LANGUAGES, read_plan
    from yuragi.research.pilot.report import write_report
    from yuragi.research.pilot.summary import summary_of

    unknown = [each for each in language or () if each not in LANGUAGES]
    if unknown:
        raise InputError("language", unknown[0], "one of " + ", ".join(LANGUAGES))
    fixed = read_plan(plan)
    place = folder or Path("out/pilot") / fixed.draft.name
    summary = summary_of(fixed, place)
    chosen = [each for each in LANGUAGES if each in (language or LANGUAGES)]
    files = write_report(summary, place, chosen)
    told = {"files": files, **summary.values()}
    simulated = [f"{summary.simulated} of {len(summary.votes)} votes are SIMULATED"]
    said = [f"{each.arm}: {each.outcome}" for each in summary.verdicts]
    answer(
        json, told, *files, f"outcome: {summary.outcome}", *said, *simulated[: summary.simulated]
    )


@app.command()
def simulate(
    number: Annotated[int, number_option("Pilots of each setting.", 1)] = 1000,
    output: ReportOption = Path("out/pilot.json"),
    json: JsonOption = False,
    quiet: QuietOption = False,
    seed: Annotated[int, seed_option("Seed of every setting.")] = 0,
) -> None:
    """Measure in simulated pilots how often intervals hold, and how often effects are found."""
    import torch

    from yuragi.research.bench.report import frame
    from yuragi.research.cli.reports import finish
    from yuragi.research.pilot.simulate import simulations

    check_report("output", output)
    with progress("simulating", quiet) as on_setting:
        found = simulations(number, seed, on_setting)
    report = frame("pilot", torch.device("cpu"), [seed], number) | found
    rows = {
        f"{row['raters']} raters, {row['pictures']} pictures, {row['seeds']} seeds": {
            name: row[name] for name in ("effect", "at_end", "on_way")
        }
        for row in found["found"]
    }
    finish(report, output, json, rows)
