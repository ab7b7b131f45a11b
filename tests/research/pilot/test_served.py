"""The page as a part of the service: tokens of its own, and the guard and limits of the service."""

import re
import shutil

import pytest

pytest.importorskip("dbos")
pytest.importorskip("jinja2")

from starlette.testclient import TestClient

from yuragi.errors import InputError
from yuragi.research.pilot.page import open_booth
from yuragi.service.app import make_app
from yuragi.service.held import held
from yuragi.service.settings import Serving

NAME, TOKEN = "edits.example", "the token of the service"


@pytest.fixture
def serve(tmp_path):
    """A client of a service that other machines reach, with the page of some folders."""
    made = []

    def start(*folders, **more):
        settings = Serving(
            database=f"sqlite:///{tmp_path / 'jobs.db'}",
            host="0.0.0.0",
            name=(NAME,),
            token=TOKEN,
            pilot=folders,
            **more,
        )
        made.append(held(settings))
        return TestClient(
            make_app(made[-1]), base_url=f"https://{NAME}", raise_server_exceptions=False
        )

    yield start
    for each in made:
        each.close()


def link(booth, rater="rater-1"):
    return f"/pilot/rate/{booth.blind.token(rater)}"


def test_a_rater_needs_a_link_and_nothing_else(serve, voting):
    client, booth = serve(voting), open_booth(voting)
    page = client.get(link(booth))
    assert page.status_code == 200
    for source in re.findall(r'(?:src|href)="(/[^"]+)"', page.text):
        assert client.get(source).status_code == 200, source
    action = re.search(r'action="([^"]+)"', page.text)[1]
    origin = {"origin": f"https://{NAME}"}
    sent = client.post(action, data={"choice": "left", "language": "en"}, headers=origin)
    assert sent.status_code == 200
    assert "Pair 2 of" in sent.text
    assert [vote.choice for vote in booth.votes.all()] == ["left"]


def test_a_link_opens_nothing_else(serve, voting):
    client, booth = serve(voting), open_booth(voting)
    token = booth.blind.token("rater-1")
    for path in (
        "/api/v1/queue",
        "/pilot",
        f"/pilot/../api/v1/queue?{token}",
        "//pilot/../api/v1/queue",
    ):
        assert client.get(path).status_code == 401, path
    bearer = {"authorization": f"Bearer {token}"}
    assert client.get("/api/v1/queue", headers=bearer).status_code == 401
    for path in ("/pilot/%2e%2e/api/v1/queue", "/pilot/api/v1/queue", "/pilot/rate/%0a"):
        assert client.get(path).status_code == 404, path
    own = {"authorization": f"Bearer {TOKEN}"}
    assert client.get("/api/v1/queue", headers=own).status_code == 200
    assert client.get("/pilot/rate/" + TOKEN, headers=own).status_code == 404  # nor the reverse


def test_what_stands_before_the_service_stands_before_the_page(serve, voting):
    client, booth = serve(voting), open_booth(voting)
    place = f"{link(booth)}/{booth.session('rater-1')[0].pair.name}"
    vote = {"choice": "left", "language": "en"}
    elsewhere = {"origin": "https://elsewhere.example"}
    assert client.post(place, data=vote, headers=elsewhere).status_code == 403
    assert client.get(link(booth), headers={"host": "elsewhere.example"}).status_code == 421
    assert client.post(place, data=vote | {"more": "x" * 10_000}).status_code == 413
    embedded = {"sec-fetch-site": "cross-site", "sec-fetch-mode": "no-cors"}
    assert client.get(f"{place}/left.png", headers=embedded).status_code == 403
    assert not booth.votes.all()
    page = client.get(link(booth))
    assert page.headers["content-security-policy"].startswith("default-src 'none'")
    for name in ("x-frame-options", "x-content-type-options", "cross-origin-resource-policy"):
        assert page.headers[name]
    assert page.headers["cache-control"] == "no-store"
    assert "openapi" not in client.get("/pilot/openapi.json").text


def test_requests_of_a_client_are_limited(serve, voting):
    client, booth = serve(voting, max_visits=3, max_submissions=3), open_booth(voting)
    answers = [client.get(link(booth)) for _ in range(4)]
    assert [each.status_code for each in answers] == [200, 200, 200, 429]
    assert 1 <= int(answers[-1].headers["retry-after"]) <= 60
    own = {"authorization": f"Bearer {TOKEN}"}
    assert client.get("/api/v1/queue", headers=own).status_code == 200


def test_votes_of_two_pilots_stay_apart(serve, voting, tmp_path):
    other = shutil.copytree(voting, tmp_path / "other", ignore=lambda *_: ["secret"])
    client, booths = serve(voting, other), [open_booth(voting), open_booth(other)]
    for booth, choice in zip(booths, ("left", "tie"), strict=True):
        pair = booth.session("rater-2")[0].pair.name
        vote = {"choice": choice, "language": "en"}
        assert client.post(f"{link(booth, 'rater-2')}/{pair}", data=vote).status_code == 200
    assert [[vote.choice for vote in booth.votes.all()] for booth in booths] == [["left"], ["tie"]]


def test_without_a_pilot_there_is_no_page(serve):
    assert serve().get("/pilot/rate/x").status_code == 401


def test_a_folder_without_runs_is_refused(serve, tmp_path, cli):
    with pytest.raises(InputError, match="the folder has no plan.json"):
        serve(tmp_path)
    code, _, told = cli("serve", "--pilot", tmp_path, "--database", f"sqlite:///{tmp_path}/d.db")
    assert code == 2
    assert told.startswith("error: --pilot: the folder has no plan.json")
