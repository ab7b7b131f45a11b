"""Batches as jobs of a service in processes of its own."""

import csv
import json

import numpy as np
import pytest
from PIL import Image

from batch_process import kill, receipts, start, until

pytest.importorskip("dbos")

from yuragi.batch.engines.queue import Queue
from yuragi.batch.run import run_batch
from yuragi.batch.settings import Batch
from yuragi.client import Client
from yuragi.errors import InputError, YuragiError
from yuragi.models.opening import Opening
from yuragi.models.register import register
from yuragi.research.bench.service.processes import Processes
from yuragi.service.states import State

EDIT = {"model": "tiny", "kind": "sdedit", "prompt": "a person", "num_inference_steps": 4}


@pytest.fixture
def registered(monkeypatch, tmp_path, pipeline_folder):
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "data"))
    monkeypatch.delenv("YURAGI_TOKEN", raising=False)
    register("tiny", pipeline_folder, "", {})
    return tmp_path


@pytest.fixture
def processes(registered):
    database = f"sqlite:///{registered / 'jobs.db'}"
    with Processes(registered, database, {"OMP_NUM_THREADS": "1"}) as made:
        yield made


def table(place):
    with open(place, newline="") as file:
        return list(csv.DictReader(file))


@pytest.mark.slow
@pytest.mark.timeout(400)
def test_results_are_those_of_this_process(registered, processes, manifest, tmp_path):
    rows = manifest(
        *[{**EDIT, "image": "a.png", "seed": k} for k in range(3)],
        {**EDIT, "image": "b.png", "prompt": "blargh glorp", "seed": 1},
        {"model": "tiny", "kind": "sample", "prompt": "red", "num_inference_steps": 3},
    )
    local = run_batch(Batch(manifest=rows, output=str(tmp_path / "here")), Opening(device="cpu"))
    url = processes.serve()
    processes.start("worker", "--device", "cpu")
    settings = Batch(
        manifest=rows, output=str(tmp_path / "there"), engine={"name": "queue", "url": url}
    )
    done = run_batch(settings)
    assert (done.pace.made, done.pace.failed) == (4, 1)
    (failure,) = table(done.failures)
    assert failure["row"] == "4"
    assert "knows none of these words" in failure["reason"]
    assert table(done.results) == table(local.results)
    for row in table(done.results):
        for place in row["files"].split():
            one, other = (Image.open(tmp_path / k / place) for k in ("here", "there"))
            assert np.abs(np.asarray(one, int) - np.asarray(other, int)).max() <= 1
    again = run_batch(settings)  # the failed job is done once more, and fails again
    assert (again.pace.before, again.pace.failed) == (4, 1)
    with Client(url) as service:
        assert len(service.jobs()) == 5


@pytest.mark.slow
@pytest.mark.timeout(400)
def test_a_killed_batch_finds_its_jobs_again(registered, processes, manifest, tmp_path):
    rows = manifest(*[{**EDIT, "image": "a.png", "seed": k} for k in range(6)])
    url, out = processes.serve(), tmp_path / "out"
    engine = ("--engine", "queue", "--url", url)
    data = {"XDG_DATA_HOME": str(registered / "data")}
    with Client(url) as service:
        process = start(rows, "-o", out, "-q", *engine, environment=data)
        until(lambda: len(service.jobs()) == 6, process)  # and no worker yet
        kill(process)
        processes.start("worker", "--device", "cpu")
        until(lambda: service.jobs(State.DONE), processes.started[-1])
        process = start(rows, "-o", out, "-q", *engine, "--json", environment=data)
        told, errors = process.communicate(timeout=300)
        assert process.returncode == 0, errors
        assert json.loads(told)["made"] == 6
        assert len(service.jobs()) == 6
    assert len(receipts(out)) == 6


@pytest.mark.parametrize(
    "files", [{"format": "jpg"}, {"embed": False}, {"mark": True}, {"signing": {"sign": True}}]
)
def test_the_service_decides_how_files_are_written(manifest, tmp_path, files):
    settings = Batch(manifest="no.jsonl", output=str(tmp_path), engine="queue", files=files)
    with pytest.raises(InputError, match="the service decides how files are written"):
        run_batch(settings)


def test_a_service_that_is_away_is_an_error(manifest, tmp_path, monkeypatch):
    monkeypatch.setattr("yuragi.batch.engines.queue.PATIENCE_S", 0.0)
    rows = manifest({"kind": "sample", "prompt": "red", "num_inference_steps": 3})
    engine = Queue(url="http://127.0.0.1:9")
    with pytest.raises(YuragiError, match="the service cannot be used"):
        run_batch(Batch(manifest=rows, output=str(tmp_path / "out"), engine=engine))
    assert table(tmp_path / "out" / "results.csv") == []
