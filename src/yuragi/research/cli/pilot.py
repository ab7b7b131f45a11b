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
