"""The parts of an unfinished job in the store."""

import pytest
import torch

from promises import assert_identical
from yuragi.service.parts import Parts, forget_parts

JOB = "a" * 32


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


def test_a_part_is_written_before_the_next_is_made_and_the_last_one_never(parts, tiny):
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


def test_a_damaged_part_is_made_again(parts, tiny):
    seen = []
    first = Parts(parts.assets, JOB, [tiny.loaded])
    for number in range(2):
        first.keep(making(parts, number, seen))
    (file,) = files(parts)
    parts.assets.files.pipe_file(file, b"half")
    Parts(parts.assets, JOB, [tiny.loaded]).keep(making(parts, 0, seen))
    assert len(seen) == 3
