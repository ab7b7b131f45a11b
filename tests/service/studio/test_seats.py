"""The studio leaves threads to the other routes, whatever it waits for."""

from concurrent.futures import ThreadPoolExecutor, as_completed
from threading import Event

from yuragi.service.studio import models, page, seats

STUDIO = "/api/v1/studio"


def test_blocked_requests_do_not_stop_the_api(http, monkeypatch):
    monkeypatch.setattr(seats, "WAIT_S", 0.5)
    asked = {"model": "portraits", "text": "a person"}
    with ThreadPoolExecutor(46) as pool:
        with models.LOADING:  # as while a model is loaded
            sent = [pool.submit(http.post, f"{STUDIO}/words", json=asked) for _ in range(45)]
            assert pool.submit(http.get, "/api/v1/jobs").result(20).status_code == 200
            assert http.get("/healthz").status_code == 200
            assert http.get(f"{STUDIO}/examples").status_code == 200
            refused = as_completed(sent, timeout=60)
            for _ in range(45 - seats.SEATS):  # those without a seat
                next(refused)
        answers = [each.result(60) for each in sent]
    busy = [each for each in answers if each.status_code == 503]
    assert len(busy) == 45 - seats.SEATS
    assert "busy" in busy[0].json()["message"]
    assert http.post(f"{STUDIO}/words", json=asked).status_code == 200


def test_the_page_imports_nothing_while_a_model_is_loaded(monkeypatch):
    imported = Event()
    monkeypatch.setattr(page, "import_module", lambda name: imported.set())
    page._warm.cache_clear()
    with models.LOADING:
        page._warm()
        assert not imported.wait(0.2)
    assert imported.wait(10)
