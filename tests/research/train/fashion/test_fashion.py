"""The Fashion-MNIST recipe in miniature, on pictures in the files' format."""

import gzip
import json
import shutil

import numpy as np
import pytest
import torch

import yuragi
from yuragi.errors import InputError
from yuragi.research.train.fashion.config import read_fashion_recipe
from yuragi.research.train.fashion.data import CLASSES, FOLDER, read_split

SMALL = """
[autoencoder]
steps = 3
batch = 4
crop = 32
learning_rate = 2e-3
warmup = 1
ema = 0.9
seed = 1
latent_penalty = 0.05
latent_noise = 0.02
channels = 8
latent_channels = 4
encoder_blocks = [0, 1, 1]
decoder_blocks = [1, 1, 0]
[denoiser]
steps = 3
batch = 4
learning_rate = 1e-3
warmup = 1
ema = 0.9
seed = 2
width = 32
depth = 1
heads = 2
patch = 2
null = 0.1
[weak]
steps = 2
batch = 4
learning_rate = 1e-3
warmup = 1
ema = 0.9
seed = 3
width = 16
depth = 1
heads = 2
patch = 2
null = 0.1
[judge]
steps = 3
batch = 4
learning_rate = 1e-3
warmup = 1
ema = 0.9
seed = 4
"""


def write_idx(path, array):
    head = bytes([0, 0, 8, array.ndim]) + np.array(array.shape, ">u4").tobytes()
    path.write_bytes(gzip.compress(head + array.astype(np.uint8).tobytes()))


@pytest.fixture(scope="module")
def data(tmp_path_factory):
    """Forty pictures of each split: a square whose brightness is its class."""
    folder = tmp_path_factory.mktemp("fashion")
    for prefix in ("train", "t10k"):
        labels = np.arange(40) % 10
        pictures = np.zeros((40, 28, 28))
        pictures[:, 8:20, 8:20] = 25 * labels[:, None, None]
        write_idx(folder / f"{prefix}-images-idx3-ubyte.gz", pictures)
        write_idx(folder / f"{prefix}-labels-idx1-ubyte.gz", labels)
    return folder


@pytest.fixture(scope="module")
def models(data, tmp_path_factory):
    """Trained by the command, with the runs beside."""
    base = tmp_path_factory.mktemp("models")
    (base / "small.toml").write_text(SMALL)
    from typer.testing import CliRunner

    from yuragi.cli import app

    words = ["train", "fashion", "-o", base / "out", "--config", base / "small.toml",
             "--runs", base / "runs", "--data", data, "--device", "cpu", "--json"]  # fmt: skip
    found = CliRunner().invoke(app, list(map(str, words)))
    assert found.exit_code == 0, found.output
    told = json.loads(found.stdout.splitlines()[-1])
    assert told["steps"] == [3, 2]
    assert 0 <= told["accuracy"] <= 1
    return base


def test_pictures_are_framed(data):
    pictures, labels = read_split(data, "test")
    assert pictures.shape == (40, 32, 32)
    assert (pictures[:, :2].max(), pictures[9, 10, 10]) == (0, 225)
    assert labels.tolist() == [k % 10 for k in range(40)]


def test_files_that_are_cut(data, tmp_path):
    for path in data.iterdir():
        (tmp_path / path.name).write_bytes(path.read_bytes())
    cut = tmp_path / "train-images-idx3-ubyte.gz"
    cut.write_bytes(gzip.compress(gzip.decompress(cut.read_bytes())[:-1]))
    with pytest.raises(InputError, match="data"):
        read_split(tmp_path, "train")
    with pytest.raises(InputError, match="dataset-fashion-mnist"):
        read_split(tmp_path / "nowhere", "train")


def test_the_models_are_loaded_like_any_other(models):
    model = yuragi.load(models / "out" / "model")
    assert model.loaded.capabilities.classes == len(CLASSES)
    one = model.sample("bag", num_inference_steps=2, seed=0)
    two = model.sample("8", num_inference_steps=2, seed=0)
    assert one.image.size == (32, 32)
    assert one.image.tobytes() == two.image.tobytes()
    rule = {"rule": {"name": "auto", "weak_model": str(models / "out" / "weak")}}
    auto = model.sample("8", num_inference_steps=2, seed=0, guidance=yuragi.Guidance(**rule))
    assert auto.image.tobytes() != one.image.tobytes()


