"""`yuragi batch` in a process of its own, which can be killed."""

import os
import signal
import subprocess
import sys
import time

PATIENCE_S = 200.0


def start(*arguments, environment=None):
    """Start the command in a session of its own."""
    return subprocess.Popen(
        [sys.executable, "-m", "yuragi", "batch", *map(str, arguments), "--device", "cpu"],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        start_new_session=True,
        env={**os.environ, "OMP_NUM_THREADS": "1", **(environment or {})},
    )


def kill(process):
    """End it as a power failure does, with all that it started."""
    os.killpg(process.pid, signal.SIGKILL)
    process.communicate(timeout=30)


def receipts(folder):
    """The receipts, with what tells whether they were written again."""
    found = folder.rglob("*.png.json")
    return {path.name: (path.stat().st_ino, path.stat().st_mtime_ns) for path in found}


def until(found, process):
    """Wait for a true answer of a function while a process runs."""
    end = time.monotonic() + PATIENCE_S
    while not (answer := found()):
        if process.poll() is not None:
            raise AssertionError(process.communicate()[1].decode())
        assert time.monotonic() < end, "it did not happen in time"
        time.sleep(0.02)
    return answer
