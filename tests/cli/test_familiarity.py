"""`yuragi models check --pictures` calibrates a model, and edits then say what is foreign to it."""

import json
import shutil

from gradients import gradient, noise
from yuragi.models.familiarity import FAMILIARITY


def test_calibrate_and_edit(cli, pipeline_folder, tmp_path):
    folder = shutil.copytree(pipeline_folder, tmp_path / "model")
    (tmp_path / "pictures").mkdir()
    for k in range(128):
        gradient(k).save(tmp_path / "pictures" / f"{k}.png")
    check = ["models", "check", folder, "--prompt", "red hair", "--samples", 1, "-q", "--json"]
    code, out, err = cli(*check, "--pictures", "pictures")
    assert code == 0, err
    assert json.loads(out)["files"] == [str(folder / FAMILIARITY)]
    noise(0).save("noise.png")
    edit = ["sdedit", "noise.png", "--prompt", "red hair", "--steps", 4, "--strength", 0.5]
    code, out, err = cli(*edit, "--model", folder, "-o", "out.png", "--json", "-q")
    assert code == 0, err
    told = json.loads(out)
    assert told["familiarity"] < 1
    (line,) = (line for line in err.splitlines() if line.startswith("warning: "))
    assert [line.removeprefix("warning: ")] == told["warnings"]
    assert "knows only the pictures of its training" in line


def test_too_few_pictures(cli, pipeline_folder, tmp_path):
    (tmp_path / "few").mkdir()
    gradient(0).save(tmp_path / "few" / "0.png")
    code, _, err = cli("models", "check", pipeline_folder, "--pictures", "few", "-q")
    assert (code, "128 pictures or more" in err) == (2, True)
    assert not (pipeline_folder / FAMILIARITY).exists()
