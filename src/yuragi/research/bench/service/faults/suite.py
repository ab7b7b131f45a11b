r"""How often a service breaks its promises in every scenario, on SQLite and on PostgreSQL.

The promises are: no accepted job is lost, none is done twice, no result is visible half-written, a
cancelled job stays cancelled, and a result after interruptions equals that of an uninterrupted run
in every byte. The columns are those of `promises`; ``faults`` is the number of deliberate faults,
and ``starts`` is the number of times that a job was started.
"""

from __future__ import annotations

import json
import os
import time
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import torch

from yuragi.research.bench.report import frame, is_exact, write_report
from yuragi.research.bench.service.faults.bed import MODEL, SEEDS, STEPS
from yuragi.research.bench.service.faults.postgres import Postgres, postgres
from yuragi.research.bench.service.faults.promises import PROMISES, known_results
from yuragi.research.bench.service.faults.scenarios import SCENARIOS, Size
from yuragi.research.files import whole

__all__ = ["DATABASES", "FULL", "QUICK", "bench_faults"]

DATABASES = "sqlite", "postgresql"
FULL, QUICK = Size(200, 10), Size(20, 2)


def bench_faults(
    chosen: Sequence[str],
    databases: Sequence[str],
    size: Size,
    runs: Path,
    on_row: Callable[[int, int], None],
) -> dict[str, Any]:
    """Run scenarios; ``broken`` in the report is the number of broken promises.

    An interrupted run can be resumed: rows of the same commit and sizes are reused. Rows of a
    checkout with changes, or of no checkout, are not, because nothing tells what made them.

    Args:
        chosen: names of `SCENARIOS`.
        databases: some of `DATABASES`.
        size: the size of each scenario.
        runs: the folder in which finished rows are stored.
        on_row: called with (scenarios done, scenarios in total).

    Raises:
        InputError: a scenario needs a program that is not installed.
    """
    report = frame("faults", torch.device("cpu"), list(range(SEEDS)), size.jobs)
    report |= {"model": MODEL, "steps": STEPS}
    wanted = [
        (name, database)
        for database in databases
        for name in chosen
        if (name, database) != ("restarts", "sqlite")  # SQLite has no server
    ]
    rows: list[dict[str, Any]] = []
    with ExitStack() as stack:
        server = stack.enter_context(postgres()) if "postgresql" in databases else None
        known = known_results()
        for number, (name, database) in enumerate(wanted):
            sizes = f"{size.jobs}-{size.faults}-{STEPS}-{SEEDS}"
            kept = runs / f"faults-{name}-{database}-{sizes}-{report['commit']}.json"
            if not (kept.exists() and is_exact(report["commit"])):
                began, load = time.monotonic(), os.getloadavg()[0]
                counts = SCENARIOS[name](_address(database, name, server), server, size, known)
                spent = {"seconds": round(time.monotonic() - began, 1), "load_before": load}
                row = {"scenario": name, "database": database, **counts, **spent}
                with whole(kept) as partial:
                    write_report(row, partial)
            rows.append(json.loads(kept.read_text("utf-8")))
            on_row(number + 1, len(wanted))
    broken = sum(row[promise] for row in rows for promise in PROMISES)
    return report | {"rows": rows, "broken": broken}


def _address(database: str, name: str, server: Postgres | None) -> str:
    if database == "sqlite" or server is None:
        return database
    return server.database(f"yuragi_{name}")
