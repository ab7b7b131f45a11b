"""The API, in one process and without a worker."""

import io
import shutil

import pytest
from PIL import Image

from submitting import running
from yuragi.models.register import register
from yuragi.service import jobs
from yuragi.service.listening import url_of
from yuragi.service.states import State
from yuragi.service.uploads import png
from yuragi.service.wire import JobResult
from yuragi.tasks.tasks import TASKS

SAMPLE = {"kind": "sample", "model": "tiny", "prompt": "a person"}
API = "/api/v1"


def post(http, given=SAMPLE, **headers):
    return http.post(f"{API}/jobs", json=given, headers=headers)


def test_a_submission_is_accepted_and_found(http):
    answer = post(http)
    assert answer.status_code == 202
    job = answer.json()
    assert (job["state"], job["position"]) == ("queued", 0)
    assert http.get(answer.headers["location"]).json() == job
    assert http.get(f"{API}/jobs").json() == [job]
    assert http.get(f"{API}/jobs", params={"state": "done"}).json() == []
    refused = http.get(f"{API}/jobs", params={"state": ["done", "foo"]})
    assert (refused.status_code, refused.json()["argument"]) == (422, "state")
    assert "one of queued, running" in refused.json()["message"]


def test_head_is_another_method_and_not_another_path(http):
    assert http.head(f"{API}/jobs").status_code == 405
    assert http.head(f"{API}/none").status_code == 404
    assert http.head("/").status_code == 200


def test_the_work_of_a_job_is_limited(http):
    answer = post(http, {**SAMPLE, "num_images": 10_000, "num_inference_steps": 1000})
    assert (answer.status_code, answer.json()["argument"]) == (422, "num_images")


def test_an_idempotency_key(http):
    first = post(http, **{"idempotency-key": "k"})
    assert post(http, **{"idempotency-key": "k"}).json()["id"] == first.json()["id"]
    other = post(http, {**SAMPLE, "seed": 1}, **{"idempotency-key": "k"})
    assert other.status_code == 409
    assert "used before" in other.json()["message"]
    assert post(http, **{"idempotency-key": "x" * 201}).status_code == 422
    assert len(http.get(f"{API}/jobs").json()) == 1


def test_pictures_by_multipart_and_as_assets(http, portrait, parts):
    mask = Image.new("L", (256, 256))
    mask.paste(255, (20, 20, 60, 60))
    held = io.BytesIO()
    mask.save(held, "PNG")
    request = '{"kind": "inpaint", "model": "tiny", "prompt": "a person", "seed": 1}'
    sent = {"image": portrait, "mask": held.getvalue()}
    answer = http.post(f"{API}/jobs", data={"request": request}, files=sent)
    assert answer.status_code == 202, answer.text
    first = answer.json()["request"]
    ids = {
        name: http.post(f"{API}/assets", content=data).json()["id"] for name, data in sent.items()
    }
    given = {"kind": "inpaint", "model": "tiny", "prompt": "a person", "seed": 1, **ids}
    assert post(http, given).json()["request"] == first
    assert http.get(f"{API}/assets/{ids['image']}").content == portrait
    assert http.get(f"{API}/assets/{ids['image']}").headers["content-type"] == "image/png"
    assert http.get(f"{API}/assets/{ids['image']}/about").json()["width"] == 256


@pytest.mark.parametrize(
    ("data", "files"),
    [
        ({}, {"image": b"x"}),
        ({"request": "{"}, {"image": b"x"}),
        ({"request": '{"kind": "sdedit"}'}, {"image": b"no picture"}),
        ({"request": '{"kind": "sample", "prompt": "x"}'}, {"image": b"x"}),
    ],
)
def test_forms_that_are_refused(http, data, files):
    answer = http.post(f"{API}/jobs", data=data, files=files)
    assert answer.status_code == 422
    assert answer.json()["message"]


def test_refusals_name_the_option(http):
    answer = post(http, {**SAMPLE, "num_inference_steps": 0})
    assert answer.status_code == 422
    assert answer.json()["argument"] == "num_inference_steps"
    answer = http.put(f"{API}/queue/order", json={"jobs": 5})
    assert (answer.status_code, answer.json()["argument"]) == (422, "jobs")


@pytest.mark.parametrize(
    "path", ["jobs/0", "jobs/0/result", "jobs/0/events", "assets/0", "schemas/x", "x"]
)
def test_what_is_not_there(http, path):
    answer = http.get(f"{API}/{path}")
    assert answer.status_code == 404
    assert answer.json()["message"]


def test_a_result_only_when_it_is_done(http, parts, picture):
    name = post(http).json()["id"]
    assert http.get(f"{API}/jobs/{name}/result").status_code == 409
    asset = parts.assets.put(png(picture))
    made = JobResult(pictures=[asset], report={"evaluations": 1})
    running(parts, jobs.find(parts.database, name)).finish(made.model_dump(mode="json"))
    assert JobResult(**http.get(f"{API}/jobs/{name}/result").json()) == made
    assert http.post(f"{API}/jobs/{name}/cancel").status_code == 409


