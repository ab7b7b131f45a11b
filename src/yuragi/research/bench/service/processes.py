"""A service in separate processes, started as its operator would start it."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import Self

__all__ = ["Processes"]

PATIENCE_S = 120.0


@dataclass
class Processes:
    """The processes of one service, each in its own process group; all are killed at the end.

    Attributes:
        folder: an empty folder for their logs and, in ``data``, for the user's data.
        database: the URL of their database.
        environment: additional environment variables.
        started: the processes.
    """

    folder: Path
    database: str
    environment: Mapping[str, str] = field(default_factory=dict)
    started: list[subprocess.Popen[bytes]] = field(default_factory=list)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.end()

    def start(
        self, *arguments: object, environment: Mapping[str, str] | None = None
    ) -> tuple[subprocess.Popen[bytes], Path]:
        """Start `yuragi ARGUMENTS`, and return the process and its log."""
        log = self.folder / f"log-{len(self.started)}"
        own = {"XDG_DATA_HOME": str(self.folder / "data"), **self.environment}
        command = [sys.executable, "-m", "yuragi", *map(str, arguments)]
        with log.open("w") as file:
            made = subprocess.Popen(
                [*command, "--database", self.database],
                stdout=file,
                stderr=file,
                start_new_session=True,
                env={**os.environ, **own, **(environment or {})},
            )
        self.started.append(made)
        return made, log

    def serve(self, *arguments: object) -> str:
        """Start a server without a worker on a free port, and return its address once it runs.

        Raises:
            RuntimeError: the server does not start.
        """
        made, log = self.start("serve", "--port", 0, "--workers", 0, "--json", *arguments)
        until = time.monotonic() + PATIENCE_S
        while time.monotonic() < until and made.poll() is None:
            lines = [line for line in log.read_text().splitlines() if line.startswith("{")]
            if lines:
                url: str = json.loads(lines[0])["url"]
                return url.removesuffix("/api/v1")
            time.sleep(0.1)
        raise RuntimeError(f"the service does not start: {log.read_text()}")

    def kill(self, made: subprocess.Popen[bytes]) -> None:
        """Kill a process and all processes that it started, as a power failure does."""
        with suppress(ProcessLookupError):
            os.killpg(made.pid, signal.SIGKILL)
        made.wait(10)

    def end(self) -> None:
        """Kill all processes."""
        for made in self.started:
            self.kill(made)
