"""Slots: one name for one process, and heirs for those that do not come back."""

import subprocess
import sys

from yuragi.service.slots import Pulse, Watch, alive, take_slot

HOLD = """
import sys
from yuragi.service.slots import take_slot
slot = take_slot('m')
print(slot.name, flush=True)
sys.stdin.read()
"""


def pulse(parts, slot, adopted, dead_after=5.0):
    return Pulse(parts.database, slot, "cpu", Watch(dead_after), adopted.append)


def test_a_name_is_free_again_when_its_process_is_gone(registered):
    with subprocess.Popen(
        [sys.executable, "-c", HOLD], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as other:
        assert other.stdout.readline() == "m-1\n"
        mine = take_slot("m")
        assert mine.name == "m-2"
        other.kill()
    assert take_slot("m").name == "m-1"
    assert take_slot("n").name == "n-1"


def test_a_slot_without_a_sign_of_life_is_inherited_once(parts, monkeypatch):
    now = 100.0
    monkeypatch.setattr("yuragi.service.slots.time.monotonic", lambda: now)
    adopted = []
    silent, first, second = (pulse(parts, name, adopted) for name in ("a-1", "b-1", "b-2"))
    silent.beat()
    for now in (100.0, 102.0, 104.0):  # noqa: B007 (the clock above)
        first.beat()
        second.beat()
    assert adopted == []
    assert alive(parts.database, parts.watch) == ["a-1", "b-1", "b-2"]
    now = 106.0
    first.beat()
    second.beat()
    assert adopted == ["a-1"]
    assert alive(parts.database, parts.watch) == ["b-1", "b-2"]


def test_the_last_slot_that_dies_counts_no_more(parts, monkeypatch):
    now = 0.0
    monkeypatch.setattr("yuragi.service.slots.time.monotonic", lambda: now)
    last, watch = pulse(parts, "a-1", []), Watch(30.0)
    for now in range(0, 60, 20):  # noqa: B007 (the clock above)
        last.beat()
        assert alive(parts.database, watch) == ["a-1"]
    now = 69.0
    assert alive(parts.database, watch) == ["a-1"]
    now = 71.0
    assert alive(parts.database, watch) == []
    last.beat()  # it was only stuck
    assert alive(parts.database, watch) == ["a-1"]


def test_a_slot_that_lives_is_not_inherited(parts, monkeypatch):
    now = 0.0
    monkeypatch.setattr("yuragi.service.slots.time.monotonic", lambda: now)
    adopted = []
    one, other = pulse(parts, "a-1", adopted), pulse(parts, "b-1", adopted)
    for now in range(0, 60, 4):  # noqa: B007 (the clock above)
        one.beat()
        other.beat()
    assert adopted == []


def test_a_slot_that_stops_is_inherited_at_once(parts):
    adopted = []
    one, other = pulse(parts, "a-1", adopted), pulse(parts, "b-1", adopted)
    one.beat()
    one.leave()
    other.beat()
    assert adopted == ["a-1"]
    one.beat()  # it is back
    assert alive(parts.database, parts.watch) == ["a-1", "b-1"]


def test_an_heir_that_dies_leaves_the_slot_to_the_next(parts):
    class Died(Exception):
        pass

    def die(slot):
        raise Died

    adopted = []
    one, other = pulse(parts, "a-1", adopted), pulse(parts, "b-1", adopted)
    heir = Pulse(parts.database, "c-1", "cpu", Watch(5.0), die)
    one.beat()
    one.leave()
    try:
        heir.beat()
    except Died:
        other.beat()
    assert adopted == ["a-1"]
