"""A slot ends when its supervisor has ended, even if that happened before it looked."""

import os
import signal
import subprocess
import sys
import time

STARTS = """
import multiprocessing, os, sys, time
from yuragi.service.worker import orphaned

def slot(file):
    time.sleep(1)  # long enough for the parent to be killed first
    while not orphaned():
        time.sleep(0.1)
    open(file, "w").close()

if __name__ == "__main__":
    slots = multiprocessing.get_context("spawn").Process(target=slot, args=(sys.argv[1],))
    slots.start()
    print("started", flush=True)
    time.sleep(600)
"""


def test_a_slot_that_starts_after_its_supervisor_was_killed_ends(tmp_path):
    script, ended = tmp_path / "starts.py", tmp_path / "ended"
    script.write_text(STARTS)
    command = [sys.executable, str(script), str(ended)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as supervisor:
        assert supervisor.stdout.readline() == "started\n"
        os.kill(supervisor.pid, signal.SIGKILL)
    until = time.monotonic() + 60
    while not ended.exists():
        assert time.monotonic() < until, "the slot lives on without a supervisor"
        time.sleep(0.1)
