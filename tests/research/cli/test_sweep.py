"""`yuragi sweep` as a command: the protocols of the paper, and errors before anything is loaded."""

import json

import numpy as np
import pytest
import torch
from PIL import Image
from tiny_pipelines import build

from yuragi.research.train.fashion.judge import FashionJudge, write_fashion_judge

FEW = ("-n", 12, "--draws", 30, "--scales", "1,2", "--steps", "plain=2,reg=2,ratio=2", "--json")


@pytest.fixture(scope="module")
def place(tmp_path_factory):
    """A folder with tiny pipelines, real pictures, prompts, and a judge, which all are random."""
    folder = tmp_path_factory.mktemp("place")
    for family in ("dit", "sd1", "sd3"):
        build(family).save_pretrained(folder / family)
    (folder / "real").mkdir()
    rng = np.random.default_rng(0)
    for k in range(14):
        pixels = rng.integers(0, 256, (32, 32, 3), np.uint8)
        Image.fromarray(pixels).save(folder / "real" / f"{k}.png")
    (folder / "prompts.txt").write_text("a red cat\na blue dog\n")
    torch.manual_seed(0)
    write_fashion_judge(FashionJudge(), folder / "judge.safetensors")
    return folder


@pytest.fixture
def swept(cli, place):
    """Run `yuragi sweep run` on a few pictures: (report, error output)."""

    def call(family, *arguments, real="real"):
        code, out, err = cli(
            "sweep", "run", "--model", place / family, "--real", place / real,
            "--features", f"fashion:{place / 'judge.safetensors'}", *FEW, *arguments,
        )  # fmt: skip
        assert code == 0, err
        return json.loads(out), err

    return call


@pytest.mark.parametrize(
    ("preset", "family", "more", "count"),
    [
        ("reg-dit", "dit", [], 6),
        ("reg-edm2", "dit", ["--weak-model"], 5),
        ("reg-text", "sd1", ["--prompts"], 3),
        ("reg-text", "sd3", ["--prompts"], 3),
    ],
)
def test_protocols_of_the_paper(swept, place, preset, family, more, count):
    """With the weaker model of autoguidance, and on a flow, which has no table of noise levels."""
    given = {"--weak-model": place / "dit", "--prompts": place / "prompts.txt"}
    words = [word for name in more for word in (name, given[name])]
    report, err = swept(family, "--preset", preset, *words)
    assert len(report["points"]) == 1 + 3 * count
    for point in report["points"]:
        figure = point["figures"]["FD-Fashion"]
        assert np.isfinite(figure["value"])
        assert (figure["n"], figure["against"]) == (12, 14)
    assert report["warnings"] == []
    assert "warning" not in err


def test_a_rule_without_its_weaker_model_is_left_out_aloud(swept):
    report, err = swept("dit", "--preset", "reg-edm2", "--gains", "plain")
    sentence = "the rule auto is left out: there is no weaker model (--weak-model)"
    assert report["warnings"] == [sentence]
    assert err.count(sentence) == 1
    assert f"warning: {sentence}" in err
    report, err = swept("dit", "--preset", "reg-edm2", "--gains", "plain", "--rules", "cfg")
    assert report["warnings"] == []
    assert "warning" not in err


def test_real_pictures_can_be_statistics(cli, swept, place, tmp_path):
    judge, known = f"fashion:{place / 'judge.safetensors'}", place / "real.safetensors"
    code, _, err = cli("measure", "statistics", place / "real", "-o", known, "--features", judge)
    assert code == 0, err
    report, _ = swept("dit", "--rules", "cfg", "--gains", "plain", real="real.safetensors")
    wanted, _ = swept("dit", "--rules", "cfg", "--gains", "plain")
    assert [list(point["figures"]) for point in report["points"]] == [["FD-Fashion", "clipped"]] * 2
    for one, two in zip(report["points"], wanted["points"], strict=True):
        value = two["figures"]["FD-Fashion"]["value"]
        assert one["figures"]["FD-Fashion"]["value"] == pytest.approx(value, rel=1e-6)
    code, _, err = cli("sweep", "run", "--real", place / "judge.safetensors")
    assert code == 2
    assert err.startswith("error: --real must be a file of statistics")


