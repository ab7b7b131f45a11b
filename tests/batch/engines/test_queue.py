"""Batches as jobs of a service in processes of its own."""

import csv
import json
from functools import partial

import numpy as np
import pytest
from PIL import Image

from batch_process import kill, receipts, start, until

pytest.importorskip("dbos")

import httpx2

from yuragi.batch.engines.queue import PATIENCE_S, Queue, _patiently, _queued_again
from yuragi.batch.run import run_batch
from yuragi.batch.settings import Batch
from yuragi.client import Client, Refused
from yuragi.errors import InputError, YuragiError
from yuragi.models.fingerprint import fingerprint
from yuragi.models.opening import Opening
from yuragi.models.register import register
from yuragi.research.bench.service.processes import Processes
from yuragi.service.states import State
from yuragi.service.wire import Asset, Job, JobResult

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


def test_the_policy_is_that_of_the_service(tmp_path):
    policy = tmp_path / "policy.toml"
    settings = Batch(manifest="no.jsonl", output=str(tmp_path), engine="queue", policy=policy)
    with pytest.raises(InputError, match=r"^policy: .* is that of the service"):
        run_batch(settings)


@pytest.mark.parametrize(
    "url", ["nonsense", "", "ftp://host", "http://", "http://host:port", "host:8420"]
)
def test_an_address_that_cannot_be_one_is_refused_at_once(tmp_path, url):
    settings = Batch(manifest="no.jsonl", output=str(tmp_path), engine=Queue(url=url))
    with pytest.raises(InputError, match=r"^url must be an address such as http"):
        run_batch(settings)


CPU = Opening(device="cpu")


class Service:
    """A service in this process that does jobs at once.

    Attributes:
        origin: what computes them; a batch on the CPU with the tiny pipeline expects its own.
        keys: the idempotency keys of the jobs in order.
        options: the options of all submissions in order.
    """

    def __init__(self, pipeline_folder, png):
        self.origin = {"weights": fingerprint(pipeline_folder), "weak_weights": ""}
        self.origin["dtype"] = "float32"
        self.keys = []
        self.options = []
        self._png = png
        self._jobs = {}
        self._results = {}

    def __enter__(self):
        return self

    def __exit__(self, *given):
        pass

    def health(self):
        return None

    def submit(self, kind, *, idempotency_key, **options):
        self.options.append(options)
        if idempotency_key not in self._jobs:
            self.keys.append(idempotency_key)
            job = f"{len(self.keys):032}"
            told = {"id": job, "kind": kind, "done": 0, "total": 0, "created": 0, "request": {}}
            self._jobs[idempotency_key] = Job(state=State.QUEUED, **told)
            self._results[job] = JobResult(pictures=[PNG], report={"origin": dict(self.origin)})
        return self._jobs[idempotency_key]

    def wait(self, job):
        for key, each in self._jobs.items():
            if each.id == job:
                self._jobs[key] = each.model_copy(update={"state": State.DONE})
                return self._jobs[key]
        raise AssertionError(job)

    def result(self, job):
        return self._results[job]

    def download(self, asset):
        return self._png


PNG = Asset(id="0" * 32, media_type="image/png", bytes=1, width=1, height=1)


@pytest.fixture
def service(monkeypatch, pipeline_folder, folder):
    made = Service(pipeline_folder, (folder / "a.png").read_bytes())
    monkeypatch.setattr("yuragi.client.Client", lambda url, token: made)
    return made


def by_queue(rows, folder, on_progress=lambda pace: None):
    return run_batch(Batch(manifest=rows, output=str(folder), engine=Queue()), CPU, on_progress)


FEW = {"kind": "sdedit", "prompt": "a person", "num_inference_steps": 4, "seed": 1}


def test_a_picture_that_changes_after_the_check_is_not_sent(service, manifest, folder, tmp_path):
    rows = manifest({**FEW, "image": "a.png"}, {**FEW, "image": "b.png"})

    def swap(pace):
        (folder / "b.png").write_bytes((folder / "a.png").read_bytes())

    done = by_queue(rows, tmp_path / "out", swap)
    assert (done.pace.made, done.pace.failed) == (1, 1)
    assert len(service.keys) == 1
    (failure,) = table(done.failures)
    assert failure["row"] == "2"
    assert "changed since the manifest was checked" in failure["reason"]


def test_a_picture_that_is_gone_after_the_check_fails_its_row(service, manifest, folder, tmp_path):
    rows = manifest({**FEW, "image": "a.png"}, {**FEW, "image": "b.png"})
    done = by_queue(rows, tmp_path / "out", lambda pace: (folder / "b.png").unlink(missing_ok=True))
    assert (done.pace.made, done.pace.failed) == (1, 1)
    assert table(done.failures)[0]["column"] == "image"


