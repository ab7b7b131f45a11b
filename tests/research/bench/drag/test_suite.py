"""The benchmark of drags on a tiny model: complete, resumable, and true about the truth."""

import json
from dataclasses import replace

import numpy as np
import pytest
import torch

from promises import assert_equal_to_rounding
from yuragi.errors import InputError
from yuragi.images.tensors import from_tensor
from yuragi.models.names import load_model
from yuragi.models.opening import Opening
from yuragi.research.bench.drag import suite
from yuragi.research.bench.drag.cases import cases
from yuragi.research.bench.drag.ours import ABLATIONS, by_cells, ours, together
from yuragi.research.bench.drag.published import published, published_with_lora
from yuragi.research.bench.drag.report import markdown
from yuragi.research.bench.drag.suite import bench_drag_suite, ways
from yuragi.tasks.drag import WarpMethod

pytestmark = pytest.mark.slow
NUMBER = 2


@pytest.fixture(scope="module")
def run(pipeline_folder, tmp_path_factory, small_trunk):
    folder = tmp_path_factory.mktemp("drags")

    def call(rows, number=NUMBER, behind="even"):
        seen = []
        found = bench_drag_suite(
            str(pipeline_folder),
            folder / "runs",
            number,
            behind,
            rows,
            0,
            torch.device("cpu"),
            lambda done, total: seen.append((done, total)),
        )
        return *found, seen

    return call


@pytest.fixture(scope="module")
def first(run):
    return run(ways(quick=True, ablations=True))


def test_every_row_is_there(first):
    report, shown, seen = first
    assert json.loads(json.dumps(report, allow_nan=False)) == report
    named = ["nothing", "paste", "ode", "paper", "ours", "no network", *ABLATIONS]
    assert list(report["rows"]) == named
    assert seen[-1] == (len(named), len(named))
    for name, row in report["rows"].items():
        assert row["arrival"] >= 0
        assert 0 <= row["ghost"] <= 1
        assert 0 <= row["identity"] <= 1
        assert (row["evaluations"] == 0) == (name in ("nothing", "paste", "no network"))
    assert set(shown) == {*named, "before", "truth"}
    assert report["settings"]["paper"] == "fast sde"  # quick runs say so
    assert set(report["against_ours"]) == set(named) - {"ours"}
    assert set(report["ranked"]) == set(named)
    assert all(0 <= share <= 1 for share in report["ranked"].values())
    assert report["truth"]["intent"] > report["rows"]["nothing"]["intent"]


def test_doing_nothing_has_no_background_error_and_a_whole_ghost(first):
    row = first[0]["rows"]["nothing"]
    assert row["background"] == 0
    assert row["ghost"] == pytest.approx(1)
    assert row["registered"] > 2
    truth = first[0]["truth"]
    assert (truth["registered"], truth["ghost"], truth["lpips"]) == (0, 0, 0)
    assert first[0]["rows"]["ours, warp alone"]["psnr"] > row["psnr"] + 2


def test_published_settings_by_default():
    settings = {name: way.settings for name, way in ways(False, False).items()}
    assert settings == {
        "nothing": "nothing",
        "paste": "paste",
        "ode": "paper ode",
        "paper": "paper sde",
        "paper, LoRA": "paper sde LoRA rank 4",
        "ours": f"warp sde doubt {WarpMethod().doubt:g}",
        "no network": "no network",
    }


def test_rows_can_be_chosen():
    assert list(ways(False, False, chosen=["no network", "nothing"])) == [
        "nothing",
        "ours",
        "no network",
    ]
    with pytest.raises(InputError, match="'paper, LoRA', 'ours'"):
        ways(False, False, chosen=["nearest 4"])


def test_ablations_run_besides_chosen_rows_and_one_can_be_chosen():
    assert list(ways(False, True, chosen=["nothing"])) == ["nothing", "ours", *ABLATIONS]
    assert list(ways(False, False, chosen=["ours, boxes"])) == ["ours", "ours, boxes"]


def test_a_run_goes_on_where_it_was(first, run):
    again, _, _ = run(ways(quick=True, ablations=True))
    assert again == first[0]  # seconds included: nothing was dragged again


