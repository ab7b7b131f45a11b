"""Metrics, folded from the audit: the same for every process, and after a restart."""

import re

import pytest
import sqlalchemy as sa
from prometheus_client.parser import text_string_to_metric_families

from submitting import running, submit
from yuragi.service import jobs, order, tables
from yuragi.service.app import make_app
from yuragi.service.audit import every
from yuragi.service.fold import Distribution
from yuragi.service.metrics import Metrics
from yuragi.service.tally import Tally

HOW = {"task": "sample", "solver": "dpm++2m", "rule": "cfg", "gain": "plain"}
MODEL = {"model": "tiny@0123456789ab"}


def result(**report):
    request = {"model": MODEL["model"]}
    return {"pictures": [], "report": {"request": request, "evaluations": 40, **report}}


@pytest.fixture
def scrape(http):
    """The value of a metric, by name and labels; None if it is not there."""

    def ask(name, **labels):
        answer = http.get("/metrics")
        assert answer.status_code == 200
        assert answer.headers["content-type"].startswith("text/plain; version=")
        for family in text_string_to_metric_families(answer.text):
            for sample in family.samples:
                if sample.name == name and sample.labels == labels:
                    return sample.value
        return None

    return ask


def rows(parts):
    with parts.database.reading() as connection:
        return list(every(connection))


def finish(parts, seed=0, **report):
    job = submit(parts, seed=seed)
    running(parts, job, workflow=f"w{seed}").finish(result(**report))


def test_the_queue(parts, scrape):
    assert scrape("yuragi_queue_depth", state="queued") == 0
    assert scrape("yuragi_queue_oldest_seconds") == 0
    first = submit(parts)
    submit(parts, seed=1)
    running(parts, first)
    assert scrape("yuragi_queue_depth", state="queued") == 1
    assert scrape("yuragi_queue_depth", state="running") == 1
    assert scrape("yuragi_queue_oldest_seconds") > 0
    assert scrape("yuragi_queue_paused") == 0
    order.pause(parts.database)
    assert scrape("yuragi_queue_paused") == 1
    assert scrape("yuragi_workers") == 0


def test_what_jobs_cost_and_how_they_ended(parts, scrape):
    finish(parts, 0, memory_bytes=2**30, familiarity=1.3, stress=[0.5, 2.0])
    finish(parts, 1, intent=[{"score": 0.62, "background": 1.0}])
    running(parts, submit(parts, seed=2), workflow="w2").fail("its worker died 3 times doing it")
    job = submit(parts, seed=3)
    jobs.cancel(parts.database, job.id)
    jobs.retry(parts.database, parts.tickets, job.id)
    assert scrape("yuragi_jobs_queued_total", task="sample") == 5
    ended = {"done": 2, "failed": 1, "cancelled": 1}
    for state, count in ended.items():
        assert scrape("yuragi_jobs_ended_total", task="sample", state=state) == count
    assert scrape("yuragi_jobs_failed_total", task="sample", failure="worker died") == 1
    assert scrape("yuragi_evaluations_total", **HOW) == 80
    assert scrape("yuragi_job_run_seconds_count", **HOW) == 3
    assert scrape("yuragi_job_wait_seconds_count", task="sample") == 3
    assert scrape("yuragi_job_memory_bytes_sum", task="sample") == 2**30
    assert scrape("yuragi_familiarity_bucket", le="1.2", **MODEL) == 0
    assert scrape("yuragi_familiarity_bucket", le="1.5", **MODEL) == 1
    assert scrape("yuragi_stress_sum", **MODEL) == 2.0
    assert scrape("yuragi_intent_count", **MODEL) == 1
    assert scrape("yuragi_background_error_sum", **MODEL) == 0


def test_a_null_in_the_audit_counts_as_absent(parts, scrape):
    """Earlier versions wrote null for a number that was not finite, and rows cannot be changed."""
    finish(parts, 0, stress=[2.0])
    (*_, row) = rows(parts)
    told = {key: value for key, value in row.items() if key not in ("hash", "number")}
    told["figures"] = {**told["figures"], "stress": None, "memory_bytes": None, "evaluations": None}
    with parts.database.writing() as connection:
        added = sa.insert(tables.audit).values(**told, number=row["number"] + 1, hash="1" * 64)
        connection.execute(added)
    assert scrape("yuragi_jobs_ended_total", task="sample", state="done") == 2
    assert scrape("yuragi_stress_sum", **MODEL) == 2.0
    assert scrape("yuragi_evaluations_total", **HOW) == 40


def test_a_restart_loses_nothing_and_every_process_says_the_same(parts, http):
    for seed in range(3):
        finish(parts, seed, familiarity=1.1)
    http.get("/api/v1/jobs/none")
    first = counts(http.get("/metrics").text)
    again = counts(Metrics(parts.database, Tally(parts.database), parts.watch).text().decode())
    assert first == again
    assert any(name == "yuragi_refusals_total" for name, _ in first)
    finish(parts, 3)
    later = counts(http.get("/metrics").text)
    name = ("yuragi_jobs_ended_total", (("state", "done"), ("task", "sample")))
    assert (first[name], later[name]) == (3, 4)


def counts(text):
    """What was counted, and not the state of this moment."""
    return {
        (sample.name, tuple(sorted(sample.labels.items()))): sample.value
        for family in text_string_to_metric_families(text)
        for sample in family.samples
        if family.name.startswith("yuragi") and family.type in ("counter", "histogram")
    }


def test_refusals_of_all_processes_are_added_up(parts, http, scrape):
    for _ in range(2):
        assert http.post("/api/v1/jobs", json={"kind": "nothing"}).status_code == 422
    assert http.get("/healthz", headers={"host": "elsewhere"}).status_code == 421
    assert scrape("yuragi_refusals_total", status="422") == 2
    assert scrape("yuragi_refusals_total", status="421") == 1
    other = Tally(parts.database)
    other.count(422)
    assert other.totals() == {"421": 1, "422": 3}
    assert scrape("yuragi_refusals_total", status="422") == 3


def test_metrics_need_the_token(parts):
    from starlette.testclient import TestClient

    changed = parts.settings.model_copy(update={"token": "secret of the operator"})
    app = make_app(type(parts)(**{**vars(parts), "settings": changed}))
    with TestClient(app, base_url="http://127.0.0.1:8420") as client:
        assert client.get("/metrics").status_code == 401
        bearer = {"authorization": "Bearer secret of the operator"}
        assert client.get("/metrics", headers=bearer).status_code == 200


def test_names_follow_the_conventions_of_prometheus(parts):
    finish(parts, 0, familiarity=1.1)
    text = Metrics(parts.database, Tally(parts.database), parts.watch).text().decode()
    names = re.findall(r"^# TYPE (yuragi\S+) (\w+)", text, re.MULTILINE)
    assert len(names) == len(set(names)) > 15
    for name, kind in names:
        assert re.fullmatch(r"yuragi(_[a-z]+)+", name)
        assert name.endswith("_total") == (kind == "counter")


def test_a_value_at_a_bound_belongs_below_it():
    spread = Distribution((1.0, 2.0))
    for value in (0.5, 1.0, 1.5, 2.5):
        spread.add(value)
    assert spread.buckets == [("1.0", 2), ("2.0", 3), ("+Inf", 4)]
    assert spread.total == 5.5
