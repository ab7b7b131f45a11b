"""`yuragi measure` on folders: figures with all that belongs to them, equal for any sharing out."""

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
    code, out, err = cli("measure", "sets", *folders, "-o", path, "--draws", 20)
    assert code == 0, err
    report = json.loads(path.read_text())
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
    """Two workers with half of the pictures each, put together, and the distance without any."""
    whole, merged, real = (tmp_path / f"{name}.safetensors" for name in ("whole", "merged", "real"))
    shards = []
    for k in range(2):
        part = tmp_path / f"part{k}"
        part.mkdir()
        # Part k mod 10 of the statistics goes by the number in the shard.
        for number, path in enumerate(Pictures(folders[2]).paths[6 * k : 6 * k + 6]):
            (part / f"{number}.png").write_bytes(path.read_bytes())
        shards.append(tmp_path / f"shard{k}.safetensors")
        assert cli("measure", "statistics", part, "-o", shards[-1])[0] == 0
    assert cli("measure", "statistics", *shards, "-o", merged)[0] == 0
    assert cli("measure", "statistics", folders[2], "-o", whole)[0] == 0
    assert cli("measure", "statistics", folders[0], "-o", real)[0] == 0
    code, out, err = cli(
        "measure", "distance", real, whole, merged, "--json", "-o", tmp_path / "d.json"
    )
    assert code == 0, err
    (one,), (two,) = json.loads(out)["figures"].values()
    assert one["value"] == pytest.approx(two["value"], rel=1e-9)
    assert (one["name"], one["n"], one["against"]) == ("FD-EffLite0", 12, 12)
    code, _, err = cli("measure", "distance", real, folders[0] / "000.png")
    assert code == 2
    assert "statistics" in err


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
    assert own.seeds == "3-4, 9"
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


def test_spans_and_folders(tmp_path):
    assert spans([5, 0, 1, 2]) == "0-2, 5"
    assert spans([7]) == "7"
    with pytest.raises(InputError, match="pictures"):
        Pictures(tmp_path / "none")
    with pytest.raises(InputError, match="no pictures"):
        Pictures(tmp_path)
