"""What goes wrong while a command runs: a full disk, an interrupt."""

import errno
import os
import signal
import subprocess
import sys
import time

import pytest

from yuragi.cli.progress import progress
from yuragi.tasks.writing import Style


@pytest.mark.parametrize("line", [[], ["--json"]])
def test_finished_pictures_stay_when_the_disk_is_full(
    cli, tmp_path, monkeypatch, pipeline_folder, line
):
    write = Style.write

    def full(self, path, picture, record):
        if path.name == "a-0002.png":
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        write(self, path, picture, record)

    monkeypatch.setattr(Style, "write", full)
    settings = ["-n", 3, "--steps", 2, "-o", "a.png", "--model", pipeline_folder, "-q", *line]
    code, out, err = cli("sample", "--prompt", "red", *settings)
    assert code == 1
    assert out.split() == ([] if line else ["a-0000.png", "a-0001.png"])
    assert err.splitlines()[-1] == (
        "error: a-0002.png: the file cannot be written: No space left on device; "
        "finished files are kept: a-0000.png, a-0001.png"
    )
    assert sorted(path.name for path in tmp_path.iterdir()) == ["a-0000.png", "a-0001.png"]


@pytest.mark.parametrize("after", [0.1, 0.2, 0.4, 0.8, 1.6])
def test_an_interrupt_is_one_line_at_any_moment(tmp_path, after):
    """From the first imports on; before Python itself has started nobody can catch it."""
    settings = ["--prompt", "red", "--steps", "1000", "-o", str(tmp_path / "a.png"), "-q"]
    begun = "import signal;signal.signal(signal.SIGINT, signal.default_int_handler);"
    begun += "print('begun', flush=True);import yuragi.__main__ as m,sys;"
    begun += f"sys.argv=['yuragi','sample',*{settings!r}];m.run()"
    with subprocess.Popen(
        [sys.executable, "-c", begun], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as running:
        assert running.stdout.readline() == "begun\n"
        time.sleep(after)
        running.send_signal(signal.SIGINT)
        _, err = running.communicate(timeout=60)
    assert running.returncode == 130, err
    assert err == "interrupted\n"
    assert list(tmp_path.iterdir()) == []


def test_an_interrupt_that_a_library_swallowed_still_ends_the_run():
    """The handler of the command sets the default action when it interrupts."""
    before = signal.signal(signal.SIGINT, signal.SIG_DFL)
    try:
        with progress("sample", quiet=True) as update, pytest.raises(KeyboardInterrupt):
            update(1, 2)
    finally:
        signal.signal(signal.SIGINT, before)
    with progress("sample", quiet=True) as update:
        update(1, 2)
