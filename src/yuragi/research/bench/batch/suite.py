"""The cost of a row of a batch, and how engines scale with their workers.

Every arrangement makes the same edits of shipped portraits. All arrangements run once in every
round, so that other load on the machine affects all of them, and they are compared round by round.
A cluster or a service is started before the clock starts, but the time in which new workers load
the model is part of a batch.
"""

from __future__ import annotations

import json
import os
import statistics
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from importlib.resources import files
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import torch
from fsspec.implementations.local import LocalFileSystem
from PIL import Image

from yuragi.batch.check import checked
from yuragi.batch.plan import Planner
from yuragi.batch.run import Pace, run_batch
from yuragi.batch.settings import Batch
from yuragi.models.fingerprint import fingerprint
from yuragi.models.names import model_path
from yuragi.models.opening import Opening
from yuragi.research.bench.batch.arrangements import ENGINES, processor_seconds
from yuragi.research.bench.report import frame
from yuragi.service.files import write_whole

__all__ = ["bench_batch"]

MODEL = "portraits"
PORTRAITS = ("portrait-0.png", "portrait-1.png", "portrait-4.png")
WORDS = ("long red hair", "short blond hair", "a smile", "a full beard")
WRITES = 50


@dataclass(frozen=True)
class Turn:
    """One batch of an arrangement.

    Attributes:
        arrangement: the engine and its workers, such as ``ray 2``.
        round: the round.
        seconds: the time that the batch took after its check.
        first_s: the time until its first result.
        processor_s: the processor time of all its processes, including the check.
        load: the load average before the batch.
    """

    arrangement: str
    round: int
    seconds: float
    first_s: float
    processor_s: float
    load: float


def bench_batch(
    engines: Mapping[str, Sequence[int]],
    rows: int,
    steps: int,
    rounds: int,
    seed: int,
    device: torch.device,
    on_turn: Callable[[int, int], None],
) -> dict[str, Any]:
    """Measure batches.

    Args:
        engines: numbers of workers by engine.
        rows: the rows of a batch.
        steps: the noise levels of an edit; 0.6 of them are used.
        rounds: the number of batches of every arrangement.
        seed: the seed of the first row; it increases by 1 per row.
        device: where models run.
        on_turn: called with (turns done, turns in total).
    """
    arrangements = [(name, count) for name, counts in engines.items() for count in counts]
    turns = list[Turn]()
    with TemporaryDirectory(prefix="yuragi-batch-") as folder:
        given = _given(Path(folder), rows, steps, seed)
        for number in range(rounds):
            for name, workers in arrangements:
                where = Path(folder) / f"{name}-{workers}-{number}"
                where.mkdir()
                turns.append(_turn(given, name, workers, number, device, where))
                on_turn(len(turns), rounds * len(arrangements))
        made = next(Path(folder).glob("*/made"))
        parts, size = _parts(given, Path(folder), made, device), _size(made)
    report = frame("batch", device, list(range(seed, seed + rows)), rows * len(turns))
    return {
        **report,
        "model": MODEL,
        "weights": fingerprint(model_path(MODEL)),
        "size": size,
        "rows": rows,
        "steps": steps,
        "rounds": rounds,
        "parts": parts,
        "arrangements": _summary(turns, rows),
        "turns": [asdict(turn) for turn in turns],
    }


def _given(folder: Path, rows: int, steps: int, seed: int) -> str:
    """Write the manifest."""
    shipped = Path(str(files("yuragi"))) / "assets" / "examples"
    lines = [
        {
            "kind": "sdedit",
            "model": MODEL,
            "image": str(shipped / PORTRAITS[k % len(PORTRAITS)]),
            "prompt": f"a person with {WORDS[k % len(WORDS)]}",
            "num_inference_steps": steps,
            "seed": seed + k,
        }
        for k in range(rows)
    ]
    file = folder / "edits.jsonl"
    file.write_text("\n".join(map(json.dumps, lines)))
    return str(file)


def _turn(
    given: str, name: str, workers: int, number: int, device: torch.device, folder: Path
) -> Turn:
    load, first = os.getloadavg()[0], list[float]()

    def watch(pace: Pace) -> None:
        if pace.made and not first:
            first.append(pace.seconds)

    with ENGINES[name](workers, str(device), folder) as place:
        settings = Batch(manifest=given, output=str(folder / "made"), engine=place.engine)
        before = processor_seconds(place.sessions)
        done = run_batch(settings, Opening(device=str(device)), watch)
        spent = processor_seconds(place.sessions) - before
    assert not done.pace.failed
    called = f"{name} {workers}"
    return Turn(called, number, done.pace.seconds, first[0], spent, load)


def _size(made: Path) -> list[int]:
    """The width and the height of the pictures, which have all the same."""
    with Image.open(next(made.rglob("*.png"))) as picture:
        return list(picture.size)


def _parts(given: str, folder: Path, made: Path, device: torch.device) -> dict[str, float]:
    """The costs of a row without the model."""
    planner = Planner(0, Opening(device=str(device)))
    began, spent = time.perf_counter(), time.process_time()
    checked(given, planner, lambda row: None)
    rows = len(planner.rows)
    check, checking = time.perf_counter() - began, time.process_time() - spent
    results = [path for path in made.rglob("*") if path.is_file() and path.suffix != ".csv"]
    pictures = [path.stat().st_size for path in results if path.suffix == ".png"]
    receipts = [path.stat().st_size for path in results if path.suffix == ".json"]
    data, times = b"0" * round(statistics.mean(pictures)), list[float]()
    for number in range(WRITES):
        began = time.perf_counter()
        write_whole(LocalFileSystem(), {str(folder / "written" / str(number)): data})
        times.append(time.perf_counter() - began)
    return {
        "check_ms": 1000 * check / rows,
        "check_processor_ms": 1000 * checking / rows,
        "picture_bytes": statistics.mean(pictures),
        "receipt_bytes": statistics.mean(receipts),
        "write_ms": 1000 * statistics.median(times),
    }


def _summary(turns: Sequence[Turn], rows: int) -> dict[str, dict[str, float]]:
    """The medians of each arrangement, and its speed relative to one worker of its engine."""
    found = dict[str, dict[str, float]]()
    for called in dict.fromkeys(turn.arrangement for turn in turns):
        own = [turn for turn in turns if turn.arrangement == called]
        one = {t.round: t for t in turns if t.arrangement == f"{called.split()[0]} 1"}
        found[called] = {
            "per_second": statistics.median(rows / turn.seconds for turn in own),
            "first_s": statistics.median(turn.first_s for turn in own),
            "processor_s_per_row": statistics.median(turn.processor_s / rows for turn in own),
        }
        if one:
            speed = [one[turn.round].seconds / turn.seconds for turn in own]
            found[called] |= {
                "beside_one": statistics.median(speed),
                "least": min(speed),
                "most": max(speed),
            }
    return found
