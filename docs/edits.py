"""Write the tables of measurements in docs/edits/README.md from results/edits.json.

    python docs/edits.py

`tests/test_docs.py` fails when the committed tables are not what this script writes.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from reports import tabled

from yuragi.research.bench.edits.report import counted
from yuragi.research.bench.tables import interval, number, table

PAGE = Path(__file__).with_name("edits") / "README.md"
SAMPLERS = ("ode", "sde", "adaptive")


def page() -> str:
    """The page with the tables of the current report."""
    return tabled(
        PAGE, {"edits fidelity": _fidelity, "edits success": _success, "edits cells": _cells}
    )


def _fidelity(report: Mapping[str, Any]) -> str:
    found = _by_cell(report)
    against = {(c["task"], c["steps"], c["of"], c["to"]): c["psnr"] for c in report["contrasts"]}
    rows = []
    for cell, by_sampler in found.items():
        values = [by_sampler[sampler]["psnr"] for sampler in SAMPLERS]
        better = max(SAMPLERS[:2], key=lambda sampler: by_sampler[sampler]["psnr"])
        rows.append(
            [
                *cell,
                *map(number, values),
                interval(against[*cell, "sde", "ode"]),
                interval(against[*cell, "adaptive", better]),
            ]
        )
    heads = ["task", "steps", "ODE", "SDE", "adaptive", "SDE - ODE", "adaptive - better of both"]
    fastest = report["claim"]["psnr"]
    return (
        f"{report['n']} pairs per task, seed {report['seeds'][0]}, commit {report['commit']}."
        f"\n\n{table(heads, rows)}\n\n"
        f"Inpainting with 25 SDE steps minus 100 ODE steps: {interval(fastest)} dB.\n"
    )


def _success(report: Mapping[str, Any]) -> str:
    rows = []
    for cell, by_sampler in _by_cell(report).items():
        if "success" not in by_sampler["ode"]:
            continue
        seen = [f"{by_sampler[sampler]['success']:.0%}" for sampler in SAMPLERS]
        settings = [
            f"{by_sampler[sampler]['strength']:g}, {by_sampler[sampler]['scale']:g}"
            for sampler in SAMPLERS
        ]
        distance = [number(by_sampler[sampler]["lpips"]) for sampler in SAMPLERS]
        rows.append([*cell, *seen, *distance, *settings])
    heads = ["task", "steps"]
    for what in ("change seen", "HED-LPIPS", "strength, scale"):
        heads += [f"{what}: {name}" for name in ("ODE", "SDE", "adaptive")]
    return table(heads, rows) + "\n"


def _cells(report: Mapping[str, Any]) -> str:
    return counted(report) + "\n"


def _by_cell(report: Mapping[str, Any]) -> dict[tuple[str, int], dict[str, Mapping[str, Any]]]:
    """The scores by task and steps, and by sampler."""
    found: dict[tuple[str, int], dict[str, Mapping[str, Any]]] = {}
    for cell in report["cells"]:
        found.setdefault((cell["task"], cell["steps"]), {})[cell["sampler"]] = cell
    return found


if __name__ == "__main__":
    PAGE.write_text(page(), "utf-8")
