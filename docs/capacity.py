"""Write the measured part of docs/batch.md: what a row costs, and a plan for 10^8 of them.

    python docs/capacity.py

`tests/test_docs.py` fails when the committed page is not what this script writes.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from yuragi.research.bench.tables import measured, number, table

PAGE = Path(__file__).with_name("batch.md")
RESULTS = Path(__file__).parents[1] / "results"
EDITS, DAYS = 10**8, 30
JOB_BYTES = 10_000
"""A job in the service's SQLite file: rows, events and audit, of 96 jobs of this benchmark."""

NOTES = """\
- **Ray did not scale.** A batch of 32 edits is a few seconds of work; to start a worker, with
  PyTorch and the model, takes more than that, for each worker and each batch, and on a machine
  without an idle core the second one only takes from the first. These figures show what starting
  costs. Scaling on idle cores, and on several machines, was not measured. Until its workers were
  there, Ray had a larger share of the processor than other programs; else it would not have
  started on so busy a machine.
- **Two workers of a service** did about twice as much as one. They were running before, and each
  is a session of its own, to which Linux gives a share of a busy processor, so that a part of this
  is the scheduler's.
"""


def page() -> str:
    """The page with the tables of the present report."""
    report = json.loads((RESULTS / "batch.json").read_text("utf-8"))
    load = json.loads((RESULTS / "load.json").read_text("utf-8"))
    return measured(PAGE.read_text("utf-8"), _measured(report), _plan(report, load))


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
        "speed beside one worker (least to most)",
    ]
    return (
        f"`results/batch.json`: {report['rows']} edits (`sdedit` of shipped portraits, "
        f"{report['steps']} noise levels of which 0.6\nare used, scale 3, seeds from "
        f"{report['seeds'][0]}) in each of {report['rounds']} rounds, n = {report['n']} edits, "
        f"commit {report['commit']}, {report['device']}\nwith {report['cores']} cores. Other work "
        f"filled both cores all the while (load average {min(loads):.0f} to {max(loads):.0f}), so "
        "that rates\nare a fraction of those of an idle machine; processor seconds depend on that "
        "far less. Medians of rounds:\n\n"
        + table(head, rows)
        + "\n\n"
        + NOTES
        + f"- A row also costs {number(parts['check_processor_ms'])} ms of a processor for its "
        f"check; its picture has {number(parts['picture_bytes'] / 1000)} kB (with the\n  input "
        f"inside), its receipt {number(parts['receipt_bytes'] / 1000)} kB, and to write one file "
        f"whole takes {number(parts['write_ms'])} ms (median, with fsync).\n"
    )


def _beside(found: dict[str, float]) -> str:
    if "beside_one" not in found:
        return ""
    return f"{found['beside_one']:.2f} ({found['least']:.2f} to {found['most']:.2f})"


def _plan(report: dict[str, Any], load: dict[str, Any]) -> str:
    parts, found = report["parts"], report["arrangements"]
    seconds = DAYS * 86400
    rate = EDITS / seconds
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
            f"Nobody has run this; it multiplies the figures above. {EDITS:,} edits in {DAYS} days "
            f"are {rate:.1f} a second.",
            "",
            f"- **Computing** decides everything: {edit:.2f} processor seconds each are "
            f"{edit * EDITS / 3600:,.0f} core hours, or {edit * rate:.0f} cores\n  busy without a "
            "pause, for this small model and 12 steps. Cost grows in proportion to steps, pixels "
            "and the\n  size of the network: measure your own edit by `yuragi bench batch` or "
            "`model.estimate`. With accelerators, divide\n  "
            f"{rate:.1f} by the edits per second that one of them makes.",
            f"- **Checking** takes {check:,.0f} core hours, since every picture is decoded, and is "
            "done by one process per manifest:\n  split the work into 1,000 manifests of 100,000 "
            f"rows ({check / 1000 * 60:.0f} minutes each) and check the next while one\n  runs. "
            "The plan of a manifest is held in memory (a few kB a row), so one of 10^8 rows does "
            "not fit.",
            f"- **Storage**: {stored:.1f} TB in {2 * EDITS:,} files. The inputs inside the results "
            "are most of it where they are\n  large: `--no-embed` leaves them out, and then inputs "
            f"must be kept for replays. Receipts alone are {plain:.1f} TB.\n  A result folder per "
            "manifest has 256 folders of 782 files.",
            f"- **Writes**: {writes:.0f} files a second. One process writes "
            f"{1000 / parts['write_ms']:.0f} a second on this disk, so that workers that write\n  "
            "their own results are far from a limit; object stores limit requests per prefix (the "
            "256 folders spread them),\n  and charge for each: 2 writes and 1 look a row.",
            "- **Resuming** lists the result folder once (200,000 names of a manifest), and then "
            "looks once for each row before it runs.",
            f"- **Ray** costs a few ms and some memory for each of at most 4,096 blocks; workers "
            "load their model once per manifest,\n  so that manifests should last much longer than "
            f"the {found['ray 1']['first_s']:.0f} seconds to the first result above.",
            f"- **Queue**: one API accepted {submit:,.0f} submissions a second "
            "([measured](service.md#measured)), more than enough. Each job leaves\n  about "
            f"{JOB_BYTES / 1000:.0f} kB in the database: {JOB_BYTES * EDITS / 1e12:.0f} TB if "
            "nothing is deleted, so run `yuragi jobs prune` daily (a day has\n  "
            f"{rate * 86400 / 1e6:.1f} million jobs) and take PostgreSQL; its write rate, about 15 "
            "small transactions a job, is the bottleneck to\n  measure first. For such work "
            "prefer `--engine ray`, and keep the service for people.",
            "",
        ]
    )


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
