"""A server and a worker in processes of their own: signed results, metrics of both, JSON logs."""

import io
import json

import httpx2
import pytest

pytest.importorskip("c2pa", reason="the optional dependencies c2pa are not installed")

from PIL import Image
from prometheus_client.parser import text_string_to_metric_families

import yuragi
from yuragi.client import Client
from yuragi.provenance.verdict import Verdict, verify
from yuragi.service.states import State

pytestmark = [pytest.mark.slow, pytest.mark.timeout(240)]


def test_results_are_signed_counted_and_logged(processes, portrait, pipeline_folder):
    address = processes.serve("--log", "json")
    _, log = processes.start("worker", "--device", "cpu", "--sign", "--log", "json")
    options = {"model": "tiny", "prompt": "a person", "seed": 3, "num_inference_steps": 4}
    with Client(address) as service:
        job = service.submit("inpaint", image=portrait, mask=square(portrait), **options)
        *_, last = service.events(job.id)
        assert last.kind == State.DONE
        result = service.result(job.id)
        file, mask = (service.download(each.id) for each in (*result.pictures, result.mask))
    told = verify(file)
    assert told.verdict is Verdict.UNTRUSTED
    assert "edited: inpaint with the model tiny@" in told.actions[0]
    assert verify(mask).actions[0].endswith("the file shows the mask (algorithmicMedia)")
    assert yuragi.replay(file, pipeline_folder, device="cpu").difference == 0
    samples = {
        (sample.name, sample.labels.get("task")): sample.value
        for family in text_string_to_metric_families(httpx2.get(f"{address}/metrics").text)
        for sample in family.samples
    }
    assert samples["yuragi_jobs_ended_total", "inpaint"] == 1
    assert samples["yuragi_evaluations_total", "inpaint"] == result.report["evaluations"] > 0
    assert samples["yuragi_job_memory_bytes_sum", "inpaint"] > 2**26
    assert samples["yuragi_workers", None] == 1
    lines = [json.loads(each) for each in log.read_text().splitlines() if each.startswith("{")]
    about = [each["message"] for each in lines if each.get("job") == job.id]
    assert about[0].startswith("begun by ")
    assert about[-1] == f"done, {result.report['evaluations']} evaluations"


def square(portrait):
    held = io.BytesIO()
    mask = Image.new("L", Image.open(io.BytesIO(portrait)).size, 0)
    mask.paste(255, (20, 20, 80, 80))
    mask.save(held, "PNG")
    return held.getvalue()
