"""Calls of the library in a child process, with limits on memory and time."""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from yuragi.errors import YuragiError, missing_extra

__all__ = ["Answer", "ChildError", "call"]

COMMAND = (sys.executable, "-m", "yuragi.provenance.child")
SECONDS = 60.0
MEMORY = 2**30
"""Bytes in addition to what the files themselves need."""
COPIES = 8
"""How many times the files may be in memory at once."""


class ChildError(YuragiError):
    """The child process crashed, took too long or needed too much memory."""


@dataclass(frozen=True)
class Answer:
    """The answer of a child process.

    Attributes:
        told: plain values.
        files: the files that it wrote, by name.
    """

    told: Mapping[str, Any]
    files: Mapping[str, bytes]


def call(task: Mapping[str, Any], files: Mapping[str, bytes]) -> Answer:
    """Run a task of `yuragi.provenance.child` in a child process.

    Args:
        task: plain values.
        files: the files that it reads, by name.

    Raises:
        MissingExtraError: the optional dependencies ``c2pa`` are not installed.
        ChildError: the child process did not answer.
    """
    if find_spec("c2pa") is None:
        raise missing_extra("reading content credentials", "c2pa")
    needed = MEMORY + COPIES * sum(map(len, files.values()))
    with tempfile.TemporaryDirectory(prefix="yuragi-") as held:
        folder = Path(held)
        given, made = folder / "given", folder / "made"
        given.mkdir()
        made.mkdir()
        for name, data in files.items():
            (given / name).write_bytes(data)
        limits = {"memory": needed, "seconds": SECONDS}
        (folder / "task.json").write_text(json.dumps({**task, "limits": limits}))
        try:
            done = subprocess.run(
                [*COMMAND, str(folder)],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.PIPE,
                timeout=SECONDS,
                check=False,
            )
        except subprocess.TimeoutExpired as error:
            reason = f"the library for content credentials took longer than {SECONDS:g} seconds"
            raise ChildError(reason) from error
        answer = folder / "answer.json"
        if done.returncode or not answer.is_file():
            last = done.stderr.decode("utf-8", "replace").strip().splitlines()[-1:]
            said = f": {last[0]:.200}" if last else ""
            raise ChildError(
                f"the library for content credentials ended with code {done.returncode}{said}"
            )
        return Answer(
            json.loads(answer.read_text("utf-8")),
            {each.name: each.read_bytes() for each in made.iterdir()},
        )
