"""Guidance on the command line: rules and gains, the check of a model, its table, benchmarks."""

import json
import shutil

import pytest
from PIL import Image

from yuragi.tasks.guidance.gains import TABLE

QUICK = ["sample", "--prompt", "red hair", "--seed", 1, "--steps", 4, "-o", "drawn"]


@pytest.fixture
def draw(cli, pipeline_folder):
    def call(*arguments):
        return cli(*QUICK, "--model", pipeline_folder, *arguments)

    return call


def rule_of(folder):
    with Image.open(folder / "drawn" / "sample-0000.png") as picture:
        return json.loads(picture.text["yuragi"])["request"]["guidance"]


@pytest.mark.parametrize(
    ("options", "says"),
    [
        (["--gain", "reg"], "8 network evaluations (2 per guided step, 2 passes, 1 reverse)"),
        (["--gain", "reg_forward"], "12 network evaluations (3 per guided step"),
        (["--gain", "ratio", "--gamma", "auto"], "16 network evaluations (4 per guided step"),
        (["--gain", "ratio", "--refresh", 4], "10 network evaluations (2.5 per guided step"),
        (["--guidance", "linear", "--start", 2], "8 network evaluations"),
        (["--guidance", "cosine", "--power", 2], "7 network evaluations"),
        (["--guidance", "interval", "--interval", "0:1e9"], "7 network evaluations"),
        (["--guidance", "interval", "--interval", "50%:100%"], "6 network evaluations"),
    ],
)
def test_rules_and_gains_are_applied_and_priced(draw, cli, options, says):
    code, out, err = draw(*options)
    assert (code, out) == (0, "drawn/sample-0000.png\n")
    assert says in err
    assert cli("replay", "drawn/sample-0000.png")[:2] == (0, "identical, bit for bit\n")


def test_the_request_keeps_the_bounds(draw, tmp_path):
    draw("--guidance", "interval", "--interval", "20%:80%")
    rule = rule_of(tmp_path)
    assert rule["rule"]["shares"] == [0.2, 0.8]
    assert rule["rule"]["interval"] is None


def test_autoguidance_takes_a_weaker_model(draw, tmp_path, pipeline_folder):
    shutil.copytree(pipeline_folder, tmp_path / "weak")
    code, _, err = draw("--guidance", "auto", "--weak-model", tmp_path / "weak")
    assert code == 0
    assert "8 network evaluations" in err


def test_stress_is_told_for_every_picture(draw):
    code, _, err = draw("--stress", "-n", 2)
    assert code == 0
    for name in ("sample-0000.png", "sample-0001.png"):
        assert f"{name}: guidance stress " in err


BAD = {
    "unknown rule": (["--guidance", "magic"], "--guidance", "magic"),
    "unknown gain": (["--gain", "more"], "--gain", "more"),
    "no interval": (["--guidance", "interval"], "--interval", "is missing"),
    "empty interval": (["--guidance", "interval", "--interval", "3:1"], "--interval", "3:1"),
    "words": (["--guidance", "interval", "--interval", "a:b"], "--interval", "a:b"),
    "one share": (["--guidance", "interval", "--interval", "20%:3"], "--interval", "20%:3"),
    "too far": (["--guidance", "interval", "--interval", "20%:130%"], "--interval", "20%:130%"),
    "interval of cfg": (["--interval", "1:3"], "--interval", "1:3"),
    "start of cfg": (["--start", "2"], "--start", "2"),
    "no weak model": (["--guidance", "auto"], "--weak-model", "is missing"),
    "nowhere": (["--guidance", "auto", "--weak-model", "/nowhere"], "--weak-model", "/nowhere"),
    "gamma": (["--gain", "ratio", "--gamma", "lots"], "--gamma", "lots"),
    "gamma of reg": (["--gain", "reg", "--gamma", "1"], "--gamma", "1"),
    "refresh of plain": (["--refresh", "4"], "--refresh", "4"),
    "stress of reg": (["--gain", "reg", "--stress"], "--stress", "True"),
    "one side": (["--gain", "reg", "--scale", "1"], "--scale", "1.0"),
    "less than off": (["--gain", "ratio", "--scale", "0.5"], "--scale", "0.5"),
    "not finite": (["--scale", "nan"], "--scale", "nan"),
    "no table": (["--gain", "scheduled"], "--gain", "scheduled"),
}


@pytest.mark.parametrize("case", BAD)
def test_bad_input_is_one_line_and_nothing_is_written(draw, tmp_path, case):
    arguments, option, given = BAD[case]
    code, out, err = draw(*arguments)
    assert (code, out) == (2, "")
    assert err.startswith(f"error: {option}")
    assert given in err
    assert err.count("\n") == 1
    assert not list(tmp_path.iterdir())


def test_a_model_is_checked(cli, pipeline_folder):
    code, out, _ = cli("models", "check", pipeline_folder, "--samples", 1)
    assert code == 0
    assert out.startswith("predicts v_prediction; noise levels: ")
    assert "gradients through the network: yes" in out
    assert "kappa^2" in out
    assert "recommended: --gain " in out


def test_a_table_is_measured_used_and_kept(cli, tmp_path, pipeline_folder):
    model = tmp_path / "model"
    shutil.copytree(pipeline_folder, model)
    command = ["train", "table", model, "-n", 2, "--data", tmp_path / "data"]
    code, out, _ = cli(*command)
    assert (code, out) == (0, f"{model / TABLE}\n")
    table = json.loads((model / TABLE).read_text())
    assert cli(*QUICK, "--model", model, "--gain", "scheduled")[0] == 0
    assert rule_of(tmp_path)["gain"]["table"] == table
    code, _, err = cli(*command)
    assert code == 2
    assert "--overwrite" in err
    assert cli(*command, "--overwrite")[0] == 0


def test_costs_are_measured(cli, tmp_path, pipeline_folder):
    options = ["--model", pipeline_folder, "--repeats", 1, "--no-large", "-o", "cost.json"]
    assert cli("bench", "guidance-cost", *options)[0] == 0
    (network,) = json.loads((tmp_path / "cost.json").read_text())["networks"].values()
    assert network["gains"]["plain"]["relative"] == 1


@pytest.mark.parametrize(
    ("command", "option", "given"),
    [
        (["bench", "guidance-cost", "--repeats", "0"], "--repeats", "0"),
        (["lab", "reg", "--quick", "-o", "folder"], "--output", "folder"),
        (["lab", "reg", "--quick", "--pictures", "file"], "--pictures", "file"),
        (["lab", "trained", "--quick", "-o", "file/x.json"], "--output", "file"),
        (["models", "check", "none"], "model", "none"),
        (["train", "table", "none"], "model", "none"),
    ],
)
def test_benchmarks_refuse_before_they_work(cli, tmp_path, command, option, given):
    (tmp_path / "folder").mkdir()
    (tmp_path / "file").write_text("precious")
    code, out, err = cli(*command)
    assert (code, out) == (2, "")
    assert err.startswith(f"error: {option}")
    assert given in err
    assert (tmp_path / "file").read_text() == "precious"