def test_a_limit_on_pixels_is_for_this_process_and_not_sent(service, manifest, tmp_path):
    rows = manifest({**FEW, "image": "a.png", "max_pixels": 10**8})
    assert by_queue(rows, tmp_path / "out").pace.made == 1
    assert "max_pixels" not in service.options[0]


def test_a_missing_token_ends_the_batch(service, manifest, folder, tmp_path, monkeypatch):
    def refuse(*given, **options):
        raise Refused(401, "the header Authorization must be: Bearer TOKEN")

    monkeypatch.setattr(service, "submit", refuse)
    rows = manifest({**FEW, "image": "a.png"}, {**FEW, "image": "b.png"})
    with pytest.raises(YuragiError, match="refuses the token: set YURAGI_TOKEN"):
        by_queue(rows, tmp_path / "out")
    assert table(tmp_path / "out" / "failures.csv") == []


@pytest.mark.parametrize("status", [429, 502, 503, 504])
def test_a_service_behind_a_proxy_may_be_away(clock, status):
    answers = [Refused(status, "later"), "done"]

    def ask():
        answer = answers.pop(0)
        if isinstance(answer, Refused):
            raise answer
        return answer

    assert _patiently(ask) == "done"


@pytest.mark.parametrize(
    ("found", "column"), [({"weights": "f" * 32}, "model"), ({"dtype": "float16"}, "dtype")]
)
def test_a_result_of_another_setup_is_a_failure_and_is_made_again_later(
    service, manifest, tmp_path, found, column
):
    rows, out = manifest({**FEW, "image": "a.png"}), tmp_path / "out"
    right = service.origin
    service.origin = {**right, **found}
    done = by_queue(rows, out)
    assert (done.pace.made, done.pace.failed) == (0, 1)
    (failure,) = table(done.failures)
    assert (failure["column"], failure["value"]) == (column, found.popitem()[1][:12])
    assert "for which the result is named" in failure["reason"]
    assert receipts(out) == {}
    service.origin = right
    assert by_queue(rows, out).pace.made == 1
    first, second = service.keys
    assert second.startswith(f"{first}-")
    assert len(receipts(out)) == 1


class Clock:
    """The time of calls that take as long as a test says."""

    def __init__(self):
        self.now = 0.0

    def monotonic(self):
        return self.now

    def sleep(self, seconds):
        self.now += seconds


@pytest.fixture
def clock(monkeypatch):
    made = Clock()
    monkeypatch.setattr("yuragi.batch.engines.queue.time", made)
    return made


@pytest.mark.parametrize(
    "lasting",
    [
        [10 * PATIENCE_S, 1.0, 10 * PATIENCE_S, 1.0],  # it answers again for a long time
        [0.9 * PATIENCE_S, 0.5 * PATIENCE_S],  # patience begins with the first failure
    ],
)
def test_a_service_may_be_away_after_a_long_wait(clock, lasting):
    left = list(lasting)

    def wait():
        if not left:
            return "done"
        clock.now += left.pop(0)
        raise httpx2.ReadError("the connection broke")

    assert _patiently(wait) == "done"


def test_a_service_that_stays_away_ends_the_batch(clock):
    def wait():
        clock.now += 10 * PATIENCE_S if not failures else 0.0
        failures.append(clock.now)
        raise httpx2.ConnectError("nobody answers")

    failures = []
    with pytest.raises(YuragiError, match="the service cannot be used: nobody answers"):
        _patiently(wait)
    assert failures[-1] - failures[0] == PATIENCE_S


def test_a_service_that_is_away_is_an_error(manifest, tmp_path, monkeypatch):
    monkeypatch.setattr("yuragi.batch.engines.queue.PATIENCE_S", 0.0)
    rows = manifest({"kind": "sample", "prompt": "red", "num_inference_steps": 3})
    engine = Queue(url="http://127.0.0.1:9")
    with pytest.raises(YuragiError, match="the service cannot be used"):
        run_batch(Batch(manifest=rows, output=str(tmp_path / "out"), engine=engine))
    assert table(tmp_path / "out" / "results.csv") == []


def test_an_answer_that_was_lost_does_not_fail_a_row(monkeypatch):
    """The service had queued the job again, and refuses to queue it twice."""
    monkeypatch.setattr("yuragi.batch.engines.queue.AGAIN_S", 0.0)
    calls = []

    class Service:
        def retry(self, job):
            calls.append(job)
            if len(calls) == 1:
                raise httpx2.ReadTimeout("lost")
            raise Refused(409, "the job is queued")

        def job(self, job):
            return f"the state of {job}"

    assert _patiently(partial(_queued_again, Service(), "a")) == "the state of a"
    assert calls == ["a", "a"]


def test_other_refusals_of_a_retry_are_failures():
    class Service:
        def retry(self, job):
            raise Refused(403, "the policy does not allow it")

    with pytest.raises(Refused, match="policy"):
        _queued_again(Service(), "a")
