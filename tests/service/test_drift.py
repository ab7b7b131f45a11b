"""Alarms: foreign pictures and worse results raise them, and usual ones do not."""

import numpy as np
import pytest
from PIL import Image

import yuragi
from submitting import running, submit
from yuragi.images.resize import centred
from yuragi.models import familiarity as measured
from yuragi.research.bench.photos import photographs
from yuragi.service.drift import KNOWN, LEAST, RARE, RECENT, REFERENCE, SHARE, Window
from yuragi.tasks import calibrate

CALM = {"familiarity": 1.4, "intent": 0.8, "background_error": 0.01, "stress": 0.5}


def filled(score, values):
    window = Window(score)
    for value in values:
        window.add(float(value))
    return window.drift


def test_the_constants_are_those_of_the_calibration():
    assert KNOWN == measured.KNOWN
    assert pytest.approx(1 - calibrate.SHARE) == SHARE


@pytest.mark.parametrize("score", CALM)
def test_usual_values_raise_no_alarm(score):
    """1000 values of one distribution, looked at after each."""
    rng = np.random.default_rng(0)
    window = Window(score)
    for value in CALM[score] * rng.uniform(0.75, 1.25, 1000):
        window.add(float(value))
        assert not window.drift.alarm


@pytest.mark.parametrize("score", CALM)
def test_worse_values_raise_an_alarm_and_better_ones_do_not(score):
    rng = np.random.default_rng(0)
    usual = CALM[score] * rng.uniform(0.75, 1.25, REFERENCE)
    worse = 0.6 if score in ("familiarity", "intent") else 1.7
    later = CALM[score] * rng.uniform(0.75, 1.25, RECENT)
    drift = filled(score, [*usual, *(worse * later)])
    assert drift.alarm
    assert drift.probability < RARE
    assert not filled(score, [*usual, *(later / worse)]).alarm
    # After as many usual values the alarm is over.
    assert not filled(score, [*usual, *(worse * later), *later]).alarm


def test_a_few_foreign_pictures_are_no_alarm():
    known = [1.5] * RECENT
    assert not filled("familiarity", [0.2] * (LEAST - 1)).alarm
    assert filled("familiarity", [0.2] * LEAST).alarm
    assert not filled("familiarity", [*known[:-2], 0.5, 0.5]).alarm
    assert filled("familiarity", [*known[:-5], *[0.5] * 5]).alarm


def test_little_is_not_judged():
    assert filled("intent", [0.9] * REFERENCE).said == f"too few recent values (0 of {LEAST})"
    drift = filled("intent", [0.9] * REFERENCE + [0.1] * (LEAST - 1))
    assert (drift.alarm, drift.probability) == (False, 1.0)


def known_pictures(n):
    """Portraits that were in no training."""
    from yuragi.research.bench.familiarity.known import held_out

    return [held_out(index, 128) for index in range(n)]


def foreign_pictures(n):
    """Photographs of scikit-image."""
    found = [centred(each, 128) for each in photographs(512).values()]
    return [found[index % len(found)] for index in range(n)]


@pytest.mark.parametrize(("pictures", "alarm"), [(foreign_pictures, True), (known_pictures, False)])
def test_photographs_alarm_the_model_of_portraits(parts, http, pictures, alarm):
    """Through finished jobs, the metrics and the route."""
    model = yuragi.load("portraits", "cpu").loaded
    for seed, picture in enumerate(pictures(LEAST)):
        assert isinstance(picture, Image.Image)
        known = measured.familiarity(model, picture)
        job = submit(parts, seed=seed)
        report = {"request": {"model": "portraits@1"}, "evaluations": 1, "familiarity": known}
        running(parts, job, workflow=f"w{seed}").finish({"pictures": [], "report": report})
    (told,) = http.get("/api/v1/quality").json()
    assert (told["model"], told["score"], told["recent"]) == ("portraits@1", "familiarity", LEAST)
    assert told["alarm"] is alarm, told
    line = (
        'yuragi_drift_alarm{model="portraits@1",score="familiarity"} ' + ("1.0", "0.0")[not alarm]
    )
    assert line in http.get("/metrics").text
