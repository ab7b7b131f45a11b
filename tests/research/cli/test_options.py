"""Numbers that benchmarks refuse, and what their options ask for."""

import pytest
from PIL import Image

from yuragi.errors import InputError
from yuragi.research.bench.edits import suite as edits


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (["portraits", "-n", 1], "--number must be 2 or more (given: 1)"),
        (["drag", "-n", 1], "--number must be 2 or more (given: 1)"),
        (["dragbench", ".", "--side", 31], "--side must be 32 to 2048 (given: 31)"),
        (["edits", "--each", 0], "--each must be 1 or more (given: 0)"),
        (["elastic", "--size", 1025], "--size must be 32 to 1024 (given: 1025)"),
        (["cutouts", "--size", 63], "--size must be 64 to 1024 (given: 63)"),
        (["intent", "-n", 6], "--number must be 7 or more, one of each kind (given: 6)"),
        (["fill", "--size", 513], "--size must be 64 to 512 (given: 513)"),
        (["load", "--each", 1], "--each must be 2 or more (given: 1)"),
        (["edits", "--steps", 25, "--steps", 1], "--steps must be 2 to 1000 (given: 1)"),
    ],
)
def test_a_benchmark_refuses_numbers_that_measure_nothing(cli, words, told):
    code, _, err = cli("bench", *words)
    assert (code, err.strip()) == (2, f"error: {told}")


@pytest.mark.parametrize("problems", [(6, 8, 8), (-8, 8, 8), (0, 0, 0)])
def test_numbers_of_problems_that_cannot_be_halved_are_refused(cli, problems):
    code, _, err = cli("lab", "gamma", "--problems", *problems)
    given = " ".join(map(str, problems))
    told = f"error: --problems must be multiples of 8, one of them above 0 (given: {given})"
    assert (code, err.strip()) == (2, told)


@pytest.mark.parametrize(
    ("words", "number"), [([], 240), (["--quick"], 20), (["--quick", "-n", 7], 7)]
)
def test_a_quick_run_of_drags_has_the_number_that_is_given(cli, monkeypatch, words, number):
    asked = []
    monkeypatch.setattr("yuragi.research.bench.drag.suite.bench_drag_suite", _stopping(asked))
    assert cli("bench", "drag", *words)[0] == 2
    assert asked[0][2] == number


@pytest.mark.parametrize(
    ("words", "sizes"),
    [
        ([], edits.FULL),
        (["--quick"], edits.QUICK),
        (["--quick", "--each", 3], edits.Sizes(3, 1, 1, edits.QUICK.steps, edits.QUICK.scales)),
        (["--steps", 25, "--steps", 10], edits.Sizes(steps=(10, 25))),
    ],
)
def test_a_quick_run_of_edits_has_the_sizes_that_are_given(cli, monkeypatch, words, sizes):
    asked = []
    monkeypatch.setattr(edits, "bench_edits", _stopping(asked))
    assert cli("bench", "edits", *words)[0] == 2
    assert asked[0][2] == sizes


def _stopping(asked):
    """A benchmark that only remembers its arguments."""

    def run(*given):
        asked.append(given)
        raise InputError("model", None, "one")

    return run


def test_a_sheet_of_portraits_makes_its_folder(cli, monkeypatch, tmp_path):
    report = {"n": 2, "seeds": [0], "mean_accuracy": {"generated": 0.5}}
    monkeypatch.setattr(
        "yuragi.research.bench.portraits.bench_portraits",
        lambda *given: (report, Image.new("RGB", (8, 4))),
    )
    sheet = tmp_path / "new" / "sheet.png"
    code, out, err = cli("bench", "portraits", "-o", "report.json", "--sheet", sheet)
    assert code == 0, err
    assert out.splitlines()[-1] == str(sheet)
    assert Image.open(sheet).size == (8, 4)


@pytest.mark.parametrize(
    "words",
    [
        *(
            ["bench", name]
            for name in ("portraits", "words", "solvers", "elastic", "fill", "speed")
        ),
        *(["lab", name] for name in ("reg", "gamma", "trained", "kl")),
        *(["assess", name] for name in ("bias", "stability", "reproducibility")),
        ["assess", "sensitivity", "/nope"],
        ["sweep", "portraits"],
        ["models", "check", "/nope"],
    ],
)
def test_a_negative_seed_is_refused_before_anything_is_loaded(cli, words):
    """NumPy refuses it with a traceback, and only after the model is loaded."""
    code, _, err = cli(*words, "--seed", -1)
    assert code == 2
    assert err.startswith("error: ")
    assert "--seed" in err
