"""The page of the raters: blind, durable, with a strict policy, readable in both languages."""

import io
import re

import pytest

pytest.importorskip("fastapi")

from fastapi.testclient import TestClient
from PIL import Image, ImageChops

from yuragi.research.pilot.page import open_booth
from yuragi.research.pilot.serve import make_app
from yuragi.service.settings import Serving


@pytest.fixture
def booth(voting):
    return open_booth(voting)


@pytest.fixture
def client(booth):
    return TestClient(make_app(booth, Serving()), base_url="http://127.0.0.1:8000")


def place(booth, rater="rater-1"):
    return f"/pilot/rate/{booth.blind.token(rater)}"


def form(text):
    """The action and the hidden fields of the form of a page."""
    action = re.search(r'<form method="post" action="([^"]+)"', text)[1]
    return action, dict(re.findall(r'type="hidden" name="(\w+)" value="(\w+)"', text))


def test_a_rater_votes_until_nothing_is_left_and_can_go_on_later(client, booth):
    total = len(booth.session("rater-1"))
    for k in range(total):
        page = client.get(place(booth))
        assert page.status_code == 200
        action, hidden = form(page.text)
        sent = client.post(action, data={**hidden, "choice": ["left", "tie", "right"][k % 3]})
        assert sent.status_code == 200  # after the redirect
        assert len(booth.votes.all()) == k + 1
    assert "You have voted on all pairs" in client.get(place(booth)).text
    assert "You have voted" not in client.get(place(booth, "rater-2")).text
    assert [vote.pair for vote in booth.votes.all()] == [
        each.pair.name for each in booth.session("rater-1")
    ]


def test_a_vote_says_what_was_shown_and_can_be_sent_twice(client, booth):
    first = booth.session("rater-1")[0]
    address = f"{place(booth)}/{first.pair.name}"
    for _ in range(2):
        client.post(address, data={"choice": "right", "language": "en", "left_accepted": "true"})
    (vote,) = booth.votes.all()
    assert (vote.left_arm, vote.right_arm, vote.choice) == (first.left, first.right, "right")
    assert (vote.left_accepted, vote.right_accepted) == (True, False)
    assert vote.plan == booth.blind.plan.digest
    again = client.get(address).text
    assert 'value="right" aria-pressed="true"' in again
    assert re.search(r'name="left_accepted" value="true" checked', again)


def test_nothing_says_which_arm_is_which(client, booth):
    page = client.get(place(booth))
    told = page.text + str(page.headers)
    for arm in booth.blind.plan.draft.arms:
        assert arm.title["en"] not in told
        assert not re.search(rf"\b{arm.name}\b", told)
    for source in re.findall(r'<img src="([^"]+)"', page.text):
        picture = client.get(source)
        assert not Image.open(io.BytesIO(picture.content)).info
        assert not any(arm.name in source for arm in booth.blind.plan.draft.arms)


def test_pictures_are_those_of_the_arms(client, booth):
    first = booth.session("rater-1")[0]
    for side, arm in (("left", first.left), ("right", first.right)):
        answer = client.get(f"{place(booth)}/{first.pair.name}/{side}.png")
        shown = Image.open(io.BytesIO(answer.content))
        file = booth.folder / f"results/{first.pair.edit}.{first.pair.seed}.{arm}.png"
        made = Image.open(file).convert("RGB")
        assert ImageChops.difference(shown.resize(made.size, 0), made).getbbox() is None
    assert client.get(f"{place(booth)}/{first.pair.name}/before.png").status_code == 200


def test_the_policy_allows_nothing_from_elsewhere(client, booth):
    page = client.get(place(booth))
    policy = page.headers["content-security-policy"]
    assert policy.startswith("default-src 'none'")
    assert "unsafe" not in policy
    assert "frame-ancestors 'none'" in policy
    assert not re.search(r"<script(?! src)|<style| style=| on\w+=", page.text)
    assert page.headers["referrer-policy"] == "same-origin"
    assert page.headers["cache-control"] == "no-store"


