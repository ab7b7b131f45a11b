"""`yuragi train judge`."""

from importlib.resources import files

import pytest
import torch
from safetensors.torch import load_file

from yuragi.research.train.judge import Judge


@pytest.fixture
def small(tmp_path):
    text = (files("yuragi.research.train") / "portraits.toml").read_text("utf-8")
    head, judge = text.split("[judge]")
    head = head.replace("train = 24000", "train = 8").replace("validation = 512", "validation = 4")
    judge = judge.replace("steps = 2000", "steps = 3").replace("batch = 64", "batch = 4")
    path = tmp_path / "small.toml"
    path.write_text(head + "[judge]" + judge)
    return path


def test_one_is_trained_and_written_in_half_precision(cli, tmp_path, small):
    command = ["train", "judge", "--config", small, "--runs", "runs", "--data", "data"]
    code, out, err = cli(*command, "-o", "judge.safetensors")
    assert (code, out) == (0, "judge.safetensors\n")
    assert "right on the validation split" in err
    held = load_file(tmp_path / "judge.safetensors")
    assert {value.dtype for value in held.values()} == {torch.float16}
    Judge().load_state_dict(held)
    assert not list(tmp_path.glob("*.partial"))
    code, _, err = cli(*command, "-o", "judge.safetensors")
    assert code == 2
    assert "--overwrite" in err
