r"""How the service performs under load, with many clients at once and a long queue.

- ``submission``: how long clients wait for the answer if they submit one job after another, without
  a pause, while a worker is busy;
- ``memory``: the memory of the server and of the worker, from the first submission until all jobs
  are done;
- ``throughput``: one worker against `yuragi.run` in a loop, alternating, with the same requests:
  how many jobs the worker does in the time of one job of the loop, for jobs of one picture and of a
  batch.

Everything, including the clients, runs on one machine. Other processes may run there too, so the
report contains the system's load average before the clients begin.

After the given time no further turn begins, and jobs that have not ended some time later raise
an error.
"""

from __future__ import annotations

import os
import statistics
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
import torch

from yuragi.client import Client
from yuragi.errors import YuragiError
from yuragi.research.bench.report import frame
from yuragi.research.bench.service.loop import Loop, looping
from yuragi.research.bench.service.processes import Processes
from yuragi.research.bench.service.watch import watched
from yuragi.service.database import open_database
from yuragi.service.slots import processes_of
from yuragi.service.states import State
from yuragi.tasks.context import BATCH

__all__ = ["bench_load"]

MODEL, PROMPT = "portraits", "a person with red hair"
PICTURES = 1, BATCH
"""The numbers of pictures per job in the comparison with the loop."""
FEW_STEPS = 2
"""The solver steps of the jobs that clients submit; the measurement does not depend on them."""
LOOK_S = 0.5
"""The interval at which jobs are checked; it is long, because checks use processor time."""
LATE = 1.5
"""The time that everything may take, as a multiple of the given time."""
POINTS = 40
"""The approximate number of points of a curve in the report."""


def bench_load(
    number: int,
    clients: int,
    rounds: int,
    each: int,
    seconds: float,
    database: str | None,
    device: torch.device,
    on_done: Callable[[int, int], None],
) -> dict[str, Any]:
    """Measure a service with one worker; the rows of the report are described above.

    Args:
        number: the number of jobs that the clients submit.
        clients: the number of clients.
        rounds: the number of turns of the worker and of the loop.
        each: the number of requests in a turn.
        seconds: the time after which no further turn begins; each kind of job gets at least one.
        database: the URL of an empty database; by default, a new SQLite file.
        device: where the worker and the loop run.
        on_done: called with (parts done, parts in total).

    Raises:
        YuragiError: jobs have not ended after 1.5 times this time.
    """
    enough = time.monotonic() + seconds
    until = time.monotonic() + LATE * seconds
    parts = 2 + rounds * len(PICTURES)
    with TemporaryDirectory(prefix="yuragi-load-") as folder, ExitStack() as stack:
        url = database or f"sqlite:///{folder}/jobs.db"
        processes = stack.enter_context(Processes(Path(folder), url))
        address = processes.serve("--assets", f"{folder}/assets")
        processes.start("worker", "--assets", f"{folder}/assets", "--device", device)
        service = stack.enter_context(Client(address))
        _done(service, [service.submit("sample", **_few(0)).id], until)
        (worker,) = processes_of(open_database(url))
        report = frame("load", device, list(range(number)), number)
        report |= {"clients": clients, "model": MODEL, "load_before": os.getloadavg()[0]}
        report["database"] = url.partition(":")[0]
        with watched({"server": processes.started[0].pid, "worker": worker}) as memory:
            jobs, report["submission"] = _submitted(address, clients, number)
            on_done(1, parts)
            states = _done(service, jobs, until)
            report["jobs"] = {str(state): states.count(state) for state in sorted({*states})}
        report["memory"] = memory.report(POINTS)
        on_done(2, parts)
        loop = stack.enter_context(looping(MODEL, str(device), until))
        report["throughput"] = {}
        for pictures in PICTURES:
            turns = list[dict[str, float]]()
            for turn in range(rounds):
                if turns and time.monotonic() > enough:
                    break
                seeds = range(turn * each, (turn + 1) * each)
                requests = [{"prompt": PROMPT, "seed": k, "num_images": pictures} for k in seeds]
                turns.append(_turn(service, loop, requests, turn % 2 == 0, until))
                on_done(3 + turn + rounds * PICTURES.index(pictures), parts)
            report["throughput"][f"pictures {pictures}"] = {
                "relative": statistics.median(one["relative"] for one in turns),
                "between_ms": statistics.median(one["between_ms"] for one in turns),
                "requests": each,
                "turns": turns,
            }
        return report


def _few(seed: int) -> dict[str, Any]:
    """A sample request with few steps."""
    return {"model": MODEL, "prompt": PROMPT, "seed": seed, "num_inference_steps": FEW_STEPS}


def _submitted(address: str, clients: int, number: int) -> tuple[list[str], dict[str, Any]]:
    """The jobs of clients that submit at the same time, and how long each submission took."""
    seconds: list[float] = []
    jobs: list[str] = []
    errors: list[str] = []
    shares = np.array_split(np.arange(number), clients)
    with _connected(address, clients) as connected:
        begin = threading.Barrier(clients + 1)

        def submit(client: Client, seeds: Sequence[int]) -> None:
            begin.wait()
            for seed in seeds:
                began = time.perf_counter()
                try:
                    jobs.append(client.submit("sample", **_few(int(seed))).id)
                except Exception as error:  # every error is counted
                    errors.append(repr(error))
                seconds.append(time.perf_counter() - began)

        threads = [
            threading.Thread(target=submit, args=(client, share))
            for client, share in zip(connected, shares, strict=True)
        ]
        for thread in threads:
            thread.start()
        begin.wait()
        began = time.perf_counter()
        for thread in threads:
            thread.join()
        wall = time.perf_counter() - began
    ms = {f"p{q}_ms": 1e3 * float(np.percentile(seconds, q)) for q in (50, 95, 99)}
    told = {**ms, "max_ms": 1e3 * max(seconds), "per_second": number / wall}
    return jobs, {**told, "errors": len(errors), "first_errors": errors[:3]}


@contextmanager
def _connected(address: str, clients: int) -> Iterator[list[Client]]:
    """Clients with open connections."""
    with ExitStack() as stack:
        made = [stack.enter_context(Client(address)) for _ in range(clients)]
        for client in made:
            client.health()
        yield made


def _turn(
    service: Client,
    loop: Loop,
    requests: Sequence[Mapping[str, Any]],
    loop_first: bool,
    until: float,
) -> dict[str, float]:
    """Run the worker and the loop one after the other; one is idle while the other works."""
    loop_s = loop.seconds(requests, until) if loop_first else 0.0
    service.pause()
    jobs = [service.submit("sample", model=MODEL, **request).id for request in requests]
    service.resume()
    _done(service, jobs, until)
    if not loop_first:
        loop_s = loop.seconds(requests, until)
    found = [service.job(job) for job in jobs]
    starts, ends = [each.started or 0.0 for each in found], [each.ended or 0.0 for each in found]
    worker_s = ends[-1] - starts[0]
    between = [later - earlier for earlier, later in zip(ends[:-1], starts[1:], strict=True)]
    return {
        "worker_s": worker_s,
        "loop_s": loop_s,
        "relative": loop_s / worker_s,
        "between_ms": 1e3 * statistics.median(between),
    }


def _done(service: Client, jobs: Sequence[str], until: float) -> list[State]:
    """The final states of jobs, which must end before a time of `time.monotonic`."""
    states = []
    for job in jobs:
        while not (state := service.job(job).state).ended:
            if time.monotonic() > until:
                raise YuragiError(f"the jobs did not end in time; job {job} is {state}")
            time.sleep(LOOK_S)
        states.append(state)
    return states