@pytest.mark.parametrize("way", [published("fast", "sde"), ours()], ids=["paste", "warp"])
def test_a_result_does_not_depend_on_its_batch(pipeline_folder, way):
    model = load_model(str(pipeline_folder), Opening(device="cpu"))
    both = way.make(model, cases("validation", [5, 6]), 0)
    alone = way.make(model, cases("validation", [6]), 0)
    assert_equal_to_rounding(from_tensor(both[1:]), from_tensor(alone))


def test_a_row_that_runs_on_some_cases_is_compared_on_these(run, monkeypatch):
    monkeypatch.setattr(suite, "PART", 2)
    rows = {name: way for name, way in ways(True, False).items() if name in ("nothing", "ours")}
    some = replace(rows["nothing"], most=4)
    report, _, seen = run(rows | {"some": some}, 5)
    assert seen[-1] == (8, 8)  # 3 parts of two rows, 2 of the third
    assert [report["rows"][name]["n"] for name in ("nothing", "ours", "some")] == [5, 5, 4]
    four = report["against_ours"]["some"]["psnr"]
    assert four["value"] != report["against_ours"]["nothing"]["psnr"]["value"]
    assert all("some" in names for names in list(report["by_kind"].values())[:4])
    assert "some" not in list(report["by_kind"].values())[4]
    assert "| ours - some | 4 |" in markdown(report)


def test_a_lora_is_learned_for_every_picture_and_counted(pipeline_folder, tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    model, counter = load_model(str(pipeline_folder), Opening(device="cpu")).counting()
    published_with_lora("fast", 2).make(model, cases("validation", [5]), 0)
    plain, counted = load_model(str(pipeline_folder), Opening(device="cpu")).counting()
    published("fast", "sde").make(plain, cases("validation", [5]), 0)
    assert counter.evaluations == counted.evaluations + 100
    assert not list(tmp_path.rglob("*.safetensors"))  # the user's LoRAs are not touched


def test_ablations_of_the_motion():
    (turned,) = cases("validation", [0]).samples
    assert len(turned.points) > 1
    motions = {
        name: [np.subtract(t, s) for s, t in ask(turned, 0)[0].points]
        for name, ask in (("together", together), ("by cells", by_cells))
    }
    mean = np.mean([np.subtract(t, s) for s, t in turned.points], axis=0)
    assert np.allclose(motions["together"], mean, atol=1e-4)
    assert np.allclose(np.mod(np.add(motions["by cells"], 4), 8), 4, atol=1e-4)
    assert (np.abs(motions["by cells"]).max(1) >= 8 - 1e-4).all()


def test_the_table(first):
    text = markdown(first[0])
    assert "| ours - paper |" in text
    assert "| shift | nothing |" in text
    assert suite.QUICK == 20


def test_over_a_pattern_there_are_rows_without_a_network(run):
    rows = ways(quick=True, ablations=False, behind="pattern")
    report, shown, _ = run(rows, 2, "pattern")
    assert report["behind"] == "pattern"
    assert set(report["rows"]) == {
        "nothing",
        "paste",
        "nearest 4",
        "ode",
        "paper",
        "ours",
        "no network",
    }
    assert report["rows"]["no network"]["evaluations"] == 0
    assert report["rows"]["nothing"]["psnr"] < report["truth"]["psnr"]
    for case, image in zip(
        cases("benchmark", [0, 1], "pattern").samples, shown["nearest 4"], strict=True
    ):
        if case.mask is not None:
            outside = np.asarray(case.mask) == 0
            before = np.asarray(case.image)[outside]
            assert np.array_equal(np.asarray(from_tensor(image[None])[0])[outside], before)


@pytest.mark.parametrize(
    ("behind", "few"),
    [
        ("even", {"ode": 48, "paper": 48, "paper, LoRA": 24}),
        ("photograph", {"ode": 24, "paper": 24}),
    ],
)
def test_published_methods_run_on_the_first_cases(behind, few):
    rows = ways(quick=False, ablations=False, behind=behind)
    assert {name: way.most for name, way in rows.items() if way.most} == few
