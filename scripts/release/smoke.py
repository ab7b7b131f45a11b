"""Install a wheel into a clean environment and use it there, away from the repository.

    python scripts/release/smoke.py dist/yuragi_diffusion-*.whl out/release

The environment stays in the folder, with every optional dependency of users: `licences.py` makes
the bill of materials of it.
"""

from __future__ import annotations

import json
import os
import re
import shlex
import shutil
import socket
import statistics
import subprocess
import sys
import time
import urllib.error
import urllib.request
import zipfile
from email.parser import Parser
from pathlib import Path

ROOT = Path(__file__).parents[2]
DEVELOPERS = {"dev", "docs", "release"}
"""Extras that are of no use outside the repository."""
IMPORT_WITHIN = 0.5
"""Seconds that `import yuragi` may take, beside starting Python."""
READY_WITHIN = 120
"""Seconds until the studio has to answer."""
POINTS = ("--point", "150,48:110,60", "--point", "150,230:140,230")


class Clean:
    """A virtual environment of its own, and an empty folder to work in."""

    def __init__(self, folder: Path) -> None:
        shutil.rmtree(folder, ignore_errors=True)
        self.home, venv = folder / "home", folder / "venv"
        self.home.mkdir(parents=True)
        subprocess.run([sys.executable, "-m", "venv", venv], check=True)
        self.bin = venv / "bin"
        kept = {k: v for k, v in os.environ.items() if not k.startswith(("PYTHON", "YURAGI_"))}
        self.environment = kept | {
            "PATH": f"{self.bin}{os.pathsep}{os.environ['PATH']}",
            **{f"XDG_{kind}_HOME": str(self.home / kind) for kind in ("DATA", "CACHE", "CONFIG")},
        }

    def run(self, *command: str | Path, status: int = 0) -> subprocess.CompletedProcess[str]:
        """A command with what it printed; an error if it ends with another status."""
        done = subprocess.run(
            [self.bin / command[0], *command[1:]],
            cwd=self.home, env=self.environment, text=True, capture_output=True,
        )  # fmt: skip
        if done.returncode != status:
            raise SystemExit(
                f"{shlex.join(map(str, command))} ended with {done.returncode}, not {status}\n"
                f"{done.stdout}{done.stderr}"
            )
        return done

    def install(self, *what: str | Path) -> None:
        """With the versions that are tested."""
        self.run("python", "-m", "pip", "install", "-q", "-c", ROOT / "constraints.txt", *what)


def extras(wheel: Path) -> tuple[str, list[str]]:
    """The name of the distribution, and the optional dependencies that users may ask for."""
    with zipfile.ZipFile(wheel) as file:
        about = next(name for name in file.namelist() if name.endswith(".dist-info/METADATA"))
        metadata = Parser().parsestr(file.read(about).decode("utf-8"))
    return metadata["Name"], sorted({*metadata.get_all("Provides-Extra", [])} - DEVELOPERS)


def check_import(clean: Clean) -> str:
    """The package is the wheel's, and importing it is quick."""
    code = (
        "import time; begin = time.perf_counter(); import yuragi; "
        "print(time.perf_counter() - begin, yuragi.__file__)"
    )
    said = [clean.run("python", "-c", code).stdout.split() for _ in range(5)]
    assert all(Path(place).is_relative_to(clean.bin.parent) for _, place in said), said
    seconds = statistics.median(float(taken) for taken, _ in said)
    assert seconds < IMPORT_WITHIN, f"`import yuragi` took {seconds:.2f} s"
    return f"import yuragi: {seconds * 1000:.0f} ms, the median of {len(said)}"


def check_drag(clean: Clean) -> str:
    """A shipped portrait is dragged, and the result can be replayed."""
    shipped = (
        "import shutil; from importlib.resources import files; "
        "shutil.copy(files('yuragi') / 'assets/examples/portrait-4.png', 'face.png')"
    )
    clean.run("python", "-c", shipped)
    clean.run("yuragi", "drag", "face.png", *POINTS, "--seed", "0", "-o", "dragged.png")
    found = json.loads(clean.run("yuragi", "replay", "dragged.png", "--json").stdout)
    assert (clean.home / "dragged.png").read_bytes() != (clean.home / "face.png").read_bytes()
    assert found["identical"], found["reason"]
    return "yuragi drag changes a shipped portrait, and its replay is identical"


def check_hint(clean: Clean) -> str:
    """What is missing is named with a command that installs it."""
    said = clean.run("yuragi", "studio", "--no-browser", status=2).stderr
    hint = re.search(r"pip install '([^']+)'", " ".join(said.split()))
    assert hint, said
    clean.install(hint[1])
    return f"the hint installs: pip install '{hint[1]}'"


def check_studio(clean: Clean) -> str:
    """The page, everything that it loads, and its licences."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = str(free.getsockname()[1])
    command = [clean.bin / "yuragi", "studio", "--no-browser", "--port", port]
    log = clean.home / "studio.log"
    with log.open("wb") as out:
        studio = subprocess.Popen(
            command, cwd=clean.home, env=clean.environment, stdout=out, stderr=out
        )
        try:
            page = _page(f"http://127.0.0.1:{port}/", studio, log)
            loaded = re.findall(r'(?:src|href)="\./([^"]+)"', page.decode("utf-8"))
            assert loaded, page
            for path in (*loaded, "THIRD-PARTY.txt"):
                assert _get(f"http://127.0.0.1:{port}/{path}"), path
        finally:
            studio.terminate()
            studio.wait(60)
    return f"the studio answers 200 on loopback: its page, {', '.join(loaded)}, THIRD-PARTY.txt"


def _get(url: str) -> bytes:
    with urllib.request.urlopen(url, timeout=10) as answer:  # an error unless 2xx
        content: bytes = answer.read()
    return content


def _page(url: str, studio: subprocess.Popen[bytes], log: Path) -> bytes:
    end = time.monotonic() + READY_WITHIN
    while time.monotonic() < end and studio.poll() is None:
        try:
            return _get(url)
        except (urllib.error.URLError, ConnectionError):
            time.sleep(0.2)
    raise SystemExit(f"the studio did not answer\n{log.read_text('utf-8')}")


def main(wheel: Path, folder: Path) -> None:
    """Every check in turn; the first that fails ends the run."""
    clean = Clean(folder.resolve())
    clean.install("torch")  # first, as in `make setup`: it decides which build of PyTorch is taken
    clean.install(wheel.resolve())
    name, offered = extras(wheel)
    version = wheel.name.split("-")[1]
    assert clean.run("yuragi", "--version").stdout.strip() == f"yuragi {version}"
    print(f"installed {name} {version}", flush=True)
    for check in (check_import, check_drag, check_hint):
        print(check(clean), flush=True)
    for extra in offered:
        clean.install(f"{name}[{extra}]")
    print(f"all extras install: {', '.join(offered)}", flush=True)
    print(check_studio(clean), flush=True)


if __name__ == "__main__":
    main(*map(Path, sys.argv[1:]))
