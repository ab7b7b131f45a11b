"""The command `yuragi batch`."""

import json

import pytest


@pytest.fixture
def rows(pipeline_folder, tmp_path):
    """Three rows, of which the last cannot be made."""
    few = {"kind": "sample", "model": str(pipeline_folder), "num_inference_steps": 2, "seed": 1}
    prompts = ["red", "a person", "blargh glorp"]
    lines = [json.dumps({**few, "prompt": prompt}) for prompt in prompts]
    (tmp_path / "edits.jsonl").write_text("\n".join(lines))
    return "edits.jsonl"


def test_it_makes_what_it_can_and_says_what_it_cannot(cli, rows, tmp_path):
    code, out, err = cli("batch", rows, "-o", "made", "--device", "cpu")
    assert code == 1
    results, failures = out.splitlines()
    assert results.endswith("made/results.csv")
    assert "blargh" in (tmp_path / failures).read_text()
    assert "3 rows: 2 made in 0:00:" in err
    assert "1 failed" in err


def test_json_counts_and_a_second_run_makes_nothing(cli, rows):
    cli("batch", rows, "-o", "made", "--device", "cpu", "-q")
    code, out, _ = cli("batch", rows, "-o", "made", "--device", "cpu", "--json", "-q")
    assert code == 1
    told = json.loads(out)
    assert (told["rows"], told["before"], told["made"], told["failed"]) == (3, 2, 0, 1)
    assert [file.rpartition("/")[2] for file in told["files"]] == ["results.csv", "failures.csv"]


def test_all_wrong_rows_are_told_before_anything_is_made(cli, tmp_path):
    (tmp_path / "m.csv").write_text(
        "kind,prompt,strength,image\nsample,x,,\nsdedit,x,7,no.png\nx,,,\n"
    )
    code, out, err = cli("batch", "m.csv", "-o", "made")
    assert (code, out) == (2, "")
    first, *lines, advice = err.splitlines()
    assert first == "error: 2 rows of m.csv cannot be made:"
    assert [line.partition(":")[0] for line in lines] == ["  row 2", "  row 3"]
    place = tmp_path / "made" / "invalid.csv"
    assert advice == f"{place} lists them all; --skip-invalid makes the other rows"
    assert list((tmp_path / "made").iterdir()) == [place]


def test_the_other_rows_are_made_on_demand(cli, rows, tmp_path):
    text = (tmp_path / rows).read_text()
    (tmp_path / rows).write_text(text + '\n{"kind": "sampel"}')
    code, out, err = cli("batch", rows, "-o", "made", "--device", "cpu", "--skip-invalid")
    assert code == 1
    assert "4 rows: 2 made in 0:00:" in err
    assert "1 failed, 1 not valid" in err
    assert out.splitlines()[1].endswith("failures.csv")
    again = cli("batch", rows, "-o", "made", "--device", "cpu", "--skip-invalid", "--json", "-q")
    assert json.loads(again[1])["invalid"] == 1


def test_options_of_an_engine_belong_to_it(cli, rows):
    code, _, err = cli("batch", rows, "-o", "made", "--workers", 2)
    assert code == 2
    assert err == "error: --workers: this option is used only with --engine ray (2)\n"


def test_a_token_in_the_environment_is_for_the_queue(cli, rows, monkeypatch):
    monkeypatch.setenv("YURAGI_TOKEN", "secret")
    assert cli("batch", rows, "-o", "made", "--device", "cpu", "-q")[0] == 1


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ((), "error: manifest is missing"),
        (("m.jsonl",), "error: --output is missing"),
        (("m.jsonl", "-o", "made"), "error: manifest: the file is missing (m.jsonl)"),
        (
            ("m.jsonl", "-o", "made", "--engine", "cloud"),
            "--engine must be one of local, ray",
        ),
    ],
)
def test_what_is_missing_is_said(cli, arguments, said):
    code, _, err = cli("batch", *arguments)
    assert code == 2
    assert said in err