def test_what_is_trained_is_left_as_it_is(models, data):
    from yuragi.research.train.fashion.recipe import train_fashion

    held = {path: path.read_bytes() for path in (models / "runs").rglob("checkpoint.safetensors")}
    assert len(held) == 4
    reported = []
    recipe = read_fashion_recipe(models / "small.toml")
    train_fashion(recipe, models / "runs", data, models / "out", torch.device("cpu"),
                  lambda name: reported.append)  # fmt: skip
    assert reported == []
    assert all(path.read_bytes() == before for path, before in held.items())


def test_another_recipe_in_the_same_folder(models, data, tmp_path):
    from yuragi.research.train.fashion.recipe import train_fashion

    other = tmp_path / "other.toml"
    other.write_text(SMALL.replace("width = 32", "width = 64"))
    with pytest.raises(InputError, match="runs"):
        train_fashion(read_fashion_recipe(other), models / "runs", data, tmp_path / "o",
                      torch.device("cpu"), lambda name: lambda report: None)  # fmt: skip


def test_denoisers_stay_with_their_autoencoder(models, data, tmp_path):
    """An autoencoder of another recipe would go on, but the finished denoisers would not."""
    from yuragi.research.train.fashion.recipe import train_fashion

    shutil.copytree(models / "runs", tmp_path / "runs")
    recipe = read_fashion_recipe(models / "small.toml")
    longer = recipe.autoencoder.model_copy(update={"steps": recipe.autoencoder.steps + 1})
    with pytest.raises(InputError, match="the denoiser in model was trained with another autoenc"):
        train_fashion(
            recipe.model_copy(update={"autoencoder": longer}), tmp_path / "runs", data,
            tmp_path / "o", torch.device("cpu"), lambda name: lambda report: None,
        )  # fmt: skip


@pytest.mark.slow
@pytest.mark.skipif(not FOLDER.is_dir(), reason="Debian's package dataset-fashion-mnist is missing")
def test_the_judge_learns_the_real_pictures(tmp_path):
    from yuragi.research.train.fashion.recipe import train_fashion

    (tmp_path / "small.toml").write_text(SMALL)
    recipe = read_fashion_recipe(tmp_path / "small.toml")
    longer = recipe.judge.model_copy(update={"steps": 150, "batch": 32})
    found = train_fashion(
        recipe.model_copy(update={"judge": longer}), tmp_path / "runs", FOLDER, tmp_path / "out",
        torch.device("cpu"), lambda name: lambda report: None,
    )  # fmt: skip
    assert found.accuracy > 0.7  # chance is 0.1
    assert len(read_split(FOLDER, "train")[0]) == 60_000
    assert len(read_split(FOLDER, "test")[0]) == 10_000


def test_the_shipped_recipe_is_read():
    recipe = read_fashion_recipe()
    assert recipe.weak.width < recipe.denoiser.width
    assert recipe.weak.steps < recipe.denoiser.steps


def test_sweep_and_sensitivity_of_the_models(cli, models, data, tmp_path, monkeypatch):
    monkeypatch.setattr("yuragi.research.train.fashion.data.FOLDER", data)
    words = ["--rules", "cfg,auto", "--gains", "plain,ratio", "--scales", "2", "-n", 12]
    words += ["--steps", "plain=2", "--draws", 30, "--against", 20, "--data", data]
    words += ["--rows", "r.jsonl"]
    code, out, err = cli("sweep", "fashion", models / "out", *words, "-o", "s.json", "--json")
    assert code == 0, err
    found = json.loads(out)
    assert len(found["points"]) == 4
    assert {"FD-Fashion", "IS", "accuracy"} <= set(found["points"][0]["figures"])
    words = ["--base", 4, "-n", 12, "--against", 20, "--picture", "bars.png", "-o", "a.json"]
    code, out, err = cli("assess", "sensitivity", models / "out", *words, "--json")
    assert code == 0, err
    found = json.loads(out)
    assert found["points"] == 4 * 7
    assert set(found["indices"]["cost"]) == {"scale", "steps", "low", "width", "gamma"}
    # What a point costs hangs on the steps, and not on gamma at all.
    assert found["indices"]["cost"]["steps"]["total"] > 0.3
    assert found["indices"]["cost"]["gamma"]["total"] == pytest.approx(0, abs=1e-9)


def test_a_folder_without_the_models_is_refused_and_no_hub_is_asked(cli):
    code, _, err = cli("sweep", "fashion", "nowhere")
    assert code == 2
    assert "it lacks model, weak, judge.safetensors (nowhere)" in err
    assert "hub" not in err
