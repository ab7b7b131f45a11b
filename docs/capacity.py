"""Write the measured part of docs/batch.md: the cost of a row, and a plan for 10^8 rows.

    python docs/capacity.py

`tests/test_docs.py` fails when the committed page is not what this script writes.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from reports import read

from yuragi.research.bench.tables import measured, number, table

PAGE = Path(__file__).with_name("batch.md")
EDITS, DAYS = 10**8, 30
JOB_BYTES, TRANSACTIONS = 10_000, 15
"""Assumed for a job of the service: its size in the database, with its events and its part of the
audit, and the number of its transactions. No report contains them."""


def page() -> str:
    """The page with the tables of the current report."""
    report = read("batch")
    return measured(PAGE.read_text("utf-8"), _measured(report), _plan(report, read("load")))


def _measured(report: dict[str, Any]) -> str:
    parts, loads = report["parts"], [turn["load"] for turn in report["turns"]]
    rows = [
        [
            name,
            f"{found['per_second']:.3f}",
            f"{found['first_s']:.0f}",
            f"{found['processor_s_per_row']:.2f}",
            _beside(found),
        ]
        for name, found in report["arrangements"].items()
    ]
    head = [
        "engine and workers",
        "edits per second",
        "seconds to the first",
        "processor seconds per edit",
        "speed relative to one worker (min to max)",
    ]
    width, height = report["size"]
    return (
        f"`results/batch.json`: {report['rows']} edits (`sdedit` of portraits of {width} x "
        f"{height} pixels with the model `{report['model']}`,\nweights {report['weights'][:12]}, "
        f"{report['steps']} noise levels of which 60 % are used, scale 3, seeds from "
        f"{report['seeds'][0]})\nin each of {report['rounds']} rounds, n = {report['n']} edits, "
        f"commit {report['commit']}, {report['device']} with\n{report['cores']} cores."
        "\n\nBefore a round, the load average, which includes the round before it, was "
        f"{min(loads):.1f} to {max(loads):.1f}.\nThe table shows medians over the rounds:\n\n"
        + table(head, rows)
        + "\n\n"
        + _notes(report["arrangements"])
        + f"- Checking a row takes another {number(parts['check_processor_ms'])} ms of processor "
        f"time. Its picture has {number(parts['picture_bytes'] / 1000)} kB (with the\n  input "
        f"inside) and its receipt {number(parts['receipt_bytes'] / 1000)} kB. Writing one complete "
        f"file takes {number(parts['write_ms'])} ms (median, with fsync).\n"
    )


def _notes(found: dict[str, dict[str, float]]) -> str:
    """What the table says, and why."""
    more = {
        name: found[name]["processor_s_per_row"] / found["local 1"]["processor_s_per_row"]
        for name in ("ray 1", "queue 1")
    }
    return (
        f"- **Two Ray workers** did {found['ray 2']['beside_one']:.2f} times as much as one. Each "
        "worker first loads PyTorch\n  and the model. This fixed time is a large part of so short "
        "a batch. On a machine whose cores are\n  all in use, a second worker only takes time "
        "from the first.\n"
        f"- **Two workers of a service** did {found['queue 2']['beside_one']:.2f} times as much as "
        "one. They load the model, too, and the\n  service shares the cores with them.\n"
        f"- Ray takes {more['ray 1']:.1f} times and the service {more['queue 1']:.1f} times the "
        "processor time of `local` per edit, because the\n  time in which their workers load the "
        "model is included. Besides, a worker of the service computes\n  every job on its own, "
        "while `local` computes edits of equal shape together, which takes less time per edit.\n"
        "- Scaling over several machines was not measured.\n"
    )


def _beside(found: dict[str, float]) -> str:
    if "beside_one" not in found:
        return ""
    return f"{found['beside_one']:.2f} ({found['least']:.2f} to {found['most']:.2f})"


def _plan(report: dict[str, Any], load: dict[str, Any]) -> str:
    parts, found = report["parts"], report["arrangements"]
    seconds = DAYS * 86400
    rate = EDITS / seconds
    width, height = report["size"]
    edit = found["local 1"]["processor_s_per_row"]
    stored = (parts["picture_bytes"] + parts["receipt_bytes"]) * EDITS / 1e12
    plain = parts["receipt_bytes"] * EDITS / 1e12
    check = parts["check_processor_ms"] / 1000 * EDITS / 3600
    writes = 2 * rate
    submit = load["submission"]["per_second"]
    return "\n".join(
        [
            f"### {EDITS:,} edits in {DAYS} days, on paper",
            "",
            f"Nobody has run this; the plan extrapolates from the figures above, and assumes what "
            f"it calls assumed.\n{EDITS:,} edits in {DAYS} days are {rate:.1f} per second.",
            "",
            f"- **Computing** is by far the largest cost: {edit:.2f} processor seconds per edit "
            f"are {edit * EDITS / 3600:,.0f} core hours, or\n  {edit * rate:.0f} cores that are "
            f"busy without a pause, for the model above, {width} x {height} pixels and "
            f"{0.6 * report['steps']:.0f} steps.\n  The cost is proportional to the steps, the "
            "pixels and the size of the network; measure your own edit with\n  `model.estimate`. "
            f"The number of accelerators needed is {rate:.1f} divided by the edits per second of "
            "one of them.",
            f"- **Checking** takes {check:,.0f} core hours, because every picture is decoded. A "
            "single process checks a manifest, so\n  split the work into 1,000 manifests of "
            f"100,000 rows ({check / 1000 * 60:.0f} minutes each), and check the next one while "
            "one\n  is running. The plan of a manifest is kept in memory (a few kB per row), so "
            "a manifest of 10^8 rows does not fit.",
            f"- **Storage**: {stored:.1f} TB in {2 * EDITS:,} files. Results contain their inputs, "
            "which take most of the space if they\n  are large. `--no-embed` leaves them out; the "
            "inputs must then be kept for replays. Receipts alone take\n  "
            f"{plain:.1f} TB. The result folder of each manifest has 256 folders of 782 files.",
            f"- **Writes**: {writes:.0f} files per second. One process writes "
            f"{1000 / parts['write_ms']:.0f} files per second on this disk, so workers that write\n"
            "  their own results are far from this limit. Object stores limit the requests per "
            "prefix (the 256 folders\n  distribute them) and charge for each request: 2 writes "
            "and 1 lookup per row.",
            "- **Resuming** lists the result folder once (200,000 names per manifest), and then "
            "looks up each row once\n  before it runs.",
            f"- **Ray** costs an assumed few ms for each of at most 4,096 blocks. Workers "
            "load their model once per\n  manifest, so a manifest should take much longer than "
            f"the {found['ray 1']['first_s']:.0f} seconds to the first result above.",
            f"- **Queue**: one API accepted {submit:,.0f} submissions per second "
            "([measured](service.md#measured)), which is more than enough.\n  Each job leaves "
            f"an assumed {JOB_BYTES / 1000:.0f} kB in the database, or "
            f"{JOB_BYTES * EDITS / 1e12:.0f} TB if nothing is deleted. So run "
            "`yuragi jobs prune`\n  daily (there are "
            f"{rate * 86400 / 1e6:.1f} million jobs per day), and use PostgreSQL. Its write rate, "
            f"at an assumed {TRANSACTIONS} small\n  transactions per job, is the bottleneck to "
            "measure first. For such work, prefer `--engine ray`, and keep the service for people.",
            "",
        ]
    )


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