MISTAKES = [
    (["--preset", "reg"], "--preset must be one of reg-dit, reg-edm2, reg-text, small"),
    (["--scales", "high"], "--scales must be numbers"),
    (["--scales", "nan"], "--scales must be 0 to 100 (given: nan)"),
    (["--scales", "0.5"], "--scales must be 1 or more with the gain "),
    (["--rules", "linear:x"], "--rules must be a name and a number (given: linear:x)"),
    (["--rules", "linear:-1"], "--rules must be greater than or equal to 0"),
    (["--rules", "interval:5:1"], "--rules must be two values from 0 on"),
    (["--gains", "ratio:x"], "--gains must be a name and a number (given: ratio:x)"),
    (["--gains", "ratio/0"], "--gains must be greater than or equal to 1"),
    (["--solvers", "nope"], "--solvers must be one of ddim, "),
    (["--steps", "plain=0"], "--steps must be 1 to 1000 (given: 0)"),
    (["--steps", "plain=8,nope=8"], "--steps must be one of plain, reg, "),
    (["--output", "."], "--output: this is a folder"),
    (["--rows", "."], "--rows: this is a folder"),
]


@pytest.mark.parametrize(
    ("arguments", "words"), [*MISTAKES, ([], "--real must be a folder of pictures")]
)
def test_mistakes_are_found_before_anything_is_loaded(cli, tmp_path, arguments, words):
    """Also before the model, the features and the real pictures, none of which exist."""
    more = ["--real", "/nope", "--model", "/nope", "--features", "nope"]
    code, _, err = cli("sweep", "run", *more, *arguments)
    assert code == 2
    assert err.startswith(f"error: {words}")
    assert not any(tmp_path.iterdir())


@pytest.mark.parametrize(("arguments", "words"), MISTAKES)
@pytest.mark.parametrize("command", [["fashion", "/nope"], ["portraits", "--model", "/nope"]])
def test_other_sweeps_are_checked_before_their_models(cli, tmp_path, command, arguments, words):
    code, _, err = cli("sweep", *command, *arguments)
    assert code == 2
    assert err.startswith(f"error: {words}")
    assert not any(tmp_path.iterdir())


def test_a_file_in_the_place_of_the_folder_of_parts(cli, tmp_path):
    (tmp_path / "rows.jsonl.parts").write_text("mine")
    code, _, err = cli("sweep", "portraits", "--model", "/nope", "--rows", "rows.jsonl")
    assert code == 2
    assert err == (
        "error: --rows: the folder cannot be written: Not a directory (rows.jsonl.parts)\n"
    )
    assert (tmp_path / "rows.jsonl.parts").read_text() == "mine"


def test_a_report_names_the_file_that_is_not_there(cli, tmp_path):
    code, _, err = cli("sweep", "report", "missing.jsonl")
    assert code == 2
    assert err.startswith("error: rows: it does not exist (missing.jsonl)")
    (tmp_path / "empty.jsonl").write_text('{"key": "cut')
    code, _, err = cli("sweep", "report", "empty.jsonl")
    assert code == 2
    assert err.startswith("error: rows: there are no finished points in it (empty.jsonl)")


def test_a_report_tells_the_device_of_its_rows(cli, swept, tmp_path):
    swept("dit", "--rules", "cfg", "--gains", "plain", "--rows", "rows.jsonl")
    text = (tmp_path / "rows.jsonl").read_text()
    there = json.loads(text.splitlines()[0]) | {"device": "NVIDIA H200", "commit": "0123456789ab"}
    (tmp_path / "rows.jsonl").write_text(text + json.dumps(there) + "\n")
    code, out, err = cli("sweep", "report", "rows.jsonl", "--json")
    assert code == 0, err
    report = json.loads(out)
    assert len(report["points"]) == 2  # of two rows for one point, the last one counts
    assert report["device"].startswith("NVIDIA H200, ")
    assert report["commit"].startswith("0123456789ab, ")


def test_help_says_that_edm2_has_no_path(cli):
    code, out, _ = cli("sweep", "run", "--help")
    assert code == 0
    assert "EDM2 networks themselves cannot be loaded" in " ".join(out.replace("│", " ").split())
