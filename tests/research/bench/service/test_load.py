"""The load benchmark in small: what is counted is what was done."""

import json
import multiprocessing
import time

import pytest

pytest.importorskip("dbos")

import torch

from yuragi.errors import YuragiError
from yuragi.research.bench.service.load import _done, bench_load
from yuragi.research.bench.service.loop import Loop
from yuragi.research.bench.service.watch import Memory, memory_of
from yuragi.service.wire import Job


@pytest.mark.slow
@pytest.mark.timeout(300)
def test_a_small_load():
    seen = []
    report = bench_load(12, 4, 1, 2, 200, None, torch.device("cpu"), lambda *at: seen.append(at))
    assert json.loads(json.dumps(report, allow_nan=False)) == report
    assert seen[-1] == (4, 4)
    assert report["jobs"] == {"done": 12}
    told = report["submission"]
    assert told["errors"] == 0
    assert 0 < told["p50_ms"] <= told["p99_ms"] <= told["max_ms"]
    assert {*report["memory"]} == {"server", "worker"}
    for row in report["throughput"].values():
        assert len(row["turns"]) == 1
        assert 0 < row["relative"] < 5


def test_what_does_not_end_in_time_is_given_up():
    class Stuck:
        def job(self, job):
            return Job(
                id=job, kind="sample", state="running", done=0, total=9, created=0, request={}
            )

    with pytest.raises(YuragiError, match="in time; job a is running"):
        _done(Stuck(), ["a"], time.monotonic())
    here, there = multiprocessing.Pipe()
    with pytest.raises(YuragiError, match="the loop did not end in time"):
        Loop(here).seconds([], time.monotonic())
    assert there.recv() == []


def test_memory_that_grows_is_seen():
    memory = Memory({})
    memory.seconds = [float(k) for k in range(40)]
    memory.mib = {"flat": [100.0] * 40, "grows": [100.0 + k for k in range(40)]}
    report = memory.report(10)
    assert report["flat"]["growth_mib"] == 0
    assert report["grows"]["growth_mib"] == 139 - 109
    assert len(report["grows"]["mib"]) == 10
    import os

    assert memory_of(os.getpid()) > 10
