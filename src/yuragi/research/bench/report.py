"""The header of every result file: benchmark, version, commit, device, seeds and n."""

from __future__ import annotations

import json
import os
import platform
import subprocess
from pathlib import Path
from typing import Any

import torch

from yuragi import __version__

__all__ = ["frame", "write_report"]


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


def _commit() -> str:
    """The checkout's commit, with ``+`` if it has changes; ``unknown`` outside a checkout."""
    here = Path(__file__).parent

    def git(*arguments: str) -> str:
        return subprocess.run(
            ["git", *arguments], cwd=here, capture_output=True, text=True, check=True
        ).stdout.strip()

    try:
        changed = git("status", "--porcelain", "--untracked-files=no")
        return git("rev-parse", "--short=12", "HEAD") + ("+" if changed else "")
    except (OSError, subprocess.CalledProcessError):
        return "unknown"


def write_report(report: dict[str, Any], path: Path) -> None:
    """Write a report to a file."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(report, indent=2) + "\n", encoding="utf-8")
