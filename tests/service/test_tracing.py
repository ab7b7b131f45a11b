"""Traces and logs of a job: from its submission to its end, under its id."""

import io
import json
import logging
import sys

import pytest

pytest.importorskip("opentelemetry.sdk", reason="the optional dependencies telemetry are missing")

from opentelemetry import trace
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from opentelemetry.trace import StatusCode

from submitting import running, submit
from yuragi.models.opening import Opening
from yuragi.provenance.signing import Signing
from yuragi.service import jobs, work
from yuragi.service.loaded import Loaded
from yuragi.service.logs import configure_logs, of_job
from yuragi.service.states import State
from yuragi.service.stopping import Halt
from yuragi.tasks.policy import Policy


@pytest.fixture(scope="module")
def exporter():
    """OpenTelemetry takes one provider in the life of a process."""
    kept = InMemorySpanExporter()
    provider = TracerProvider()
    provider.add_span_processor(SimpleSpanProcessor(kept))
    trace.set_tracer_provider(provider)
    return kept


@pytest.fixture
def spans(exporter):
    exporter.clear()

    def ours():  # FastAPI has spans of its own
        found = exporter.get_finished_spans()
        return {
            each.name: each for each in found if each.instrumentation_scope.name == "yuragi.service"
        }

    return ours


@pytest.fixture
def lines(monkeypatch):
    """What was logged as JSON."""
    root, level = logging.getLogger(), logging.getLogger("yuragi").level
    before = root.handlers[:]
    stream = io.StringIO()
    monkeypatch.setattr(sys, "stderr", stream)
    configure_logs("json")

    def told():
        return [json.loads(each) for each in stream.getvalue().splitlines()]

    yield told
    root.handlers[:] = before
    logging.getLogger("yuragi").setLevel(level)


@pytest.fixture
def bench(parts):
    loaded = Loaded(Opening(device="cpu"), 1)
    return work.Bench(
        parts.database, parts.assets, loaded, "slot-1", parts.tickets, Signing(), Policy(), Halt()
    )


def test_a_job_is_one_trace(spans, lines, http, parts, bench):
    given = {"kind": "sample", "model": "tiny", "prompt": "a person", "num_inference_steps": 2}
    job = jobs.find(parts.database, http.post("/api/v1/jobs", json=given).json()["id"])
    attempt = running(parts, job)
    with of_job(job.id):
        assert work._do(bench, attempt)
    assert jobs.find(parts.database, job.id).state is State.DONE
    found = spans()
    assert set(found) == {"submit", "run"}
    for each in found.values():
        assert each.context.trace_id == int(job.id, 16)
        assert each.attributes["yuragi.job"] == job.id
        assert each.end_time > each.start_time
    assert found["submit"].end_time <= found["run"].start_time
    assert found["submit"].attributes["yuragi.task"] == "sample"
    assert found["run"].attributes["yuragi.slot"] == "slot-1"
    told = [each for each in lines() if each["logger"].startswith("yuragi")]
    assert {each["job"] for each in told} == {job.id}
    assert [each["message"].split(" ")[0].strip(":,") for each in told] == [
        "submitted",
        "begun",
        "done",
    ]


def test_a_run_that_fails_is_an_error(spans, lines, parts, bench, monkeypatch):
    def broken(*given):
        raise KeyError("inside")

    monkeypatch.setattr(work, "_run", broken)
    job = submit(parts)
    with of_job(job.id):
        assert work._do(bench, running(parts, job))
    span = spans()["run"]
    assert span.status.status_code is StatusCode.ERROR
    assert span.events[0].attributes["exception.type"] == "KeyError"
    failed = [each for each in lines() if each["level"] == "error"]
    assert len(failed) == 1
    assert failed[0]["job"] == job.id
    assert "KeyError: 'inside'" in failed[0]["error"]


def test_lines_without_a_job_name_none(lines):
    logging.getLogger("yuragi.service").warning("a %s", "word")
    (told,) = lines()
    assert "job" not in told
    assert (told["level"], told["message"]) == ("warning", "a word")
