import math
from dataclasses import replace

import numpy as np
import pytest

pytest.importorskip("choix")

from yuragi.research.pilot.strength import strengths
from yuragi.research.pilot.votes import Vote

PICTURES = {f"e{k}": f"p{k}" for k in range(8)}


def votes(rng, true, n):
    arms = list(true)
    for k in range(n):
        left, right = rng.choice(arms, 2, replace=False)
        share = 1 / (1 + math.exp(true[right] - true[left]))
        choice = "left" if rng.random() < share else "right"
        named = f"r{k % 6}", str(k), f"e{rng.integers(8)}", 0, str(left), str(right)
        yield Vote(*named, choice, False, False, "", False)


def test_true_strengths_are_found():
    true = {"a": 0.0, "b": 1.0, "c": -0.5}
    found = strengths(list(true), "a", list(votes(np.random.default_rng(0), true, 4000)), PICTURES)
    for arm, strength in true.items():
        assert found[arm].value == pytest.approx(strength, abs=0.15)
        assert found[arm].low <= strength <= found[arm].high
    assert tuple(found["a"]) == (0, 0, 0)


def test_two_arms_have_the_logit_of_their_shares():
    def vote(k, choice):
        return Vote(f"r{k % 3}", str(k), f"e{k % 4}", 0, "a", "b", choice, False, False, "", False)

    cast = [vote(k, "right") for k in range(60)] + [vote(k, "left") for k in range(20)]
    cast += [vote(k, "tie") for k in range(40)]
    found = strengths(["a", "b"], "a", cast, PICTURES)
    assert found["b"].value == pytest.approx(math.log(80 / 40), abs=0.01)


def few(rater_count):
    """The same votes on eight pictures, cast by any number of raters."""
    rng = np.random.default_rng(0)
    return [
        replace(vote, rater=f"r{k % rater_count}")
        for k, vote in enumerate(votes(rng, {"a": 0.0, "b": 0.5, "c": 0.0}, 160))
    ]


def test_too_few_raters_or_pictures_have_no_strengths():
    for count in (1, 2):
        assert strengths(["a", "b", "c"], "a", few(count), PICTURES) == {}
    two = {edit: f"p{k % 2}" for k, edit in enumerate(PICTURES)}
    assert strengths(["a", "b", "c"], "a", few(6), two) == {}
    assert strengths(["a", "b", "c"], "a", [], PICTURES) == {}


def test_fewer_raters_do_not_make_the_interval_shorter():
    widths = []
    for count in (3, 16):
        found = strengths(["a", "b", "c"], "a", few(count), PICTURES)["b"]
        widths.append(found.high - found.low)
    assert widths[0] > widths[1]


def test_an_arm_that_always_wins_has_a_finite_strength():
    cast = [
        Vote(f"r{k % 3}", str(k), f"e{k % 4}", 0, "a", "b", "right", False, False, "", False)
        for k in range(30)
    ]
    found = strengths(["a", "b"], "a", cast, PICTURES)
    assert 3 < found["b"].value < 20
