"""`yuragi measure` on folders: figures and intervals, which are equal for any sharing out."""

import json
from importlib.resources import files

import numpy as np
import pytest
import torch
from PIL import Image

from yuragi.errors import InputError
from yuragi.research.measure.folder import Pictures, spans
from yuragi.research.measure.pairs import Texts, text_figure
from yuragi.research.metrics.features import load_features
from yuragi.research.metrics.frechet import frechet_distance
from yuragi.research.train.fashion.judge import FashionJudge, write_fashion_judge
from yuragi.research.train.portraits import draw, portrait


def write(folder, split, numbers, noise=0.0):
    folder.mkdir()
    for k in numbers:
        pixels = draw(portrait(split, k)).astype(float)
        pixels += noise * np.random.default_rng(k).normal(size=pixels.shape)
        image = Image.fromarray(pixels.clip(0, 255).astype(np.uint8))
        image.resize((48, 48)).save(folder / f"{k:03}.png")
    return folder


@pytest.fixture(scope="module")
def folders(tmp_path_factory):
    base = tmp_path_factory.mktemp("sets")
    return (
        write(base / "real", "validation", range(12)),
        write(base / "same", "benchmark", range(12)),
        write(base / "noisy", "validation", range(12), noise=60),
    )


def test_sets(cli, folders, tmp_path):
    path = tmp_path / "sets.json"
    code, out, err = cli("measure", "sets", *folders, "-o", path, "--draws", 30)
    assert code == 0, err
    report = json.loads(path.read_text())
    assert report["seeds"] == []  # those of the figures are their own
    same, noisy = (
        {row["name"]: row for row in report["figures"][str(each)]} for each in folders[1:]
    )
    names = ["FD-EffLite0", "KID", "precision", "recall", "density", "coverage", "Vendi"]
    assert list(same) == names
    for row in same.values():
        assert row["low"] <= row["value"] <= row["high"]
        assert (row["n"], row["backend"], row["seeds"]) == (12, "efflite0", "unknown")
        assert row["against"] == (0 if row["name"] == "Vendi" else 12)
    for name in ("FD-EffLite0", "KID"):
        assert noisy[name]["value"] > same[name]["high"]
    features = load_features(torch.device("cpu"))
    seen = [torch.cat([features(x) for x in Pictures(each).batches()]) for each in folders]
    assert same["FD-EffLite0"]["value"] == pytest.approx(frechet_distance(seen[1], seen[0]))
    assert "FD-EffLite0" in out
    assert "n 12 against 12, efflite0, seeds unknown" in out


def test_statistics_of_shards(cli, folders, tmp_path):
    """Workers share out the pictures in two ways, and the distance is measured without any."""
    torch.manual_seed(0)
    write_fashion_judge(FashionJudge(), tmp_path / "judge.safetensors")
    judge = ("--features", f"fashion:{tmp_path / 'judge.safetensors'}")
    real, one, many = (tmp_path / f"{name}.safetensors" for name in ("real", "one", "many"))
    shards = []
    for k, names in enumerate([range(0, 2), range(2, 9), range(9, 12)]):
        part = tmp_path / f"part{k}"
        part.mkdir()
        for number, name in enumerate(names):  # each worker has names of its own
            part.joinpath(f"{number}.png").write_bytes(
                Pictures(folders[2]).paths[name].read_bytes()
            )
        shards.append(tmp_path / f"shard{k}.safetensors")
        assert cli("measure", "statistics", part, "-o", shards[-1], *judge)[0] == 0
    assert cli("measure", "statistics", *shards, "-o", many)[0] == 0
    assert cli("measure", "statistics", folders[2], "-o", one, *judge)[0] == 0
    assert cli("measure", "statistics", folders[0], "-o", real, *judge)[0] == 0
    copy = tmp_path / "copy.safetensors"
    copy.write_bytes(shards[0].read_bytes())
    for twice in ([shards[0], copy], [shards[0], shards[0]], [shards[0], tmp_path / "part0"]):
        code, _, err = cli("measure", "statistics", *twice, "-o", "no.safetensors", *judge)
        assert code == 2
        told = f"error: sources: it has the same pictures as {twice[0]}, which would count twice"
        assert told in err
    code, out, err = cli(
        "measure", "distance", real, one, many, "--json", "-o", tmp_path / "d.json"
    )
    assert code == 0, err
    (whole,), (merged,) = json.loads(out)["figures"].values()
    assert whole["low"] < whole["value"] < whole["high"]
    for end in ("low", "value", "high"):
        assert merged[end] == pytest.approx(whole[end], rel=1e-4), end
    assert (whole["name"], whole["n"], whole["against"]) == ("FD-Fashion", 12, 12)


