"""What the policy refuses, of clients and before a job runs."""

import io

import pytest
from starlette.testclient import TestClient

from submitting import running, submit
from yuragi.models.opening import Opening
from yuragi.provenance.signing import Signing
from yuragi.service import jobs, work
from yuragi.service.app import make_app
from yuragi.service.held import held
from yuragi.service.loaded import Loaded
from yuragi.service.refusals import refused
from yuragi.service.settings import Serving
from yuragi.service.states import State
from yuragi.service.stopping import Halt
from yuragi.tasks.policy import Policy
from yuragi.tasks.rules import Consent, Prompts

API = "/api/v1"
SAMPLE = {"kind": "sample", "model": "tiny", "prompt": "a bare tree", "seed": 1}


@pytest.fixture
def strict(address, tmp_path):
    """A client of a service with a policy."""
    file = tmp_path / "policy.toml"
    file.write_text('[prompts]\nblocked = ["bare"]\n[consent]\n')
    parts = held(Serving(database=address, policy=file))
    with TestClient(make_app(parts), base_url="http://127.0.0.1:8420") as client:
        yield client
    parts.close()


def test_submissions(strict):
    answer = strict.post(f"{API}/jobs", json=SAMPLE)
    assert answer.status_code == 403
    assert answer.json()["message"] == "refused by the policy: prompts must not contain “bare”"
    assert strict.get(f"{API}/jobs").json() == []
    assert strict.post(f"{API}/jobs", json={**SAMPLE, "prompt": "a tree"}).status_code == 202
    (noted,) = strict.get(f"{API}/refusals").json()
    assert (noted["rule"], noted["client"], noted["job"]) == ("prompts", "testclient", None)
    assert noted["request"]["prompt"] == "a bare tree"
    assert noted["reason"] in answer.json()["message"]


def test_consent(strict, picture):
    file = io.BytesIO()
    picture.save(file, "PNG")
    image = strict.post(f"{API}/assets", content=file.getvalue()).json()["id"]
    given = {"kind": "sdedit", "model": "tiny", "prompt": "a tree", "image": image}
    assert strict.post(f"{API}/jobs", json=given).status_code == 403
    assert strict.post(f"{API}/jobs", json={**given, "consent": False}).status_code == 403
    assert strict.post(f"{API}/jobs", json={**given, "consent": "perhaps"}).status_code == 422
    answer = strict.post(f"{API}/jobs", json={**given, "consent": True})
    assert answer.status_code == 202
    assert "consent" not in answer.json()["request"]  # it does not change the picture
    assert "consent" in strict.get(f"{API}/schemas/sdedit").json()["properties"]


def done(parts, policy, **given):
    """A job that a worker with this policy does, up to the loading of its model."""
    job = submit(parts, **given)

    class Unloaded(Loaded):
        def of(self, request):
            raise AssertionError("it is loaded")

    loaded = Unloaded(Opening(), 1)
    bench = work.Bench(
        parts.database, parts.assets, loaded, "s", parts.tickets, Signing(), policy, Halt()
    )
    assert work._do(bench, running(parts, job, f"w-{job.id}"))
    return jobs.find(parts.database, job.id)


def test_a_job_of_an_earlier_policy_does_not_run(parts):
    job = done(parts, Policy([("prompts", Prompts(blocked=("person",)))]))
    assert job.state is State.FAILED
    assert job.error == "refused by the policy: prompts must not contain “person”"
    (noted,) = refused(parts.database, 10)
    assert (noted.job, noted.rule) == (job.id, "prompts")
    job = done(parts, Policy([("consent", Consent())]))  # which asks nothing of samples
    assert job.error == "an error inside the service: AssertionError"
    assert len(refused(parts.database, 10)) == 1


def test_a_rule_that_raises_an_error_lets_nothing_pass(parts):
    class Broken:
        def refusal(self, asked):
            raise RuntimeError("inside")

    job = done(parts, Policy([("broken", Broken())]))
    assert job.state is State.FAILED
    assert job.error == "an error inside the service: RuntimeError"
