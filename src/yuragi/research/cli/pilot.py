"""`yuragi pilot`: does another way of editing pay on a team's own pictures?"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from yuragi.cli.answer import answer
from yuragi.cli.files import check_output
from yuragi.cli.loading import LOADING, loads
from yuragi.cli.options import JsonOption, OverwriteOption, QuietOption
from yuragi.cli.progress import progress
from yuragi.errors import InputError, missing_extra

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
        Path, typer.Argument(help="Pictures, edits, arms and the rule (TOML).", metavar="DRAFT")
    ],
    overwrite: OverwriteOption = False,
    json: JsonOption = False,
    quiet: QuietOption = False,
) -> None:
    """Fix the plan: complete requests, an equal budget, the number of votes, and the rule.

    It is written beside the draft, as NAME.plan.json. Commit it before you run it.
    """
    from yuragi.models.names import load_model
    from yuragi.research.pilot.arms import fix
    from yuragi.research.pilot.measures import check_measures
    from yuragi.research.pilot.plan import read_draft

    read = read_draft(draft)
    check_measures(read)
    path = draft.with_name(f"{read.name}.plan.json")
    check_output("draft", path, [draft], overwrite, (".json",))
    model = load_model(read.model, LOADING.get())
    with progress("counting", quiet) as on_arm:
        fixed = fix(read, draft.parent, model, on_arm)
    fixed.write(path)
    size = fixed.size
    told = {"files": [path], "digest": fixed.digest, **size.model_dump()}
    votes = f"{size.seeds} seeds; {size.votes} votes a pair of arms, {size.per_rater} a rater"
    answer(json, told, path, f"digest {fixed.digest}", votes)


@app.command()
@loads
def run(
    plan: PlanArgument,
    folder: FolderOption = None,
    json: JsonOption = False,
    quiet: QuietOption = False,
) -> None:
    """Make the pictures of the plan, and measure them. A run that was interrupted goes on."""
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
        typer.Option(help="Number of raters with a link; by default that of the plan.", min=1),
    ] = None,
    host: Annotated[
        str, typer.Option(help="Address to listen on; others than this machine's need --name.")
    ] = "127.0.0.1",
    name: Annotated[
        list[str] | None,
        typer.Option(help="A name by which browsers call this page; can be repeated."),
    ] = None,
    port: Annotated[int, typer.Option(help="Port; 0 takes a free one.", min=0, max=65535)] = 0,
    json: JsonOption = False,
) -> None:
    """Serve the page on which raters vote, and print a link for each of them."""
    from yuragi.research.pilot.pairs import blind_of
    from yuragi.research.pilot.plan import read_plan
    from yuragi.research.pilot.run import read_rows
    from yuragi.research.pilot.votes import Votes

    try:
        from yuragi.research.pilot.page import Booth
        from yuragi.research.pilot.serve import serve
    except ImportError as error:
        raise missing_extra("the page of the raters", "pilot") from error
    fixed = read_plan(plan)
    place = folder or Path("out/pilot") / fixed.draft.name
    rows = read_rows(place)
    if not rows:
        raise InputError("folder", str(place), "one in which `yuragi pilot run` has run")
    store = Votes.of(place)
    for k in range(1, (raters or fixed.draft.voting.raters) + 1):
        store.add_rater(f"rater-{k}", simulated=False)
    booth = Booth(blind_of(fixed, place), plan.parent, place, tuple(rows), store)

    def ready(url: str) -> None:
        links = {rater: f"{url}/rate/{booth.blind.token(rater)}" for rater in store.raters()}
        lines = [f"{rater}: {link}" for rater, link in links.items()]
        answer(json, {"url": url, "links": links}, *lines)

    serve(booth, host, port, frozenset(name or ()), ready)


@app.command()
def report(
    plan: PlanArgument,
    folder: FolderOption = None,
    language: Annotated[
        list[str] | None,
        typer.Option(help="en or ja; can be repeated. By default both.", metavar="en|ja"),
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
    files = write_report(summary, plan.parent, place, chosen)
    told = {"files": files, **summary.values()}
    simulated = [f"{summary.simulated} of {len(summary.votes)} votes are SIMULATED"]
    said = [f"{each.arm}: {each.outcome}" for each in summary.verdicts]
    answer(
        json, told, *files, f"outcome: {summary.outcome}", *said, *simulated[: summary.simulated]
    )
