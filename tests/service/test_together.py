"""Writes that share a transaction."""

import threading

import pytest

from yuragi.service.together import Together


class Slow:
    """Writes numbers; the first write lasts until `go`."""

    def __init__(self):
        self.calls, self.began, self.go = [], threading.Event(), threading.Event()

    def __call__(self, given):
        self.calls.append(list(given))
        self.began.set()
        assert self.go.wait(10)
        if any(each < 0 for each in given):
            raise ValueError("below zero")
        return [10 * each for each in given]


def in_threads(together, numbers):
    """What each number gives, or its error."""
    found = {}

    def write(number):
        try:
            found[number] = together(number)
        except ValueError as error:
            found[number] = str(error)

    threads = [threading.Thread(target=write, args=(number,)) for number in numbers]
    for thread in threads:
        thread.start()
    return threads, found


def gathered(together, count):
    """Wait until so many things wait behind the first."""
    while len(together._waiting) < count:
        threading.Event().wait(0.001)


@pytest.mark.parametrize(("most", "calls"), [(10, [1, 4]), (3, [1, 3, 1])])
def test_what_comes_during_a_write_shares_the_next(most, calls):
    write = Slow()
    together = Together(write, most)
    threads, found = in_threads(together, [1])
    write.began.wait(10)
    more, others = in_threads(together, [2, 3, 4, 5])
    gathered(together, 4)
    write.go.set()
    for thread in (*threads, *more):
        thread.join(10)
    assert found | others == {number: 10 * number for number in range(1, 6)}
    assert [len(call) for call in write.calls] == calls


def test_an_error_is_only_that_of_the_one_that_caused_it():
    write = Slow()
    together = Together(write, 10)
    threads, found = in_threads(together, [1])
    write.began.wait(10)
    more, others = in_threads(together, [2, -3, 4])
    gathered(together, 3)
    write.go.set()
    for thread in (*threads, *more):
        thread.join(10)
    assert found | others == {1: 10, 2: 20, -3: "below zero", 4: 40}