def test_pairs(cli, folders, tmp_path):
    real, _, noisy = folders
    code, out, err = cli("measure", "pairs", real, noisy, real, "-o", tmp_path / "p.json", "--json")
    assert code == 0, err
    figures = json.loads(out)["figures"]
    own = {row["name"]: row["value"] for row in figures[str(real)]}
    other = {row["name"]: row["value"] for row in figures[str(noisy)]}
    assert own == pytest.approx({"PSNR": 60, "SSIM": 1, "HED-LPIPS": 0})
    assert other["PSNR"] < 27
    assert other["SSIM"] < 0.8
    assert other["HED-LPIPS"] > 0.01
    assert cli("measure", "pairs", real, noisy, "--lpips", "vgg")[2].startswith(
        "error: --lpips must be alex:FILE or vgg:FILE"
    )
    twice = ["--lpips", "vgg:one.pth", "--lpips", "vgg:two.pth"]
    assert cli("measure", "pairs", real, noisy, *twice)[2] == (
        "error: --lpips must be different networks (given: vgg:one.pth, vgg:two.pth)\n"
    )
    (noisy / "more.png").write_bytes((noisy / "000.png").read_bytes())
    try:
        assert cli("measure", "pairs", real, noisy)[0] == 2
    finally:
        (noisy / "more.png").unlink()


def test_own_results_tell_their_seeds_and_prompts(cli, pipeline_folder, tmp_path):
    for seed in (3, 4, 9):
        cli("sample", "--model", pipeline_folder, "--prompt", "a cat", "--steps", 1, "--seed", seed,
            "-o", tmp_path / "own" / f"{seed}.png")  # fmt: skip
    own = Pictures(tmp_path / "own")
    assert (own.seeds, own.first_seeds(2)) == ("3-4, 9", "3-4")
    assert own.texts == {f"{seed}.png": "a cat" for seed in (3, 4, 9)}

    def score(images, texts):
        assert images.shape[0] == len(texts) == 1
        return torch.tensor([30.0 if texts == ["a cat"] else 0.0]).double()

    found = text_figure(own, Texts(own.texts, score, "clip:tiny"))
    assert (found.value, found.n, found.seeds, found.backend) == (30, 3, "3-4, 9", "clip:tiny")
    with pytest.raises(InputError, match="texts"):
        text_figure(own, Texts({}, score, "clip:tiny"))


def test_drags(cli, tmp_path):
    """The distance of a drag is nearer than that of the same picture undragged."""
    example = files("yuragi") / "assets" / "examples" / "portrait-4.png"
    for seed in (0, 1):
        code, _, err = cli("drag", example, "--point", "150,48:110,60", "--prompt", "person",
                           "--preset", "fast", "--steps", 4, "--seed", seed,
                           "-o", tmp_path / "d" / f"{seed}.png")  # fmt: skip
        assert code == 0, err
    code, out, err = cli("measure", "drags", tmp_path / "d", "--json", "-o", tmp_path / "d.json")
    assert code == 0, err
    ((row,),) = json.loads(out)["figures"].values()
    assert (row["n"], row["seeds"], row["name"]) == (2, "0-1", "drag distance")
    assert 0 <= row["value"] < 128
    assert cli("measure", "drags", tmp_path)[0] == 2


@pytest.mark.parametrize(
    ("command", "words"),
    [
        (["sets", "/nope", "/nope2"], "real must be a folder of pictures (given: /nope)"),
        (["sets", ".", "/nope2"], "real: there are no pictures in it (.)"),
        (["sets", "full", "/nope2"], "folders must be a folder of pictures (given: /nope2)"),
        (["pairs", "/nope", "/nope2"], "truth must be a folder of pictures (given: /nope)"),
        (["pairs", "full", "full", "/nope2"], "folders must be a folder of pictures"),
        (["texts", "full", "/nope2", "--clip", "/nope3"], "folders must be a folder of pictures"),
        (["texts", "full", "--clip", "/nope3"], "--clip must be a folder with a CLIP model"),
        (["drags", "full", "/nope2", "--features", "x"], "folders must be a folder of pictures"),
        (["drags", "full", "--features", "x"], "--features: there is no such model (x)"),
        (["statistics", "full", "/nope", "-o", "s.safetensors"], "sources must be a folder"),
        (["statistics", "full", "no.txt", "-o", "s.safetensors"], "sources must be a file of"),
        (["distance", "no.txt", "no.txt"], "real must be a file of statistics"),
    ],
)
def test_errors_name_the_argument(cli, tmp_path, command, words):
    """Before a network is loaded: every folder is looked at first."""
    (tmp_path / "full").mkdir()
    Image.new("RGB", (8, 8)).save(tmp_path / "full" / "0.png")
    (tmp_path / "no.txt").write_text("no statistics")
    code, _, err = cli("measure", *command)
    assert code == 2
    assert err.startswith(f"error: {words}")


def test_spans_and_folders(tmp_path):
    assert spans([5, 0, 1, 2]) == "0-2, 5"
    assert spans([7]) == "7"
    with pytest.raises(InputError, match="pictures"):
        Pictures(tmp_path / "none")
    with pytest.raises(InputError, match="no pictures"):
        Pictures(tmp_path)
