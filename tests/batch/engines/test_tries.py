"""Counting processes that died."""

from yuragi.batch.engines.tries import Tries


def test_only_rows_that_are_begun_and_not_ended_count():
    tries = Tries()
    tries.begin(["a", "b"])
    tries.end(["a", "b"])
    tries.begin(["a", "b", "c"])  # here a process died
    assert tries.counts(["a", "b", "c", "d"]) == [1, 1, 1, 0]
    tries.begin(["a"])
    tries.end(["a"])
    tries.begin(["b"])  # and here another
    assert tries.counts(["a", "b", "c", "d"]) == [0, 2, 1, 0]
