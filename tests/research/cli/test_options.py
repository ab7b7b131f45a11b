"""Numbers that benchmarks refuse."""

import pytest


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (["portraits", "-n", 1], "--number must be 2 or more (given: 1)"),
        (["drag", "--side", 31], "--side must be 32 to 2048 (given: 31)"),
        (["edits", "--each", 0], "--each must be 1 or more (given: 0)"),
        (["elastic", "--size", 1025], "--size must be 32 to 1024 (given: 1025)"),
        (["cutouts", "--size", 63], "--size must be 64 to 1024 (given: 63)"),
        (["intent", "-n", 6], "--number must be 7 or more, one of each kind (given: 6)"),
        (["fill", "--size", 513], "--size must be 64 to 512 (given: 513)"),
        (["load", "--each", 1], "--each must be 2 or more (given: 1)"),
    ],
)
def test_a_benchmark_refuses_numbers_that_measure_nothing(cli, words, told):
    code, _, err = cli("bench", *words)
    assert (code, err.strip()) == (2, f"error: {told}")
