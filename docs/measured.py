"""Write the tables of measurements in docs/service.md from the reports in results/.

    python docs/measured.py

`tests/test_docs.py` fails when the committed tables are not what this script writes.
"""

from __future__ import annotations

from pathlib import Path

from reports import read

from yuragi.research.bench.service.faults.promises import PROMISES
from yuragi.research.bench.tables import measured, number, table

PAGE = Path(__file__).with_name("service.md")


def page() -> str:
    """The page with the tables of the current reports."""
    return measured(PAGE.read_text("utf-8"), _load(), _faults())


def _load() -> str:
    report = read("load")
    told, memory = report["submission"], report["memory"]
    rows = [
        ["submission: median", f"{number(told['p50_ms'])} ms"],
        ["submission: 99th percentile", f"{number(told['p99_ms'])} ms"],
        ["submission: longest", f"{number(told['max_ms'])} ms"],
        ["submissions per second", number(told["per_second"])],
        ["errors", told["errors"]],
    ]
    for name, found in memory.items():
        ends = [number(found[f"{end}_quarter_mib"]) for end in ("first", "last")]
        rows.append([f"memory of the {name}, first and last quarter", " and ".join(ends) + " MiB"])
    for name, found in report["throughput"].items():
        pictures = name.partition(" ")[2]
        shown = f"{found['relative']:.2f} ({number(found['between_ms'])} ms between jobs)"
        rows.append(
            [f"speed of one worker relative to a loop, pictures per job: {pictures}", shown]
        )
    return (
        f"{report['n']} jobs from {report['clients']} simultaneous clients, on one machine with "
        f"{report['cores']} cores\n({report['device']}, {report['database']}, commit "
        f"{report['commit']}) that was also used by other programs\n(load average before the "
        f"test: {report['load_before']:.1f}):\n\n" + table(["", ""], rows) + "\n"
    )


def _faults() -> str:
    report = read("faults")
    heads = ["scenario", "database", "jobs", "faults", "done", "cancelled", "starts", *PROMISES]
    rows = [[row[head] for head in heads] for row in report["rows"]]
    return (
        f"Injected faults (up to {report['n']} jobs per scenario, commit {report['commit']}). The "
        f"columns from\n`{PROMISES[0]}` on count broken promises:\n\n" + table(heads, rows) + "\n"
    )


if __name__ == "__main__":
    PAGE.write_text(page(), "utf-8")