def test_strangers_are_refused(client, booth):
    first = booth.session("rater-1")[0].pair.name
    assert client.get("/pilot/rate/" + "0" * 32).status_code == 404
    assert client.get("/pilot/rate/" + "\u00e9" * 32).status_code == 404
    assert client.get(f"{place(booth)}/none").status_code == 404
    assert client.get(f"{place(booth)}/{first}/..%2f..%2fsecret").status_code == 404
    assert client.get(f"{place(booth)}/{first}/../../../secret.png").status_code == 404
    elsewhere = {"origin": "http://elsewhere.example"}
    vote = {"choice": "left", "language": "en"}
    assert client.post(f"{place(booth)}/{first}", data=vote, headers=elsewhere).status_code == 403
    assert client.get(place(booth), headers={"host": "elsewhere.example"}).status_code == 421
    wrong = client.post(f"{place(booth)}/{first}", data=vote | {"choice": "both"})
    assert wrong.status_code == 422
    large = client.post(f"{place(booth)}/{first}", data=vote | {"more": "x" * 10_000})
    assert large.status_code == 413
    assert not booth.votes.all()


def test_a_broken_link_is_explained(client, booth):
    answer = client.get(place(booth)[:-1], headers={"accept-language": "ja"})
    assert answer.status_code == 404
    assert "このリンクの先には何もありません" in answer.text
    assert answer.headers["content-security-policy"].startswith("default-src 'none'")


def test_the_last_vote_can_be_corrected(client, booth):
    last = booth.session("rater-1")[-1].pair.name
    for each in booth.session("rater-1"):
        cast = {"choice": "left", "language": "en"}
        done = client.post(f"{place(booth)}/{each.pair.name}", data=cast)
    (back,) = re.findall(r'id="previous" href="([^"]+)"', done.text)
    assert f"/{last}?" in back
    assert 'value="left" aria-pressed="true"' in client.get(back).text


def test_both_languages(client, booth):
    japanese = client.get(place(booth), headers={"accept-language": "ja-JP,ja;q=0.9"}).text
    assert '<html lang="ja">' in japanese
    assert "どちらの画像が" in japanese
    assert "赤くする" in japanese
    action, hidden = form(japanese)
    following = client.post(action, data={**hidden, "choice": "tie"})
    assert '<html lang="ja">' in following.text  # whatever the browser prefers


def test_the_page_of_a_simulated_rater_says_so(client, booth):
    assert "Simulated rater" in client.get(place(booth, "simulated-1")).text
    assert "Simulated" not in client.get(place(booth)).text


def test_every_picture_has_a_text_and_every_field_a_label(client, booth):
    text = client.get(place(booth)).text
    assert all(len(alt) > 10 for alt in re.findall(r'<img [^>]*alt="([^"]*)"', text))
    assert text.count("<img") == text.count("alt=") == 3
    assert text.count('type="checkbox"') == text.count("<label>") == 3


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_contrast(client, scheme):
    """WCAG AA: 4.5 to 1 for text, 3 to 1 for edges of controls."""
    css = client.get("/pilot/static/page.css").text
    light, dark = re.findall(r":root \{([^}]*)\}", css)
    colours = dict(re.findall(r"--([\w-]+): (#\w+)", light if scheme == "light" else dark))

    def luminance(colour):
        digits = colour[1:] if len(colour) == 7 else "".join(c * 2 for c in colour[1:])
        parts = [int(digits[k : k + 2], 16) / 255 for k in (0, 2, 4)]
        linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in parts]
        return sum(w * c for w, c in zip((0.2126, 0.7152, 0.0722), linear, strict=True))

    def contrast(one, two):
        low, high = sorted(luminance(colours[name]) for name in (one, two))
        return (high + 0.05) / (low + 0.05)

    for ink, ground in (
        ("ink", "ground"),
        ("quiet", "ground"),
        ("accent", "ground"),
        ("on-accent", "accent"),
        ("on-warn", "warn"),
    ):
        assert contrast(ink, ground) >= 4.5, (ink, ground)
    assert contrast("line", "ground") >= 3