def test_the_queue(http):
    a, b = (post(http).json()["id"] for _ in range(2))
    assert http.put(f"{API}/queue/order", json={"jobs": [b]}).json()["queued"] == [b, a]
    assert http.put(f"{API}/queue/order", json={"jobs": ["x"]}).status_code == 409
    assert http.post(f"{API}/queue/pause").json()["paused"] is True
    assert http.post(f"{API}/queue/resume").json()["paused"] is False
    assert http.post(f"{API}/jobs/{a}/cancel").json()["state"] == "cancelled"
    assert http.post(f"{API}/jobs/{a}/retry").json()["position"] == 1
    assert http.post(f"{API}/queue/cancel-waiting").json() == [b, a]
    assert http.post(f"{API}/queue/clear").json() == []


def events(http, job, last=None):
    """The events of a job that has ended, as (id, kind)."""
    headers = {} if last is None else {"last-event-id": last}
    answer = http.get(f"{API}/jobs/{job}/events", headers=headers)
    found, number = [], None
    for line in answer.text.splitlines():
        if line.startswith("id: "):
            number = line.removeprefix("id: ")
        if line.startswith("event: "):
            found.append((number, line.removeprefix("event: ")))
    return answer.status_code, found


def test_events_after_the_last_one(http, parts):
    name = post(http).json()["id"]
    attempt = running(parts, jobs.find(parts.database, name))
    attempt.progress(1, 2)
    attempt.fail("it cannot be done")
    told = [("1", "queued"), ("2", "started"), ("3", "step"), ("4", "failed")]
    assert events(http, name) == (200, told)
    assert events(http, name, "2") == (200, told[2:])
    assert events(http, name, "4") == (204, [])
    assert events(http, name, "x")[0] == 422
    failed = http.get(f"{API}/jobs/{name}").json()
    assert (failed["state"], failed["error"]) == ("failed", "it cannot be done")


def test_what_the_service_can_do(http, pipeline_folder, tmp_path):
    assert {*http.get(f"{API}/schemas").json()} == {*TASKS}
    assert http.get(f"{API}/schemas/drag").json()["properties"]["points"]
    names = {each["name"]: each["capabilities"] for each in http.get(f"{API}/models").json()}
    assert names == {"portraits": None, "tiny": None}  # no worker has loaded them yet
    known = {each["name"]: each for each in http.get(f"{API}/models").json()}
    assert known["portraits"]["knows"] == "drawn heads"
    assert known["portraits"]["calibrated"] is True
    assert "red" in known["portraits"]["words"]["hair colour"]
    assert (known["tiny"]["knows"], known["tiny"]["calibrated"]) == ("", False)
    assert known["tiny"]["words"] == {}
    gone = tmp_path / "gone"
    register("gone", shutil.copytree(pipeline_folder, gone), "", {})
    shutil.rmtree(gone)
    assert {each["name"] for each in http.get(f"{API}/models").json()} == {*names, "gone"}
    assert f"{API}/jobs" in http.get(f"{API}/openapi.json").json()["paths"]


def test_health(http, parts):
    assert http.get("/healthz").status_code == 200
    assert http.get("/readyz").json() == {"ready": True, "problems": [], "workers": []}
    with parts.database.writing() as connection:
        connection.exec_driver_sql("UPDATE alembic_version SET version_num = 'other'")
    answer = http.get("/readyz")
    assert answer.status_code == 503
    assert answer.json()["problems"] == ["the tables in the database are those of another version"]


def test_an_error_inside_says_nothing_of_the_inside(http, monkeypatch):
    def broken(*given):
        raise RuntimeError("a secret path")

    monkeypatch.setattr(jobs, "find", broken)
    answer = http.get(f"{API}/jobs/0")
    assert answer.status_code == 500
    assert "secret" not in answer.text


def test_every_state_of_the_api_is_one_of_the_set(http):
    schema = http.get(f"{API}/openapi.json").json()["components"]["schemas"]["State"]
    assert {*schema["enum"]} == {str(state) for state in State}


@pytest.mark.parametrize("header", [b"\xb2", b"-1", b"1.0", b"9" * 10, b"x"])
def test_the_id_of_an_event_is_a_number(http, header):
    job = post(http).json()["id"]
    answer = http.get(f"{API}/jobs/{job}/events", headers={b"Last-Event-ID": header})
    assert (answer.status_code, answer.json()["argument"]) == (422, "Last-Event-ID")


@pytest.mark.parametrize(
    ("host", "url"),
    [("127.0.0.1", "http://127.0.0.1:8"), ("::1", "http://[::1]:8"), ("a.b", "http://a.b:8")],
)
def test_the_url_of_an_address(host, url):
    assert url_of(host, 8) == url
