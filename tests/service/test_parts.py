"""The parts of an unfinished job in the store."""

import pytest
import torch

from promises import assert_identical
from yuragi.service import parts as kept
from yuragi.service.parts import Parts, forget_parts

JOB = "a" * 32


@pytest.fixture
def at_once(monkeypatch):
    """Every part is worth writing."""
    monkeypatch.setattr(kept, "WORTH_S", 0.0)


def files(parts):
    """The files of the parts of the job."""
    found = parts.assets.files.find(f"{parts.assets.folder}/parts/{JOB}")
    return [name for name in found if name.endswith(".safetensors")]


def making(parts, number, seen):
    """A function that makes a part, and notes how many are in the store then."""

    def make():
        seen.append(len(files(parts)))
        return [torch.full((2, 3), float(number)), torch.tensor([number])]

    return make


def test_a_part_is_written_before_the_next_is_made_and_the_last_one_never(at_once, parts, tiny):
    seen = []
    first = Parts(parts.assets, JOB, [tiny.loaded])
    for number in range(3):
        first.keep(making(parts, number, seen))
    assert seen == [0, 1, 2]
    assert len(files(parts)) == 2
    again = Parts(parts.assets, JOB, [tiny.loaded])
    for number in range(2):
        whole, count = again.keep(lambda: pytest.fail("it is there"))
        assert_identical(whole, torch.full((2, 3), float(number)))
        assert count.item() == number
    again.keep(making(parts, 2, seen))
    assert seen == [0, 1, 2, 2]
    forget_parts(parts.assets, JOB)
    assert files(parts) == []


def test_short_work_is_written_only_before_a_stop(parts, tiny, monkeypatch):
    now = iter([0.0, 0.4, 0.8, 1.2, 1.3, 1.4])
    monkeypatch.setattr(kept.time, "monotonic", lambda: next(now))
    seen = []
    made = Parts(parts.assets, JOB, [tiny.loaded])
    for number in range(5):
        made.keep(making(parts, number, seen))
    # The three parts that were begun within the first second are written together after it.
    assert seen == [0, 0, 0, 3, 3]
    made.write()
    assert len(files(parts)) == 5
    again = Parts(parts.assets, JOB, [tiny.loaded])
    counts = [again.keep(lambda: pytest.fail("it is there"))[1].item() for _ in range(5)]
    assert counts == [0, 1, 2, 3, 4]


def test_a_damaged_part_is_made_again(at_once, parts, tiny):
    seen = []
    first = Parts(parts.assets, JOB, [tiny.loaded])
    for number in range(2):
        first.keep(making(parts, number, seen))
    (file,) = files(parts)
    parts.assets.files.pipe_file(file, b"half")
    Parts(parts.assets, JOB, [tiny.loaded]).keep(making(parts, 0, seen))
    assert len(seen) == 3
