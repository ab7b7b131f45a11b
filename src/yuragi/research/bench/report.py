"""The header of every result file: benchmark, version, commit, device, seeds and n."""

from __future__ import annotations

import json
import os
import platform
import subprocess
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

import torch

from yuragi import __version__

__all__ = ["Origin", "elsewhere", "frame", "is_exact", "origin", "seeds_of", "write_report"]

UNKNOWN = "unknown"
"""The commit outside of a checkout."""


class Origin(NamedTuple):
    """The commit and the device that made something."""

    commit: str
    device: str


def frame(name: str, device: torch.device, seeds: list[int], n: int) -> dict[str, Any]:
    """The head of a report."""
    cuda = device.type == "cuda"
    return {
        "benchmark": name,
        "version": __version__,
        "commit": _commit(),
        "torch": torch.__version__,
        "device": torch.cuda.get_device_name(device) if cuda else platform.machine() + " cpu",
        "cores": os.cpu_count(),
        "seeds": seeds,
        "n": n,
    }


def origin(head: Mapping[str, Any]) -> Origin:
    """What makes the rest of a report, from its head."""
    return Origin(head["commit"], head["device"])


def seeds_of(report: Mapping[str, Any]) -> str:
    """The seeds of a report in words: a few one by one, and more as the first and the last."""
    seeds = report.get("seeds", [])
    return ", ".join(map(str, seeds)) if len(seeds) < 5 else f"{seeds[0]} to {seeds[-1]}"


def _commit() -> str:
    """The checkout's commit, with ``+`` if it has changes; `UNKNOWN` outside of a checkout."""
    here = Path(__file__).parent

    def git(*arguments: str) -> str:
        return subprocess.run(
            ["git", *arguments], cwd=here, capture_output=True, text=True, check=True
        ).stdout.strip()

    try:
        changed = git("status", "--porcelain", "--untracked-files=no")
        return git("rev-parse", "--short=12", "HEAD") + ("+" if changed else "")
    except (OSError, subprocess.CalledProcessError):
        return UNKNOWN


def elsewhere(report: Mapping[str, Any]) -> str:
    """A sentence about pictures that another commit or device made; empty if there are none."""
    others = [f"commit {one['commit']} on {one['device']}" for one in report.get("kept_from", ())]
    return f" Some pictures were kept from earlier runs: {', '.join(others)}." if others else ""


def is_exact(commit: str) -> bool:
    """Whether the commit of a report tells all of the code: there was one, without changes."""
    return commit != UNKNOWN and not commit.endswith("+")


def write_report(report: dict[str, Any], path: Path) -> None:
    """Write a report to a file."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(report, indent=2) + "\n", encoding="utf-8")
