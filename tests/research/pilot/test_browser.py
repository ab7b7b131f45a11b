"""The page in Chromium: keys alone are enough, and the policy lets its script run."""

import shutil
import threading

import pytest

pytest.importorskip("fastapi")
pytest.importorskip("playwright")

import uvicorn
from playwright.sync_api import sync_playwright

from yuragi.research.pilot.page import Booth, make_page
from yuragi.research.pilot.pairs import blind_of
from yuragi.research.pilot.run import read_rows
from yuragi.research.pilot.votes import Votes

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(shutil.which("chromium") is None, reason="needs Debian's chromium"),
]


@pytest.fixture
def served(small, tmp_path):
    """The page on a free port: (its address, what it shows)."""
    plan, beside, folder = small
    store = Votes.of(tmp_path)
    store.add_rater("rater-1", simulated=False)
    booth = Booth(blind_of(plan, tmp_path), beside, folder, tuple(read_rows(folder)), store)
    config = uvicorn.Config(make_page(booth), port=0, log_level="error")
    server, listening = uvicorn.Server(config), config.bind_socket()
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listening]})
    thread.start()
    yield f"http://127.0.0.1:{listening.getsockname()[1]}", booth
    server.should_exit = True
    thread.join()


@pytest.fixture
def page():
    with sync_playwright() as started:
        browser = started.chromium.launch(
            executable_path=shutil.which("chromium"), args=["--no-sandbox"]
        )
        yield browser.new_page(locale="en-GB")
        browser.close()


def test_a_whole_session_with_keys_alone(served, page):
    address, booth = served
    problems = []
    page.on("console", lambda message: problems.append(message.text))
    page.on("pageerror", lambda error: problems.append(str(error)))
    page.goto(f"{address}/rate/{booth.blind.token('rater-1')}")
    session = booth.session("rater-1")
    keys = ["ArrowLeft", "ArrowDown", "ArrowRight"]
    for k in range(len(session)):
        page.wait_for_selector(f"text=Pair {k + 1} of {len(session)}")
        page.wait_for_load_state("load")
        for picture in page.locator("img").all():
            assert picture.evaluate("one => one.complete && one.naturalWidth > 0")
        if k == 0:
            page.keyboard.press("2")
        page.keyboard.press(keys[k % 3])
    page.wait_for_selector("text=You have voted on all pairs")
    votes = booth.votes.all()
    assert [vote.pair for vote in votes] == [each.pair.name for each in session]
    assert [vote.choice for vote in votes[:3]] == ["left", "tie", "right"]
    assert [vote.right_accepted for vote in votes[:2]] == [True, False]
    assert problems == []


def test_back_and_correct(served, page):
    address, booth = served
    page.goto(f"{address}/rate/{booth.blind.token('rater-1')}")
    page.keyboard.press("ArrowLeft")
    page.wait_for_selector("text=Pair 2")
    page.wait_for_load_state("load")
    page.keyboard.press("Backspace")
    page.wait_for_selector("text=Pair 1")
    page.wait_for_load_state("load")
    assert page.locator('button[value="left"]').get_attribute("aria-pressed") == "true"
    page.keyboard.press("ArrowRight")
    page.wait_for_selector("text=Pair 2")
    assert [vote.choice for vote in booth.votes.all()] == ["right"]


def test_it_works_without_its_script(served):
    address, booth = served
    with sync_playwright() as started:
        browser = started.chromium.launch(
            executable_path=shutil.which("chromium"), args=["--no-sandbox"]
        )
        page = browser.new_page(java_script_enabled=False)
        page.goto(f"{address}/rate/{booth.blind.token('rater-1')}")
        page.get_by_role("button", name="Tie").click()
        page.wait_for_url("**/rate/*?language=en")
        browser.close()
    assert [vote.choice for vote in booth.votes.all()] == ["tie"]
